//! Directories that killed runs left behind: found by the owner in their names, removed.

use std::fs;
use std::io;
use std::path::Path;

use rustix::process::{Pid, test_kill_process};

/// How the temporary directory of a browser begins; the owner's process id follows.
const PREFIX: &str = "exporter-browser-";

/// A fresh directory for what browser and driver leave lying about. It says whose it is.
pub(super) fn own_directory() -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(&format!("{PREFIX}{}-", std::process::id())).tempdir()
}

/// Removes the directories under `temporary` whose owners are no more.
pub(super) fn sweep(temporary: &Path) {
    let Ok(entries) = fs::read_dir(temporary) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(owner) else { continue };
        if !alive(owner)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            // Another user's, or gone already: nothing depends on it.
            tracing::debug!(%error, directory = %entry.path().display(), "a leaving stays");
        }
    }
}

/// The processes of browsers whose run is gone, from `/proc`: their profiles are in a
/// directory of ours whose owner is no more. None where there is no such file system.
pub fn left_running(proc: &Path) -> Option<Vec<i32>> {
    let entries = fs::read_dir(proc).ok()?;
    let left = entries.flatten().filter_map(|entry| {
        let process = entry.file_name().to_str()?.parse().ok()?;
        // Who is gone meanwhile has no command line.
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let words = String::from_utf8_lossy(&words);
        let (_, ours) = words.split_once(PREFIX)?;
        let owner = ours.split_once('-')?.0.parse().ok()?;
        (!alive(owner)).then_some(process)
    });
    Some(left.collect())
}

/// The process that a directory of this name belongs to.
fn owner(name: &str) -> Option<i32> {
    name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok()
}

fn alive(pid: i32) -> bool {
    // Who may not be asked about is there.
    Pid::from_raw(pid).is_some_and(|pid| test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_browsers_of_the_dead_are_left_over() {
        let proc = tempfile::tempdir().unwrap();
        let run = |process: &str, words: String| {
            fs::create_dir(proc.path().join(process)).unwrap();
            fs::write(proc.path().join(process).join("cmdline"), words).unwrap();
        };
        run("41", format!("chrome\0--user-data-dir=/tmp/{PREFIX}{}-abc/profile\0", i32::MAX));
        run("42", format!("chrome\0--user-data-dir=/tmp/{PREFIX}{}-abc/profile\0", std::process::id()));
        run("43", "chrome\0--user-data-dir=/home/budi/profile\0".to_owned());
        run("self", String::new());
        assert_eq!(left_running(proc.path()), Some(vec![41]));
        assert_eq!(left_running(Path::new("/nowhere")), None);
    }

    #[test]
    fn only_what_belongs_to_the_dead_is_removed() {
        let temporary = tempfile::tempdir().unwrap();
        // No process has the greatest number: Linux ends at 2^22.
        let dead = temporary.path().join(format!("{PREFIX}{}-abc", i32::MAX));
        let ours = temporary.path().join(format!("{PREFIX}{}-abc", std::process::id()));
        let other = temporary.path().join("exporter-browser-notes");
        for directory in [&dead, &ours, &other] {
            fs::create_dir_all(directory.join("profile")).unwrap();
        }
        sweep(temporary.path());
        assert!(!dead.exists() && ours.exists() && other.exists());
    }
}
