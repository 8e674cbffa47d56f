//! Letting go of what is old: by age, and by size.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Client;

use super::text::{Done, instant};
use crate::model::{Pruned, Retention};

/// How many runs go at once while the state is too big.
const BATCH: i64 = 100;

/// So many of the newest runs stay, with what they wrote, however big the state is: else one
/// whose journal alone is too big would have no history at all.
const LEAST: i64 = 100;

/// Coverage, small facts, open batches and undelivered messages are never let go.
pub async fn prune(db: &Client, keep: Retention, now: DateTime<Utc>) -> Done<Pruned> {
    let oldest = instant(now - TimeDelta::days(i64::from(keep.days)));
    let mut pruned = let_go(db, &oldest).await?;
    pruned.audit = gone(db.execute("DELETE FROM audit WHERE at <= $1", &[&oldest]).await?);
    let most = i64::try_from(keep.max_bytes).unwrap_or(i64::MAX);
    // The room on the disk is quickly asked for, and what is in it only where that is too much:
    // PostgreSQL keeps the room of what was let go for what comes next.
    if room(db).await? <= most {
        return Ok(pruned);
    }
    while used(db).await? > most {
        let Some(until) = oldest_batch(db).await? else { break };
        let more = let_go(db, &until).await?;
        pruned.runs += more.runs;
        pruned.messages += more.messages;
    }
    Ok(pruned)
}

/// Lets go of the runs that began until then, with what they wrote and what was told by then.
async fn let_go(db: &Client, until: &str) -> Done<Pruned> {
    let messages = "DELETE FROM outbox WHERE state <> 'waiting' AND created <= $1
         AND (slot IS NULL OR id NOT IN (SELECT max(id) FROM outbox WHERE state = 'delivered' GROUP BY channel, slot))";
    db.execute("DELETE FROM journal WHERE state <> 'open' AND at <= $1", &[&until]).await?;
    let runs = db.execute("DELETE FROM runs WHERE state <> 'running' AND started <= $1", &[&until]).await?;
    let messages = db.execute(messages, &[&until]).await?;
    Ok(Pruned { runs: gone(runs), messages: gone(messages), audit: 0 })
}

/// When the last of the oldest batch of runs began; none when only those are left that stay.
async fn oldest_batch(db: &Client) -> Done<Option<String>> {
    let select = "SELECT max(started) FROM
         (SELECT started FROM runs WHERE state <> 'running'
          AND started < (SELECT started FROM runs ORDER BY started DESC LIMIT 1 OFFSET $1::bigint - 1)
          ORDER BY started LIMIT $2::bigint) AS oldest";
    Ok(db.query_one(select, &[&LEAST, &BATCH]).await?.try_get(0)?)
}

fn gone(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// Bytes on the disk, indexes and free room as well.
async fn room(db: &Client) -> Done<i64> {
    let select = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_catalog.pg_class
         WHERE relnamespace = to_regnamespace('exporter') AND relkind = 'r'";
    Ok(db.query_one(select, &[]).await?.try_get(0)?)
}

/// Bytes in rows, as they are kept.
async fn used(db: &Client) -> Done<i64> {
    let select = "SELECT (SELECT coalesce(sum(pg_column_size(t)), 0) FROM runs AS t)
         + (SELECT coalesce(sum(pg_column_size(t)), 0) FROM run_exports AS t)
         + (SELECT coalesce(sum(pg_column_size(t)), 0) FROM stages AS t)
         + (SELECT coalesce(sum(pg_column_size(t)), 0) FROM journal AS t)
         + (SELECT coalesce(sum(pg_column_size(t)), 0) FROM journal_rows AS t)
         + (SELECT coalesce(sum(pg_column_size(t)), 0) FROM outbox AS t)";
    Ok(db.query_one(select, &[]).await?.try_get::<_, i64>(0)?)
}
