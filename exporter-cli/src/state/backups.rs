//! Where copies of the state go.

use std::path::PathBuf;

use exporter_core::{Error, ErrorKind, Secret};

use crate::config::Loaded;

/// Where backups are, their key, and how many are kept.
pub struct Place {
    /// The directory.
    pub directory: PathBuf,
    /// The key.
    pub key: Secret,
    /// How many.
    pub keep: usize,
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
