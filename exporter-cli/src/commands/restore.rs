//! `exporter restore`: the state back from a backup.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use exporter_core::{Clock, Error, ErrorKind, Secret, SystemClock};
use exporter_store::{AuditEntry, Holder, Kept, LIFE, SqliteStore, Store};

use crate::args::RestoreArgs;
use crate::config::{Loaded, load};
use crate::exit::{self, Exit};
use crate::render::say;
use crate::state::backups::{Place as Copies, place};
use crate::state::{self, Place};
use crate::{execute, render};

/// Restores and says what to do next.
pub async fn main(args: RestoreArgs) -> Exit {
    match restore(&args).await {
        Ok(text) => {
            say::text(&text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn restore(args: &RestoreArgs) -> Result<String, Error> {
    let loaded = load(&args.config)?;
    let Copies { directory, key, .. } = place(&loaded)?;
    let backup = match args.backup.to_str() {
        Some("newest") => newest(&directory)?,
        _ => args.backup.clone(),
    };
    let now = SystemClock.now();
    let state = state::place(&loaded)?;
    let (aside, restored) = match &state {
        Place::File(path) => file(&loaded, path, &backup, &key, args.force, now).await?,
        Place::Database(address) => database(&loaded, address, &backup, &key, args.force, now).await?,
    };
    let detail = backup.display().to_string();
    let entry = AuditEntry { at: now, who: execute::user(), what: "restore".into(), detail };
    state.open().await?.audit(&entry).await?;
    let aside = aside.map_or_else(String::new, |aside| format!("the state that was there is now {aside}\n"));
    Ok(format!(
        "{aside}restored {} to {restored}\nnext: `exporter status` shows which days it knows; the next run finds by itself what is in the sheet\n",
        backup.display(),
    ))
}

/// Restores to a file; what was put aside, and where it is restored to.
async fn file(
    loaded: &Loaded,
    path: &Path,
    backup: &Path,
    key: &Secret,
    force: bool,
    now: DateTime<Utc>,
) -> Result<(Option<String>, String), Error> {
    let restored = path.display().to_string();
    if !(path.exists() && force) {
        exporter_store::restore(backup, key, path, now).await?;
        return Ok((None, restored));
    }
    // The backup is read first: one that cannot be leaves everything as it is.
    let fresh = path.with_extension("restored");
    exporter_store::restore(backup, key, &fresh, now).await?;
    let aside = path.with_extension(format!("before-{}", now.format("%Y%m%dT%H%M%S%3fZ")));
    if let Err(error) = move_aside(loaded, path, &aside).await {
        std::fs::remove_file(&fresh)?;
        return Err(error);
    }
    std::fs::rename(&fresh, path)?;
    Ok((Some(aside.display().to_string()), restored))
}

/// Restores to a database; what was put aside, and where it is restored to.
async fn database(
    loaded: &Loaded,
    address: &Secret,
    backup: &Path,
    key: &Secret,
    force: bool,
    now: DateTime<Utc>,
) -> Result<(Option<String>, String), Error> {
    let mut put_aside = false;
    if force && let Ok(store) = Place::Database(address.clone()).look().await {
        is_free(loaded, store).await?;
        put_aside = true;
    }
    let (aside, restored) = state::restore(address, backup, key, put_aside, now).await?;
    Ok((aside.map(|name| format!("the schema {name}")), restored))
}

fn newest(directory: &Path) -> Result<PathBuf, Error> {
    exporter_store::backups(directory)?.into_iter().next().ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("there is no backup in {}", directory.display()))
            .hint("`exporter backup` makes one")
    })
}

/// Makes certain that no run uses a state.
async fn is_free(loaded: &Loaded, store: Arc<dyn Store>) -> Result<(), Error> {
    let names = [execute::account_lease(&execute::account(loaded)?)];
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Kept::take(store, clock, &names, Holder::here("restore"), LIFE).await?.release().await
}

/// Moves a state's files away, once it is certain that no run uses it. One that cannot be opened
/// is used by nobody.
async fn move_aside(loaded: &Loaded, path: &Path, aside: &Path) -> Result<(), Error> {
    if let Ok(store) = SqliteStore::open(path).await {
        is_free(loaded, Arc::new(store)).await?;
    }
    if aside.exists() {
        return Err(Error::new(ErrorKind::Config, format!("{} is there already", aside.display()))
            .hint("try again, or move it away"));
    }
    for ending in ["", "-wal", "-shm"] {
        let with = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
        if with(path).exists() {
            std::fs::rename(with(path), with(aside))?;
        }
    }
    Ok(())
}
