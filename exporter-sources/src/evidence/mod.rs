//! What shows how a failure came about: requests, pages, steps; masked when it is taken, kept in
//! private files.

mod har;
mod mask;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use exporter_core::Error;

pub(crate) use har::{Exchange, Log, millis_of};
pub(crate) use mask::Mask;

/// How the names of such files begin; the export or the step follows.
const PREFIX: &str = "failed_";

/// A private file (0600) with a name of its own.
pub(crate) fn keep(directory: &Path, name: &str, ending: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
    let prefix = format!("{PREFIX}{name}_");
    let mut file = tempfile::Builder::new().prefix(&prefix).suffix(ending).tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.into_temp_path().keep().map_err(|error| Error::from(error.error))
}
