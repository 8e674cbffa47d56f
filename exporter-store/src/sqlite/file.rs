//! The file itself: private, in WAL mode, brought to the newest shape when it is opened.

use std::path::Path;
use std::time::Duration;

use exporter_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, TransactionBehavior};

use super::text::explain;

/// The shapes of the state in order; the number of those applied is its `user_version`.
const MIGRATIONS: [&str; 3] = [
    include_str!("migrations/0001_start.sql"),
    include_str!("migrations/0002_tick.sql"),
    include_str!("migrations/0003_parts.sql"),
];

/// How long one process waits for another that is writing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the file, or makes a new one that only its owner can read.
pub fn open(path: &Path) -> Result<Connection> {
    make_private(path)?;
    let mut connection = Connection::open(path).map_err(|error| explain(&error, path))?;
    prepare(&mut connection).map_err(|error| explain(&error, path))?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

/// Creates the file with its rights before SQLite does it with wider ones. The files
/// beside it (`-wal`, `-shm`) take over the rights of the first.
fn make_private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let hint = "set `[state] path` in the configuration to a file in a directory that exporter may write to";
    let refused = |error: std::io::Error| {
        Error::new(ErrorKind::Io, format!("the state {} cannot be opened", path.display()))
            .source(error)
            .hint(hint)
    };
    let file = options.open(path).map_err(refused)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(refused)?;
    }
    drop(file);
    Ok(())
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // Has an effect only before the first table is there.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // Each commit is on the disk: a message that was sent stays sent after a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")
}

/// Applies what is missing, each step as a whole.
fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    let refused = |error: rusqlite::Error| explain(&error, path);
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(refused)?;
    let version: u32 =
        transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(refused)?;
    let newest = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let Some(missing) = MIGRATIONS.get(version as usize..) else {
        return Err(Error::new(
            ErrorKind::Io,
            format!("the state {} was written by a newer exporter", path.display()),
        )
        .context("its version", version.to_string())
        .context("ours", newest.to_string())
        .hint("update exporter, or set `[state] path` to another file"));
    };
    for migration in missing {
        transaction.execute_batch(migration).map_err(refused)?;
    }
    transaction.pragma_update(None, "user_version", newest).map_err(refused)?;
    transaction.commit().map_err(refused)
}

/// A whole, consistent copy in a new private file.
pub fn copy(connection: &Connection, path: &Path, file: &Path) -> Result<()> {
    make_private(file)?;
    connection
        .execute("VACUUM INTO ?1", [file.to_string_lossy()])
        .map(drop)
        .map_err(|error| explain(&error, path).context("copy", file.display().to_string()))
}
