//! State that outlives a run: history, coverage, leases, outbox, audit.
//!
//! Everything is behind one trait, [`Store`]; [`SqliteStore`] keeps it in one private file,
//! and with the feature `postgres` `PostgresStore` keeps it in a PostgreSQL database.
//! Only this crate knows SQL.

mod asked;
mod backup;
mod coverage;
mod lease;
mod model;
#[cfg(feature = "postgres")]
mod postgres;
mod recorder;
mod seal;
mod sqlite;
mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use asked::Asked;
#[cfg(feature = "postgres")]
pub use backup::restore_into;
pub use backup::{backup, backups, made_at, restore};
pub use coverage::{Calendar, DayState};
pub use lease::{Fenced, Grant, Holder, Kept, LIFE, Lease, Taken};
pub use model::{
    AuditEntry, Backfill, Cause, Covered, Pruned, Retention, RunQuery, RunRecord, RunStart, RunState,
    StageRecord,
};
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use recorder::Recorder;
pub use sqlite::SqliteStore;
pub use store::Store;

/// The scope of the facts that decide what is told.
const MARKS: &str = "told";
