//! `exporter backup`: an encrypted copy of the state, verified after writing.

use std::path::PathBuf;

use exporter_core::{Clock as _, Error, ErrorKind, Secret, SystemClock};
use exporter_store::AuditEntry;

use crate::args::BackupArgs;
use crate::config::{Loaded, load};
use crate::exit::{self, Exit};
use crate::render::say;
use crate::{execute, render, state};

/// Where backups are, their key, and how many are kept.
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// The key.
    pub key: Secret,
    /// How many.
    pub keep: usize,
}

/// Writes a backup and prints where it is.
pub async fn main(args: BackupArgs) -> Exit {
    match backup(&args).await {
        Ok(file) => {
            say::line(file.display());
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn backup(args: &BackupArgs) -> Result<PathBuf, Error> {
    let loaded = load(&args.config)?;
    let place = place(&loaded)?;
    let store = state::look(&loaded).await?;
    let now = SystemClock.now();
    let file = exporter_store::backup(&*store, &place.directory, &place.key, place.keep, now).await?;
    let detail = file.display().to_string();
    store.audit(&AuditEntry { at: now, who: execute::user(), what: "backup".into(), detail }).await?;
    Ok(file)
}

/// What `[backup]` says.
///
/// # Errors
/// [`ErrorKind::Config`] when there is none, [`ErrorKind::SecretMissing`] without a key.
pub fn place(loaded: &Loaded) -> Result<Place, Error> {
    let section = loaded.config.backup.as_ref().ok_or_else(|| {
        Error::new(ErrorKind::Config, "the configuration has no [backup]")
            .hint("add: [backup] and below it directory = \"backups\" and key = \"file:secrets/backup-key\"")
            .hint("make a key: openssl rand -base64 32 > secrets/backup-key; keep a copy of it elsewhere")
    })?;
    Ok(Place {
        directory: loaded.directory.join(&section.directory),
        key: section.key.resolve(&loaded.directory, "the key of the backups")?,
        keep: section.keep,
    })
}
