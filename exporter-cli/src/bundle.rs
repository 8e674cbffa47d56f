//! A bundle: all that a run left behind in one private ZIP file, enough to read its files again
//! on another machine.
//!
//! `bundle.json` says what is in it; downloads lie under `files/`, evidence under `evidence/`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Component, Path, PathBuf};

use exporter_core::checks::Checks;
use exporter_core::{Error, ErrorKind};
use exporter_sources::ExportConfig;
use exporter_store::{RunRecord, StageRecord};
use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Version of [`Manifest`]'s shape.
pub const VERSION: u32 = 1;
/// The manifest's name in the archive.
const MANIFEST: &str = "bundle.json";
/// The most bytes that one file of a bundle may unpack to.
pub const LIMIT: u64 = 256 << 20;
/// The most files that a bundle may have.
const MOST: usize = 1000;

/// What is in a bundle.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Shape of this manifest: [`VERSION`].
    pub version: u32,
    /// The program that packed it.
    pub exporter: String,
    /// The run, with its report.
    pub run: RunRecord,
    /// Its steps.
    pub stages: Vec<StageRecord>,
    /// What was looked at in each table.
    pub checks: Checks,
    /// What the exports' files were expected to be.
    pub exports: BTreeMap<String, ExportConfig>,
    /// The files, by export.
    pub files: Vec<Packed>,
    /// What could not be packed, and why.
    pub missing: Vec<String>,
}

/// A file of an export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Packed {
    /// The export.
    pub export: String,
    /// Its name in the archive.
    pub name: String,
}

/// Files on their way into a bundle: name in the archive, and where they are.
pub type Contents = Vec<(String, PathBuf)>;

/// Writes the bundle (0600), as a whole or not at all.
///
/// # Errors
/// [`ErrorKind::Config`] where there is such a file already; else what the disk says.
pub fn write(out: &Path, manifest: &Manifest, contents: &Contents) -> Result<(), Error> {
    let named = |error: io::Error| Error::from(error).context("file", out.display().to_string());
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out);
    let file = file.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            Error::new(ErrorKind::Config, format!("{} is there already", out.display()))
                .hint("name another file with --out")
        }
        _ => named(error),
    })?;
    fill(file, manifest, contents).map_err(|error| {
        // Half a bundle is none; that it is in the way is told by the next attempt.
        let _ = fs::remove_file(out);
        named(error)
    })
}

fn fill(file: File, manifest: &Manifest, contents: &Contents) -> io::Result<()> {
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).unix_permissions(0o600);
    let mut archive = ZipWriter::new(file);
    archive.start_file(MANIFEST, options)?;
    serde_json::to_writer_pretty(&mut archive, manifest)?;
    for (name, path) in contents {
        archive.start_file(name.as_str(), options)?;
        io::copy(&mut File::open(path)?, &mut archive)?;
    }
    archive.finish()?.sync_all()
}

/// Unpacks a bundle into a directory.
///
/// # Errors
/// [`ErrorKind::Config`] for what is no bundle, is of a later version, or wants to be written
/// elsewhere; [`ErrorKind::TooLarge`].
pub fn unpack(bundle: &Path, directory: &Path) -> Result<Manifest, Error> {
    let file = File::open(bundle)
        .map_err(|error| Error::from(error).context("file", bundle.display().to_string()))?;
    let mut archive = ZipArchive::new(file).map_err(|error| no_bundle(bundle, &error.to_string()))?;
    if archive.len() > MOST {
        return Err(no_bundle(bundle, "it has too many files"));
    }
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| no_bundle(bundle, &error.to_string()))?;
        let name = entry.name().map_err(|error| no_bundle(bundle, &error.to_string()))?.into_owned();
        let name = PathBuf::from(name);
        if !name.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(no_bundle(bundle, "a file in it wants to be written elsewhere"));
        }
        let path = directory.join(&name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        if io::copy(&mut (&mut entry).take(LIMIT + 1), &mut out)? > LIMIT {
            return Err(Error::new(ErrorKind::TooLarge, "a file in the bundle is over the limit")
                .context("file", name.display().to_string())
                .context("bytes", LIMIT.to_string()));
        }
    }
    let text = fs::read(directory.join(MANIFEST)).map_err(|_| no_bundle(bundle, "it has no bundle.json"))?;
    let version = serde_json::from_slice::<serde_json::Value>(&text).ok();
    let version = version.and_then(|manifest| manifest["version"].as_u64());
    if version.is_some_and(|version| version > u64::from(VERSION)) {
        return Err(no_bundle(bundle, "a later version of exporter packed it"));
    }
    serde_json::from_slice(&text).map_err(|error| no_bundle(bundle, &error.to_string()))
}

fn no_bundle(bundle: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{} is no bundle that can be used: {why}", bundle.display()))
        .hint("`exporter bundle RUN` makes one")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn archive(path: &Path, name: &str, text: &str) {
        let mut archive = ZipWriter::new(File::create(path).unwrap());
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
        archive.finish().unwrap();
    }

    #[test]
    fn what_is_no_bundle_is_refused_and_writes_nothing_elsewhere() {
        let directory = tempfile::tempdir().unwrap();
        let (bundle, target) = (directory.path().join("b.zip"), directory.path().join("in"));
        fs::write(&bundle, b"PK not really").unwrap();
        assert_eq!(unpack(&bundle, &target).unwrap_err().kind(), ErrorKind::Config);
        for (name, text, why) in [
            ("../evil", "x", "elsewhere"),
            ("other", "x", "no bundle.json"),
            (MANIFEST, "{\"version\": 9}", "later version"),
        ] {
            let target = target.join(why);
            archive(&bundle, name, text);
            let error = unpack(&bundle, &target).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
        assert!(!directory.path().join("in").join("evil").exists());
    }
}
