//! Downloaded files: private, named by export and time, kept for some days.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use exporter_core::{Artifact, Clock, Error, FileKind};

use super::content::Content;
use crate::driver::Download;

/// How many days downloaded files are kept.
pub const KEEP_DAYS: u64 = 7;

/// How the directory of one browser download begins; a killed run leaves it behind.
pub(crate) const BROWSER_PREFIX: &str = ".browser-";

/// Removes files of `directory` that are older than [`KEEP_DAYS`]; returns how many.
pub fn sweep(directory: &Path, clock: &dyn Clock) -> Result<usize, Error> {
    let mut removed = 0;
    if !directory.exists() {
        return Ok(0);
    }
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let about = entry.metadata()?;
        let age = clock.now() - DateTime::<Utc>::from(about.modified()?);
        let keep = Duration::from_secs(KEEP_DAYS * 24 * 60 * 60);
        if !age.to_std().is_ok_and(|age| age > keep) {
            continue;
        }
        if about.is_file() {
            fs::remove_file(entry.path())?;
            removed += 1;
        } else if entry.file_name().to_string_lossy().starts_with(BROWSER_PREFIX) {
            fs::remove_dir_all(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Makes the directory, if need be, for the owner alone.
pub(crate) fn make_private(directory: &Path) -> Result<(), Error> {
    let named =
        |error: std::io::Error| Error::from(error).context("directory", directory.display().to_string());
    fs::create_dir_all(directory).map_err(named)?;
    fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(named)
}

/// Gives a download its name for keeps: `export_YYYYMMDD_HHMMSS.xlsx`, in the panel's time.
pub(super) fn keep(
    download: &Download,
    content: &Content,
    export: &str,
    directory: &Path,
    now: DateTime<Tz>,
) -> Result<Artifact, Error> {
    let path = free_name(directory, &format!("{export}_{}", now.format("%Y%m%d_%H%M%S")), content.kind);
    fs::rename(&download.path, &path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(Artifact {
        path,
        file_name: download.file_name.clone(),
        media_type: download.media_type.clone(),
        kind: content.kind,
        sha256: content.sha256.clone(),
        size: content.size,
    })
}

/// Keeps a file that could not be read, for people to look into:
/// `export_YYYYMMDD_HHMMSS_unread.pdf`.
pub(super) fn set_aside(
    file: &Path,
    kind: FileKind,
    export: &str,
    directory: &Path,
    now: DateTime<Tz>,
) -> Result<PathBuf, Error> {
    let path = free_name(directory, &format!("{export}_{}_unread", now.format("%Y%m%d_%H%M%S")), kind);
    fs::rename(file, &path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(path)
}

/// The name, numbered when a file of the same second is there.
fn free_name(directory: &Path, stem: &str, kind: FileKind) -> PathBuf {
    let plain = directory.join(format!("{stem}.{}", kind.extension()));
    (2..)
        .map(|number| directory.join(format!("{stem}_{number}.{}", kind.extension())))
        .try_fold(plain, |path, next| if path.exists() { Ok(next) } else { Err(path) })
        .unwrap_or_else(|free| free)
}

#[cfg(test)]
mod tests {
    use super::*;
    use exporter_core::{FixedClock, SystemClock, Table};

    #[test]
    fn files_are_private_and_old_ones_go() {
        let directory = tempfile::tempdir().unwrap();
        let downloads = directory.path().join("downloads");
        make_private(&downloads).unwrap();
        assert_eq!(fs::metadata(&downloads).unwrap().permissions().mode() & 0o777, 0o700);
        let now: DateTime<Utc> = "2026-01-05T20:30:00Z".parse().unwrap();
        let zone = now.with_timezone(&chrono_tz::Asia::Jakarta);
        let content = Content {
            kind: FileKind::Pdf,
            table: Table::default(),
            size: 5,
            sha256: String::new(),
            notes: Vec::new(),
        };
        for wanted in ["user_20260106_033000.pdf", "user_20260106_033000_2.pdf"] {
            let path = downloads.join(".part-1");
            fs::write(&path, b"%PDF-").unwrap();
            let download =
                Download { path, file_name: "../x".into(), media_type: None, notes: Vec::new(), trace: None };
            let kept = keep(&download, &content, "user", &downloads, zone).unwrap();
            assert_eq!(kept.path.file_name().unwrap(), wanted);
            assert_eq!(fs::metadata(&kept.path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        fs::create_dir(downloads.join(format!("{BROWSER_PREFIX}1"))).unwrap();
        fs::create_dir(downloads.join("of somebody else")).unwrap();
        assert_eq!(sweep(&downloads, &SystemClock).unwrap(), 0);
        let later = FixedClock::at(SystemClock.now() + chrono::Duration::days(8));
        assert_eq!(sweep(&downloads, &later).unwrap(), 3);
    }
}
