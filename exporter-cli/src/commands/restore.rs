//! `exporter restore`: the state back from a backup.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use exporter_core::{Clock, Error, ErrorKind, SystemClock};
use exporter_store::{AuditEntry, Holder, Kept, LIFE, SqliteStore, Store};

use super::backup::place;
use crate::args::RestoreArgs;
use crate::config::{Loaded, load};
use crate::exit::{self, Exit};
use crate::render::say;
use crate::{execute, render, state};

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
    let place = place(&loaded)?;
    let backup = match args.backup.to_str() {
        Some("newest") => newest(&place.directory)?,
        _ => args.backup.clone(),
    };
    let path = state::path(&loaded);
    let now = SystemClock.now();
    let mut text = String::new();
    if path.exists() && args.force {
        // The backup is read first: one that cannot be leaves everything as it is.
        let fresh = path.with_extension("restored");
        exporter_store::restore(&backup, &place.key, &fresh, now).await?;
        let aside = path.with_extension(format!("before-{}", now.format("%Y%m%dT%H%M%S%3fZ")));
        if let Err(error) = move_aside(&loaded, &path, &aside).await {
            std::fs::remove_file(&fresh)?;
            return Err(error);
        }
        std::fs::rename(&fresh, &path)?;
        text = format!("the state that was there is now {}\n", aside.display());
    } else {
        exporter_store::restore(&backup, &place.key, &path, now).await?;
    }
    let store = SqliteStore::open(&path).await?;
    let detail = backup.display().to_string();
    store.audit(&AuditEntry { at: now, who: execute::user(), what: "restore".into(), detail }).await?;
    Ok(format!(
        "{text}restored {} to {}\nnext: `exporter status` shows which days it knows; the next run finds by itself what is in the sheet\n",
        backup.display(),
        path.display()
    ))
}

fn newest(directory: &Path) -> Result<PathBuf, Error> {
    exporter_store::backups(directory)?.into_iter().next().ok_or_else(|| {
        Error::new(ErrorKind::Config, format!("there is no backup in {}", directory.display()))
            .hint("`exporter backup` makes one")
    })
}

/// Moves a state away, once it is certain that no run uses it. One that cannot be opened
/// is used by nobody.
async fn move_aside(loaded: &Loaded, path: &Path, aside: &Path) -> Result<(), Error> {
    if let Ok(store) = SqliteStore::open(path).await {
        let store: Arc<dyn Store> = Arc::new(store);
        let names = [format!("panel account:{}", execute::account(loaded)?)];
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Kept::take(store, clock, &names, Holder::here("restore"), LIFE).await?.release().await?;
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
