//! State that outlives a run: history, coverage, leases, outbox, audit.
//!
//! Everything is behind one trait, [`Store`]; [`SqliteStore`] keeps it in one private file.
//! Only this crate knows SQL.

mod backup;
mod coverage;
mod lease;
mod model;
mod recorder;
mod seal;
mod sqlite;
mod store;

pub use backup::{backup, backups, restore};
pub use coverage::{Calendar, DayState};
pub use lease::{Fenced, Grant, Holder, Kept, LIFE, Lease, Taken};
pub use model::{
    AuditEntry, Backfill, Cause, Covered, Pruned, Retention, RunQuery, RunRecord, RunStart, RunState,
    StageRecord,
};
pub use recorder::Recorder;
pub use sqlite::SqliteStore;
pub use store::Store;
