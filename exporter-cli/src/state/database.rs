//! The state in PostgreSQL, where this program is built with it; else the words for that.

#[cfg(feature = "postgres")]
pub use with::*;
#[cfg(not(feature = "postgres"))]
pub use without::*;

#[cfg(feature = "postgres")]
mod with {
    use std::path::Path;
    use std::sync::Arc;

    use chrono::{DateTime, Utc};
    use exporter_core::{Error, Secret};
    use exporter_store::{PostgresStore, Store, restore_into};

    /// libpq's word for encryption, for those who cannot add it to the address.
    fn sslmode() -> Option<String> {
        std::env::var("PGSSLMODE").ok()
    }

    /// Opens the state in this database, or begins a new one.
    pub async fn open(address: &Secret) -> Result<Arc<dyn Store>, Error> {
        Ok(Arc::new(PostgresStore::open(address, sslmode().as_deref()).await?))
    }

    /// The state in this database; none when there is none yet.
    pub async fn look(address: &Secret) -> Result<Option<Arc<dyn Store>>, Error> {
        let found = PostgresStore::look(address, sslmode().as_deref()).await?;
        Ok(found.map(|store| Arc::new(store) as Arc<dyn Store>))
    }

    /// Puts a backup into this database. The name of the state that was put aside, where that
    /// is asked for, and the database, for people.
    pub async fn restore(
        address: &Secret,
        backup: &Path,
        key: &Secret,
        put_aside: bool,
        now: DateTime<Utc>,
    ) -> Result<(Option<String>, String), Error> {
        let store = PostgresStore::open(address, sslmode().as_deref()).await?;
        let aside = restore_into(backup, key, &store, put_aside, now).await?;
        Ok((aside, store.place().to_owned()))
    }
}

#[cfg(not(feature = "postgres"))]
mod without {
    use std::future::{Ready, ready};
    use std::path::Path;
    use std::sync::Arc;

    use chrono::{DateTime, Utc};
    use exporter_core::{Error, ErrorKind, Secret};
    use exporter_store::Store;

    fn missing() -> Error {
        Error::new(
            ErrorKind::Config,
            "this exporter is built without PostgreSQL, and `[state] url` names one",
        )
        .hint("the container's image has it; else build it: cargo build --release --features postgres")
        .hint("or keep the state in a file: write `path` in the place of `url`")
    }

    pub fn open(_: &Secret) -> Ready<Result<Arc<dyn Store>, Error>> {
        ready(Err(missing()))
    }

    pub fn look(_: &Secret) -> Ready<Result<Option<Arc<dyn Store>>, Error>> {
        ready(Err(missing()))
    }

    pub fn restore(
        _: &Secret,
        _: &Path,
        _: &Secret,
        _: bool,
        _: DateTime<Utc>,
    ) -> Ready<Result<(Option<String>, String), Error>> {
        ready(Err(missing()))
    }
}
