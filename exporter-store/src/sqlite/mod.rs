//! The state in one SQLite file: private, in WAL mode, with versioned migrations.

mod coverage;
mod file;
mod journal;
mod leases;
mod outbox;
mod retention;
#[cfg(feature = "postgres")]
mod rows;
mod runs;
mod small;
mod text;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use exporter_core::checks::Usual;
use exporter_core::{
    BatchState, Error, ErrorKind, Fate, Journal, JournalBatch, JournalEntry, LastWritten, Letter, Mail, Mark,
    Outbox, Result, RowKey, RunReport, Waiting, Window,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

#[cfg(feature = "postgres")]
pub use rusqlite::types::Value as Cell;
#[cfg(feature = "postgres")]
pub use text::instant;

use crate::lease::{Grant, Holder, Lease, Taken};
use crate::model::{
    AuditEntry, Backfill, Covered, Pruned, Retention, RunQuery, RunRecord, RunStart, RunState, StageRecord,
};
use crate::{MARKS, Store};
use text::explain;

/// A state in one file. Clones use the same connection.
#[derive(Clone)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    path: Arc<Path>,
}

impl SqliteStore {
    /// Opens the state, or begins a new one in a file that only its owner can read.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when the file cannot be created, read or written, is damaged or
    /// no state; the hint says what to do.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path: Arc<Path> = path.into().into();
        let place = path.clone();
        let connection = blocking(move || file::open(&place)).await?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes certain that the file is whole.
    pub(crate) async fn check(&self) -> Result<()> {
        let found: String =
            self.with(|db| db.query_row("PRAGMA integrity_check", [], |row| row.get(0))).await?;
        if found == "ok" {
            return Ok(());
        }
        Err(Error::new(ErrorKind::CorruptFile, "the state is damaged").context("found", found))
    }

    /// Ends everything that was going on when a copy was made.
    pub(crate) async fn settle_past(&self, now: DateTime<Utc>) -> Result<()> {
        self.with(move |db| retention::settle_past(db, now)).await
    }

    /// Puts everything into the one file and closes it; nobody else may use this connection.
    pub(crate) async fn close(self) -> Result<()> {
        let path = self.path.clone();
        blocking(move || {
            let Some(connection) = Arc::into_inner(self.connection) else { return Ok(()) };
            let connection = connection.into_inner().unwrap_or_else(PoisonError::into_inner);
            connection.close().map_err(|(_, error)| explain(&error, &path))
        })
        .await
    }

    /// The names of a table's columns.
    #[cfg(feature = "postgres")]
    pub(crate) async fn columns(&self, table: &'static str) -> Result<Vec<String>> {
        self.with(move |db| rows::columns(db, table)).await
    }

    /// Puts whole rows into a table.
    #[cfg(feature = "postgres")]
    pub(crate) async fn put_rows(
        &self,
        table: &'static str,
        columns: Vec<String>,
        rows: Vec<rows::Cells>,
    ) -> Result<()> {
        self.with(move |db| rows::put(db, table, &columns, rows)).await
    }

    /// Sends all rows of a table in pieces of this size.
    #[cfg(feature = "postgres")]
    pub(crate) async fn read_rows(
        &self,
        table: &'static str,
        columns: Vec<String>,
        size: usize,
        pieces: tokio::sync::mpsc::Sender<Vec<rows::Cells>>,
    ) -> Result<()> {
        self.with(move |db| rows::read(db, table, &columns, size, &pieces)).await
    }

    /// Does something in one transaction, on a thread where it may take its time.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let this = self.clone();
        blocking(move || {
            let mut connection = this.connection.lock().unwrap_or_else(PoisonError::into_inner);
            // Immediate: a transaction that begins by reading cannot fail half-way because
            // another process began to write meanwhile.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate);
            transaction
                .and_then(|transaction| {
                    let done = work(&transaction)?;
                    transaction.commit()?;
                    Ok(done)
                })
                .map_err(|error| explain(&error, &this.path))
        })
        .await
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Runs `work` where waiting for a disk holds nobody up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Internal, "the task that works on the state ended early").source(error))
    })
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin_run(&self, run: &RunStart) -> Result<()> {
        let run = run.clone();
        self.with(move |db| runs::begin(db, &run)).await
    }

    async fn add_stage(&self, run: &str, stage: &StageRecord) -> Result<()> {
        let (run, stage) = (run.to_owned(), stage.clone());
        self.with(move |db| runs::add_stage(db, &run, &stage)).await
    }

    async fn finish_run(&self, report: &RunReport, today: NaiveDate, now: DateTime<Utc>) -> Result<()> {
        let report = report.clone();
        self.with(move |db| {
            runs::finish(db, &report, now)?;
            coverage::follow(db, &report, today)
        })
        .await
    }

    async fn end_run(&self, id: &str, state: RunState, now: DateTime<Utc>) -> Result<()> {
        let id = id.to_owned();
        self.with(move |db| runs::end(db, &id, state, now)).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>> {
        let query = query.clone();
        self.with(move |db| runs::list(db, &query)).await
    }

    async fn tally(&self, account: &str) -> Result<Vec<(RunState, u64)>> {
        let account = account.to_owned();
        self.with(move |db| runs::tally(db, &account)).await
    }

    async fn stages(&self, run: &str) -> Result<Vec<StageRecord>> {
        let run = run.to_owned();
        self.with(move |db| runs::stages(db, &run)).await
    }

    async fn row_counts(&self, account: &str, export: &str, limit: u32) -> Result<Vec<Usual>> {
        let (account, export) = (account.to_owned(), export.to_owned());
        self.with(move |db| runs::row_counts(db, &account, &export, limit)).await
    }

    async fn coverage(&self, account: &str, window: Window) -> Result<Vec<Covered>> {
        let account = account.to_owned();
        self.with(move |db| coverage::list(db, &account, window)).await
    }

    async fn first_covered(&self, account: &str) -> Result<Option<NaiveDate>> {
        let account = account.to_owned();
        self.with(move |db| coverage::first(db, &account)).await
    }

    async fn acquire(
        &self,
        names: &[String],
        holder: &Holder,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Grant> {
        let (names, holder) = (names.to_vec(), holder.clone());
        self.with(move |db| leases::acquire(db, &names, &holder, now, until)).await
    }

    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool> {
        let lease = lease.clone();
        self.with(move |db| leases::renew(db, &lease, until)).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        let lease = lease.clone();
        self.with(move |db| leases::release(db, &lease)).await
    }

    async fn held(&self, name: &str, now: DateTime<Utc>) -> Result<Option<Taken>> {
        let name = name.to_owned();
        self.with(move |db| leases::holds(db, &name, now)).await
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<()> {
        let entry = entry.clone();
        self.with(move |db| small::audit(db, &entry)).await
    }

    async fn audit_log(&self, limit: u32) -> Result<Vec<AuditEntry>> {
        self.with(move |db| small::audit_log(db, limit)).await
    }

    async fn fact(&self, scope: &str, name: &str) -> Result<Option<String>> {
        let (scope, name) = (scope.to_owned(), name.to_owned());
        self.with(move |db| small::fact(db, &scope, &name)).await
    }

    async fn facts(&self, scope: &str) -> Result<Vec<(String, String)>> {
        let scope = scope.to_owned();
        self.with(move |db| small::facts(db, &scope)).await
    }

    async fn set_fact(&self, scope: &str, name: &str, value: Option<&str>) -> Result<()> {
        let (scope, name, value) = (scope.to_owned(), name.to_owned(), value.map(str::to_owned));
        self.with(move |db| small::set_fact(db, &scope, &name, value.as_deref())).await
    }

    async fn open_backfill(
        &self,
        account: &str,
        exports: &[String],
        window: Window,
        now: DateTime<Utc>,
    ) -> Result<Backfill> {
        let (account, exports) = (account.to_owned(), exports.to_vec());
        self.with(move |db| small::open_backfill(db, &account, exports, window, now)).await
    }

    async fn close_backfill(&self, id: i64, now: DateTime<Utc>) -> Result<()> {
        self.with(move |db| small::close_backfill(db, id, now)).await
    }

    async fn prune(&self, keep: Retention, now: DateTime<Utc>) -> Result<Pruned> {
        let this = self.clone();
        blocking(move || {
            let mut connection = this.connection.lock().unwrap_or_else(PoisonError::into_inner);
            retention::prune(&mut connection, keep, now).map_err(|error| explain(&error, &this.path))
        })
        .await
    }

    async fn copy_to(&self, file: &Path) -> Result<()> {
        let (this, file) = (self.clone(), file.to_path_buf());
        blocking(move || {
            let connection = this.connection.lock().unwrap_or_else(PoisonError::into_inner);
            file::copy(&connection, &this.path, &file)
        })
        .await
    }
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn post(&self, letters: &[Letter], marks: &[Mark], now: DateTime<Utc>) -> Result<()> {
        let (letters, marks) = (letters.to_vec(), marks.to_vec());
        self.with(move |db| {
            outbox::post(db, &letters, now)?;
            marks.iter().try_for_each(|mark| small::set_fact(db, MARKS, &mark.name, mark.value.as_deref()))
        })
        .await
    }

    async fn marks(&self) -> Result<BTreeMap<String, String>> {
        Ok(self.facts(MARKS).await?.into_iter().collect())
    }

    async fn take_turn(&self, who: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool> {
        let who = who.to_owned();
        self.with(move |db| leases::take_turn(db, &who, now, until)).await
    }

    async fn end_turn(&self, who: &str) -> Result<()> {
        let who = who.to_owned();
        self.with(move |db| leases::end_turn(db, &who)).await
    }

    async fn next(&self) -> Result<Vec<Waiting>> {
        self.with(|db| outbox::next(db)).await
    }

    async fn settle(&self, id: i64, fate: &Fate, now: DateTime<Utc>) -> Result<()> {
        let fate = fate.clone();
        self.with(move |db| outbox::settle(db, id, &fate, now)).await
    }

    async fn mail(&self, run: &str) -> Result<(Mail, Option<String>)> {
        let run = run.to_owned();
        self.with(move |db| outbox::mail(db, &run)).await
    }
}

#[async_trait]
impl Journal for SqliteStore {
    async fn begin(&self, batch: &JournalBatch) -> Result<()> {
        let batch = batch.clone();
        self.with(move |db| journal::begin(db, batch)).await
    }

    async fn agree(&self, batch: &JournalBatch) -> Result<()> {
        let batch = batch.clone();
        self.with(move |db| {
            let id = batch.id.clone();
            journal::begin(db, batch)?;
            journal::settle(db, &id, BatchState::Committed)
        })
        .await
    }

    async fn settle(&self, id: &str, state: BatchState) -> Result<()> {
        let id = id.to_owned();
        self.with(move |db| journal::settle(db, &id, state)).await
    }

    async fn open(&self, target: &str) -> Result<Vec<JournalBatch>> {
        let target = target.to_owned();
        self.with(move |db| journal::open(db, &target)).await
    }

    async fn last_written(&self, target: &str, keys: &[RowKey]) -> Result<LastWritten> {
        let (target, keys) = (target.to_owned(), keys.to_vec());
        self.with(move |db| journal::last_written(db, &target, &keys)).await
    }

    async fn batches_of(&self, run: &str) -> Result<Vec<(JournalBatch, BatchState)>> {
        let run = run.to_owned();
        self.with(move |db| journal::batches_of(db, &run)).await
    }

    async fn written(&self, export: &str, keys: &[RowKey]) -> Result<HashSet<RowKey>> {
        let (export, keys) = (export.to_owned(), keys.to_vec());
        self.with(move |db| journal::written(db, &export, &keys)).await
    }

    async fn entries_of(&self, key: &RowKey) -> Result<Vec<JournalEntry>> {
        let key = key.clone();
        self.with(move |db| journal::entries_of(db, &key)).await
    }
}
