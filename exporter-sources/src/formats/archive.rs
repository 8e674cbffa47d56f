//! Packed files are unpacked into a counter first: declared sizes can lie. What passes by is
//! looked at for what the reader of workbooks does not tell.

use std::io::{Cursor, Read};
use std::ops::Range;

use exporter_core::Error;
use memchr::{memmem, memrchr};
use zip::ZipArchive;

use super::{Limits, corrupt, too_large};

/// More parts than any workbook has.
const ENTRIES: usize = 10_000;
/// How much is unpacked at once.
const CHUNK: usize = 64 << 10;
/// As much of the chunk before is kept, so that a tag cut in two is seen.
const OVERLAP: usize = 512;

/// What the worksheets of an xlsx hold beside values.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts {
    /// Whether there are merged cells.
    pub(super) merged: bool,
    /// Rows that are not shown.
    pub(super) hidden_rows: u64,
    /// Formulas that were never calculated: their cells have no value.
    pub(super) uncalculated: u64,
}

/// Unpacks everything in a ZIP archive without keeping it.
///
/// # Errors
/// A bomb, an archive that is cut off, or a part that cannot be unpacked.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<Facts, Error> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(corrupt)?;
    if archive.len() > ENTRIES {
        return Err(too_large("the number of parts in the file", ENTRIES as u64));
    }
    let mut left = limits.unpacked_bytes;
    let mut facts = Facts::default();
    let mut buffer = vec![0; OVERLAP + CHUNK];
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(corrupt)?;
        let name = entry.name().map_err(corrupt)?;
        let (sheet, strings) = (name.contains("worksheets/"), name.ends_with("sharedStrings.xml"));
        let before = left;
        let mut promised = None;
        // The end of the chunk before stands first; half of it was looked at.
        let (mut kept, mut from) = (0, 0);
        loop {
            let read = fill(&mut entry, &mut buffer[kept..kept + CHUNK])?;
            let (end, last) = (kept + read, read < CHUNK);
            if strings && left == before {
                promised = promised_texts(&buffer[..end]);
            }
            left = left
                .checked_sub(read as u64)
                .ok_or_else(|| too_large("the unpacked file", limits.unpacked_bytes))?;
            if sheet {
                facts.look(&buffer[..end], from..if last { end } else { end - OVERLAP / 2 });
            }
            if last {
                break;
            }
            (kept, from) = (OVERLAP, OVERLAP / 2);
            buffer.copy_within(end - kept..end, 0);
        }
        // The reader makes room for as many texts as are promised.
        if promised.is_some_and(|texts| texts > before - left) {
            return Err(corrupt("it promises more texts than it holds"));
        }
    }
    Ok(facts)
}

/// Reads until `buffer` is full or the part ends.
fn fill(part: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Error> {
    let mut filled = 0;
    while filled < buffer.len() {
        let read = part.read(&mut buffer[filled..]).map_err(corrupt)?;
        if read == 0 {
            break;
        }
        filled += read;
    }
    Ok(filled)
}

/// The number of shared texts that the head of their part gives.
fn promised_texts(head: &[u8]) -> Option<u64> {
    let start = memmem::find(head, b"uniqueCount=\"")? + b"uniqueCount=\"".len();
    let digits = head[start..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0_u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))))
}

impl Facts {
    /// Counts what begins at `places` of a part of a worksheet.
    fn look(&mut self, text: &[u8], places: Range<usize>) {
        let found = |needle: &'static [u8]| {
            let (start, area) = (places.start, &text[places.start..]);
            let end = places.end - start;
            memmem::find_iter(area, needle).take_while(move |at| *at < end).map(move |at| start + at)
        };
        self.merged |= found(b"<mergeCell ").next().is_some();
        let hidden = found(b" hidden=\"1\"").filter(|at| tag(text, *at, b"<row "));
        self.hidden_rows += hidden.count() as u64;
        let empty = found(b"</f>").filter(|at| {
            let after = &text[at + b"</f>".len()..];
            let valueless =
                [&b"<v></v>"[..], b"<v/>", b"<v />", b"</c>"].iter().any(|next| after.starts_with(next));
            // The text of a calculated formula may be empty.
            valueless && !cell_of_text(&text[..*at])
        });
        self.uncalculated += empty.count() as u64;
    }
}

/// Whether the attribute at `at` stands in a tag that begins so.
fn tag(text: &[u8], at: usize, name: &[u8]) -> bool {
    memrchr(b'<', &text[..at]).is_some_and(|start| text[start..at].starts_with(name))
}

/// Whether the last cell that `text` opens is one of text.
fn cell_of_text(text: &[u8]) -> bool {
    let head = &text[text.len().saturating_sub(OVERLAP)..];
    memmem::rfind(head, b"<c ").is_some_and(|cell| memmem::find(&head[cell..], b"t=\"str\"").is_some())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn packed(name: &str, content: &[u8]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
        archive.finish().unwrap().into_inner()
    }

    fn limits(unpacked_bytes: u64) -> Limits {
        Limits { unpacked_bytes, ..Limits::default() }
    }

    #[test]
    fn facts_are_counted_once_wherever_chunks_are_cut() {
        let row = b"<row r=\"1\" hidden=\"1\"><c r=\"A1\"><f>1+1</f><v></v></c></row><col hidden=\"1\"/>";
        for padding in 0..3 * row.len() {
            let sheet = [&vec![b' '; CHUNK - OVERLAP - row.len() + padding][..], &row.repeat(20)].concat();
            let facts = check(&packed("xl/worksheets/sheet1.xml", &sheet), &limits(1 << 30)).unwrap();
            assert_eq!(facts, Facts { merged: false, hidden_rows: 20, uncalculated: 20 }, "{padding}");
        }
    }

    #[test]
    fn a_formula_whose_text_is_empty_was_calculated() {
        let sheet = b"<c r=\"A1\" t=\"str\"><f>\"\"</f><v></v></c><mergeCell ref=\"A1:B2\"/>";
        let facts = check(&packed("xl/worksheets/a.xml", sheet), &limits(1000)).unwrap();
        assert_eq!(facts, Facts { merged: true, ..Facts::default() });
    }

    #[test]
    fn bombs_and_false_promises_are_refused() {
        assert!(check(&packed("a", &vec![0; 200_000]), &limits(199_999)).is_err());
        assert!(check(&packed("a", &vec![0; 200_000]), &limits(200_000)).is_ok());
        let promise = b"<sst uniqueCount=\"99999999999\"></sst>";
        assert!(check(&packed("xl/sharedStrings.xml", promise), &limits(1000)).is_err());
    }
}
