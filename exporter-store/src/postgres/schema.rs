//! The schema `exporter` that everything is in, brought to the newest shape when the state is opened.

use exporter_core::{Error, ErrorKind, Result};
use tokio_postgres::Client;

use super::address::Server;
use super::errors::explain;
use super::session::WRITING;
use super::text::Done;

/// The shapes of the state in order; how many of them are applied is kept in `version`.
const MIGRATIONS: [&str; 1] = [include_str!("migrations/0001_start.sql")];

/// Makes what is missing, each state once: another program that opens it now waits.
pub async fn prepare(db: &Client, server: &Server) -> Result<()> {
    let version = migrate(db).await.map_err(|failure| explain(&failure, server))?;
    let newest = newest();
    if version <= newest {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Io,
        format!("the state in PostgreSQL ({}) was written by a newer exporter", server.place()),
    )
    .context("its version", version.to_string())
    .context("ours", newest.to_string())
    .hint("update exporter, or name another database in `[state] url`"))
}

async fn migrate(db: &Client) -> Done<i64> {
    db.batch_execute(WRITING).await?;
    let version = make(db).await?;
    db.batch_execute("COMMIT").await?;
    Ok(version)
}

/// The version that this program makes.
fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Applies what is missing, in the transaction that is going on, and returns the version that is
/// there then.
pub async fn make(db: &Client) -> Done<i64> {
    // Asked first: `IF NOT EXISTS` would want the right to make one even where it is there.
    let there: bool =
        db.query_one("SELECT to_regnamespace('exporter') IS NOT NULL", &[]).await?.try_get(0)?;
    if !there {
        db.batch_execute("CREATE SCHEMA exporter").await?;
    }
    let known: bool =
        db.query_one("SELECT to_regclass('exporter.version') IS NOT NULL", &[]).await?.try_get(0)?;
    if !known {
        db.batch_execute("CREATE TABLE version (number BIGINT NOT NULL); INSERT INTO version VALUES (0)")
            .await?;
    }
    let version: i64 = db.query_one("SELECT number FROM version", &[]).await?.try_get(0)?;
    let missing = usize::try_from(version).ok().and_then(|version| MIGRATIONS.get(version..));
    let missing = missing.unwrap_or_default();
    for migration in missing {
        db.batch_execute(migration).await?;
    }
    if !missing.is_empty() {
        db.execute("UPDATE version SET number = $1", &[&newest()]).await?;
    }
    Ok(version.max(newest()))
}

/// Whether there is a state at all.
pub async fn is_there(db: &Client) -> Done<bool> {
    Ok(db.query_one("SELECT to_regnamespace('exporter') IS NOT NULL", &[]).await?.try_get(0)?)
}

/// Whether a state could be begun: only that is asked, nothing is written.
pub async fn may_begin(db: &Client) -> Done<bool> {
    let ask = "SELECT has_database_privilege(current_database(), 'CREATE')";
    Ok(db.query_one(ask, &[]).await?.try_get(0)?)
}

/// Puts the state aside under another name, in the transaction that is going on, and begins a
/// new one.
pub async fn put_aside(db: &Client, name: &str) -> Done<()> {
    db.batch_execute(&format!("ALTER SCHEMA exporter RENAME TO {name}")).await?;
    make(db).await.map(drop)
}
