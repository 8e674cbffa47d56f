//! The audit log, small facts by name, and backfills.

use chrono::{DateTime, Utc};
use exporter_core::Window;
use tokio_postgres::Client;

use super::text::{Done, at, instant, json, plain};
use crate::model::{AuditEntry, Backfill};

pub async fn audit(db: &Client, entry: &AuditEntry) -> Done<()> {
    let insert = "INSERT INTO audit (at, who, what, detail) VALUES ($1, $2, $3, $4)";
    db.execute(insert, &[&instant(entry.at), &plain(&entry.who), &entry.what, &plain(&entry.detail)]).await?;
    Ok(())
}

pub async fn audit_log(db: &Client, limit: u32) -> Done<Vec<AuditEntry>> {
    let rows = db.query("SELECT * FROM audit ORDER BY id DESC LIMIT $1", &[&i64::from(limit)]).await?;
    let entries = rows.iter().map(|row| {
        Ok(AuditEntry {
            at: at(row, "at")?,
            who: row.try_get("who")?,
            what: row.try_get("what")?,
            detail: row.try_get("detail")?,
        })
    });
    entries.collect()
}

pub async fn fact(db: &Client, scope: &str, name: &str) -> Done<Option<String>> {
    let select = "SELECT value FROM facts WHERE scope = $1 AND name = $2";
    let found = db.query_opt(select, &[&plain(scope), &plain(name)]).await?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

pub async fn facts(db: &Client, scope: &str) -> Done<Vec<(String, String)>> {
    let select = "SELECT name, value FROM facts WHERE scope = $1 ORDER BY name";
    let rows = db.query(select, &[&plain(scope)]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

pub async fn set_fact(db: &Client, scope: &str, name: &str, value: Option<&str>) -> Done<()> {
    let (scope, name) = (plain(scope), plain(name));
    match value {
        Some(value) => {
            let insert = "INSERT INTO facts (scope, name, value) VALUES ($1, $2, $3)
                 ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value";
            db.execute(insert, &[&scope, &name, &plain(value)]).await?
        }
        None => db.execute("DELETE FROM facts WHERE scope = $1 AND name = $2", &[&scope, &name]).await?,
    };
    Ok(())
}

pub async fn open_backfill(
    db: &Client,
    account: &str,
    exports: &[String],
    window: Window,
    now: DateTime<Utc>,
) -> Done<Backfill> {
    let names = json(&exports)?;
    let (first, last) = (window.first_day().to_string(), window.last_day().to_string());
    let select = "SELECT id, started FROM backfills
         WHERE account = $1 AND exports = $2 AND first_day = $3 AND last_day = $4 AND finished IS NULL
         ORDER BY id DESC LIMIT 1";
    let open = db.query_opt(select, &[&account, &names, &first, &last]).await?;
    let (id, started) = if let Some(row) = open {
        (row.try_get("id")?, at(&row, "started")?)
    } else {
        let insert = "INSERT INTO backfills (account, exports, first_day, last_day, started)
             VALUES ($1, $2, $3, $4, $5) RETURNING id";
        let row = db.query_one(insert, &[&account, &names, &first, &last, &instant(now)]).await?;
        (row.try_get("id")?, now)
    };
    Ok(Backfill { id, exports: exports.to_vec(), window, started })
}

pub async fn close_backfill(db: &Client, id: i64, now: DateTime<Utc>) -> Done<()> {
    db.execute("UPDATE backfills SET finished = $2 WHERE id = $1", &[&id, &instant(now)]).await?;
    Ok(())
}
