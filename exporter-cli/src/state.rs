//! The state of a configuration: where it is, and what it means when it cannot be used.

pub mod backups;
mod database;

use std::path::PathBuf;
use std::sync::Arc;

use exporter_core::{Error, ErrorKind, Secret};
use exporter_store::{Retention, SqliteStore, Store};

use crate::config::Loaded;

pub use database::restore;

/// Where a state is.
#[derive(Debug, Clone)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// In the PostgreSQL database of this address.
    Database(Secret),
}

impl Place {
    /// Opens the state, or begins a new one.
    ///
    /// # Errors
    /// Those of the state; the hint says what to do.
    pub async fn open(&self) -> Result<Arc<dyn Store>, Error> {
        match self {
            Self::File(path) => Ok(Arc::new(SqliteStore::open(path.clone()).await?)),
            Self::Database(address) => database::open(address).await,
        }
    }

    /// Opens a state that has to be there already, for commands that only look at it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when there is none yet.
    pub async fn look(&self) -> Result<Arc<dyn Store>, Error> {
        match self {
            Self::File(path) if !path.exists() => Err(none_yet(&format!("at {}", path.display()))
                .hint("if it is somewhere else, set `[state] path` in the configuration")),
            Self::File(_) => self.open().await,
            Self::Database(address) => match database::look(address).await? {
                Some(store) => Ok(store),
                None => Err(none_yet("in the database of `[state] url`")),
            },
        }
    }
}

fn none_yet(place: &str) -> Error {
    Error::new(ErrorKind::Config, format!("there is no state {place} yet"))
        .hint("the first `exporter run` makes it")
}

/// Where the state of this configuration is.
///
/// # Errors
/// [`ErrorKind::Config`] when it is said twice, [`ErrorKind::SecretMissing`] without the address.
pub fn place(loaded: &Loaded) -> Result<Place, Error> {
    let section = &loaded.config.state;
    match (&section.path, &section.url) {
        (Some(_), Some(_)) => Err(Error::new(ErrorKind::Config, "[state] has both `path` and `url`")
            .hint("keep `path` for a file on this machine, or `url` for a PostgreSQL database")),
        (None, Some(url)) => {
            let what = "the address of the state's database ([state] url)";
            Ok(Place::Database(url.resolve(&loaded.directory, what)?))
        }
        _ => Ok(Place::File(file(loaded))),
    }
}

/// The file of a state that is in one; else where it would be, which says on which disk things
/// are kept.
pub fn file(loaded: &Loaded) -> PathBuf {
    loaded.directory.join(loaded.config.state.path.clone().unwrap_or_else(|| "state.db".into()))
}

/// Opens the state, or begins a new one.
pub async fn open(loaded: &Loaded) -> Result<Arc<dyn Store>, Error> {
    place(loaded)?.open().await
}

/// A run goes on without a state that cannot be opened, but not over a mistake in where it is.
///
/// # Errors
/// [`ErrorKind::Config`] and [`ErrorKind::SecretMissing`].
pub fn configured(opened: Result<Arc<dyn Store>, Error>) -> Result<Result<Arc<dyn Store>, Error>, Error> {
    match opened {
        Err(error) if matches!(error.kind(), ErrorKind::Config | ErrorKind::SecretMissing) => Err(error),
        opened => Ok(opened),
    }
}

/// Opens a state that has to be there already, for commands that only look at it.
///
/// # Errors
/// [`ErrorKind::Config`] when there is none yet.
pub async fn look(loaded: &Loaded) -> Result<Arc<dyn Store>, Error> {
    place(loaded)?.look().await
}

/// Tries the database that has the state; none where a file has it.
pub async fn try_database(loaded: &Loaded) -> Option<Result<&'static str, Error>> {
    let address = match place(loaded) {
        Ok(Place::Database(address)) => address,
        Ok(Place::File(_)) => return None,
        Err(error) => return Some(Err(error)),
    };
    let said = |found: Option<_>| {
        if found.is_some() { "in PostgreSQL" } else { "PostgreSQL answers; the first run begins it" }
    };
    Some(database::look(&address).await.map(said))
}

/// What tells this state from another that is put in its place while a service has it open: a
/// file that was restored, or moved away. A database is looked up anew by every call.
pub fn identity(loaded: &Loaded) -> String {
    use std::os::unix::fs::MetadataExt as _;
    if loaded.config.state.url.is_some() {
        return String::new();
    }
    let found = std::fs::metadata(file(loaded));
    found.map(|found| format!("{}:{}", found.dev(), found.ino())).unwrap_or_default()
}

/// How much is kept.
pub fn retention(loaded: &Loaded) -> Retention {
    let section = &loaded.config.state;
    Retention { days: section.keep_days, max_bytes: u64::from(section.max_megabytes) * 1_000_000 }
}
