//! From rows of cells to a table: title block, header, body, totals.

use std::rc::Rc;

use compact_str::CompactString;
use exporter_core::{Column, Error, ErrorKind, FileKind, Origin, Table, Value};

use super::heading;
use super::shown::Look;
use super::{ReadOptions, Reading, too_large};

/// As many columns as a spreadsheet has.
const MAX_COLUMNS: usize = 16_384;
/// More merged cells than any export has.
const MAX_MERGES: usize = 1_000_000;

/// Rows of cells as a file has them, with their row numbers there, which go up.
pub(super) struct Grid {
    rows: Vec<(u32, Vec<Value>)>,
    merges: Vec<Merge>,
    shown: Vec<Shown>,
    hidden: u64,
    uncalculated: u64,
    cells: u64,
    limit: u64,
}

/// How a number looks in the file, in the row of this number and the column from 0.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) line: u32,
    pub(super) column: usize,
    pub(super) how: How,
}

/// What tells how a number looks.
#[derive(Clone)]
pub(super) enum How {
    /// The text that the file has beside it.
    Text(CompactString),
    /// Its format.
    Number(f64, Rc<Look>),
}

/// Cells that are one: rows by their numbers, columns from 0, all inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Merge {
    pub(super) top: u32,
    pub(super) bottom: u32,
    pub(super) left: usize,
    pub(super) right: usize,
}

impl Merge {
    pub(super) fn is_wide(&self) -> bool {
        self.right > self.left
    }

    pub(super) fn covers(&self, line: u32, column: usize) -> bool {
        (self.top..=self.bottom).contains(&line) && (self.left..=self.right).contains(&column)
    }
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
        Self {
            rows: Vec::new(),
            merges: Vec::new(),
            shown: Vec::new(),
            hidden: 0,
            uncalculated: 0,
            cells: 0,
            limit,
        }
    }

    /// Adds a row; rows without anything in them are left out.
    pub(super) fn push(&mut self, mut row: Vec<Value>, line: u32) -> Result<(), Error> {
        while row.last().is_some_and(blank) {
            row.pop();
        }
        if row.len() > MAX_COLUMNS {
            return Err(too_large("the number of columns", MAX_COLUMNS as u64));
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

    /// Remembers cells that are one.
    pub(super) fn merge(&mut self, merge: Merge) -> Result<(), Error> {
        if self.merges.len() >= MAX_MERGES {
            return Err(too_large("the number of merged cells", MAX_MERGES as u64));
        }
        if merge.left < MAX_COLUMNS && (merge.bottom > merge.top || merge.is_wide()) {
            self.merges.push(merge);
        }
        Ok(())
    }

    /// Remembers how a number looks, for columns that are wanted as they are shown.
    pub(super) fn show(&mut self, shown: Shown) {
        self.shown.push(shown);
    }

    /// Counts rows that are not shown: they are data all the same, and told.
    pub(super) fn hide(&mut self, rows: u64) {
        self.hidden += rows;
    }

    /// Counts formulas whose cells have no value, because they were never calculated.
    pub(super) fn uncalculated(&mut self, formulas: u64) {
        self.uncalculated += formulas;
    }

    /// Whether there is a row that holds all these names.
    pub(super) fn has_header(&self, names: &[String]) -> bool {
        self.rows.iter().take(heading::DEPTH).any(|(_, row)| heading::holds(row, names))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Who reads a cell that reaches over several rows reads it in each of them.
    fn fill_down(&mut self) -> Result<(), Error> {
        let mut copies = Vec::new();
        for merge in self.merges.iter().filter(|merge| merge.bottom > merge.top) {
            let first = self.rows.partition_point(|(line, _)| *line < merge.top);
            let end = self.rows.partition_point(|(line, _)| *line <= merge.bottom);
            let Some((_, top)) = self.rows[first..end].first().filter(|(line, _)| *line == merge.top) else {
                continue;
            };
            let Some(value) = top.get(merge.left).filter(|value| !blank(value)).cloned() else { continue };
            let place = (merge.top, merge.left);
            let shown = self.shown.binary_search_by_key(&place, |shown| (shown.line, shown.column));
            let shown = shown.ok().map(|at| self.shown[at].how.clone());
            for (line, row) in &mut self.rows[first + 1..end] {
                if let Some(how) = &shown {
                    copies.push(Shown { line: *line, column: merge.left, how: how.clone() });
                }
                let longer = (merge.left + 1).saturating_sub(row.len());
                row.resize(row.len() + longer, Value::Empty);
                row[merge.left] = value.clone();
                self.cells += 1 + longer as u64;
            }
            if self.cells > self.limit {
                return Err(too_large("the number of cells", self.limit));
            }
        }
        self.shown.extend(copies);
        Ok(())
    }

    /// Puts numbers of the wanted columns from row `from` on as they are shown; returns how many.
    fn put_as_shown(&mut self, from: usize, names: &[String], wanted: &[String]) -> usize {
        let mut count = 0;
        for shown in std::mem::take(&mut self.shown) {
            let Ok(row) = self.rows.binary_search_by_key(&shown.line, |(line, _)| *line) else { continue };
            let is_wanted = row >= from && names.get(shown.column).is_some_and(|name| wanted.contains(name));
            let Some(cell) = self.rows[row].1.get_mut(shown.column).filter(|_| is_wanted) else { continue };
            let text = match shown.how {
                How::Text(text) => Some(text),
                How::Number(number, look) => look.show(number).map(CompactString::from),
            };
            if let Some(text) = text {
                *cell = Value::Text(text);
                count += 1;
            }
        }
        count
    }

    /// The table: header found, titles, repeated headers and totals set apart.
    pub(super) fn into_reading(
        mut self,
        kind: FileKind,
        page: u32,
        what: String,
        options: &ReadOptions,
    ) -> Result<Reading, Error> {
        if self.merges.is_empty() {
            self.merges = heading::groups(&self.rows, &options.expect);
        }
        self.fill_down()?;
        let Some(first) = heading::find(&self.rows, &options.expect) else {
            return Err(Error::new(
                ErrorKind::NoTable,
                "there is no table in the file: no row could be its header",
            ));
        };
        let last = heading::end(&self.rows, &self.merges, first);
        let mut notes = vec![what, format!("the header is row {}", self.rows[last].0)];
        if first > 0 {
            notes.push(format!("{first} rows above the header were left out"));
        }
        let headings: Vec<Vec<Value>> = self.rows[first..=last].iter().map(|(_, row)| row.clone()).collect();
        let body = self.rows.len() - last - 1;
        let width = self.rows[first..].iter().map(|(_, row)| row.len()).max().unwrap_or(0);
        let names = heading::names(&self.rows, &self.merges, (first, last), width);
        let as_shown = self.put_as_shown(last + 1, &names, &options.shown);
        let mut table = Table::new(names.into_iter().map(Column::text).collect());
        table.reserve(body);
        let mut totals = Vec::new();
        let (mut repeated, mut empty) = (0, 0);
        for (line, row) in self.rows.into_iter().skip(last + 1) {
            if headings.contains(&row) {
                repeated += 1;
            } else if is_no_data(&row) {
                empty += 1;
            } else if is_totals(&row, width) {
                totals.push(row);
            } else {
                table.push(row, Origin { page, line });
            }
        }
        if table.is_empty() && empty == 0 && totals.is_empty() {
            refuse_only_headings(repeated, headings.len())?;
        }
        if as_shown > 0 {
            notes.push(format!("{as_shown} numbers were read as they are shown"));
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
        for (count, what) in [
            (self.hidden, "hidden rows were read as well"),
            (self.uncalculated, "formulas have no stored value: open the file in Excel and save it"),
        ] {
            if count > 0 {
                notes.push(format!("{count} {what}"));
            }
        }
        table.shrink_to_fit();
        Ok(Reading { kind, table, totals, notes })
    }
}

pub(super) fn blank(cell: &Value) -> bool {
    match cell {
        Value::Empty => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// A header may stand once more at the foot of a table without rows, as DataTables prints it. A
/// file that says nothing but its header over and over is no proof that the panel had no rows.
fn refuse_only_headings(repeated: usize, tall: usize) -> Result<(), Error> {
    if repeated <= tall {
        return Ok(());
    }
    let why =
        format!("the file is no table: below its header it has {repeated} rows, and all repeat the header");
    Err(Error::new(ErrorKind::NoTable, why).hint(
        "make the same export by hand and look whether it has rows; if it has, tell whoever runs the panel",
    ))
}

fn is_no_data(row: &[Value]) -> bool {
    let mut filled = row.iter().filter(|cell| !blank(cell));
    let (Some(only), None) = (filled.next(), filled.next()) else { return false };
    only.as_text().is_some_and(|text| {
        let text = text.trim().to_lowercase();
        NO_DATA.iter().any(|phrase| text.starts_with(phrase))
    })
}

/// A row that begins with a word for totals and leaves most of its cells empty.
fn is_totals(row: &[Value], width: usize) -> bool {
    let mut filled = row.iter().filter(|cell| !blank(cell));
    let Some(first) = filled.next().and_then(Value::as_text) else { return false };
    if (filled.count() + 1) * 2 > width {
        return false;
    }
    let first = first.trim().trim_end_matches(':').to_lowercase();
    TOTALS.iter().any(|word| first == *word || first.starts_with(&format!("{word}:")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[&[&str]]) -> Grid {
        let mut grid = Grid::new(1000);
        for (line, row) in (1..).zip(rows) {
            grid.push(row.iter().map(Value::text).collect(), line).unwrap();
        }
        grid
    }

    fn reading(rows: &[&[&str]], expect: &[&str]) -> Result<Reading, Error> {
        let options = ReadOptions {
            expect: expect.iter().map(ToString::to_string).collect(),
            ..ReadOptions::default()
        };
        grid(rows).into_reading(FileKind::Csv, 1, "test".into(), &options)
    }

    fn names(reading: &Reading) -> Vec<&str> {
        reading.table.columns().iter().map(|column| column.name.as_str()).collect()
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
    fn a_header_over_and_over_is_no_empty_table() {
        let header: &[&str] = &["ID", "Nama"];
        let error = reading(&[header, header, header], &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoTable);
        assert!(error.to_string().contains("2 rows, and all repeat the header"), "{error}");
        assert!(reading(&[header, header], &[]).unwrap().table.is_empty(), "a header and a footer");
        let proved: [&[&str]; 4] = [header, header, header, &["Tidak ada data"]];
        assert!(reading(&proved, &[]).unwrap().table.is_empty(), "the panel says so");
    }

    #[test]
    fn names_are_made_unique() {
        let read = reading(&[&["ID", "Nama", "Nama"], &["1", "a", "b"]], &["ID"]).unwrap();
        assert_eq!(names(&read), ["ID", "Nama", "Nama (2)"]);
    }

    #[test]
    fn a_header_of_two_rows_and_a_cell_over_two_rows() {
        let mut grid = grid(&[
            &["ID", "Waktu", "", "Saldo"],
            &["", "Mulai", "Selesai"],
            &["1", "08:00", "09:00", "5"],
            &["", "10:00", "11:00", "6"],
        ]);
        let merge = |top, bottom, left, right| Merge { top, bottom, left, right };
        for merge in [merge(1, 2, 0, 0), merge(1, 1, 1, 2), merge(1, 2, 3, 3), merge(3, 4, 0, 0)] {
            grid.merge(merge).unwrap();
        }
        let read = grid.into_reading(FileKind::Xlsx, 1, "test".into(), &ReadOptions::default()).unwrap();
        assert_eq!(names(&read), ["ID", "Mulai", "Selesai", "Saldo"]);
        assert_eq!(read.table.len(), 2);
        assert_eq!(read.table.row(1)[0], "1".into(), "a merged cell is read in each of its rows");
    }

    #[test]
    fn group_headings_tell_equal_names_apart() {
        let mut grid =
            grid(&[&["Asal", "", "Tujuan"], &["Kota", "Kode", "Kota", "Kode"], &["a", "b", "c", "d"]]);
        grid.merge(Merge { top: 1, bottom: 1, left: 0, right: 1 }).unwrap();
        grid.merge(Merge { top: 1, bottom: 1, left: 2, right: 3 }).unwrap();
        let read = grid.into_reading(FileKind::Xlsx, 1, "test".into(), &ReadOptions::default()).unwrap();
        assert_eq!(names(&read), ["Asal Kota", "Asal Kode", "Tujuan Kota", "Tujuan Kode"]);
    }

    #[test]
    fn a_header_of_two_rows_without_merged_cells() {
        let rows: [&[&str]; 4] = [
            &["ID", "Asal", "", "Tujuan", "", "Ket"],
            &["", "Kota", "Kode", "Kota", "Kode", ""],
            &["A1", "Bogor", "B", "Medan", "M", "x"],
            &["A2", "Bali", "C", "Solo", "S", "y"],
        ];
        let read = reading(&rows, &[]).unwrap();
        assert_eq!(names(&read), ["ID", "Asal Kota", "Asal Kode", "Tujuan Kota", "Tujuan Kode", "Ket"]);
        assert_eq!(read.table.len(), 2);
    }
}
