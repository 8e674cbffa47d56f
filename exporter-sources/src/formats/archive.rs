//! Packed files are unpacked into a counter first: declared sizes can lie.

use std::io::{self, Cursor, Read as _};

use exporter_core::Error;
use zip::ZipArchive;

use super::{Limits, corrupt, too_large};

/// More parts than any workbook has.
const ENTRIES: usize = 10_000;

/// Unpacks everything in a ZIP archive without keeping it.
///
/// # Errors
/// A bomb, an archive that is cut off, or a part that cannot be unpacked.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(), Error> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(corrupt)?;
    if archive.len() > ENTRIES {
        return Err(too_large("the number of parts in the file", ENTRIES as u64));
    }
    let mut left = limits.unpacked_bytes;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(corrupt)?;
        let unpacked = io::copy(&mut entry.take(left + 1), &mut io::sink()).map_err(corrupt)?;
        left = left
            .checked_sub(unpacked)
            .ok_or_else(|| too_large("the unpacked file", limits.unpacked_bytes))?;
    }
    Ok(())
}
