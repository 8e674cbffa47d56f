//! Leases by name, with fencing numbers that only grow. Calls that write come one after the
//! other, so that nobody takes a name between a look at it and its taking.

use chrono::{DateTime, Utc};
use tokio_postgres::Client;

use super::text::{Done, at, from_json, instant, json};
use crate::lease::{Grant, Holder, Lease, Taken};

/// The name under which the turn to deliver messages is held.
const TURN: &str = "outbox";

pub async fn acquire(
    db: &Client,
    names: &[String],
    holder: &Holder,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Done<Grant> {
    for name in names {
        if let Some(taken) = holds(db, name, now).await?.filter(|taken| taken.holder != *holder) {
            return Ok(Grant::Taken(taken));
        }
    }
    let take = "INSERT INTO leases AS known (name, holder, fence, since, until) VALUES ($1, $2, 1, $3, $4)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = known.fence + 1,
                                          since = excluded.since, until = excluded.until
         RETURNING fence";
    let mut given = Vec::new();
    for name in names {
        let row = db.query_one(take, &[name, &json(holder)?, &instant(now), &instant(until)]).await?;
        given.push((name.clone(), row.try_get("fence")?));
    }
    Ok(Grant::Given(Lease { names: given, holder: holder.clone() }))
}

/// Who has the name at this instant.
pub async fn holds(db: &Client, name: &str, now: DateTime<Utc>) -> Done<Option<Taken>> {
    let select = "SELECT * FROM leases WHERE name = $1 AND until > $2";
    let Some(row) = db.query_opt(select, &[&name, &instant(now)]).await? else { return Ok(None) };
    Ok(Some(Taken {
        name: name.to_owned(),
        holder: from_json(&row, "holder")?,
        fence: row.try_get("fence")?,
        since: at(&row, "since")?,
        until: at(&row, "until")?,
    }))
}

/// Keeps every name or says no; what has run out but was not taken is still ours.
pub async fn renew(db: &Client, lease: &Lease, until: DateTime<Utc>) -> Done<bool> {
    let ours = "SELECT FROM leases WHERE name = $1 AND fence = $2 AND until <> ''";
    for (name, fence) in &lease.names {
        if db.query_opt(ours, &[name, fence]).await?.is_none() {
            return Ok(false);
        }
    }
    let keep = "UPDATE leases SET until = $3 WHERE name = $1 AND fence = $2";
    for (name, fence) in &lease.names {
        db.execute(keep, &[name, fence, &instant(until)]).await?;
    }
    Ok(true)
}

/// The row stays, so that the next fencing number is a higher one.
pub async fn release(db: &Client, lease: &Lease) -> Done<()> {
    for (name, fence) in &lease.names {
        db.execute("UPDATE leases SET until = '' WHERE name = $1 AND fence = $2", &[name, fence]).await?;
    }
    Ok(())
}

pub async fn take_turn(db: &Client, who: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Done<bool> {
    let holder = Holder::here(who);
    let taken = holds(db, TURN, now).await?.filter(|taken| taken.holder != holder);
    if taken.is_some_and(|taken| !taken.holder.is_gone()) {
        return Ok(false);
    }
    let take = "INSERT INTO leases AS known (name, holder, fence, since, until) VALUES ($1, $2, 1, $3, $4)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = known.fence + 1,
                                          until = excluded.until";
    db.execute(take, &[&TURN, &json(&holder)?, &instant(now), &instant(until)]).await?;
    Ok(true)
}

pub async fn end_turn(db: &Client, who: &str) -> Done<()> {
    let end = "UPDATE leases SET until = '' WHERE name = $1 AND holder = $2";
    db.execute(end, &[&TURN, &json(&Holder::here(who))?]).await?;
    Ok(())
}
