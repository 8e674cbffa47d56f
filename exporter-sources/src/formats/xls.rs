//! Old workbooks (xls) before they are read: the reader makes room for all cells between the
//! first and the last of a sheet, so that one stray or hostile cell can ask for more memory than
//! there is. Records by `[MS-XLS]`, the container by `[MS-CFB]`.

use std::borrow::Cow;
use std::collections::HashMap;
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
const DATE_MODE: u16 = 0x0022;
const STYLE: u16 = 0x00E0;
const FORMAT: u16 = 0x041E;
const NUMBERS: u16 = 0x00BD;
/// Records that begin with the place of a cell: formula, number, label, bool or error, rich
/// text, several numbers, number, shared text.
const CELLS: [u16; 8] = [0x0006, 0x0203, 0x0204, 0x0205, 0x00D6, NUMBERS, 0x027E, 0x00FD];

/// A workbook that is safe to read, and what its reader does not tell.
pub(super) struct Checked {
    /// The workbook in a container of its own, with nothing in it that would ask for more memory
    /// than its cells need.
    pub(super) bytes: Vec<u8>,
    /// For each sheet.
    pub(super) sheets: Vec<Sheet>,
    /// The numbers of the formats, by the numbers of the styles.
    styles: Vec<u16>,
    /// The formats that the workbook defines, by their numbers.
    formats: HashMap<u16, String>,
    /// Whether days are counted from 1904.
    pub(super) from_1904: bool,
}

impl Checked {
    /// The number of a style's format, and its text where the workbook defines it.
    pub(super) fn format(&self, style: u16) -> Option<(u16, Option<&str>)> {
        let format = *self.styles.get(usize::from(style))?;
        Some((format, self.formats.get(&format).map(String::as_str)))
    }
}

/// Looks through a workbook; remembers the styles of cells if they are wanted.
///
/// # Errors
/// A damaged container, a password, cells spread wider than the limit.
pub(super) fn check(bytes: &[u8], limits: &Limits, styled: bool) -> Result<Checked, Error> {
    let bytes = mended(bytes);
    let mut container = cfb::CompoundFile::open(Cursor::new(&bytes[..])).map_err(corrupt)?;
    let name =
        ["/Workbook", "/Book", "/WORKBOOK", "/BOOK"].into_iter().find(|name| container.is_stream(name));
    let name =
        name.ok_or_else(|| Error::new(ErrorKind::WrongFile, "this is no workbook but another Office file"))?;
    let mut stream = Vec::new();
    let part = container.open_stream(name).map_err(corrupt)?;
    part.take(limits.bytes).read_to_end(&mut stream).map_err(corrupt)?;
    let mut checked = Checked {
        bytes: Vec::new(),
        sheets: Vec::new(),
        styles: Vec::new(),
        formats: HashMap::new(),
        from_1904: false,
    };
    let mut left = limits.cells;
    renumber_formats(&mut stream);
    for start in checked.globals(&stream)? {
        let mut sheet = Sheet { styled, ..Sheet::default() };
        sheet.look(&mut stream, start);
        left = left
            .checked_sub(sheet.area())
            .ok_or_else(|| too_large("the number of cells from the first to the last", limits.cells))?;
        checked.sheets.push(sheet);
    }
    checked.bytes = packed(&stream, name).map_err(corrupt)?;
    Ok(checked)
}

/// Some writers mark the rest of the table of sectors, beyond the end of the file, as ends of chains
/// instead of free, which no reader of containers takes. A chain that leads there is still an error.
fn mended(bytes: &[u8]) -> Cow<'_, [u8]> {
    const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
    const FREE: [u8; 4] = [0xFF; 4];
    /// Sectors of the table that the head of the container lists (MS-CFB 2.2).
    const LISTED: std::ops::Range<usize> = 0..109;
    let mut bytes = Cow::Borrowed(bytes);
    let Some(size) = short(&bytes, 30).filter(|shift| matches!(shift, 9 | 12)).map(|shift| 1_usize << shift)
    else {
        return bytes;
    };
    let sectors = (bytes.len() / size).saturating_sub(1);
    let entries = size / 4;
    for index in LISTED {
        let Some(table) = long(&bytes, 76 + index * 4).filter(|table| *table < sectors) else { break };
        let first_beyond = sectors.saturating_sub(index * entries).min(entries);
        for entry in first_beyond..entries {
            let at = (table + 1) * size + entry * 4;
            if long(&bytes, at) == Some(END_OF_CHAIN as usize) {
                bytes.to_mut()[at..at + 4].copy_from_slice(&FREE);
            }
        }
    }
    bytes
}

fn packed(stream: &[u8], name: &str) -> std::io::Result<Vec<u8>> {
    let mut container = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))?;
    container.create_stream(name)?.write_all(stream)?;
    container.flush()?;
    Ok(container.into_inner().into_inner())
}

impl Checked {
    /// What the workbook says before its sheets; returns where these begin, by its own list.
    fn globals(&mut self, stream: &[u8]) -> Result<Vec<usize>, Error> {
        let mut starts = Vec::new();
        for (kind, data) in records(stream, 0) {
            match kind {
                FILE_PASS => {
                    let error =
                        Error::new(ErrorKind::ProtectedFile, "the workbook is protected by a password");
                    return Err(error.hint("take the password off in Excel, or export it without one"));
                }
                BOUND_SHEET => starts.push(long(stream, data.start).unwrap_or(usize::MAX)),
                DATE_MODE => self.from_1904 = short(stream, data.start) == Some(1),
                STYLE => self.styles.extend(short(stream, data.start + 2)),
                FORMAT => self.formats.extend(format(&stream[data])),
                END => break,
                _ => {}
            }
            if starts.len() > MAX_SHEETS {
                return Err(too_large("the number of sheets", MAX_SHEETS as u64));
            }
        }
        Ok(starts)
    }
}

/// Gives formats of their own numbers that are meant for them: some writers count on from 50, which
/// the reader takes for numbers without a format, so that days would be read as plain numbers.
fn renumber_formats(stream: &mut [u8]) {
    /// Beyond what all programs know, below what is a workbook's own (2.4.126).
    const STRAY: std::ops::Range<u16> = 50..164;
    /// The last of a workbook's own.
    const LAST: u16 = 382;
    let globals: Vec<_> = records(stream, 0).take_while(|(kind, _)| *kind != END).collect();
    let mut free = LAST;
    let mut renumbered = HashMap::new();
    for (kind, data) in globals {
        let at = match kind {
            FORMAT => data.start,
            STYLE => data.start + 2,
            _ => continue,
        };
        let Some(number) = short(stream, at).filter(|number| STRAY.contains(number)) else { continue };
        let new = match renumbered.get(&number) {
            Some(new) => *new,
            None if kind == FORMAT => {
                free -= 1;
                free + 1
            }
            None => continue,
        };
        renumbered.insert(number, new);
        stream[at..at + 2].copy_from_slice(&new.to_le_bytes());
    }
}

/// A number format and its number (2.4.126), in workbooks since Excel 97.
fn format(data: &[u8]) -> Option<(u16, String)> {
    let (number, length) = (short(data, 0)?, usize::from(short(data, 2)?));
    let (wide, text) = (data.get(4)? & 1 == 1, data.get(5..)?);
    let text = if wide {
        let units: Vec<u16> = (0..length).map(|at| short(text, at * 2)).collect::<Option<_>>()?;
        String::from_utf16(&units).ok()?
    } else {
        text.get(..length)?.iter().map(|byte| char::from(*byte)).collect()
    };
    Some((number, text))
}

/// What is known of a sheet.
#[derive(Default)]
pub(super) struct Sheet {
    /// Rows that are not shown.
    pub(super) hidden: u64,
    /// The styles of cells with numbers, by row and column.
    pub(super) styles: HashMap<(u16, u16), u16>,
    rows: Option<(u16, u16)>,
    columns: Option<(u16, u16)>,
    /// Whether styles are wanted.
    styled: bool,
}

impl Sheet {
    /// Looks through a sheet and makes its promise of a size a small one.
    fn look(&mut self, stream: &mut [u8], start: usize) {
        let mut promises = Vec::new();
        let mut depth = 0_u32;
        for (kind, data) in records(stream, start) {
            match kind {
                BEGIN => depth += 1,
                END if depth <= 1 => break,
                END => depth -= 1,
                DIMENSIONS => promises.push(data.clone()),
                // Bit 5 of the options: the row has no height (2.4.221).
                ROW => self.hidden += u64::from(short(stream, data.start + 12).unwrap_or(0) >> 5 & 1),
                kind if CELLS.contains(&kind) => self.cell(stream, data.start, data.end, kind),
                _ => {}
            }
        }
        for data in promises {
            stream[data].fill(0);
        }
    }

    fn cell(&mut self, stream: &[u8], start: usize, end: usize, kind: u16) {
        let (Some(row), Some(column)) = (short(stream, start), short(stream, start + 2)) else { return };
        widen(&mut self.rows, row);
        widen(&mut self.columns, column);
        // Several numbers: the last column stands at the end.
        let last = short(stream, end.saturating_sub(2)).filter(|_| kind == NUMBERS).unwrap_or(column);
        widen(&mut self.columns, last);
        if self.styled {
            // A style of two and a number of four bytes for each of several.
            for (at, column) in (start + 4..end).step_by(6).zip(column..=last) {
                self.styles.extend(short(stream, at).map(|style| ((row, column), style)));
            }
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

#[cfg(test)]
mod tests {
    use super::super::{ReadOptions, read};
    use super::*;

    fn record(kind: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap();
        [&kind.to_le_bytes()[..], &length.to_le_bytes(), data].concat()
    }

    /// A text in one byte each, as cells and sheets have it.
    fn text(text: &str) -> Vec<u8> {
        [&u16::try_from(text.len()).unwrap().to_le_bytes()[..], &[0], text.as_bytes()].concat()
    }

    fn label(row: u16, column: u16, content: &str) -> Vec<u8> {
        let place = [row, column, 0].map(u16::to_le_bytes).concat();
        record(0x0204, &[place, text(content)].concat())
    }

    /// A workbook of one sheet with these records.
    fn workbook(cells: &[Vec<u8>]) -> Vec<u8> {
        let begin =
            |kind: u16| record(BEGIN, &[0x0600, kind, 0, 0x07CC, 0, 0, 0, 0].map(u16::to_le_bytes).concat());
        let name = [&[1, 0][..], b"S"].concat();
        let list = |start: u32| record(BOUND_SHEET, &[&start.to_le_bytes()[..], &[0, 0], &name].concat());
        let globals = |start: u32| [begin(5), list(start), record(END, &[])].concat();
        let start = u32::try_from(globals(0).len()).unwrap();
        let stream = [globals(start), begin(0x10), cells.concat(), record(END, &[])].concat();
        packed(&stream, "/Workbook").unwrap()
    }

    #[test]
    fn a_cell_far_away_is_refused_before_room_is_made() {
        let near = [label(0, 0, "ID"), label(0, 1, "Nama"), label(1, 0, "1"), label(1, 1, "a")];
        let read_cells = |cells: &[Vec<u8>]| read(&workbook(cells), &ReadOptions::default());
        assert_eq!(read_cells(&near).unwrap().table.len(), 1);
        let far = [&near[..], &[label(65_535, 255, "x")]].concat();
        let limits = Limits { cells: 1_000_000, ..Limits::default() };
        let error = read(&workbook(&far), &ReadOptions { limits, ..ReadOptions::default() }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn a_promise_of_a_size_asks_for_no_room() {
        let promise = record(DIMENSIONS, &[0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0xFF, 0xFF, 0, 0]);
        let cells = [promise, label(0, 0, "ID"), label(1, 0, "1")];
        let checked = check(&workbook(&cells), &Limits::default(), false).unwrap();
        let promise = record(DIMENSIONS, &[0; 14]);
        assert!(
            checked.bytes.windows(promise.len()).any(|bytes| bytes == promise),
            "the promise is taken back"
        );
    }

    #[test]
    fn a_container_that_is_cut_off_is_refused() {
        let bytes = workbook(&[label(0, 0, "ID"), label(1, 0, &"x".repeat(8000))]);
        for sectors in 1..8 {
            let cut = &bytes[..bytes.len() - 512 * sectors];
            assert!(check(cut, &Limits::default(), false).is_err(), "{sectors} sectors less");
        }
    }
}
