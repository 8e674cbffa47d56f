//! The state in a real file and in a real PostgreSQL: history, coverage, leases, outbox, retention, damage.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod backup;
mod contract;
mod file;
mod leases;
#[cfg(feature = "postgres")]
mod postgres;
mod samples;
