//! Letting go of what is old: by age, and by size of the file.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

use super::text::instant;
use crate::model::{Pruned, Retention};

/// How many runs go at once while the file is too big.
const BATCH: u32 = 100;

/// Coverage, small facts, open batches and undelivered messages are never let go.
pub fn prune(db: &mut Connection, keep: Retention, now: DateTime<Utc>) -> rusqlite::Result<Pruned> {
    let oldest = instant(now - TimeDelta::days(i64::from(keep.days)));
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut pruned = Pruned {
        runs: transaction.execute("DELETE FROM runs WHERE started < ?1", [&oldest])?,
        audit: transaction.execute("DELETE FROM audit WHERE at < ?1", [&oldest])?,
        messages: transaction.execute(
            "DELETE FROM outbox WHERE state <> 'waiting' AND created < ?1
             AND (slot IS NULL OR id NOT IN (SELECT max(id) FROM outbox WHERE state = 'delivered' GROUP BY channel, slot))",
            [&oldest],
        )?,
    };
    transaction.execute("DELETE FROM journal WHERE state <> 'open' AND at < ?1", [&oldest])?;
    transaction.commit()?;
    while used(db)? > keep.max_bytes {
        let gone = db.execute(
            "DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE state <> 'running' ORDER BY started LIMIT ?1)",
            params![BATCH],
        )?;
        if gone == 0 {
            break;
        }
        pruned.runs += gone;
    }
    give_back(db)?;
    Ok(pruned)
}

/// Bytes in use, free pages left out.
fn used(db: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let pages = number("page_count")? - number("freelist_count")?;
    Ok(u64::try_from(pages * number("page_size")?).unwrap_or_default())
}

/// Gives free pages back to the disk: one for each step of the statement.
fn give_back(db: &Connection) -> rusqlite::Result<()> {
    let mut vacuum = db.prepare("PRAGMA incremental_vacuum")?;
    let mut pages = vacuum.query([])?;
    while pages.next()?.is_some() {}
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Leases are free, unfinished runs were cut off, and messages that wait are not sent.
pub fn settle_past(db: &Connection, now: DateTime<Utc>) -> rusqlite::Result<()> {
    let now = instant(now);
    db.execute("UPDATE leases SET until = ''", [])?;
    db.execute("UPDATE runs SET state = 'interrupted', finished = ?1 WHERE state = 'running'", [&now])?;
    let why = "restored from a backup: it may have been sent since";
    db.execute(
        "UPDATE outbox SET state = 'overtaken', settled = ?1, why = ?2 WHERE state = 'waiting'",
        [now.as_str(), why],
    )
    .map(drop)
}
