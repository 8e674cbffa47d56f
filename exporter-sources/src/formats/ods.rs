//! OpenDocument spreadsheets: the tables of `content.xml`, cell by cell (OpenDocument 1.2, 9).

use std::io::{BufRead, BufReader, Read as _};

use compact_str::CompactString;
use exporter_core::{Error, ErrorKind, FileKind, Value};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::archive::Unpacked;
use super::csv::decode;
use super::grid::{Grid, How, Merge, Shown};
use super::workbook::pick;
use super::xml::{attribute, count, entity, number};
use super::{Limits, ReadOptions, Reading, corrupt, too_large};

/// Cells farther right are stray, as in other workbooks.
const MAX_COLUMNS: usize = 2_000;
/// Rows further down than any spreadsheet has.
const MAX_ROWS: u32 = 1 << 20;

/// One table of the document.
struct Sheet {
    name: String,
    shown: bool,
    grid: Grid,
}

/// Reads the sheet that is asked for, or has the expected columns, or is the first with
/// anything in it.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let mut sheets = if bytes.starts_with(b"PK") {
        packed(bytes, options)?
    } else {
        // Unpacked it is one XML document.
        sheets(decode(bytes).as_bytes(), options)?
    };
    let names: Vec<(String, bool)> = sheets.iter().map(|sheet| (sheet.name.clone(), sheet.shown)).collect();
    pick(&names, FileKind::Ods, options, |at| {
        Ok(std::mem::replace(&mut sheets[at].grid, Grid::new(options.limits.cells)))
    })
}

fn packed(bytes: &[u8], options: &ReadOptions) -> Result<Vec<Sheet>, Error> {
    let unpacked = Unpacked::open(bytes, &options.limits)?;
    let mut archive = ZipArchive::new(unpacked.clone()).map_err(corrupt)?;
    if archive.by_name("META-INF/manifest.xml").is_ok_and(|manifest| is_encrypted(manifest, &options.limits))
    {
        return Err(Error::new(ErrorKind::ProtectedFile, "the workbook is protected by a password")
            .hint("take the password off, or export it without one"));
    }
    let sheets = sheets(BufReader::new(archive.by_name("content.xml").map_err(corrupt)?), options)?;
    // Now its checksum is known to be right.
    unpacked.facts()?;
    Ok(sheets)
}

fn is_encrypted(manifest: impl std::io::Read, limits: &Limits) -> bool {
    let mut text = String::new();
    let read = manifest.take(limits.unpacked_bytes).read_to_string(&mut text);
    read.is_ok() && text.contains("encryption-data")
}

/// A cell that is being read.
#[derive(Default)]
struct Cell {
    kind: String,
    value: String,
    text: String,
    paragraphs: usize,
    repeated: usize,
    across: usize,
    down: u32,
}

/// The row that is being read.
#[derive(Default)]
struct Row {
    cells: Vec<Value>,
    /// How numbers are shown, by their columns.
    shown: Vec<(usize, CompactString)>,
    /// Where the next cell stands.
    column: usize,
    repeated: u32,
}

/// All tables, cell by cell.
fn sheets(content: impl BufRead, options: &ReadOptions) -> Result<Vec<Sheet>, Error> {
    let mut reader = Reader::from_reader(content);
    let mut book = Book { as_shown: !options.shown.is_empty(), ..Book::default() };
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(corrupt)? {
            Event::Start(tag) => {
                book.depth += 1;
                book.open(&tag, options)?;
            }
            Event::Empty(tag) => {
                book.open(&tag, options)?;
                book.close(tag.local_name().as_ref())?;
            }
            Event::End(tag) => {
                book.depth -= 1;
                book.close(tag.local_name().as_ref())?;
            }
            Event::Text(text) => book.text(&text),
            Event::CData(text) => book.text(&text),
            Event::GeneralRef(name) => book.text(&entity(&name)?),
            Event::Eof if book.depth == 0 => return Ok(book.sheets),
            Event::Eof => return Err(corrupt("its content ends in the middle")),
            _ => {}
        }
    }
}

/// The document as far as it was read.
#[derive(Default)]
struct Book {
    sheets: Vec<Sheet>,
    /// Names of the styles of tables that are not shown.
    unseen: Vec<String>,
    style: String,
    line: u32,
    row: Row,
    cell: Option<Cell>,
    /// How deep in a remark on a cell, which is no part of it.
    aside: usize,
    depth: i32,
    /// Whether numbers may be wanted as they are shown.
    as_shown: bool,
}

impl Book {
    fn open(&mut self, tag: &BytesStart<'_>, options: &ReadOptions) -> Result<(), Error> {
        match tag.local_name().as_ref() {
            "style" => self.style = attribute(tag, "name")?.unwrap_or_default(),
            "table-properties" if attribute(tag, "display")?.as_deref() == Some("false") => {
                self.unseen.push(std::mem::take(&mut self.style));
            }
            "annotation" => self.aside += 1,
            "table" if self.cell.is_none() => {
                let name = attribute(tag, "name")?.unwrap_or_default();
                let shown = !attribute(tag, "style-name")?.is_some_and(|style| self.unseen.contains(&style));
                self.sheets.push(Sheet { name, shown, grid: Grid::new(options.limits.cells) });
                self.line = 0;
            }
            "table-row" => {
                let repeated = count(tag, "number-rows-repeated")?.unwrap_or(1);
                self.row = Row { repeated, ..Row::default() };
                let hidden = attribute(tag, "visibility")?.is_some_and(|shown| shown != "visible");
                if let Some(sheet) = self.sheets.last_mut().filter(|_| hidden) {
                    sheet.grid.hide(u64::from(repeated));
                }
            }
            "table-cell" | "covered-table-cell" => self.cell = Some(Cell::open(tag)?),
            "p" if self.aside == 0 => {
                if let Some(cell) = &mut self.cell {
                    if cell.paragraphs > 0 {
                        cell.text.push('\n');
                    }
                    cell.paragraphs += 1;
                }
            }
            "s" => self.text(&" ".repeat(count::<usize>(tag, "c")?.unwrap_or(1).min(1000))),
            "tab" => self.text("\t"),
            "line-break" => self.text("\n"),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(cell) = self.cell.as_mut().filter(|cell| self.aside == 0 && cell.paragraphs > 0) {
            cell.text.push_str(text);
        }
    }

    fn close(&mut self, name: &str) -> Result<(), Error> {
        match name {
            "annotation" => self.aside = self.aside.saturating_sub(1),
            "table-cell" | "covered-table-cell" => self.end_cell()?,
            "table-row" => self.end_row()?,
            _ => {}
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Error> {
        let Some(cell) = self.cell.take() else { return Ok(()) };
        let (left, value) = (self.row.column, cell.value());
        self.row.column = left.saturating_add(cell.repeated);
        if let Some(sheet) = self.sheets.last_mut() {
            let (top, right) = (self.line.saturating_add(1), left.saturating_add(cell.across - 1));
            sheet.grid.merge(Merge { top, bottom: top.saturating_add(cell.down - 1), left, right })?;
        }
        if !value.is_empty() {
            if self.row.column > MAX_COLUMNS {
                return Err(too_large("the place of a cell", MAX_COLUMNS as u64));
            }
            self.row.cells.resize(left, Value::Empty);
            self.row.cells.resize(self.row.column, value);
            if let Some(text) = cell.shown().filter(|_| self.as_shown) {
                self.row.shown.extend((left..self.row.column).map(|column| (column, text.into())));
            }
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Error> {
        let row = std::mem::take(&mut self.row);
        let first = self.line.saturating_add(1);
        self.line = self.line.saturating_add(row.repeated);
        let Some(sheet) = self.sheets.last_mut().filter(|_| !row.cells.is_empty()) else { return Ok(()) };
        if self.line > MAX_ROWS {
            return Err(too_large("the place of a row", u64::from(MAX_ROWS)));
        }
        for line in first..=self.line {
            sheet.grid.push(row.cells.clone(), line)?;
            for (column, text) in &row.shown {
                sheet.grid.show(Shown { line, column: *column, how: How::Text(text.clone()) });
            }
        }
        Ok(())
    }
}

impl Cell {
    fn open(tag: &BytesStart<'_>) -> Result<Self, Error> {
        let kind = attribute(tag, "value-type")?.unwrap_or_default();
        let value = match kind.as_str() {
            "date" => attribute(tag, "date-value")?,
            "boolean" => attribute(tag, "boolean-value")?,
            "string" => attribute(tag, "string-value")?,
            "float" | "percentage" | "currency" => attribute(tag, "value")?,
            _ => None,
        };
        Ok(Self {
            kind,
            value: value.unwrap_or_default(),
            repeated: count(tag, "number-columns-repeated")?.unwrap_or(1).max(1),
            across: count(tag, "number-columns-spanned")?.unwrap_or(1).max(1),
            down: count(tag, "number-rows-spanned")?.unwrap_or(1).max(1),
            ..Self::default()
        })
    }

    /// The text beside a number, where it says how that is shown; digits that only an exponent
    /// stands for are not shown.
    fn shown(&self) -> Option<&str> {
        let number = matches!(self.kind.as_str(), "float" | "percentage" | "currency" | "date");
        let exponent = self.text.contains("E+") || self.text.contains("E-");
        Some(self.text.as_str()).filter(|text| number && !text.is_empty() && !exponent)
    }

    /// By its declared type; what does not fit it stays text, and so do clock times.
    fn value(&self) -> Value {
        let typed = match self.kind.as_str() {
            "float" | "percentage" | "currency" => number(&self.value),
            "boolean" => Some(Value::Bool(self.value == "true")),
            // Fractions of a second are noise of the spreadsheet's own arithmetic.
            "date" => super::typing::iso(self.value.split('.').next().unwrap_or_default()),
            _ => None,
        };
        typed.unwrap_or_else(|| Value::text(if self.text.is_empty() { &self.value } else { &self.text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_sheet(rows: &str) -> Result<Reading, Error> {
        let content = format!("<d><table:table table:name='A'>{rows}</table:table></d>");
        let options = ReadOptions::default();
        let sheet = sheets(content.as_bytes(), &options)?.remove(0);
        sheet.grid.into_reading(FileKind::Ods, 1, "test".into(), &options)
    }

    fn cell(attributes: &str, text: &str) -> String {
        format!("<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>")
    }

    fn head() -> String {
        let remark = "<office:annotation><text:p>remark</text:p></office:annotation>";
        let name = format!("<table:table-cell>{remark}<text:p>Nama</text:p></table:table-cell>");
        format!("<table:table-row>{}{name}</table:table-row>", cell("", "ID"))
    }

    #[test]
    fn values_repeats_and_remarks() {
        let number = cell("office:value-type='float' office:value='1234567890123456'", "1,23E15");
        let date = cell("office:value-type='date' office:date-value='2026-01-05T07:31:00.000004'", "5 Jan");
        let rows = format!(
            "{}<table:table-row table:number-rows-repeated='2'>{number}{date}</table:table-row>\
             <table:table-row table:number-rows-repeated='1048570'>\
             <table:table-cell table:number-columns-repeated='16384'/></table:table-row>",
            head()
        );
        let read = read_sheet(&rows).unwrap();
        assert_eq!(read.table.columns()[1].name, "Nama");
        assert_eq!(read.table.len(), 2);
        assert_eq!(read.table.row(1)[0].to_string(), "1234567890123456");
        assert_eq!(read.table.row(1)[1].to_string(), "2026-01-05 07:31");
    }

    #[test]
    fn a_value_repeated_without_end_is_refused() {
        let row = format!(
            "<table:table-row table:number-rows-repeated='1048000'>{}</table:table-row>",
            cell("table:number-columns-repeated='1900' office:value-type='boolean'", "x")
        );
        let error = read_sheet(&format!("{}{row}", head())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn numbers_as_they_are_shown() {
        let code = cell("office:value-type='float' office:value='7'", "0007");
        let long = cell("office:value-type='float' office:value='1234567890123456'", "1,23E+15");
        let rows = format!(
            "{}<table:table-row table:number-rows-repeated='2'>{code}{long}</table:table-row>",
            head()
        );
        let content = format!("<table:table table:name='A'>{rows}</table:table>");
        let shown = vec!["ID".to_owned(), "Nama".to_owned()];
        let options = ReadOptions { shown, ..ReadOptions::default() };
        let sheet = sheets(content.as_bytes(), &options).unwrap().remove(0);
        let read = sheet.grid.into_reading(FileKind::Ods, 1, "test".into(), &options).unwrap();
        assert_eq!(read.table.row(1)[0], "0007".into());
        assert_eq!(read.table.row(1)[1].to_string(), "1234567890123456", "never an exponent");
    }

    #[test]
    fn merged_cells_and_hidden_rows() {
        let rows = format!(
            "{}<table:table-row>{}{}</table:table-row>\
             <table:table-row table:visibility='filter'><table:covered-table-cell/>{}</table:table-row>",
            head(),
            cell("table:number-rows-spanned='2'", "1"),
            cell("", "a"),
            cell("", "b")
        );
        let read = read_sheet(&rows).unwrap();
        assert_eq!(read.table.row(1), ["1".into(), "b".into()]);
        assert!(read.notes.iter().any(|note| note.contains("1 hidden rows")), "{:?}", read.notes);
    }
}
