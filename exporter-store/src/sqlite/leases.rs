//! Leases by name, with fencing numbers that only grow.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::text::{at, from_json, instant, json};
use crate::lease::{Grant, Holder, Lease, Taken};

/// The name under which the turn to deliver messages is held.
const TURN: &str = "outbox";

pub fn acquire(
    db: &Connection,
    names: &[String],
    holder: &Holder,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> rusqlite::Result<Grant> {
    for name in names {
        if let Some(taken) = holds(db, name, now)?.filter(|taken| taken.holder != *holder) {
            return Ok(Grant::Taken(taken));
        }
    }
    let mut take = db.prepare(
        "INSERT INTO leases (name, holder, fence, since, until) VALUES (?1, ?2, 1, ?3, ?4)
         ON CONFLICT DO UPDATE SET holder = excluded.holder, fence = fence + 1, since = excluded.since,
                                   until = excluded.until
         RETURNING fence",
    )?;
    let names: rusqlite::Result<Vec<(String, i64)>> = names
        .iter()
        .map(|name| {
            let values = params![name, json(holder)?, instant(now), instant(until)];
            Ok((name.clone(), take.query_row(values, |row| row.get(0))?))
        })
        .collect();
    Ok(Grant::Given(Lease { names: names?, holder: holder.clone() }))
}

/// Who has the name at this instant.
pub fn holds(db: &Connection, name: &str, now: DateTime<Utc>) -> rusqlite::Result<Option<Taken>> {
    db.query_row("SELECT * FROM leases WHERE name = ?1 AND until > ?2", params![name, instant(now)], |row| {
        Ok(Taken {
            name: name.to_owned(),
            holder: from_json(row, "holder")?,
            fence: row.get("fence")?,
            since: at(row, "since")?,
            until: at(row, "until")?,
        })
    })
    .optional()
}

/// Keeps every name or says no; what has run out but was not taken is still ours.
pub fn renew(db: &Connection, lease: &Lease, until: DateTime<Utc>) -> rusqlite::Result<bool> {
    let mut ours = db.prepare("SELECT 1 FROM leases WHERE name = ?1 AND fence = ?2 AND until <> ''")?;
    for (name, fence) in &lease.names {
        if !ours.exists(params![name, fence])? {
            return Ok(false);
        }
    }
    for (name, fence) in &lease.names {
        db.execute(
            "UPDATE leases SET until = ?3 WHERE name = ?1 AND fence = ?2",
            params![name, fence, instant(until)],
        )?;
    }
    Ok(true)
}

/// The row stays, so that the next fencing number is a higher one.
pub fn release(db: &Connection, lease: &Lease) -> rusqlite::Result<()> {
    for (name, fence) in &lease.names {
        db.execute("UPDATE leases SET until = '' WHERE name = ?1 AND fence = ?2", params![name, fence])?;
    }
    Ok(())
}

pub fn take_turn(
    db: &Connection,
    who: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> rusqlite::Result<bool> {
    let holder = Holder::here(who);
    let taken = holds(db, TURN, now)?.filter(|taken| taken.holder != holder);
    if taken.is_some_and(|taken| !taken.holder.is_gone()) {
        return Ok(false);
    }
    db.execute(
        "INSERT INTO leases (name, holder, fence, since, until) VALUES (?1, ?2, 1, ?3, ?4)
         ON CONFLICT DO UPDATE SET holder = excluded.holder, fence = fence + 1, until = excluded.until",
        params![TURN, json(&holder)?, instant(now), instant(until)],
    )?;
    Ok(true)
}

pub fn end_turn(db: &Connection, who: &str) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE leases SET until = '' WHERE name = ?1 AND holder = ?2",
        params![TURN, json(&Holder::here(who))?],
    )
    .map(drop)
}
