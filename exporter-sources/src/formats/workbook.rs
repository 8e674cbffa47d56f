//! Workbooks of Excel: xlsx and xlsb as a stream of cells, xls as a whole.

use std::collections::HashMap;
use std::io::Cursor;
use std::rc::Rc;

use calamine::{
    Data, DataRef, Dimensions, ExcelDateTime, ExcelDateTimeType, Reader, Sheet, SheetType, SheetVisible,
    Style, Xls, Xlsb, Xlsx,
};
use chrono::{DurationRound as _, NaiveDateTime, TimeDelta};
use exporter_core::{Error, ErrorKind, FileKind, Value};
use rust_decimal::Decimal;

use super::archive::{Facts, Unpacked};
use super::grid::{Grid, How, Merge, Shown};
use super::shown::Look;
use super::{ReadOptions, Reading, corrupt, xls};

/// Cells farther right are stray: the widest export known has 27 columns.
const MAX_COLUMNS: u32 = 2_000;

/// Number formats that every machine shows in its own way: days by its settings, and those of
/// East Asia (ECMA-376 part 1, 18.8.30).
const LOCAL: [u32; 4] = [14, 22, 27, 28];

/// Reads the sheet that is asked for, or has the expected columns, or is the first with
/// anything in it.
pub(super) fn read(bytes: &[u8], kind: FileKind, options: &ReadOptions) -> Result<Reading, Error> {
    match kind {
        FileKind::Xlsx => xlsx(bytes, options),
        FileKind::Xlsb => xlsb(bytes, options),
        _ => xls(bytes, options),
    }
}

fn xlsx(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let archive = Unpacked::open(bytes, &options.limits)?;
    let mut book = Xlsx::new(archive.clone()).map_err(open_error)?;
    let names = names(book.sheets_metadata());
    pick(&names, FileKind::Xlsx, options, |at| {
        let mut rows = Rows::new(options);
        let mut looks = Looks::new(book.has_1904_epoch());
        let mut cells = book.worksheet_cells_reader(&names[at].0).map_err(corrupt)?;
        if options.shown.is_empty() {
            while let Some(cell) = cells.next_cell().map_err(corrupt)? {
                rows.cell(cell.get_position(), value(cell.get_value()))?;
            }
        } else {
            while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(corrupt)? {
                rows.cell(cell.get_position(), value(cell.get_value()))?;
                let code = || number_format(cells.styles().get(style)?);
                rows.look(cell.get_position(), stored(cell.get_value()), looks.of(style, code));
            }
        }
        drop(cells);
        let facts = archive.facts()?;
        if facts.merged {
            for merge in book.merge_cells_by_sheet_name(&names[at].0).map_err(corrupt)? {
                rows.grid.merge(merged(&merge))?;
            }
        }
        rows.finish(facts)
    })
}

fn xlsb(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let archive = Unpacked::open(bytes, &options.limits)?;
    let mut book = Xlsb::new(archive.clone()).map_err(open_error)?;
    let names = names(book.sheets_metadata());
    pick(&names, FileKind::Xlsb, options, |at| {
        let mut rows = Rows::new(options);
        let mut cells = book.worksheet_cells_reader(&names[at].0).map_err(corrupt)?;
        while let Some(cell) = cells.next_cell().map_err(corrupt)? {
            rows.cell(cell.get_position(), value(cell.get_value()))?;
        }
        rows.finish(archive.facts()?)
    })
}

fn xls(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let mut checked = xls::check(bytes, &options.limits, !options.shown.is_empty())?;
    let mut book = Xls::new(Cursor::new(std::mem::take(&mut checked.bytes))).map_err(open_error)?;
    let names = names(book.sheets_metadata());
    pick(&names, FileKind::Xls, options, |at| {
        let range = book.worksheet_range(&names[at].0).map_err(corrupt)?;
        let (top, left) = range.start().unwrap_or((0, 0));
        let mut rows = Rows::new(options);
        let mut looks = Looks::new(checked.from_1904);
        for merge in book.merge_cells_by_sheet_name(&names[at].0).map_err(corrupt)? {
            rows.grid.merge(merged(&merge))?;
        }
        let sheet = checked.sheets.get(at);
        let style = |(row, column): (u32, u32)| {
            let place = (u16::try_from(row).ok()?, u16::try_from(column).ok()?);
            sheet?.styles.get(&place).copied()
        };
        for (row, column, cell) in range.used_cells() {
            let far = |from: u32, at: usize| from.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
            let (place, cell) = ((far(top, row), far(left, column)), as_ref(cell));
            rows.cell(place, value(&cell))?;
            if let Some(style) = style(place) {
                let look = looks.of(usize::from(style), || format_of(&checked, style));
                rows.look(place, stored(&cell), look);
            }
        }
        rows.finish(Facts { hidden_rows: sheet.map_or(0, |sheet| sheet.hidden), ..Facts::default() })
    })
}

/// The number format of a style of an old workbook: its own, or one that all programs know.
fn format_of(checked: &xls::Checked, style: u16) -> Option<&str> {
    let (number, text) = checked.format(style)?;
    let number = u32::from(number);
    text.or_else(|| ssfmt::format_code_from_id(number)).filter(|_| !LOCAL.contains(&number))
}

/// The names of the sheets, and whether they are shown.
fn names(sheets: &[Sheet]) -> Vec<(String, bool)> {
    let shown = |sheet: &Sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet;
    sheets.iter().map(|sheet| (sheet.name.clone(), shown(sheet))).collect()
}

fn merged(merge: &Dimensions) -> Merge {
    let ((top, left), (bottom, right)) = (merge.start, merge.end);
    Merge {
        top: top.saturating_add(1),
        bottom: bottom.saturating_add(1),
        left: left as usize,
        right: right as usize,
    }
}

/// Goes through the sheets, those that are shown first, until one fits.
pub(super) fn pick(
    names: &[(String, bool)],
    kind: FileKind,
    options: &ReadOptions,
    mut read: impl FnMut(usize) -> Result<Grid, Error>,
) -> Result<Reading, Error> {
    let what = |at: usize| format!("the sheet `{}`", names[at].0);
    if let Some(name) = &options.sheet {
        let Some(at) = names.iter().position(|other| other.0 == *name) else {
            let all: Vec<&str> = names.iter().map(|name| name.0.as_str()).collect();
            return Err(Error::new(ErrorKind::NoTable, format!("the workbook has no sheet `{name}`"))
                .context("sheets", all.join(", ")));
        };
        return read(at)?.into_reading(kind, number(at), what(at), options);
    }
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|at| !names[*at].1);
    let mut first = None;
    for at in order {
        let grid = read(at)?;
        if grid.has_header(&options.expect) {
            return grid.into_reading(kind, number(at), what(at), options);
        }
        if first.is_none() && !grid.is_empty() {
            first = Some((at, grid));
            if options.expect.is_empty() {
                break;
            }
        }
    }
    let (at, grid) = first.ok_or_else(|| Error::new(ErrorKind::NoTable, "the workbook has nothing in it"))?;
    grid.into_reading(kind, number(at), what(at), options)
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
            // Rows of a sheet are about as long as one another.
            let next = Vec::with_capacity(self.row.len());
            self.grid.push(std::mem::replace(&mut self.row, next), self.line + 1)?;
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

    /// Remembers how a number looks.
    fn look(&mut self, (row, column): (u32, u32), number: Option<f64>, look: Option<Rc<Look>>) {
        if let (Some(number), Some(look)) = (number, look) {
            let how = How::Number(number, look);
            self.grid.show(Shown { line: row + 1, column: column as usize, how });
        }
    }

    fn finish(mut self, facts: Facts) -> Result<Grid, Error> {
        self.grid.push(self.row, self.line + 1)?;
        self.grid.hide(facts.hidden_rows);
        self.grid.uncalculated(facts.uncalculated);
        for merge in facts.merges {
            self.grid.merge(merge)?;
        }
        Ok(self.grid)
    }
}

/// The looks of a workbook, by the numbers of their styles, each made when it is met first.
struct Looks {
    from_1904: bool,
    known: HashMap<usize, Option<Rc<Look>>>,
}

impl Looks {
    fn new(from_1904: bool) -> Self {
        Self { from_1904, known: HashMap::new() }
    }

    fn of<'c>(&mut self, style: usize, code: impl FnOnce() -> Option<&'c str>) -> Option<Rc<Look>> {
        let make = || Look::parse(code()?, self.from_1904).map(Rc::new);
        self.known.entry(style).or_insert_with(make).clone()
    }
}

/// The number format of a style, unless it is one that depends on the machine.
fn number_format(style: &Style) -> Option<&str> {
    let format = style.number_format.as_ref()?;
    (!format.format_id.is_some_and(|id| LOCAL.contains(&id))).then_some(format.format_code.as_str())
}

/// The number in a cell, as it is stored.
fn stored(cell: &DataRef<'_>) -> Option<f64> {
    match cell {
        DataRef::Float(number) => Some(*number),
        DataRef::DateTime(at) => Some(at.as_f64()),
        #[expect(clippy::cast_precision_loss, reason = "whole numbers beyond 2^53 are not shown")]
        DataRef::Int(number) => Some(*number as f64),
        _ => None,
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
    if let Some(decimal) = short(number) {
        return Value::Decimal(decimal);
    }
    // Through its shortest digits: a direct conversion shows the noise of the double.
    match number.to_string().parse::<Decimal>() {
        Ok(decimal) => Value::Decimal(decimal),
        Err(_) => Value::text(number.to_string()),
    }
}

/// A number of few decimals, such as money: the first number of tenths, hundredths … that is this
/// double when it is divided again is its shortest decimal.
fn short(number: f64) -> Option<Decimal> {
    let mut power = 1.0;
    for scale in 1..=4 {
        power *= 10.0;
        let scaled = (number * power).round();
        if scaled.abs() < 1e15 && scaled / power == number {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
            return Some(Decimal::new(scaled as i64, scale));
        }
    }
    None
}

/// Days and times, rounded to the second: 46023.31319444445 is 07:31:00.
fn datetime(at: &ExcelDateTime) -> Value {
    let days = at.as_f64();
    if at.is_duration() || (0.0..1.0).contains(&days) {
        return clock(days);
    }
    let rounded =
        at.as_datetime().and_then(|at: NaiveDateTime| at.duration_round(TimeDelta::seconds(1)).ok());
    match rounded {
        Some(at) if at.time() == chrono::NaiveTime::MIN => Value::Date(at.date()),
        Some(at) => Value::DateTime(at),
        None => float(at.as_f64()),
    }
}

/// A day or time by the number that a workbook stores for it, counted from 1900.
pub(super) fn day(number: f64) -> Value {
    datetime(&ExcelDateTime::new(number, ExcelDateTimeType::DateTime, false))
}

/// A time of day or a span of time, as text: `07:31`, `27:05:10`.
fn clock(days: f64) -> Value {
    let seconds = (days * 86_400.0).round();
    if !(0.0..1e12).contains(&seconds) {
        return float(days);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, within bounds")]
    let seconds = seconds as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Value::text(if seconds == 0 {
        format!("{hours:02}:{minutes:02}")
    } else {
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_become_their_shortest_decimals() {
        for text in [
            "0.1",
            "-0.3",
            "1250000.5",
            "0.0001",
            "99.99",
            "3.3333333333333335",
            "0.30000000000000004",
            "123456789012.34",
        ] {
            let number: f64 = text.parse().unwrap();
            assert_eq!(float(number).to_string(), text);
        }
        assert_eq!(float(1_234_567_890_123_456.0), Value::Integer(1_234_567_890_123_456));
        assert_eq!(float(1e20).to_string(), "100000000000000000000");
    }

    #[test]
    fn clock_times_are_text() {
        assert_eq!(clock(0.5), "12:00".into());
        assert_eq!(clock(1.128_587_962_962_963), "27:05:10".into());
    }
}
