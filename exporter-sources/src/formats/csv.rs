//! Delimited text: CSV and TSV, in UTF-8 or windows-1252, with any of the usual delimiters.

use std::borrow::Cow;
use std::collections::BTreeMap;

use exporter_core::{Error, ErrorKind, FileKind, Value};

use super::grid::Grid;
use super::{ReadOptions, Reading, corrupt};

/// Delimiters in the order in which they win a tie.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads the table in delimited text.
///
/// # Errors
/// Text whose cells cannot be told apart for certain: a quote that is never closed, a row with
/// more cells than the header, a last line that is cut off.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let text = decode(bytes);
    let (text, delimiter) = delimiter(&text);
    if let Some(line) = open_quote(text, delimiter) {
        return Err(corrupt(format!("a quoted cell that begins in line {line} is never closed")));
    }
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut grid = Grid::new(options.limits.cells);
    let mut widths = Widths::default();
    for record in reader.records() {
        let record = record.map_err(corrupt)?;
        let line = record.position().map_or(0, ::csv::Position::line);
        let last = record.iter().enumerate().filter(|(_, cell)| !cell.trim().is_empty()).last();
        let filled = last.map_or(0, |(last, _)| last + 1);
        widths.add(record.len(), filled, line);
        grid.push(record.iter().map(Value::text).collect(), u32::try_from(line).unwrap_or(u32::MAX))?;
    }
    if widths.last_is_short() && !text.ends_with(['\n', '\r']) {
        return Err(corrupt("its last line has fewer cells than all others and no end"));
    }
    if let Some((line, cells, usual)) = widths.overfull() {
        return Err(Error::new(
            ErrorKind::Contradiction,
            format!("line {line} has {cells} cells, but the others only {usual}"),
        )
        .hint("a cell of that line holds the delimiter without quotes around it; export it as a workbook"));
    }
    if widths.is_sentence() {
        return Err(Error::new(ErrorKind::NoTable, "the text is a single line without cells, not a table")
            .hint("look into the file: it may say what is wrong in the panel"));
    }
    let name = if delimiter == b'\t' { "tab".to_owned() } else { format!("`{}`", char::from(delimiter)) };
    grid.into_reading(FileKind::Csv, 1, format!("text with {name} between the cells"), options)
}

/// How many cells the lines of a file have.
#[derive(Default)]
struct Widths {
    /// How many lines have so many cells.
    counts: BTreeMap<usize, usize>,
    /// The most cells up to the last one that holds something, with the first such line.
    widest: (usize, u64),
    last: usize,
}

impl Widths {
    fn add(&mut self, cells: usize, filled: usize, line: u64) {
        *self.counts.entry(cells).or_default() += 1;
        if filled > self.widest.0 {
            self.widest = (filled, line);
        }
        self.last = cells;
    }

    /// What most lines have; of equals the fewer.
    fn usual(&self) -> usize {
        let usual = self.counts.iter().rev().max_by_key(|(_, count)| **count);
        usual.map_or(0, |(cells, _)| *cells)
    }

    /// The line with more cells than the others.
    fn overfull(&self) -> Option<(u64, usize, usize)> {
        let (cells, line) = self.widest;
        (cells > self.usual()).then(|| (line, cells, self.usual()))
    }

    /// Whether there is one line and nothing divides it: what a server says when it is busy
    /// would be the header of a table without rows.
    fn is_sentence(&self) -> bool {
        self.counts.len() == 1 && self.counts.get(&1) == Some(&1)
    }

    /// Whether all lines have the same number of cells and the last one fewer.
    fn last_is_short(&self) -> bool {
        let lines: usize = self.counts.values().sum();
        lines > 2 && self.last < self.usual() && self.counts.get(&self.usual()) == Some(&(lines - 1))
    }
}

/// The line in which a quoted cell begins that is never closed: all that follows would be read
/// as one cell. Quotes count as RFC 4180 has them: at the start of a cell, doubled within.
fn open_quote(text: &str, delimiter: u8) -> Option<usize> {
    let (mut line, mut opened) = (1, None);
    let mut start = true;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        line += usize::from(byte == b'\n');
        match (opened, byte) {
            (Some(_), b'"') if bytes.next_if_eq(&b'"').is_none() => opened = None,
            (None, b'"') if start => opened = Some(line),
            _ => {}
        }
        start = opened.is_none() && (byte == delimiter || byte == b'\n' || byte == b'\r');
    }
    opened
}

/// UTF-8 with or without a mark, UTF-16 with or without one, else windows-1252.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.starts_with('\u{feff}') && wide(bytes).is_none() => Cow::Borrowed(text),
        _ => decode_marked(bytes),
    }
}

/// The beginning of a longer text, which may end inside of a character.
pub(super) fn decode_head(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => decode(&bytes[..error.valid_up_to()]),
        _ => decode(bytes),
    }
}

fn decode_marked(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    let encoding = wide(bytes).unwrap_or(encoding_rs::WINDOWS_1252);
    encoding.decode_without_bom_handling(bytes).0
}

/// UTF-16 without a mark: nearly every other byte is zero, as in all Latin text.
fn wide(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head = &bytes[..bytes.len().min(1024)];
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let most = head.len() / 2 * 9 / 10;
    match () {
        () if head.len() < 4 => None,
        () if odd >= most && even == 0 => Some(encoding_rs::UTF_16LE),
        () if even >= most && odd == 0 => Some(encoding_rs::UTF_16BE),
        () => None,
    }
}

/// The delimiter: as Excel's `sep=` line says, else the one that cuts the first lines
/// into the most cells, the same number in each.
fn delimiter(text: &str) -> (&str, u8) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if let Some(&[separator]) = first.trim_end().strip_prefix("sep=").map(str::as_bytes) {
        return (rest, separator);
    }
    let score = |&delimiter: &u8| {
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let widths: Vec<usize> =
            reader.records().take(20).filter_map(Result::ok).map(|record| record.len()).collect();
        let widest = widths.iter().copied().max().unwrap_or(0);
        let alike = widths.iter().filter(|&&width| width == widest).count();
        if widest > 1 { alike * 1000 / widths.len() * 100 + widest } else { 0 }
    };
    // `max_by_key` keeps the last of equals, hence the order reversed.
    let best = DELIMITERS.iter().rev().max_by_key(|delimiter| score(delimiter)).copied();
    (text, best.unwrap_or(b','))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &[u8]) -> Vec<String> {
        let reading = read(text, &ReadOptions::default()).unwrap();
        reading.table.columns().iter().map(|column| column.name.to_string()).collect()
    }

    #[test]
    fn delimiters_encodings_and_quoted_newlines() {
        assert_eq!(names(b"ID;Nama\n1;Budi\n"), ["ID", "Nama"]);
        assert_eq!(names(b"\xef\xbb\xbfID\tNama\r\n1\tBudi\r\n"), ["ID", "Nama"]);
        assert_eq!(names(b"sep=|\nID|Nama\n1|a,b\n"), ["ID", "Nama"]);
        assert_eq!(names(b"ID,Caf\xe9\n1,x\n"), ["ID", "Café"]);
        assert_eq!(names(b"ID,Caf\xe9"), ["ID", "Café"], "a last byte that could begin UTF-8");
        let utf16: Vec<u8> = "ID\tNama\n1\tBudi\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(names(&utf16), ["ID", "Nama"]);
        let marked = [b"\xff\xfe", &utf16[..]].concat();
        assert_eq!(names(&marked), ["ID", "Nama"]);
        let quoted = read(b"ID,Alamat\n1,\"Jl. A\nB\"\n", &ReadOptions::default()).unwrap();
        assert_eq!(quoted.table.row(0)[1], Value::text("Jl. A\nB"));
    }

    #[test]
    fn what_would_lose_rows_is_refused() {
        let kind = |text: &[u8]| read(text, &ReadOptions::default()).map_err(|error| error.kind()).err();
        assert_eq!(kind(b"ID,Nama\n1,\"Budi\n2,Ani\n3,Eka\n"), Some(ErrorKind::CorruptFile));
        assert_eq!(kind(b"ID,Nama\n1,Budi, S\n2,Ani\n"), Some(ErrorKind::Contradiction));
        assert_eq!(kind(b"ID,Nama,Kota\n1,Budi,Bogor\n2,An"), Some(ErrorKind::CorruptFile));
        assert_eq!(kind(b"ID,Nama,Kota\n1,Budi,Bogor\n2,An\n"), None, "a short line with an end");
        assert_eq!(kind(b"Service busy\n"), Some(ErrorKind::NoTable));
        assert_eq!(kind(b"ID,Nama\n"), None, "a table without rows");
        assert_eq!(kind(b"ID,Ukuran\n1,5\" pipa\n2,\"3\"\" x\"\n"), None, "quotes within a cell");
    }
}
