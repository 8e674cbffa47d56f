//! A log file that stays small: when it is full it becomes `.1`, what was `.1` becomes
//! `.2`, and the oldest goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::render::say::note;

/// A file and those before it. Other processes may write to it and put it aside as well, as a
/// service and a run by hand; people may take it away.
#[derive(Debug)]
pub struct Rotating {
    path: PathBuf,
    file: File,
    full: u64,
    keep: u32,
    /// Whether it was said that lines are being lost.
    said: bool,
}

impl Rotating {
    /// Goes on with the file, or begins it; its directory is made where it is missing.
    pub fn open(path: &Path, full: u64, keep: u32) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        Ok(Self { path: path.to_path_buf(), file: private(path)?, full, keep, said: false })
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let there = fs::metadata(&self.path).ok();
        if !there.as_ref().is_some_and(|there| self.is_open(there)) {
            self.file = private(&self.path)?;
        }
        let size = there.map_or(0, |there| there.len());
        if size > 0 && size + line.len() as u64 > self.full {
            // A file that grows is better than lines that are lost, and `exporter check` sees it.
            let _ = self.turn();
        }
        self.file.write_all(line)
    }

    /// Whether what lies at our path is the file that we write to.
    #[cfg(unix)]
    fn is_open(&self, there: &fs::Metadata) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        self.file.metadata().is_ok_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()))
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "elsewhere a file that is open cannot be taken away")]
    fn is_open(&self, _: &fs::Metadata) -> bool {
        true
    }

    fn turn(&mut self) -> io::Result<()> {
        let older = |number: u32| PathBuf::from(format!("{}.{number}", self.path.display()));
        for number in (1..self.keep).rev() {
            if older(number).exists() {
                fs::rename(older(number), older(number + 1))?;
            }
        }
        if self.keep > 0 {
            fs::rename(&self.path, older(1))?;
        } else {
            fs::remove_file(&self.path)?;
        }
        self.file = private(&self.path)?;
        Ok(())
    }
}

impl Write for Rotating {
    /// Takes a line. One that cannot be written is lost, as the disk may be full; that is said
    /// once on stderr, and stops nothing.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.append(line) {
            Ok(()) => self.said = false,
            Err(error) if !self.said => {
                self.said = true;
                note(format_args!(
                    "warning: the log {} cannot be written, its lines are lost: {error}",
                    self.path.display()
                ));
            }
            Err(_) => {}
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a file for appending that only its owner can read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_put_aside_and_the_oldest_goes() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log/exporter.log");
        let mut log = Rotating::open(&path, 10, 2).unwrap();
        for line in ["one 56789\n", "two\n", "three\n", "four 6789\n", "five\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        // Another process goes on where this one was.
        drop(log);
        Rotating::open(&path, 10, 2).unwrap().write_all(b"six\n").unwrap();
        let read =
            |ending: &str| fs::read_to_string(format!("{}{ending}", path.display())).unwrap_or_default();
        assert_eq!(
            [read(""), read(".1"), read(".2"), read(".3")],
            ["five\nsix\n", "four 6789\n", "two\nthree\n", ""]
        );
    }

    #[cfg(unix)]
    #[test]
    fn two_processes_share_a_log_and_nobody_writes_to_a_file_that_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("exporter.log");
        let read =
            |ending: &str| fs::read_to_string(format!("{}{ending}", path.display())).unwrap_or_default();
        let [mut one, mut other] = [(); 2].map(|()| Rotating::open(&path, 10, 2).unwrap());
        one.write_all(b"one 56789\n").unwrap();
        other.write_all(b"two\n").unwrap();
        one.write_all(b"three\n").unwrap();
        assert_eq!([read(""), read(".1")], ["two\nthree\n", "one 56789\n"]);
        fs::remove_file(&path).unwrap();
        one.write_all(b"four\n").unwrap();
        assert_eq!(read(""), "four\n", "who deletes the log of a service finds the next line in a new one");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_costs_lines_and_nothing_else() {
        let mut log = Rotating::open(Path::new("/dev/full"), 10, 2).unwrap();
        assert_eq!(log.write(b"one\n").unwrap(), 4);
        assert!(log.said);
    }
}
