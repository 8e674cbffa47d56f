//! Excel's XML of 2003 (SpreadsheetML), which PHP panels write under the name `.xls`.

use exporter_core::{Error, ErrorKind, FileKind, Value};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::csv::decode;
use super::grid::{Grid, Merge};
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

/// Reads the first worksheet with the expected columns, else the first.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let text = decode(bytes);
    let mut reader = Reader::from_str(&text);
    let mut sheets: Vec<Grid> = Vec::new();
    // The next free column, and the place of the cell that is open, from 1.
    let (mut row, mut line, mut column, mut at) = (Vec::new(), 0_u32, 0_usize, 0_usize);
    let mut cell: Option<Cell> = None;
    let mut depth = 0_i32;
    loop {
        let event = reader.read_event().map_err(corrupt)?;
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        match event {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "Worksheet" => {
                    sheets.push(Grid::new(options.limits.cells));
                    line = 0;
                }
                "Row" => {
                    let next = count(&tag, "Index")?.unwrap_or(line.saturating_add(1));
                    if next <= line {
                        return Err(corrupt(format!("row {next} comes after row {line}")));
                    }
                    line = next;
                    column = 0;
                    if attribute(&tag, "Hidden")?.as_deref() == Some("1")
                        && let Some(grid) = sheets.last_mut()
                    {
                        grid.hide(1);
                    }
                }
                "Cell" => {
                    // Cells that are left out are jumped over.
                    column = count(&tag, "Index")?.unwrap_or(column.saturating_add(1));
                    let across: usize = count(&tag, "MergeAcross")?.unwrap_or(0);
                    let down: u32 = count(&tag, "MergeDown")?.unwrap_or(0);
                    let left = column.saturating_sub(1);
                    column = column.saturating_add(across);
                    if let Some(grid) = sheets.last_mut() {
                        let (bottom, right) = (line.saturating_add(down), left.saturating_add(across));
                        grid.merge(Merge { top: line, bottom, left, right })?;
                    }
                    at = left + 1;
                }
                "Data" => {
                    cell = Some(Cell {
                        kind: attribute(&tag, "Type")?.unwrap_or_default(),
                        text: String::new(),
                    });
                }
                _ => {}
            },
            Event::Text(text) => {
                if let Some(cell) = &mut cell {
                    cell.text.push_str(&text);
                }
            }
            Event::GeneralRef(name) => {
                if let Some(cell) = &mut cell {
                    cell.text.push_str(&entity(&name)?);
                }
            }
            Event::CData(text) => {
                if let Some(cell) = &mut cell {
                    cell.text.push_str(&text);
                }
            }
            Event::End(tag) => match tag.local_name().as_ref() {
                "Data" => {
                    if let Some(cell) = cell.take() {
                        put(&mut row, at, value(&cell))?;
                    }
                }
                "Row" => {
                    let grid =
                        sheets.last_mut().ok_or_else(|| corrupt("a row stands outside of a worksheet"))?;
                    grid.push(std::mem::take(&mut row), line)?;
                }
                _ => {}
            },
            Event::Eof if depth == 0 => break,
            Event::Eof => return Err(corrupt("it ends in the middle")),
            _ => {}
        }
    }
    let fits = sheets.iter().position(|grid| grid.has_header(&options.expect));
    let chosen = fits.or_else(|| sheets.iter().position(|grid| !grid.is_empty()));
    let chosen = chosen.ok_or_else(|| Error::new(ErrorKind::NoTable, "the workbook has nothing in it"))?;
    let page = u32::try_from(chosen + 1).unwrap_or(u32::MAX);
    let what = format!("sheet {page} of an XML workbook");
    sheets.swap_remove(chosen).into_reading(FileKind::XmlSpreadsheet, page, what, options)
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
    fn a_cut_off_file_is_refused() {
        let cut = &BOOK.as_bytes()[..BOOK.len() - 60];
        assert_eq!(read(cut, &ReadOptions::default()).unwrap_err().kind(), ErrorKind::CorruptFile);
    }
}
