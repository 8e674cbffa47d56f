//! Workbooks: xlsx and xlsb as a stream of cells, xls and ods as a whole.

use std::io::Cursor;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader, Xls, Xlsb, Xlsx};
use chrono::{DurationRound as _, NaiveDateTime, TimeDelta};
use exporter_core::{Error, ErrorKind, FileKind, Value};
use rust_decimal::Decimal;

use super::grid::Grid;
use super::{ReadOptions, Reading, archive, corrupt};

/// Cells farther right are stray: the widest export known has 27 columns.
const MAX_COLUMNS: u32 = 2_000;

/// Reads the sheet that is asked for, or has the expected columns, or is the first with
/// anything in it.
pub(super) fn read(bytes: &[u8], kind: FileKind, options: &ReadOptions) -> Result<Reading, Error> {
    if kind != FileKind::Xls {
        archive::check(bytes, &options.limits)?;
    }
    let cursor = Cursor::new(bytes);
    match kind {
        FileKind::Xlsx => {
            let mut book = Xlsx::new(cursor).map_err(open_error)?;
            let names = book.sheet_names();
            pick(&names, kind, options, |name| {
                let mut cells = book.worksheet_cells_reader(name).map_err(corrupt)?;
                let mut rows = Rows::new(options);
                while let Some(cell) = cells.next_cell().map_err(corrupt)? {
                    rows.cell(cell.get_position(), value(cell.get_value()))?;
                }
                rows.finish()
            })
        }
        FileKind::Xlsb => whole(Xlsb::new(cursor).map_err(open_error)?, kind, options),
        FileKind::Ods => whole(Ods::new(cursor).map_err(open_error)?, kind, options),
        _ => whole(Xls::new(cursor).map_err(open_error)?, kind, options),
    }
}

/// A workbook whose sheets are read whole.
fn whole<'a, R>(mut book: R, kind: FileKind, options: &ReadOptions) -> Result<Reading, Error>
where
    R: Reader<Cursor<&'a [u8]>, Error: std::fmt::Display>,
{
    let names = book.sheet_names();
    pick(&names, kind, options, |name| {
        let range = book.worksheet_range(name).map_err(corrupt)?;
        let (top, left) = range.start().unwrap_or((0, 0));
        let mut rows = Rows::new(options);
        for (row, column, cell) in range.used_cells() {
            let place = (
                top + u32::try_from(row).unwrap_or(u32::MAX),
                left + u32::try_from(column).unwrap_or(u32::MAX),
            );
            rows.cell(place, value(&as_ref(cell)))?;
        }
        rows.finish()
    })
}

/// Goes through the sheets until one fits.
fn pick(
    names: &[String],
    kind: FileKind,
    options: &ReadOptions,
    mut read: impl FnMut(&str) -> Result<Grid, Error>,
) -> Result<Reading, Error> {
    if let Some(name) = &options.sheet {
        if !names.contains(name) {
            return Err(Error::new(ErrorKind::NoTable, format!("the workbook has no sheet `{name}`"))
                .context("sheets", names.join(", ")));
        }
        let page = names.iter().position(|other| other == name).unwrap_or(0);
        return read(name)?.into_reading(kind, number(page), format!("the sheet `{name}`"), options);
    }
    let mut first = None;
    for (page, name) in names.iter().enumerate() {
        let grid = read(name)?;
        if grid.has_header(&options.expect) {
            return grid.into_reading(kind, number(page), format!("the sheet `{name}`"), options);
        }
        if first.is_none() && !grid.is_empty() {
            first = Some((page, name, grid));
            if options.expect.is_empty() {
                break;
            }
        }
    }
    let (page, name, grid) =
        first.ok_or_else(|| Error::new(ErrorKind::NoTable, "the workbook has nothing in it"))?;
    grid.into_reading(kind, number(page), format!("the sheet `{name}`"), options)
}

/// A sheet's number, from 1.
fn number(page: usize) -> u32 {
    u32::try_from(page + 1).unwrap_or(u32::MAX)
}

/// Puts cells that come in reading order into rows.
struct Rows {
    grid: Grid,
    row: Vec<Value>,
    line: u32,
}

impl Rows {
    fn new(options: &ReadOptions) -> Self {
        Self { grid: Grid::new(options.limits.cells), row: Vec::new(), line: 0 }
    }

    fn cell(&mut self, (row, column): (u32, u32), value: Value) -> Result<(), Error> {
        if row != self.line {
            self.grid.push(std::mem::take(&mut self.row), self.line + 1)?;
            self.line = row;
        }
        if value.is_empty() {
            return Ok(());
        }
        if column >= MAX_COLUMNS {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("the sheet has a cell in column {}", column + 1),
            )
            .context("row", (row + 1).to_string()));
        }
        let column = column as usize;
        if column >= self.row.len() {
            self.row.resize(column + 1, Value::Empty);
        }
        self.row[column] = value;
        Ok(())
    }

    fn finish(mut self) -> Result<Grid, Error> {
        self.grid.push(self.row, self.line + 1)?;
        Ok(self.grid)
    }
}

/// A cell with the type that it has in the workbook. A formula gives its stored value.
fn value(cell: &DataRef<'_>) -> Value {
    match cell {
        DataRef::Empty => Value::Empty,
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Value::text(text),
        DataRef::SharedString(text) => Value::text(text),
        DataRef::Bool(flag) => Value::Bool(*flag),
        DataRef::Int(number) => Value::Integer(*number),
        DataRef::Float(number) => float(*number),
        DataRef::DateTime(at) => datetime(at),
        DataRef::Error(error) => Value::text(error.to_string()),
    }
}

fn as_ref(cell: &Data) -> DataRef<'_> {
    match cell {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(flag) => DataRef::Bool(*flag),
        Data::DateTime(at) => DataRef::DateTime(*at),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

/// Whole numbers whole (references of 16 digits too), others as the shortest decimal
/// that is this double: never in exponent form.
fn float(number: f64) -> Value {
    /// Doubles hold every whole number up to 2^53.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= WHOLE {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
        return Value::Integer(number as i64);
    }
    // Through its shortest digits: a direct conversion shows the noise of the double.
    match number.to_string().parse::<Decimal>() {
        Ok(decimal) => Value::Decimal(decimal),
        Err(_) => Value::text(number.to_string()),
    }
}

/// Days and times, rounded to the second: 46023.31319444445 is 07:31:00.
fn datetime(at: &ExcelDateTime) -> Value {
    let rounded = at
        .as_datetime()
        .filter(|_| !at.is_duration())
        .and_then(|at: NaiveDateTime| at.duration_round(TimeDelta::seconds(1)).ok());
    match rounded {
        Some(at) if at.time() == chrono::NaiveTime::MIN => Value::Date(at.date()),
        Some(at) => Value::DateTime(at),
        None => float(at.as_f64()),
    }
}

/// Protected workbooks are told from damaged ones.
fn open_error(error: impl std::fmt::Display) -> Error {
    let text = error.to_string();
    if text.to_lowercase().contains("password") {
        return Error::new(ErrorKind::ProtectedFile, "the workbook is protected by a password")
            .hint("take the password off in Excel, or export it without one");
    }
    corrupt(text)
}
