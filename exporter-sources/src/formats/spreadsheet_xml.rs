//! Excel's XML of 2003 (SpreadsheetML), which PHP panels write under the name `.xls`.

use exporter_core::{Error, ErrorKind, FileKind, Value};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use rust_decimal::Decimal;

use super::csv::decode;
use super::grid::Grid;
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
    let (mut row, mut line, mut column) = (Vec::new(), 0_u32, 0_usize);
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
                    line = place(&tag)?.and_then(|place| u32::try_from(place).ok()).unwrap_or(line + 1);
                    column = 0;
                }
                "Cell" => column = place(&tag)?.unwrap_or(column + 1),
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
                        put(&mut row, column, value(&cell))?;
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
    sheets.swap_remove(chosen).into_reading(
        FileKind::XmlSpreadsheet,
        page,
        format!("sheet {page} of an XML workbook"),
        options,
    )
}

fn put(row: &mut Vec<Value>, column: usize, value: Value) -> Result<(), Error> {
    if column == 0 || column > MAX_COLUMNS {
        return Err(too_large("the place of a cell", MAX_COLUMNS as u64));
    }
    row.resize(row.len().max(column), Value::Empty);
    row[column - 1] = value;
    Ok(())
}

/// `ss:Index`: cells and rows that are left out are jumped over.
fn place(tag: &BytesStart<'_>) -> Result<Option<usize>, Error> {
    attribute(tag, "Index")?.map(|index| index.parse().map_err(corrupt)).transpose()
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, Error> {
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(corrupt)?;
        if attribute.key.local_name().as_ref() == name {
            return Ok(Some(attribute.value.into_owned()));
        }
    }
    Ok(None)
}

/// The five entities of XML and characters by number.
fn entity(name: &str) -> Result<String, Error> {
    let by_number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    let character = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix("#x").map(|hex| by_number(hex, 16)) {
            Some(found) => found,
            None => name.strip_prefix('#').and_then(|digits| by_number(digits, 10)),
        },
    };
    character.map(String::from).ok_or_else(|| corrupt(format!("&{name}; is no character")))
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

fn number(text: &str) -> Option<Value> {
    if let Ok(whole) = text.parse() {
        return Some(Value::Integer(whole));
    }
    let decimal = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)).ok()?.normalize();
    Some(if decimal.scale() == 0 {
        i64::try_from(decimal).map_or(Value::Decimal(decimal), Value::Integer)
    } else {
        Value::Decimal(decimal)
    })
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
    fn a_cut_off_file_is_refused() {
        let cut = &BOOK.as_bytes()[..BOOK.len() - 60];
        assert_eq!(read(cut, &ReadOptions::default()).unwrap_err().kind(), ErrorKind::CorruptFile);
    }
}
