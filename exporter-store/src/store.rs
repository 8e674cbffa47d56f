//! The trait of a place where state is kept, so that another database can follow.

use std::path::Path;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use exporter_core::checks::Usual;
use exporter_core::{Journal, Outbox, Result, RunReport, Window};

use crate::lease::{Grant, Holder, Lease, Taken};
use crate::model::{
    AuditEntry, Backfill, Covered, Pruned, Retention, RunQuery, RunRecord, RunStart, RunState, StageRecord,
};

/// Keeps what outlives a run.
///
/// # Behavior
/// - Each call happens as a whole or not at all, and is on the disk when it returns.
/// - Several processes may use one state at the same time.
/// - Instants are given by the caller, so that tests own time; none is taken from the
///   database.
#[async_trait]
pub trait Store: Outbox + Journal {
    /// Notes that a run begins.
    async fn begin_run(&self, run: &RunStart) -> Result<()>;

    /// Notes a step of a run; steps keep the order in which they are noted.
    async fn add_stage(&self, run: &str, stage: &StageRecord) -> Result<()>;

    /// Notes how a run ended, and the coverage that follows from it: each day of the
    /// window up to `today` in which an export is well. A dry run covers nothing.
    async fn finish_run(
        &self,
        report: &RunReport,
        today: chrono::NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<()>;

    /// Ends a run without a report: it was cut off.
    async fn end_run(&self, id: &str, state: RunState, now: DateTime<Utc>) -> Result<()>;

    /// Runs, the newest first.
    async fn runs(&self, query: &RunQuery) -> Result<Vec<RunRecord>>;

    /// How many runs of an account there are in each state.
    async fn tally(&self, account: &str) -> Result<Vec<(RunState, u64)>>;

    /// The steps of a run, in order.
    async fn stages(&self, run: &str) -> Result<Vec<StageRecord>>;

    /// How many rows an export brought in earlier runs that were well, the newest first.
    async fn row_counts(&self, account: &str, export: &str, limit: u32) -> Result<Vec<Usual>>;

    /// What the panel has answered for the days of this window.
    async fn coverage(&self, account: &str, window: Window) -> Result<Vec<Covered>>;

    /// The first day that is covered for any export.
    async fn first_covered(&self, account: &str) -> Result<Option<chrono::NaiveDate>>;

    /// Takes all of these names or none, until `until`. A lease that has run out may be
    /// taken by anybody; the fencing number grows each time a name changes hands.
    async fn acquire(
        &self,
        names: &[String],
        holder: &Holder,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Grant>;

    /// Keeps a lease until `until`; false when it has been taken over meanwhile.
    async fn renew(&self, lease: &Lease, until: DateTime<Utc>) -> Result<bool>;

    /// Lets a lease go; nothing happens when it was taken over.
    async fn release(&self, lease: &Lease) -> Result<()>;

    /// Who holds this name at this instant.
    async fn held(&self, name: &str, now: DateTime<Utc>) -> Result<Option<Taken>>;

    /// Adds a line to the audit log.
    async fn audit(&self, entry: &AuditEntry) -> Result<()>;

    /// The last lines of the audit log, the newest first.
    async fn audit_log(&self, limit: u32) -> Result<Vec<AuditEntry>>;

    /// A small fact by name.
    async fn fact(&self, scope: &str, name: &str) -> Result<Option<String>>;

    /// All facts of a scope, by name.
    async fn facts(&self, scope: &str) -> Result<Vec<(String, String)>>;

    /// Sets a small fact, or forgets it.
    async fn set_fact(&self, scope: &str, name: &str, value: Option<&str>) -> Result<()>;

    /// The unfinished backfill over these days and exports, or a new one.
    async fn open_backfill(
        &self,
        account: &str,
        exports: &[String],
        window: Window,
        now: DateTime<Utc>,
    ) -> Result<Backfill>;

    /// Notes that a backfill is done.
    async fn close_backfill(&self, id: i64, now: DateTime<Utc>) -> Result<()>;

    /// Lets go of what is older or more than `keep` says.
    async fn prune(&self, keep: Retention, now: DateTime<Utc>) -> Result<Pruned>;

    /// Writes a whole, consistent copy of the state into a new file.
    async fn copy_to(&self, file: &Path) -> Result<()>;
}
