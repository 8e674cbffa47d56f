//! Letting go of what is old: by age, and by size of the file.

use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::{Connection, TransactionBehavior, params};

use super::text::instant;
use crate::model::{Pruned, Retention};

/// How many runs go at once while the file is too big.
const BATCH: u32 = 100;

/// So many of the newest runs stay, with what they wrote, however big the file is: else one
/// whose journal alone is too big would have no history at all.
const LEAST: u32 = 100;

/// Coverage, small facts, open batches and undelivered messages are never let go.
pub fn prune(db: &mut Connection, keep: Retention, now: DateTime<Utc>) -> rusqlite::Result<Pruned> {
    let oldest = instant(now - TimeDelta::days(i64::from(keep.days)));
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut pruned = let_go(&transaction, &oldest)?;
    pruned.audit = transaction.execute("DELETE FROM audit WHERE at <= ?1", [&oldest])?;
    transaction.commit()?;
    while used(db)? > keep.max_bytes {
        let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some(until) = oldest_batch(&transaction)? else { break };
        let more = let_go(&transaction, &until)?;
        transaction.commit()?;
        pruned.runs += more.runs;
        pruned.messages += more.messages;
    }
    give_back(db)?;
    Ok(pruned)
}

/// Lets go of the runs that began until then, with what they wrote and what was told by then.
fn let_go(db: &Connection, until: &str) -> rusqlite::Result<Pruned> {
    db.execute("DELETE FROM journal WHERE state <> 'open' AND at <= ?1", [until])?;
    Ok(Pruned {
        runs: db.execute("DELETE FROM runs WHERE state <> 'running' AND started <= ?1", [until])?,
        messages: db.execute(
            "DELETE FROM outbox WHERE state <> 'waiting' AND created <= ?1
             AND (slot IS NULL OR id NOT IN (SELECT max(id) FROM outbox WHERE state = 'delivered' GROUP BY channel, slot))",
            [until],
        )?,
        audit: 0,
    })
}

/// When the last of the oldest batch of runs began; none when only those are left that stay.
fn oldest_batch(db: &Connection) -> rusqlite::Result<Option<String>> {
    db.query_row(
        "SELECT max(started) FROM
         (SELECT started FROM runs WHERE state <> 'running'
          AND started < (SELECT started FROM runs ORDER BY started DESC LIMIT 1 OFFSET ?1 - 1)
          ORDER BY started LIMIT ?2)",
        params![LEAST, BATCH],
        |row| row.get(0),
    )
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
