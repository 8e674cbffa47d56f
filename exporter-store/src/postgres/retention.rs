//! Letting go of what is old: by age, and by size.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Client;

use super::text::{Done, instant};
use crate::model::{Pruned, Retention};

/// How many runs go at once while the state is too big.
const BATCH: i64 = 100;

/// Coverage, small facts, open batches and undelivered messages are never let go.
pub async fn prune(db: &Client, keep: Retention, now: DateTime<Utc>) -> Done<Pruned> {
    let oldest = instant(now - TimeDelta::days(i64::from(keep.days)));
    let messages = "DELETE FROM outbox WHERE state <> 'waiting' AND created < $1
         AND (slot IS NULL OR id NOT IN (SELECT max(id) FROM outbox WHERE state = 'delivered' GROUP BY channel, slot))";
    let mut pruned = Pruned {
        runs: gone(db.execute("DELETE FROM runs WHERE started < $1", &[&oldest]).await?),
        audit: gone(db.execute("DELETE FROM audit WHERE at < $1", &[&oldest]).await?),
        messages: gone(db.execute(messages, &[&oldest]).await?),
    };
    db.execute("DELETE FROM journal WHERE state <> 'open' AND at < $1", &[&oldest]).await?;
    let most = i64::try_from(keep.max_bytes).unwrap_or(i64::MAX);
    // The room on the disk is quickly asked for, and what is in it only where that is too much:
    // PostgreSQL keeps the room of what was let go for what comes next.
    if room(db).await? <= most {
        return Ok(pruned);
    }
    let oldest_runs = "DELETE FROM runs WHERE id IN
         (SELECT id FROM runs WHERE state <> 'running' ORDER BY started LIMIT $1)";
    while used(db).await? > most {
        let runs = gone(db.execute(oldest_runs, &[&BATCH]).await?);
        if runs == 0 {
            break;
        }
        pruned.runs += runs;
    }
    Ok(pruned)
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
