//! The audit log, small facts by name, and backfills.

use chrono::{DateTime, Utc};
use exporter_core::Window;
use rusqlite::{Connection, OptionalExtension, params};

use super::text::{at, instant, json};
use crate::model::{AuditEntry, Backfill};

pub fn audit(db: &Connection, entry: &AuditEntry) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO audit (at, who, what, detail) VALUES (?1, ?2, ?3, ?4)",
        params![instant(entry.at), entry.who, entry.what, entry.detail],
    )
    .map(drop)
}

pub fn audit_log(db: &Connection, limit: u32) -> rusqlite::Result<Vec<AuditEntry>> {
    let mut select = db.prepare("SELECT * FROM audit ORDER BY id DESC LIMIT ?1")?;
    let rows = select.query_map([limit], |row| {
        Ok(AuditEntry {
            at: at(row, "at")?,
            who: row.get("who")?,
            what: row.get("what")?,
            detail: row.get("detail")?,
        })
    })?;
    rows.collect()
}

pub fn fact(db: &Connection, scope: &str, name: &str) -> rusqlite::Result<Option<String>> {
    db.query_row("SELECT value FROM facts WHERE scope = ?1 AND name = ?2", [scope, name], |row| row.get(0))
        .optional()
}

pub fn facts(db: &Connection, scope: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let mut select = db.prepare("SELECT name, value FROM facts WHERE scope = ?1 ORDER BY name")?;
    let rows = select.query_map([scope], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

pub fn set_fact(db: &Connection, scope: &str, name: &str, value: Option<&str>) -> rusqlite::Result<()> {
    match value {
        Some(value) => db.execute(
            "INSERT INTO facts (scope, name, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value",
            [scope, name, value],
        ),
        None => db.execute("DELETE FROM facts WHERE scope = ?1 AND name = ?2", [scope, name]),
    }
    .map(drop)
}

pub fn open_backfill(
    db: &Connection,
    account: &str,
    exports: Vec<String>,
    window: Window,
    now: DateTime<Utc>,
) -> rusqlite::Result<Backfill> {
    let names = json(&exports)?;
    let (first, last) = (window.first_day().to_string(), window.last_day().to_string());
    let open = db
        .query_row(
            "SELECT id, started FROM backfills
             WHERE account = ?1 AND exports = ?2 AND first_day = ?3 AND last_day = ?4 AND finished IS NULL
             ORDER BY id DESC LIMIT 1",
            params![account, names, first, last],
            |row| Ok((row.get("id")?, at(row, "started")?)),
        )
        .optional()?;
    let (id, started) = if let Some(open) = open {
        open
    } else {
        db.execute(
            "INSERT INTO backfills (account, exports, first_day, last_day, started)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            params![account, names, first, last, instant(now)],
        )?;
        (db.last_insert_rowid(), now)
    };
    Ok(Backfill { id, exports, window, started })
}

pub fn close_backfill(db: &Connection, id: i64, now: DateTime<Utc>) -> rusqlite::Result<()> {
    db.execute("UPDATE backfills SET finished = ?2 WHERE id = ?1", params![id, instant(now)]).map(drop)
}
