//! Backups of the state: encrypted, verified after writing, older ones let go; and back.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use exporter_core::{Error, ErrorKind, Result, Secret};

use crate::{SqliteStore, Store, seal};

/// The ending of backups.
const ENDING: &str = "backup";
/// How the instant of a backup is written in its name.
const INSTANT: &str = "%Y%m%dT%H%M%S%3fZ";
/// What a backup leaves beside it that was cut off; the first and the last are not encrypted.
const PARTS: [&str; 3] = ["copy", "part", "check"];
/// A backup that began longer ago goes on no more.
const CUT_OFF: TimeDelta = TimeDelta::hours(1);

/// Writes a backup into the directory, reads it back to make certain that it can be
/// restored, and lets go of all but the newest `keep`.
///
/// # Errors
/// [`ErrorKind::Io`] when it cannot be written; a backup that cannot be read back is
/// taken away again and nothing older is let go.
pub async fn backup(
    store: &dyn Store,
    directory: &Path,
    key: &Secret,
    keep: usize,
    now: DateTime<Utc>,
) -> Result<PathBuf> {
    fs::create_dir_all(directory).map_err(|error| place(error.into(), directory))?;
    sweep(directory, now)?;
    let backup = directory.join(format!("state-{}", now.format(INSTANT))).with_extension(ENDING);
    let [copy, part, again] = PARTS.map(|ending| backup.with_extension(ending));
    let written = async {
        store.copy_to(&copy).await?;
        write(&copy, &part, |from, to| seal::seal(key, from, to))?;
        write(&part, &again, |from, to| seal::open(key, from, to))?;
        verify(&copy, &again).await?;
        fs::rename(&part, &backup).map_err(Error::from)
    }
    .await;
    // The plain copies go whatever happened; what is left of the encrypted one is worthless.
    for file in [&copy, &part, &again] {
        let _ = fs::remove_file(file);
    }
    written.map_err(|error| place(error, &backup))?;
    prune(directory, keep)?;
    Ok(backup)
}

/// The backups in a directory, the newest first.
///
/// # Errors
/// [`ErrorKind::Io`] when the directory cannot be read.
pub fn backups(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).map_err(|error| place(error.into(), directory))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("state-") && path.extension().is_some_and(|ending| ending == ENDING)
        })
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found)
}

/// When a backup was made, by its name.
pub fn made_at(backup: &Path) -> Option<DateTime<Utc>> {
    let name = backup.file_stem()?.to_str()?.strip_prefix("state-")?;
    Some(NaiveDateTime::parse_from_str(name, INSTANT).ok()?.and_utc())
}

/// Takes away what a backup left that was cut off: it holds the state in the clear.
fn sweep(directory: &Path, now: DateTime<Utc>) -> Result<()> {
    let entries = fs::read_dir(directory).map_err(|error| place(error.into(), directory))?;
    for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
        let ending = path.extension().unwrap_or_default().to_string_lossy();
        let part = PARTS.iter().any(|part| ending == *part || ending.starts_with(&format!("{part}-")));
        if part && made_at(&path).is_some_and(|at| (now - at).abs() > CUT_OFF) {
            fs::remove_file(&path).map_err(|error| place(error.into(), &path))?;
        }
    }
    Ok(())
}

/// Puts a backup in the place of a state that is not there (any more). What was going on
/// when it was made is over: its leases are free, its unfinished runs were cut off, and
/// its waiting messages are not sent, because they may have been since.
///
/// # Errors
/// [`ErrorKind::Config`] when there is a state already; [`ErrorKind::CorruptFile`] when the
/// backup cannot be read with this key.
pub async fn restore(backup: &Path, key: &Secret, state: &Path, now: DateTime<Utc>) -> Result<()> {
    if state.exists() {
        return Err(Error::new(
            ErrorKind::Config,
            format!("there is a state at {} already", state.display()),
        )
        .hint("move it away first, or use --force, which does that"));
    }
    let part = state.with_extension("restoring");
    let restored = async {
        unseal(backup, key, &part, now).await?.close().await?;
        // What the lost state left beside it would be read into this one.
        for stray in beside(state) {
            if stray.exists() {
                let ending = format!("before-{}", now.format(INSTANT));
                fs::rename(&stray, PathBuf::from(format!("{}.{ending}", stray.display())))?;
            }
        }
        fs::rename(&part, state).map_err(Error::from)
    }
    .await;
    if restored.is_err() {
        let _ = fs::remove_file(&part);
    }
    restored.map_err(|error| place(error, backup))
}

/// Puts a backup, of whichever kind of state, into a database; what was going on when it was
/// made is over, as with [`restore`]. A state that is there is put aside where that is asked
/// for, as a schema whose name is returned. All of it happens, or nothing.
///
/// # Errors
/// [`ErrorKind::Config`] when there is a state already; [`ErrorKind::CorruptFile`] when the
/// backup cannot be read with this key.
#[cfg(feature = "postgres")]
pub async fn restore_into(
    backup: &Path,
    key: &Secret,
    store: &crate::PostgresStore,
    put_aside: bool,
    now: DateTime<Utc>,
) -> Result<Option<String>> {
    let part = backup.with_extension("check");
    let aside = put_aside.then(|| format!("exporter_before_{}", now.format("%Y%m%dt%H%M%S%3fz")));
    let restored = async {
        let file = unseal(backup, key, &part, now).await?;
        let filled = store.fill_from(&file, aside.as_deref()).await;
        file.close().await?;
        filled
    }
    .await;
    // It is not encrypted, and has served.
    let _ = fs::remove_file(&part);
    restored.map(|()| aside).map_err(|error| place(error, backup))
}

/// Opens a backup into a file: a whole state in which nothing goes on.
async fn unseal(backup: &Path, key: &Secret, part: &Path, now: DateTime<Utc>) -> Result<SqliteStore> {
    for stray in beside(part) {
        if stray.exists() {
            fs::remove_file(stray)?;
        }
    }
    write(backup, part, |from, to| seal::open(key, from, to))?;
    let store = SqliteStore::open(part).await?;
    store.check().await?;
    store.settle_past(now).await?;
    Ok(store)
}

/// The files that SQLite keeps beside a state while it is open, and after a crash.
fn beside(state: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|ending| PathBuf::from(format!("{}{ending}", state.display())))
}

/// Reads one private file into another.
fn write(
    from: &Path,
    to: &Path,
    work: impl FnOnce(&mut BufReader<File>, &mut BufWriter<File>) -> Result<()>,
) -> Result<()> {
    let mut reader = BufReader::new(File::open(from)?);
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut writer = BufWriter::new(options.open(to)?);
    work(&mut reader, &mut writer)?;
    writer.flush()?;
    writer.get_ref().sync_all().map_err(Error::from)
}

/// What came back is what was copied, byte by byte, and a whole state.
async fn verify(copy: &Path, again: &Path) -> Result<()> {
    let same = same(copy, again)?;
    let store = SqliteStore::open(again).await?;
    let whole = store.check().await;
    store.close().await?;
    if !same {
        return Err(Error::new(ErrorKind::CorruptFile, "the backup does not read back as it was written")
            .hint("look at the disk"));
    }
    whole
}

/// Whether two files say the same, a piece at a time.
fn same(one: &Path, other: &Path) -> Result<bool> {
    let (mut one, mut other) = (BufReader::new(File::open(one)?), BufReader::new(File::open(other)?));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let length = left.len().min(right.len());
        if left[..length] != right[..length] {
            return Ok(false);
        }
        if length == 0 {
            return Ok(left.len() == right.len());
        }
        one.consume(length);
        other.consume(length);
    }
}

fn prune(directory: &Path, keep: usize) -> Result<()> {
    for old in backups(directory)?.into_iter().skip(keep.max(1)) {
        fs::remove_file(&old).map_err(|error| place(error.into(), &old))?;
    }
    Ok(())
}

fn place(error: Error, path: &Path) -> Error {
    error.context("file", path.display().to_string())
}
