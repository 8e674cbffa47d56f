//! Excel's XML of 2003 (SpreadsheetML), which PHP panels write under the name `.xls`.

use std::collections::HashMap;
use std::rc::Rc;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};
use exporter_core::{Error, FileKind, Value};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use rust_decimal::prelude::ToPrimitive as _;

use super::csv::decode;
use super::grid::{Grid, How, Merge, Shown};
use super::shown::{self, Look};
use super::workbook::{self, pick};
use super::xml::{attribute, count, entity, number};
use super::{ReadOptions, Reading, corrupt, too_large};

/// Cells farther right are stray, as in other workbooks.
const MAX_COLUMNS: usize = 2_000;

/// What is known of the cell that is being read.
#[derive(Default)]
struct Cell {
    kind: String,
    text: String,
}

/// One worksheet.
struct Sheet {
    name: String,
    shown: bool,
    grid: Grid,
}

/// A number format.
struct Format {
    look: Option<Rc<Look>>,
    /// Whether its numbers are days or times.
    date: bool,
}

impl Format {
    fn of(name: &str) -> Self {
        match name {
            "General Date" | "Long Date" | "Medium Date" | "Short Date" | "Long Time" | "Medium Time"
            | "Short Time" => Self { look: None, date: true },
            _ => {
                let code = code_of(name);
                let look = code.and_then(|code| Look::parse(code, false)).map(Rc::new);
                Self { look, date: code.is_some_and(shown::is_date) }
            }
        }
    }
}

/// The workbook as far as it was read.
#[derive(Default)]
struct Book {
    sheets: Vec<Sheet>,
    /// The number formats by their styles.
    formats: HashMap<String, Format>,
    style: String,
    /// The style of the row, then that of the cell.
    styles: [Option<String>; 2],
    row: Vec<Value>,
    line: u32,
    /// The last column that is taken, and the place of the cell that is open, from 1.
    column: usize,
    at: usize,
    cell: Option<Cell>,
    /// How deep in a remark on a cell, which is no part of it.
    aside: usize,
    /// Whether numbers may be wanted as they are shown.
    as_shown: bool,
}

/// Reads the sheet that is asked for, or has the expected columns, or is the first with
/// anything in it.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let text = decode(bytes);
    let mut reader = Reader::from_str(&text);
    let mut book = Book { as_shown: !options.shown.is_empty(), ..Book::default() };
    let mut depth = 0_i32;
    loop {
        match reader.read_event().map_err(corrupt)? {
            Event::Start(tag) => {
                depth += 1;
                book.open(&tag, options)?;
            }
            Event::Empty(tag) => {
                book.open(&tag, options)?;
                book.close(tag.local_name().as_ref())?;
            }
            Event::End(tag) => {
                depth -= 1;
                book.close(tag.local_name().as_ref())?;
            }
            Event::Text(text) => book.text(&text),
            Event::CData(text) => book.text(&text),
            Event::GeneralRef(name) => book.text(&entity(&name)?),
            Event::Eof if depth == 0 => break,
            Event::Eof => return Err(corrupt("it ends in the middle")),
            _ => {}
        }
    }
    let mut sheets = book.sheets;
    let names: Vec<(String, bool)> = sheets.iter().map(|sheet| (sheet.name.clone(), sheet.shown)).collect();
    pick(&names, FileKind::XmlSpreadsheet, options, |at| {
        Ok(std::mem::replace(&mut sheets[at].grid, Grid::new(options.limits.cells)))
    })
}

impl Book {
    fn open(&mut self, tag: &BytesStart<'_>, options: &ReadOptions) -> Result<(), Error> {
        match tag.local_name().as_ref() {
            "Style" => self.style = attribute(tag, "ID")?.unwrap_or_default(),
            "NumberFormat" => {
                let code = attribute(tag, "Format")?.unwrap_or_default();
                self.formats.insert(self.style.clone(), Format::of(&code));
            }
            "Worksheet" => {
                let name = attribute(tag, "Name")?.unwrap_or_default();
                self.sheets.push(Sheet { name, shown: true, grid: Grid::new(options.limits.cells) });
                self.line = 0;
            }
            "Row" => self.open_row(tag)?,
            "Cell" => self.open_cell(tag)?,
            "Comment" => self.aside += 1,
            "Data" if self.aside == 0 => {
                let kind = attribute(tag, "Type")?.unwrap_or_default();
                self.cell = Some(Cell { kind, text: String::new() });
            }
            // Within the options of a worksheet; its text is of no interest.
            "Visible" => self.cell = Some(Cell { kind: VISIBLE.to_owned(), text: String::new() }),
            _ => {}
        }
        Ok(())
    }

    fn open_row(&mut self, tag: &BytesStart<'_>) -> Result<(), Error> {
        let next = count(tag, "Index")?.unwrap_or(self.line.saturating_add(1));
        if next <= self.line {
            return Err(corrupt(format!("row {next} comes after row {}", self.line)));
        }
        (self.line, self.column) = (next, 0);
        self.styles = [attribute(tag, "StyleID")?, None];
        if attribute(tag, "Hidden")?.as_deref() == Some("1")
            && let Some(sheet) = self.sheets.last_mut()
        {
            sheet.grid.hide(1);
        }
        Ok(())
    }

    fn open_cell(&mut self, tag: &BytesStart<'_>) -> Result<(), Error> {
        // Cells that are left out are jumped over.
        self.column = count(tag, "Index")?.unwrap_or(self.column.saturating_add(1));
        let across: usize = count(tag, "MergeAcross")?.unwrap_or(0);
        let down: u32 = count(tag, "MergeDown")?.unwrap_or(0);
        let left = self.column.saturating_sub(1);
        self.column = self.column.saturating_add(across);
        if let Some(sheet) = self.sheets.last_mut() {
            let (bottom, right) = (self.line.saturating_add(down), left.saturating_add(across));
            sheet.grid.merge(Merge { top: self.line, bottom, left, right })?;
        }
        self.at = left + 1;
        self.styles[1] = attribute(tag, "StyleID")?;
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if let Some(cell) = &mut self.cell {
            cell.text.push_str(text);
        }
    }

    fn close(&mut self, name: &str) -> Result<(), Error> {
        match (name, self.cell.take()) {
            ("Comment", cell) => {
                self.aside = self.aside.saturating_sub(1);
                self.cell = cell;
            }
            ("Data", Some(cell)) => {
                let mut value = value(&cell);
                let style = self.styles.iter().rev().flatten().next();
                if let Some((format, number)) =
                    style.and_then(|style| self.formats.get(style)).zip(serial(&value))
                {
                    if let (true, Some(look), Some(sheet)) =
                        (self.as_shown, &format.look, self.sheets.last_mut())
                    {
                        let how = How::Number(number, Rc::clone(look));
                        sheet.grid.show(Shown { line: self.line, column: self.at.saturating_sub(1), how });
                    }
                    if format.date && cell.kind == "Number" {
                        value = workbook::day(number);
                    }
                }
                put(&mut self.row, self.at, value)?;
            }
            ("Visible", Some(cell)) => {
                if let Some(sheet) = self.sheets.last_mut() {
                    sheet.shown = !cell.text.contains("Hidden");
                }
            }
            ("Row", _) => {
                let sheet =
                    self.sheets.last_mut().ok_or_else(|| corrupt("a row stands outside of a worksheet"))?;
                sheet.grid.push(std::mem::take(&mut self.row), self.line)?;
            }
            (_, cell) => self.cell = cell,
        }
        Ok(())
    }
}

/// The kind of the text that says whether a worksheet is shown.
const VISIBLE: &str = "Visible";

/// The format that a name stands for; nothing for names that every machine shows in its own way.
fn code_of(name: &str) -> Option<&str> {
    match name {
        "Fixed" => Some("0.00"),
        "Standard" => Some("#,##0.00"),
        "Percent" => Some("0.00%"),
        "Currency" | "Euro Currency" | "Scientific" | "Yes/No" | "True/False" | "On/Off"
        | "General Number" => None,
        code => Some(code),
    }
}

/// The number that a workbook stores for a value, days counted from 1900.
fn serial(value: &Value) -> Option<f64> {
    let first = NaiveDate::from_ymd_opt(1899, 12, 30)?.and_time(NaiveTime::MIN);
    let days = |at: NaiveDateTime| {
        let seconds = i32::try_from((at - first).num_days()).ok().map(f64::from);
        Some(seconds? + f64::from(at.num_seconds_from_midnight()) / 86_400.0)
    };
    match value {
        Value::Date(day) => days(day.and_time(NaiveTime::MIN)),
        Value::DateTime(at) => days(*at),
        other => other.as_decimal()?.to_f64(),
    }
}

fn put(row: &mut Vec<Value>, column: usize, value: Value) -> Result<(), Error> {
    if column == 0 || column > MAX_COLUMNS {
        return Err(too_large("the place of a cell", MAX_COLUMNS as u64));
    }
    row.resize(row.len().max(column), Value::Empty);
    row[column - 1] = value;
    Ok(())
}

/// A cell by its declared type; what does not fit it stays text.
fn value(cell: &Cell) -> Value {
    let text = cell.text.trim();
    let typed = match cell.kind.as_str() {
        "Number" => number(text),
        "Boolean" => Some(Value::Bool(text == "1")),
        "DateTime" => super::typing::iso(text.trim_end_matches(".000")),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::text(&cell.text))
}

#[cfg(test)]
mod tests {
    use exporter_core::ErrorKind;

    use super::*;

    const BOOK: &str = r#"<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="S"><Table>
<Row><Cell><Data ss:Type="String">ID</Data></Cell><Cell><Data ss:Type="String">Nama</Data></Cell><Cell><Data ss:Type="String">Tanggal</Data></Cell><Cell><Data ss:Type="String">Total</Data></Cell></Row>
<Row ss:Index="3"><Cell><Data ss:Type="String">007</Data></Cell><Cell ss:Index="3"><Data ss:Type="DateTime">2026-01-05T00:00:00.000</Data></Cell><Cell><Data ss:Type="Number">1.25E6</Data></Cell></Row>
<Row><Cell><Data ss:Type="String">008</Data></Cell><Cell><Data ss:Type="String">A &amp; B</Data></Cell></Row>
</Table></Worksheet></Workbook>"#;

    #[test]
    fn places_types_and_entities() {
        let read = read(BOOK.as_bytes(), &ReadOptions::default()).unwrap();
        let day = "2026-01-05".parse().unwrap();
        assert_eq!(
            read.table.row(0),
            ["007".into(), Value::Empty, Value::Date(day), Value::Integer(1_250_000)]
        );
        assert_eq!(read.table.row(1)[1], "A & B".into());
        assert_eq!(read.table.origin(0).line, 3);
    }

    #[test]
    fn cells_over_several_columns_and_rows() {
        let cell = |attributes: &str, text: &str| format!("<Cell {attributes}><Data>{text}</Data></Cell>");
        let rows = [
            cell("ss:MergeAcross='2'", "Laporan"),
            [cell("", "ID"), cell("", "Nama"), cell("", "Kota")].concat(),
            [cell("ss:MergeDown='1'", "1"), cell("", "a"), cell("", "b")].concat(),
            [cell("ss:Index='2'", "c"), cell("", "d")].concat(),
            [cell("ss:MergeAcross='1'", "2"), cell("", "e")].concat(),
        ];
        let rows: String = rows.map(|row| format!("<Row>{row}</Row>")).concat();
        let book =
            format!("<?xml version='1.0'?><Workbook><Worksheet><Table>{rows}</Table></Worksheet></Workbook>");
        let read = read(book.as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!(read.table.row(1), ["1".into(), "c".into(), "d".into()]);
        assert_eq!(read.table.row(2), ["2".into(), Value::Empty, "e".into()]);
    }

    #[test]
    fn remarks_are_no_part_of_a_cell_and_hidden_sheets_come_last() {
        let sheet = |name: &str, options: &str, cells: &str| {
            format!("<Worksheet ss:Name='{name}'><Table><Row>{cells}</Row></Table>{options}</Worksheet>")
        };
        let remark = "<Comment><ss:Data>remark</ss:Data></Comment><Comment/>";
        let head = format!("<Cell><Data>ID</Data>{remark}</Cell><Cell><Data>Nama</Data></Cell>");
        let hidden = "<x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions>";
        let sheets = [sheet("Kode", hidden, "<Cell><Data>x</Data></Cell>"), sheet("A &amp; B", "", &head)];
        let book = format!("<?xml version='1.0'?><Workbook>{}</Workbook>", sheets.concat());
        let found = read(book.as_bytes(), &ReadOptions::default()).unwrap();
        assert_eq!(found.table.columns()[0].name, "ID");
        assert!(found.notes[0].contains("A & B"), "{:?}", found.notes);
        let named = ReadOptions { sheet: Some("Kode".into()), ..ReadOptions::default() };
        assert_eq!(read(book.as_bytes(), &named).unwrap().table.columns()[0].name, "x");
    }

    #[test]
    fn numbers_as_they_are_shown() {
        let styles = "<Style ss:ID='a'><NumberFormat ss:Format='0000'/></Style>\
                      <Style ss:ID='b'><NumberFormat ss:Format='Short Date'/></Style>";
        let cell = |style: &str, kind: &str, text: &str| {
            format!("<Cell {style}><Data ss:Type='{kind}'>{text}</Data></Cell>")
        };
        let rows = [
            [cell("", "String", "Kode"), cell("", "String", "Lain"), cell("", "String", "Tanggal")].concat(),
            [
                cell("ss:StyleID='a'", "Number", "7"),
                cell("ss:StyleID='a'", "Number", "7"),
                cell("ss:StyleID='b'", "DateTime", "2026-01-05T00:00:00.000"),
            ]
            .concat(),
        ];
        let rows: String = rows.map(|row| format!("<Row>{row}</Row>")).concat();
        let book = format!("<Workbook>{styles}<Worksheet><Table>{rows}</Table></Worksheet></Workbook>");
        let shown = vec!["Kode".to_owned(), "Tanggal".to_owned()];
        let read = read(book.as_bytes(), &ReadOptions { shown, ..ReadOptions::default() }).unwrap();
        let cells: Vec<String> = read.table.row(0).iter().map(ToString::to_string).collect();
        assert_eq!(cells, ["0007", "7", "2026-01-05"]);
    }

    #[test]
    fn a_cut_off_file_is_refused() {
        let cut = &BOOK.as_bytes()[..BOOK.len() - 60];
        assert_eq!(read(cut, &ReadOptions::default()).unwrap_err().kind(), ErrorKind::CorruptFile);
    }
}
