//! Old workbooks (xls) before they are read: the reader makes room for all cells between the
//! first and the last of a sheet, so that one stray or hostile cell can ask for more memory than
//! there is. Records by `[MS-XLS]`, the container by `[MS-CFB]`.

use std::io::{Cursor, Read as _, Write as _};

use exporter_core::{Error, ErrorKind};

use super::{Limits, corrupt, too_large};

/// More sheets than any workbook has.
const MAX_SHEETS: usize = 1_000;

const FILE_PASS: u16 = 0x002F;
const BOUND_SHEET: u16 = 0x0085;
const DIMENSIONS: u16 = 0x0200;
const ROW: u16 = 0x0208;
const BEGIN: u16 = 0x0809;
const END: u16 = 0x000A;
/// Records that begin with the place of a cell: formula, number, label, bool or error, rich
/// text, several numbers, number, shared text.
const CELLS: [u16; 8] = [0x0006, 0x0203, 0x0204, 0x0205, 0x00D6, 0x00BD, 0x027E, 0x00FD];

/// The workbook in a container of its own, with nothing in it that would ask for more memory
/// than its cells need; and for each sheet how many of its rows are not shown.
///
/// # Errors
/// A damaged container, a password, cells spread wider than the limit.
pub(super) fn check(bytes: &[u8], limits: &Limits) -> Result<(Vec<u8>, Vec<u64>), Error> {
    let mut container = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(corrupt)?;
    let name =
        ["/Workbook", "/Book", "/WORKBOOK", "/BOOK"].into_iter().find(|name| container.is_stream(name));
    let name =
        name.ok_or_else(|| Error::new(ErrorKind::WrongFile, "this is no workbook but another Office file"))?;
    let mut stream = Vec::new();
    let part = container.open_stream(name).map_err(corrupt)?;
    part.take(limits.bytes).read_to_end(&mut stream).map_err(corrupt)?;
    let mut left = limits.cells;
    let mut hidden = Vec::new();
    for start in sheets(&stream)? {
        let sheet = Sheet::look(&mut stream, start);
        left = left
            .checked_sub(sheet.area())
            .ok_or_else(|| too_large("the number of cells from the first to the last", limits.cells))?;
        hidden.push(sheet.hidden);
    }
    Ok((packed(&stream, name).map_err(corrupt)?, hidden))
}

fn packed(stream: &[u8], name: &str) -> std::io::Result<Vec<u8>> {
    let mut container = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))?;
    container.create_stream(name)?.write_all(stream)?;
    container.flush()?;
    Ok(container.into_inner().into_inner())
}

/// Where the sheets begin, by the workbook's own list.
fn sheets(stream: &[u8]) -> Result<Vec<usize>, Error> {
    let mut starts = Vec::new();
    for (kind, data) in records(stream, 0) {
        match kind {
            FILE_PASS => {
                return Err(Error::new(ErrorKind::ProtectedFile, "the workbook is protected by a password")
                    .hint("take the password off in Excel, or export it without one"));
            }
            BOUND_SHEET => starts.push(long(stream, data.start).unwrap_or(usize::MAX)),
            END => break,
            _ => {}
        }
        if starts.len() > MAX_SHEETS {
            return Err(too_large("the number of sheets", MAX_SHEETS as u64));
        }
    }
    Ok(starts)
}

/// What is known of a sheet.
#[derive(Default)]
struct Sheet {
    rows: Option<(u16, u16)>,
    columns: Option<(u16, u16)>,
    hidden: u64,
}

impl Sheet {
    /// Looks through a sheet and makes its promise of a size a small one.
    fn look(stream: &mut [u8], start: usize) -> Self {
        let mut sheet = Self::default();
        let mut promises = Vec::new();
        let mut depth = 0_u32;
        for (kind, data) in records(stream, start) {
            match kind {
                BEGIN => depth += 1,
                END if depth <= 1 => break,
                END => depth -= 1,
                DIMENSIONS => promises.push(data.clone()),
                // Bit 5 of the options: the row has no height (2.4.221).
                ROW => sheet.hidden += u64::from(short(stream, data.start + 12).unwrap_or(0) >> 5 & 1),
                kind if CELLS.contains(&kind) => sheet.cell(stream, data.start, data.end, kind),
                _ => {}
            }
        }
        for data in promises {
            stream[data].fill(0);
        }
        sheet
    }

    fn cell(&mut self, stream: &[u8], start: usize, end: usize, kind: u16) {
        let (Some(row), Some(column)) = (short(stream, start), short(stream, start + 2)) else { return };
        widen(&mut self.rows, row);
        widen(&mut self.columns, column);
        // Several numbers: the last column stands at the end.
        if let (0x00BD, Some(last)) = (kind, short(stream, end.saturating_sub(2))) {
            widen(&mut self.columns, last);
        }
    }

    fn area(&self) -> u64 {
        let (Some(rows), Some(columns)) = (self.rows, self.columns) else { return 0 };
        (u64::from(rows.1 - rows.0) + 1) * (u64::from(columns.1 - columns.0) + 1)
    }
}

fn widen(range: &mut Option<(u16, u16)>, at: u16) {
    let (from, to) = range.unwrap_or((at, at));
    *range = Some((from.min(at), to.max(at)));
}

/// Records from `start` on: their kinds and where their data is.
fn records(stream: &[u8], start: usize) -> impl Iterator<Item = (u16, std::ops::Range<usize>)> + use<> {
    // The heads are read first, so that the data may be changed meanwhile.
    let mut found = Vec::new();
    let mut at = start;
    while let (Some(kind), Some(length)) = (short(stream, at), short(stream, at.saturating_add(2))) {
        let end = at + 4 + usize::from(length);
        if end > stream.len() {
            break;
        }
        found.push((kind, at + 4..end));
        at = end;
    }
    found.into_iter()
}

fn short(stream: &[u8], at: usize) -> Option<u16> {
    let bytes = stream.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn long(stream: &[u8], at: usize) -> Option<usize> {
    let bytes = stream.get(at..at.checked_add(4)?)?;
    usize::try_from(u32::from_le_bytes(bytes.try_into().ok()?)).ok()
}
