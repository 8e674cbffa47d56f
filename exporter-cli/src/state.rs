//! The state of a configuration: where it is, and what it means when it cannot be used.

use std::path::PathBuf;
use std::sync::Arc;

use exporter_core::{Error, ErrorKind};
use exporter_store::{Retention, SqliteStore, Store};

use crate::config::Loaded;

/// Where the state of this configuration is.
pub fn path(loaded: &Loaded) -> PathBuf {
    loaded.directory.join(loaded.config.state.path.clone().unwrap_or_else(|| "state.db".into()))
}

/// Opens the state, or begins a new one.
pub async fn open(loaded: &Loaded) -> Result<Arc<dyn Store>, Error> {
    Ok(Arc::new(SqliteStore::open(path(loaded)).await?))
}

/// Opens a state that has to be there already, for commands that only look at it.
///
/// # Errors
/// [`ErrorKind::Config`] when there is none yet.
pub async fn look(loaded: &Loaded) -> Result<Arc<dyn Store>, Error> {
    let path = path(loaded);
    if !path.exists() {
        return Err(Error::new(ErrorKind::Config, format!("there is no state at {} yet", path.display()))
            .hint("the first `exporter run` makes it")
            .hint("if it is somewhere else, set `[state] path` in the configuration"));
    }
    open(loaded).await
}

/// What tells this state from another that is put in its place while a service has it open:
/// one that was restored, or moved away.
pub fn identity(loaded: &Loaded) -> String {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path(loaded)).map(|file| format!("{}:{}", file.dev(), file.ino())).unwrap_or_default()
}

/// How much is kept.
pub fn retention(loaded: &Loaded) -> Retention {
    let section = &loaded.config.state;
    Retention { days: section.keep_days, max_bytes: u64::from(section.max_megabytes) * 1_000_000 }
}
