//! Delimited text: CSV and TSV, in UTF-8 or windows-1252, with any of the usual delimiters.

use std::borrow::Cow;

use exporter_core::{Error, FileKind, Value};

use super::grid::Grid;
use super::{ReadOptions, Reading, corrupt};

/// Delimiters in the order in which they win a tie.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Reads the table in delimited text.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let text = decode(bytes);
    let (text, delimiter) = delimiter(&text);
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut grid = Grid::new(options.limits.cells);
    for record in reader.records() {
        let record = record.map_err(corrupt)?;
        let line = record.position().map_or(0, ::csv::Position::line);
        grid.push(record.iter().map(Value::text).collect(), u32::try_from(line).unwrap_or(u32::MAX))?;
    }
    let name = if delimiter == b'\t' { "tab".to_owned() } else { format!("`{}`", char::from(delimiter)) };
    grid.into_reading(FileKind::Csv, 1, format!("text with {name} between the cells"), options)
}

/// UTF-8 with or without a mark, UTF-16 with one, else windows-1252.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling(&bytes[mark..]).0;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        // The head of a longer text may end inside of a character.
        Err(error) if error.error_len().is_none() => String::from_utf8_lossy(bytes),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
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
        let quoted = read(b"ID,Alamat\n1,\"Jl. A\nB\"\n", &ReadOptions::default()).unwrap();
        assert_eq!(quoted.table.row(0)[1], Value::text("Jl. A\nB"));
    }
}
