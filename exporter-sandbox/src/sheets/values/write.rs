//! `values.update` and what every method that writes values shares.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::sheets::a1::{self, Asked};
use crate::sheets::access::Actor;
use crate::sheets::cell::{Cell, MAX_CHARACTERS};
use crate::sheets::clock::Moment;
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::formula::rewrite;
use crate::sheets::input::{self, Entered};
use crate::sheets::model::{Spreadsheet, Tab};
use crate::sheets::protect;
use crate::sheets::range::{Dimension, GridRange, Rect};
use crate::sheets::view::{Rendering, View};

use super::read;

/// `RAW` or `USER_ENTERED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputOption {
    /// As it is.
    Raw,
    /// As if typed.
    UserEntered,
}

impl InputOption {
    /// Reads the option, which must be given.
    pub fn read(value: &Value) -> Answer<Self> {
        match value.as_str() {
            Some("RAW") => Ok(Self::Raw),
            Some("USER_ENTERED") => Ok(Self::UserEntered),
            _ => Err(ApiError::invalid("'valueInputOption' is required but not specified")),
        }
    }
}

/// How values are written and by whom.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// `RAW` or `USER_ENTERED`.
    pub option: InputOption,
    /// The account.
    pub actor: &'a Actor,
    /// When: formulas such as `TODAY()` and dates without a year mean it.
    pub now: Moment,
}

/// What a write touched.
#[derive(Debug, Clone)]
pub struct Written {
    /// Tab.
    pub sheet: i64,
    /// Anchor and size of the values.
    pub rect: Rect,
    /// The range that was asked for, inside the grid.
    pub asked: Rect,
    /// Rows with a written cell.
    pub rows: BTreeSet<usize>,
    /// Columns with a written cell.
    pub columns: BTreeSet<usize>,
    /// Number of written cells.
    pub cells: usize,
}

/// Writes a `ValueRange` body to a range: the whole of `values.update` but its answer.
pub fn update(spreadsheet: &mut Spreadsheet, range: &str, body: &Value, writer: Writer) -> Answer<Written> {
    let asked = a1::read(range, spreadsheet)?;
    if let Some(other) = body["range"].as_str()
        && a1::read(other, spreadsheet).ok().as_ref() != Some(&asked)
    {
        return Err(ApiError::invalid(format!(
            "Requested writing within range [{range}], but the body's range is [{other}]"
        )));
    }
    write(spreadsheet, asked, range, body, writer)
}

/// Writes the values of `body` to a range, whose text as it was asked errors repeat. A range
/// of one cell is only an anchor, from which the grid must hold all values; a larger one
/// must hold them itself.
pub fn write(
    spreadsheet: &mut Spreadsheet,
    asked: Asked,
    text: &str,
    body: &Value,
    writer: Writer,
) -> Answer<Written> {
    let (tab, inside) = asked.range.inside(spreadsheet)?;
    let block = Block::read(body, super::major(body))?;
    let rect = Rect {
        top: inside.top,
        bottom: inside.top + block.rows.max(1),
        left: inside.left,
        right: inside.left + block.columns.max(1),
    };
    let (bottom, right) = (tab.grid.row_count(), tab.grid.column_count());
    let room = if asked.anchor { Rect { bottom, right, ..inside } } else { inside };
    check_within(&room, &rect, text)?;
    put(spreadsheet, asked.range.sheet, &rect, &block, writer).map(|mut written| {
        written.asked = if asked.anchor { rect } else { inside };
        written
    })
}

fn check_within(inside: &Rect, rect: &Rect, range: &str) -> Answer<()> {
    let tried = if rect.right > inside.right {
        format!("column [{}]", a1::column_letters(inside.right))
    } else if rect.bottom > inside.bottom {
        format!("row [{}]", inside.bottom + 1)
    } else {
        return Ok(());
    };
    Err(ApiError::invalid(format!("Requested writing within range [{range}], but tried writing to {tried}")))
}

/// The lists of a `ValueRange`, turned into rows.
#[derive(Debug)]
pub struct Block<'a> {
    lists: Vec<&'a [Value]>,
    major: Dimension,
    /// Height.
    pub rows: usize,
    /// Width.
    pub columns: usize,
}

impl<'a> Block<'a> {
    /// Reads `values`; a cell may be text, a number, a boolean or null.
    pub fn read(body: &'a Value, major: Dimension) -> Answer<Self> {
        let empty: &[Value] = &[];
        let lists: Vec<&[Value]> = body["values"].as_array().map_or_else(Vec::new, |lists| {
            lists.iter().map(|list| list.as_array().map_or(empty, Vec::as_slice)).collect()
        });
        for (row, list) in lists.iter().enumerate() {
            for (column, value) in list.iter().enumerate() {
                if let Some(kind) = not_a_cell(value) {
                    return Err(ApiError::invalid(format!("Invalid values[{row}][{column}]: {kind}")));
                }
            }
        }
        let long = lists.iter().map(|list| list.len()).max().unwrap_or(0);
        let (rows, columns) = match major {
            Dimension::Rows => (lists.len(), long),
            Dimension::Columns => (long, lists.len()),
        };
        Ok(Self { lists, major, rows, columns })
    }

    fn cells(&self) -> impl Iterator<Item = (usize, usize, &'a Value)> {
        let major = self.major;
        self.lists.iter().enumerate().flat_map(move |(outer, list)| {
            list.iter().enumerate().map(move |(inner, value)| match major {
                Dimension::Rows => (outer, inner, value),
                Dimension::Columns => (inner, outer, value),
            })
        })
    }
}

/// The proto text of a value that no cell can hold.
fn not_a_cell(value: &Value) -> Option<String> {
    match value {
        Value::Object(_) => Some(format!("struct_value {{\n{}}}\n", proto_fields(value))),
        Value::Array(_) => Some("list_value {\n}\n".to_owned()),
        _ => None,
    }
}

fn proto_fields(value: &Value) -> String {
    let keys = value.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    keys.flat_map(|key| ["  fields {\n    key: \"", key, "\"\n  }\n"]).collect()
}

/// Writes a block at a rectangle that is known to lie inside the grid.
pub fn put(
    spreadsheet: &mut Spreadsheet,
    sheet: i64,
    rect: &Rect,
    block: &Block,
    writer: Writer,
) -> Answer<Written> {
    protect::check(spreadsheet, &GridRange::of(sheet, *rect), writer.actor)?;
    let mut written = Written {
        sheet,
        rect: *rect,
        asked: *rect,
        rows: BTreeSet::new(),
        columns: BTreeSet::new(),
        cells: 0,
    };
    let language = spreadsheet.language();
    let today = writer.now.local(&spreadsheet.time_zone).date();
    for (row, column, value) in block.cells() {
        let (row, column) = (rect.top + row, rect.left + column);
        let entered = match (writer.option, value) {
            (_, Value::Null) => continue,
            (InputOption::UserEntered, Value::String(text)) => {
                let format = spreadsheet.tab(sheet)?.grid.row(row).format(column);
                let current = spreadsheet.formats.number(format);
                input::typed(text, current, language, today)
            }
            _ => Entered::plain(raw(value)),
        };
        enter(spreadsheet, sheet, row, column, entered)?;
        written.rows.insert(row);
        written.columns.insert(column);
        written.cells += 1;
    }
    Ok(written)
}

fn raw(value: &Value) -> Cell {
    match value {
        Value::Number(number) => Cell::Number(number.as_f64().unwrap_or_default()),
        Value::Bool(flag) => Cell::Bool(*flag),
        Value::String(text) => Cell::text(text),
        _ => Cell::Empty,
    }
}

/// Puts one entered value with the format it brings.
pub fn enter(
    spreadsheet: &mut Spreadsheet,
    sheet: i64,
    row: usize,
    column: usize,
    entered: Entered,
) -> Answer<()> {
    if entered.cell.characters() > MAX_CHARACTERS {
        return Err(ApiError::invalid(format!(
            "Your input contains more than the maximum of {MAX_CHARACTERS} characters in a single cell."
        )));
    }
    let cell = rewrite::entered(spreadsheet, entered.cell);
    spreadsheet.has_formulas |= matches!(cell, Cell::Formula(_));
    let format = if entered.format.is_some() || entered.link {
        let old = spreadsheet.tab(sheet)?.grid.row(row).format(column);
        let mut format = spreadsheet.formats.get(old).cloned().unwrap_or_else(|| json!({}));
        if let Some(number) = entered.format {
            format["numberFormat"] = number;
        }
        if let (true, Cell::Text(uri)) = (entered.link, &cell) {
            format["textFormat"]["link"] = json!({ "uri": uri.as_str() });
        }
        Some(spreadsheet.format_id(format))
    } else {
        None
    };
    let grid = &mut spreadsheet.tab_mut(sheet)?.grid;
    grid.set(row, column, cell);
    if let Some(format) = format {
        grid.row_mut(row).set_format(column, format);
    }
    Ok(())
}

/// The `UpdateValuesResponse`; counts of nothing are left out.
pub fn response(id: Option<&str>, tab: &Tab, written: &Written) -> Map<String, Value> {
    let mut answer = Map::new();
    if let Some(id) = id {
        answer.insert("spreadsheetId".to_owned(), Value::from(id));
    }
    answer.insert("updatedRange".to_owned(), Value::from(a1::write(&written.rect, tab)));
    for (name, count) in [
        ("updatedRows", written.rows.len()),
        ("updatedColumns", written.columns.len()),
        ("updatedCells", written.cells),
    ] {
        if count > 0 {
            answer.insert(name.to_owned(), Value::from(count));
        }
    }
    answer
}

/// What was written, read back: all of the requested range when it was larger.
pub fn updated_data(
    spreadsheet: &Spreadsheet,
    written: &Written,
    major: Dimension,
    how: Rendering,
    now: Moment,
) -> Answer<Value> {
    let view = View::new(spreadsheet, now);
    let tab = spreadsheet.tab(written.sheet)?;
    Ok(read::value_range(&view, tab, &written.asked, major, how))
}
