//! A log file that stays small: when it is full it becomes `.1`, what was `.1` becomes
//! `.2`, and the oldest goes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file and those before it.
#[derive(Debug)]
pub struct Rotating {
    path: PathBuf,
    file: File,
    size: u64,
    full: u64,
    keep: u32,
}

impl Rotating {
    /// Goes on with the file, or begins it; its directory is made where it is missing.
    pub fn open(path: &Path, full: u64, keep: u32) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = private(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_path_buf(), file, size, full, keep })
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
        self.size = 0;
        Ok(())
    }
}

impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let length = line.len() as u64;
        if self.size > 0 && self.size + length > self.full {
            self.turn()?;
        }
        self.file.write_all(line)?;
        self.size += length;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
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
}
