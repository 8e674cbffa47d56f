//! Letters that wait for delivery, in order for each channel.

use chrono::{DateTime, Utc};
use exporter_core::{Fate, Letter, Mail, Waiting};
use tokio_postgres::Client;

use super::text::{Done, at_or_null, from_json, instant, json, number, plain};

pub async fn post(db: &Client, letters: &[Letter], now: DateTime<Utc>) -> Done<()> {
    let insert = "INSERT INTO outbox (channel, once, slot, run, message, created, state)
         VALUES ($1, $2, $3, $4, $5, $6, 'waiting') ON CONFLICT (channel, once) DO NOTHING RETURNING id";
    let overtake = "UPDATE outbox SET state = 'overtaken', settled = $4
         WHERE channel = $1 AND slot = $2 AND id < $3 AND state = 'waiting'";
    for letter in letters {
        let Letter { channel, once, slot, message } = letter;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
            [channel, &plain(once), slot, &message.run, &json(message)?, &instant(now)];
        let new = db.query_opt(insert, &values).await?;
        if let (Some(new), Some(slot)) = (new, slot) {
            let id: i64 = new.try_get("id")?;
            db.execute(overtake, &[channel, slot, &id, &instant(now)]).await?;
        }
    }
    Ok(())
}

pub async fn next(db: &Client) -> Done<Vec<Waiting>> {
    let select = "SELECT first.*,
             (SELECT delivery FROM outbox
              WHERE channel = first.channel AND slot = first.slot AND state = 'delivered' AND delivery IS NOT NULL
              ORDER BY id DESC LIMIT 1) AS replaces
         FROM outbox AS first
         WHERE id IN (SELECT min(id) FROM outbox WHERE state = 'waiting' GROUP BY channel) ORDER BY id";
    let rows = db.query(select, &[]).await?;
    let waiting = rows.iter().map(|row| {
        Ok(Waiting {
            id: row.try_get("id")?,
            letter: Letter {
                channel: row.try_get("channel")?,
                once: row.try_get("once")?,
                slot: row.try_get("slot")?,
                message: from_json(row, "message")?,
            },
            attempts: number(row, "attempts")?,
            not_before: at_or_null(row, "not_before")?,
            why: row.try_get("why")?,
            replaces: row.try_get("replaces")?,
            parts: number(row, "parts")?,
        })
    });
    waiting.collect()
}

pub async fn settle(db: &Client, id: i64, fate: &Fate, now: DateTime<Utc>) -> Done<()> {
    let now = instant(now);
    match fate {
        Fate::Delivered(delivery) if delivery.more => {
            let update =
                "UPDATE outbox SET parts = parts + 1, delivery = coalesce(delivery, $2), attempts = 0,
                 not_before = NULL, why = NULL WHERE id = $1";
            db.execute(update, &[&id, &delivery.id]).await?
        }
        Fate::Delivered(delivery) => {
            let update =
                "UPDATE outbox SET state = 'delivered', settled = $2, delivery = coalesce(delivery, $3)
                 WHERE id = $1";
            db.execute(update, &[&id, &now, &delivery.id]).await?
        }
        Fate::Refused(why) => {
            let update = "UPDATE outbox SET state = 'refused', settled = $2, why = $3 WHERE id = $1";
            db.execute(update, &[&id, &now, &plain(why)]).await?
        }
        // One that was overtaken meanwhile stays so.
        Fate::Postponed(until, why) => {
            let update = "UPDATE outbox SET attempts = attempts + 1, not_before = $2, why = $3 WHERE id = $1";
            db.execute(update, &[&id, &instant(*until), &plain(why)]).await?
        }
    };
    Ok(())
}

pub async fn mail(db: &Client, run: &str) -> Done<(Mail, Option<String>)> {
    let select = "SELECT count(*) AS given,
             count(*) FILTER (WHERE state IN ('delivered', 'overtaken')) AS told,
             count(*) FILTER (WHERE state = 'refused') AS refused
         FROM outbox WHERE run = $1";
    let counts = db.query_one(select, &[&run]).await?;
    let mail = Mail {
        given: number(&counts, "given")?,
        told: number(&counts, "told")?,
        refused: number(&counts, "refused")?,
    };
    let select =
        "SELECT why FROM outbox WHERE run = $1 AND state IN ('waiting', 'refused') AND why IS NOT NULL
         ORDER BY id DESC LIMIT 1";
    let why = db.query_opt(select, &[&run]).await?;
    Ok((mail, why.map(|row| row.try_get("why")).transpose()?))
}
