//! Letters that wait for delivery, in order for each channel.

use chrono::{DateTime, Utc};
use exporter_core::{Fate, Letter, Mail, Waiting};
use rusqlite::{Connection, OptionalExtension, params};

use super::text::{at_or_null, from_json, instant, json};

pub fn post(db: &Connection, letters: &[Letter], now: DateTime<Utc>) -> rusqlite::Result<()> {
    let mut insert = db.prepare(
        "INSERT INTO outbox (channel, once, slot, run, message, created, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting') ON CONFLICT (channel, once) DO NOTHING",
    )?;
    let mut overtake = db.prepare(
        "UPDATE outbox SET state = 'overtaken', settled = ?4
         WHERE channel = ?1 AND slot = ?2 AND id < ?3 AND state = 'waiting'",
    )?;
    for letter in letters {
        let Letter { channel, once, slot, message } = letter;
        let new = insert.execute(params![channel, once, slot, message.run, json(message)?, instant(now)])?;
        if new > 0 && slot.is_some() {
            overtake.execute(params![channel, slot, db.last_insert_rowid(), instant(now)])?;
        }
    }
    Ok(())
}

pub fn next(db: &Connection) -> rusqlite::Result<Vec<Waiting>> {
    let mut select = db.prepare(
        "SELECT * FROM outbox
         WHERE id IN (SELECT min(id) FROM outbox WHERE state = 'waiting' GROUP BY channel) ORDER BY id",
    )?;
    let mut delivered = db.prepare(
        "SELECT delivery FROM outbox
         WHERE channel = ?1 AND slot = ?2 AND state = 'delivered' AND delivery IS NOT NULL
         ORDER BY id DESC LIMIT 1",
    )?;
    let waiting = select.query_map([], |row| {
        let channel: String = row.get("channel")?;
        let slot: Option<String> = row.get("slot")?;
        let replaces = match &slot {
            Some(slot) => delivered.query_row([&channel, slot], |row| row.get(0)).optional()?,
            None => None,
        };
        Ok(Waiting {
            id: row.get("id")?,
            letter: Letter { channel, once: row.get("once")?, slot, message: from_json(row, "message")? },
            attempts: row.get("attempts")?,
            not_before: at_or_null(row, "not_before")?,
            why: row.get("why")?,
            replaces,
            parts: usize::try_from(row.get::<_, i64>("parts")?).unwrap_or_default(),
        })
    })?;
    waiting.collect()
}

pub fn settle(db: &Connection, id: i64, fate: &Fate, now: DateTime<Utc>) -> rusqlite::Result<()> {
    let now = instant(now);
    match fate {
        Fate::Delivered(delivery) if delivery.more => db.execute(
            "UPDATE outbox SET parts = parts + 1, delivery = coalesce(delivery, ?2), attempts = 0,
             not_before = NULL, why = NULL WHERE id = ?1",
            params![id, delivery.id],
        ),
        Fate::Delivered(delivery) => db.execute(
            "UPDATE outbox SET state = 'delivered', settled = ?2, delivery = coalesce(delivery, ?3)
             WHERE id = ?1",
            params![id, now, delivery.id],
        ),
        Fate::Refused(why) => db.execute(
            "UPDATE outbox SET state = 'refused', settled = ?2, why = ?3 WHERE id = ?1",
            params![id, now, why],
        ),
        // One that was overtaken meanwhile stays so.
        Fate::Postponed(until, why) => db.execute(
            "UPDATE outbox SET attempts = attempts + 1, not_before = ?2, why = ?3 WHERE id = ?1",
            params![id, instant(*until), why],
        ),
    }
    .map(drop)
}

pub fn mail(db: &Connection, run: &str) -> rusqlite::Result<(Mail, Option<String>)> {
    let count = |states: &str| -> rusqlite::Result<usize> {
        let query = format!("SELECT count(*) FROM outbox WHERE run = ?1 AND state IN ({states})");
        let count: i64 = db.query_row(&query, [run], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    };
    let (told, refused) = (count("'delivered', 'overtaken'")?, count("'refused'")?);
    let given = told + refused + count("'waiting'")?;
    let why = db
        .query_row(
            "SELECT why FROM outbox WHERE run = ?1 AND state IN ('waiting', 'refused') AND why IS NOT NULL
             ORDER BY id DESC LIMIT 1",
            [run],
            |row| row.get(0),
        )
        .optional()?;
    Ok((Mail { given, told, refused }, why))
}
