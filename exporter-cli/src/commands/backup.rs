//! `exporter backup`: an encrypted copy of the state, verified after writing.

use std::path::PathBuf;

use exporter_core::{Clock as _, Error, SystemClock};
use exporter_store::AuditEntry;

use crate::args::BackupArgs;
use crate::config::load;
use crate::exit::{self, Exit};
use crate::render::say;
use crate::state::backups::place;
use crate::{execute, render, state};

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
