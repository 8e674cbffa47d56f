//! From rows of cells to a table: title block, header, body, totals.

use exporter_core::{Column, Error, ErrorKind, FileKind, Origin, Table, Value};

use super::{ReadOptions, Reading, too_large};

/// Rows of cells as a file has them, with their row numbers there.
pub(super) struct Grid {
    rows: Vec<(u32, Vec<Value>)>,
    cells: u64,
    limit: u64,
}

/// What panels write where there is no row.
const NO_DATA: [&str; 8] = [
    "tidak ada data",
    "data tidak ditemukan",
    "data kosong",
    "belum ada data",
    "no data",
    "no records",
    "no matching records",
    "nothing found",
];

/// First words of a row of totals.
const TOTALS: [&str; 5] = ["total", "grand total", "jumlah", "subtotal", "sub total"];

impl Grid {
    pub(super) fn new(limit: u64) -> Self {
        Self { rows: Vec::new(), cells: 0, limit }
    }

    /// Adds a row; rows without anything in them are left out.
    pub(super) fn push(&mut self, mut row: Vec<Value>, line: u32) -> Result<(), Error> {
        while row.last().is_some_and(blank) {
            row.pop();
        }
        self.cells += row.len() as u64;
        if self.cells > self.limit {
            return Err(too_large("the number of cells", self.limit));
        }
        if !row.is_empty() {
            self.rows.push((line, row));
        }
        Ok(())
    }

    /// Whether there is a row that holds all these names.
    pub(super) fn has_header(&self, names: &[String]) -> bool {
        self.rows.iter().take(50).any(|(_, row)| holds(row, names))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table: header found, titles, repeated headers and totals set apart.
    pub(super) fn into_reading(
        self,
        kind: FileKind,
        page: u32,
        what: String,
        options: &ReadOptions,
    ) -> Result<Reading, Error> {
        let header = self.header_place(&options.expect).ok_or_else(|| {
            Error::new(ErrorKind::NoTable, "there is no table in the file: no row could be its header")
        })?;
        let mut notes = vec![what, format!("the header is row {}", self.rows[header].0)];
        if header > 0 {
            notes.push(format!("{header} rows above the header were left out"));
        }
        let mut rows = self.rows.into_iter().skip(header);
        let names = rows.next().map(|(_, row)| row).unwrap_or_default();
        let body: Vec<_> = rows.collect();
        let width = body.iter().map(|(_, row)| row.len()).max().unwrap_or(0).max(names.len());
        let mut table = Table::new(columns(&names, width));
        let mut totals = Vec::new();
        let (mut repeated, mut empty) = (0, 0);
        for (line, row) in body {
            if row == names {
                repeated += 1;
            } else if is_no_data(&row) {
                empty += 1;
            } else if is_totals(&row, width) {
                totals.push(row);
            } else {
                table.push(row, Origin { page, line });
            }
        }
        for (count, what) in [
            (repeated, "repeated headers"),
            (empty, "cells that say there is no data"),
            (totals.len(), "rows of totals"),
        ] {
            if count > 0 {
                notes.push(format!("{count} {what} were left out"));
            }
        }
        table.shrink_to_fit();
        Ok(Reading { kind, table, totals, notes })
    }

    /// The header: the row with all expected names; else the first row of texts that is
    /// about as wide as the widest row.
    fn header_place(&self, expect: &[String]) -> Option<usize> {
        if !expect.is_empty()
            && let Some(place) = self.rows.iter().take(50).position(|(_, row)| holds(row, expect))
        {
            return Some(place);
        }
        let filled = |row: &[Value]| row.iter().filter(|cell| !blank(cell)).count();
        let widest = self.rows.iter().map(|(_, row)| filled(row)).max()?;
        let enough = (widest * 3).div_ceil(4);
        let texts = |row: &[Value]| row.iter().all(|cell| matches!(cell, Value::Text(_) | Value::Empty));
        self.rows.iter().position(|(_, row)| filled(row) >= enough && texts(row))
    }
}

/// One column for each name; a column with values but without a name gets its letter.
fn columns(names: &[Value], width: usize) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::with_capacity(width);
    for index in 0..width {
        let text = names.get(index).map(ToString::to_string).unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let base = if text.is_empty() { format!("Column {}", index + 1) } else { text };
        let mut name = base.clone();
        let mut copy = 2;
        while columns.iter().any(|column| column.name == name) {
            name = format!("{base} ({copy})");
            copy += 1;
        }
        columns.push(Column::text(name));
    }
    columns
}

fn blank(cell: &Value) -> bool {
    match cell {
        Value::Empty => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn holds(row: &[Value], names: &[String]) -> bool {
    !names.is_empty()
        && names
            .iter()
            .all(|name| row.iter().any(|cell| cell.as_text().is_some_and(|text| text.trim() == name)))
}

/// The only cell of the row, in lower case.
fn only_text(row: &[Value]) -> Option<String> {
    let mut filled = row.iter().filter(|cell| !blank(cell));
    let only = filled.next()?.as_text()?.trim().to_lowercase();
    filled.next().is_none().then_some(only)
}

fn is_no_data(row: &[Value]) -> bool {
    only_text(row).is_some_and(|text| NO_DATA.iter().any(|phrase| text.starts_with(phrase)))
}

/// A row that begins with a word for totals and leaves most of its cells empty.
fn is_totals(row: &[Value], width: usize) -> bool {
    let filled = row.iter().filter(|cell| !blank(cell)).count();
    let first = row
        .iter()
        .find(|cell| !blank(cell))
        .and_then(Value::as_text)
        .map(|text| text.trim().trim_end_matches(':').to_lowercase());
    filled * 2 <= width
        && first.is_some_and(|first| {
            TOTALS.iter().any(|word| first == *word || first.starts_with(&format!("{word}:")))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(rows: &[&[&str]], expect: &[&str]) -> Result<Reading, Error> {
        let mut grid = Grid::new(1000);
        for (line, row) in (1..).zip(rows) {
            grid.push(row.iter().map(Value::text).collect(), line).unwrap();
        }
        let options = ReadOptions {
            expect: expect.iter().map(ToString::to_string).collect(),
            ..ReadOptions::default()
        };
        grid.into_reading(FileKind::Csv, 1, "test".into(), &options)
    }

    #[test]
    fn titles_repeated_headers_and_totals_are_no_rows() {
        let rows: [&[&str]; 7] = [
            &["Laporan Transaksi"],
            &["Periode", "2026-01"],
            &["ID", "Nama", "Kota", "Total"],
            &["1", "Budi", "Bogor", "5"],
            &["ID", "Nama", "Kota", "Total"],
            &["2", "Total Jaya", "Medan", "6"],
            &["Total", "", "", "11"],
        ];
        let read = reading(&rows, &[]).unwrap();
        assert_eq!(read.table.len(), 2);
        assert_eq!(read.table.origin(1).line, 6);
        assert_eq!(read.totals.len(), 1);
    }

    #[test]
    fn no_data_is_an_empty_table() {
        let read = reading(&[&["ID", "Nama"], &["Tidak ada data"]], &[]).unwrap();
        assert!(read.table.is_empty());
        assert_eq!(read.table.width(), 2);
    }

    #[test]
    fn names_are_made_unique() {
        let read = reading(&[&["ID", "Nama", "Nama"], &["1", "a", "b"]], &["ID"]).unwrap();
        assert_eq!(read.table.columns()[2].name, "Nama (2)");
    }
}
