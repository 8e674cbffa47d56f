//! The state in a PostgreSQL database: for machines that keep no disk, and for several that
//! share a state.

mod address;
mod copy;
mod coverage;
mod errors;
mod journal;
mod leases;
mod outbox;
mod retention;
mod runs;
mod schema;
mod session;
mod small;
mod text;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use exporter_core::checks::Usual;
use exporter_core::{
    BatchState, Fate, Journal, JournalBatch, JournalEntry, LastWritten, Letter, Mail, Mark, Outbox, Result,
    RowKey, RunReport, Secret, Waiting, Window,
};

use crate::lease::{Grant, Holder, Lease, Taken};
use crate::model::{
    AuditEntry, Backfill, Covered, Pruned, Retention, RunQuery, RunRecord, RunStart, RunState, StageRecord,
};
use crate::{MARKS, SqliteStore, Store};
use address::Server;
use errors::explain;
use session::Session;

/// A state in a schema `exporter` of a PostgreSQL database. Clones use the same connection.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    session: Arc<Session>,
}

impl PostgresStore {
    /// Opens the state in the database of this address (`postgres://…`), or begins a new one
    /// there. `sslmode` is what holds where the address says nothing (libpq's `PGSSLMODE`);
    /// without either, a server that is not on this machine has to show a certificate that is
    /// valid for its name.
    ///
    /// # Errors
    /// [`exporter_core::ErrorKind::Config`] for an address that cannot be used;
    /// [`exporter_core::ErrorKind::Io`] when the server cannot be reached or refuses; the hint says what to do.
    pub async fn open(address: &Secret, sslmode: Option<&str>) -> Result<Self> {
        let server = Server::new(address, sslmode)?;
        let client = server.connect().await.map_err(|failure| explain(&failure, &server))?;
        schema::prepare(&client, &server).await?;
        Ok(Self { session: Arc::new(Session::new(server, client)) })
    }

    /// Opens the state in the database of this address; none when there is none yet and one could
    /// be begun.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn look(address: &Secret, sslmode: Option<&str>) -> Result<Option<Self>> {
        let server = Server::new(address, sslmode)?;
        let told = |failure: text::Failure| explain(&failure, &server);
        let client = server.connect().await.map_err(told)?;
        if !schema::is_there(&client).await.map_err(told)? {
            let may = schema::may_begin(&client).await.map_err(told)?;
            return if may { Ok(None) } else { Err(errors::no_right(&server)) };
        }
        schema::prepare(&client, &server).await?;
        Ok(Some(Self { session: Arc::new(Session::new(server, client)) }))
    }

    /// Where it is, for people: `shop on db.example:5432`.
    pub fn place(&self) -> &str {
        self.session.server().place()
    }

    /// Takes over a whole state from a file, where there is none yet, or where the one that is
    /// there is put aside as a schema of this name: all or nothing.
    ///
    /// # Errors
    /// [`exporter_core::ErrorKind::Config`] when there is a state already; nothing is changed.
    pub(crate) async fn fill_from(&self, file: &SqliteStore, aside: Option<&str>) -> Result<()> {
        copy::fill(self.session.server(), file, aside).await
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn begin_run(&self, run: &RunStart) -> Result<()> {
        self.session.write(|db| async move { runs::begin(&db, run).await }).await
    }

    async fn add_stage(&self, run: &str, stage: &StageRecord) -> Result<()> {
        self.session.write(|db| async move { runs::add_stage(&db, run, stage).await }).await
    }

    async fn finish_run(&self, report: &RunReport, today: NaiveDate, now: DateTime<Utc>) -> Result<()> {
        let finish = |db: session::Db| async move {
            runs::finish(&db, report, now).await?;
            coverage::follow(&db, report, today).await
        };
        self.session.write(finish).await
    }

    async fn end_run(&self, id: &str, state: RunState, now: DateTime<Utc>) -> Result<()> {
        self.session.write(|db| async move { runs::end(&db, id, state, now).await }).await
    }

    async fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>> {
        self.session.read(|db| async move { runs::list(&db, query).await }).await
    }

    async fn tally(&self, account: &str) -> Result<Vec<(RunState, u64)>> {
        self.session.read(|db| async move { runs::tally(&db, account).await }).await
    }

    async fn stages(&self, run: &str) -> Result<Vec<StageRecord>> {
        self.session.read(|db| async move { runs::stages(&db, run).await }).await
    }

    async fn row_counts(&self, account: &str, export: &str, limit: u32) -> Result<Vec<Usual>> {
        self.session.read(|db| async move { runs::row_counts(&db, account, export, limit).await }).await
    }

    async fn coverage(&self, account: &str, window: Window) -> Result<Vec<Covered>> {
        self.session.read(|db| async move { coverage::list(&db, account, window).await }).await
    }

    async fn first_covered(&self, account: &str) -> Result<Option<NaiveDate>> {
        self.session.read(|db| async move { coverage::first(&db, account).await }).await
    }

    async fn acquire(
        &self,
        names: &[String],
        holder: &Holder,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Grant> {
        self.session.write(|db| async move { leases::acquire(&db, names, holder, now, until).await }).await
    }

    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool> {
        self.session.write(|db| async move { leases::renew(&db, lease, until).await }).await
    }

    async fn release(&self, lease: &Lease) -> Result<()> {
        self.session.write(|db| async move { leases::release(&db, lease).await }).await
    }

    async fn held(&self, name: &str, now: DateTime<Utc>) -> Result<Option<Taken>> {
        self.session.read(|db| async move { leases::holds(&db, name, now).await }).await
    }

    async fn audit(&self, entry: &AuditEntry) -> Result<()> {
        self.session.write(|db| async move { small::audit(&db, entry).await }).await
    }

    async fn audit_log(&self, limit: u32) -> Result<Vec<AuditEntry>> {
        self.session.read(|db| async move { small::audit_log(&db, limit).await }).await
    }

    async fn fact(&self, scope: &str, name: &str) -> Result<Option<String>> {
        self.session.read(|db| async move { small::fact(&db, scope, name).await }).await
    }

    async fn facts(&self, scope: &str) -> Result<Vec<(String, String)>> {
        self.session.read(|db| async move { small::facts(&db, scope).await }).await
    }

    async fn set_fact(&self, scope: &str, name: &str, value: Option<&str>) -> Result<()> {
        self.session.write(|db| async move { small::set_fact(&db, scope, name, value).await }).await
    }

    async fn open_backfill(
        &self,
        account: &str,
        exports: &[String],
        window: Window,
        now: DateTime<Utc>,
    ) -> Result<Backfill> {
        let open =
            |db: session::Db| async move { small::open_backfill(&db, account, exports, window, now).await };
        self.session.write(open).await
    }

    async fn close_backfill(&self, id: i64, now: DateTime<Utc>) -> Result<()> {
        self.session.write(|db| async move { small::close_backfill(&db, id, now).await }).await
    }

    async fn prune(&self, keep: Retention, now: DateTime<Utc>) -> Result<Pruned> {
        self.session.write(|db| async move { retention::prune(&db, keep, now).await }).await
    }

    async fn copy_to(&self, file: &Path) -> Result<()> {
        copy::copy(self.session.server(), file).await
    }
}

#[async_trait]
impl Outbox for PostgresStore {
    async fn post(&self, letters: &[Letter], marks: &[Mark], now: DateTime<Utc>) -> Result<()> {
        let post = |db: session::Db| async move {
            outbox::post(&db, letters, now).await?;
            for mark in marks {
                small::set_fact(&db, MARKS, &mark.name, mark.value.as_deref()).await?;
            }
            Ok(())
        };
        self.session.write(post).await
    }

    async fn marks(&self) -> Result<BTreeMap<String, String>> {
        Ok(self.facts(MARKS).await?.into_iter().collect())
    }

    async fn take_turn(&self, who: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool> {
        self.session.write(|db| async move { leases::take_turn(&db, who, now, until).await }).await
    }

    async fn end_turn(&self, who: &str) -> Result<()> {
        self.session.write(|db| async move { leases::end_turn(&db, who).await }).await
    }

    async fn next(&self) -> Result<Vec<Waiting>> {
        self.session.read(|db| async move { outbox::next(&db).await }).await
    }

    async fn settle(&self, id: i64, fate: &Fate, now: DateTime<Utc>) -> Result<()> {
        self.session.write(|db| async move { outbox::settle(&db, id, fate, now).await }).await
    }

    async fn mail(&self, run: &str) -> Result<(Mail, Option<String>)> {
        self.session.read(|db| async move { outbox::mail(&db, run).await }).await
    }
}

#[async_trait]
impl Journal for PostgresStore {
    async fn begin(&self, batch: &JournalBatch) -> Result<()> {
        self.session.write(|db| async move { journal::begin(&db, batch).await }).await
    }

    async fn agree(&self, batch: &JournalBatch) -> Result<()> {
        let agree = |db: session::Db| async move {
            journal::begin(&db, batch).await?;
            journal::settle(&db, &batch.id, BatchState::Committed).await
        };
        self.session.write(agree).await
    }

    async fn settle(&self, id: &str, state: BatchState) -> Result<()> {
        self.session.write(|db| async move { journal::settle(&db, id, state).await }).await
    }

    async fn open(&self, target: &str) -> Result<Vec<JournalBatch>> {
        self.session.read(|db| async move { journal::open(&db, target).await }).await
    }

    async fn last_written(&self, target: &str, keys: &[RowKey]) -> Result<LastWritten> {
        self.session.read(|db| async move { journal::last_written(&db, target, keys).await }).await
    }

    async fn batches_of(&self, run: &str) -> Result<Vec<(JournalBatch, BatchState)>> {
        self.session.read(|db| async move { journal::batches_of(&db, run).await }).await
    }

    async fn written(&self, export: &str, keys: &[RowKey]) -> Result<HashSet<RowKey>> {
        self.session.read(|db| async move { journal::written(&db, export, keys).await }).await
    }

    async fn entries_of(&self, key: &RowKey) -> Result<Vec<JournalEntry>> {
        self.session.read(|db| async move { journal::entries_of(&db, key).await }).await
    }
}
