//! Requests that write cells: values, formats, notes, validation rules.

use serde_json::{Map, Value};

use super::{Context, colours, index, sheet_id};
use crate::sheets::cell::{Cell, MAX_CHARACTERS};
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::fields::Mask;
use crate::sheets::formula;
use crate::sheets::model::Spreadsheet;
use crate::sheets::protect;
use crate::sheets::range::{GridRange, Rect};

/// Fields of a cell that are kept beside its value and format.
const EXTRAS: [&str; 5] = ["note", "dataValidation", "textFormatRuns", "pivotTable", "chipRuns"];

/// `updateCells`: from a start, or exactly a range, where short rows clear the fields.
pub fn update(context: &mut Context, body: &Value) -> Answer<()> {
    let mask = Mask::of_change(body, "CellData")?;
    let empty = Vec::new();
    let rows = body["rows"].as_array().unwrap_or(&empty);
    let width = rows.iter().map(|row| values(row).len()).max().unwrap_or(0);
    let (sheet, rect, clears) = if let Some(range) = body.get("range") {
        let range = GridRange::read(range)?;
        let (_, rect) = range.inside(context.spreadsheet)?;
        check_fits(rows, &rect)?;
        (range.sheet, rect, true)
    } else if let Some(start) = body.get("start") {
        let (top, left) = (index(&start["rowIndex"]), index(&start["columnIndex"]));
        let rect = Rect { top, bottom: top + rows.len(), left, right: left + width };
        let sheet = sheet_id(start);
        check_inside(context.spreadsheet, sheet, rows, &rect)?;
        (sheet, rect, false)
    } else {
        return Err(ApiError::invalid("Must specify a range or a start."));
    };
    protect::check(context.spreadsheet, &GridRange::of(sheet, rect), context.actor)?;
    for row in rect.top..rect.bottom {
        let given = rows.get(row - rect.top).map_or(&[][..], values);
        let end = if clears { rect.width() } else { given.len() };
        for column in 0..end {
            let data = given.get(column).unwrap_or(&Value::Null);
            put(context.spreadsheet, sheet, row, rect.left + column, data, &mask)?;
        }
    }
    Ok(())
}

/// `repeatCell`: the same cell all over a range; a formula's references move along.
pub fn repeat(context: &mut Context, body: &Value) -> Answer<()> {
    let mask = Mask::of_change(body, "CellData")?;
    let range = GridRange::read(&body["range"])?;
    let (_, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    let formula = body["cell"]["userEnteredValue"]["formulaValue"].as_str().map(str::to_owned);
    let mut data = body["cell"].clone();
    for row in rect.top..rect.bottom {
        for column in rect.left..rect.right {
            if let Some(formula) = &formula {
                let by = |to: usize, from: usize| isize::try_from(to - from).unwrap_or(0);
                let moved = formula::rewrite::copied(formula, by(row, rect.top), by(column, rect.left));
                data["userEnteredValue"]["formulaValue"] = Value::from(moved);
            }
            put(context.spreadsheet, range.sheet, row, column, &data, &mask)?;
        }
    }
    Ok(())
}

/// `appendCells`: below the last row of the tab that holds anything, growing the grid.
pub fn append(context: &mut Context, body: &Value) -> Answer<()> {
    let mask = Mask::of_change(body, "CellData")?;
    let sheet = sheet_id(body);
    let empty = Vec::new();
    let rows = body["rows"].as_array().unwrap_or(&empty);
    let width = rows.iter().map(|row| values(row).len()).max().unwrap_or(0);
    let grid = &context.spreadsheet.tab(sheet)?.grid;
    let top = grid.used_rows();
    let (old_rows, old_columns) = (grid.row_count(), grid.column_count());
    let rect = Rect { top, bottom: top + rows.len(), left: 0, right: width };
    check_fits(rows, &Rect { right: old_columns, ..rect })?;
    let new_rows = old_rows.max(rect.bottom);
    context.spreadsheet.check_growth((new_rows - old_rows) * old_columns)?;
    protect::check(context.spreadsheet, &GridRange::of(sheet, rect), context.actor)?;
    if new_rows > old_rows {
        context.spreadsheet.tab_mut(sheet)?.grid.set_row_count(new_rows);
    }
    for (row, cells) in rows.iter().enumerate() {
        for (column, data) in values(cells).iter().enumerate() {
            put(context.spreadsheet, sheet, top + row, column, data, &mask)?;
        }
    }
    Ok(())
}

/// `setDataValidation`: a rule for a range; none takes it away.
pub fn validation(context: &mut Context, body: &Value) -> Answer<()> {
    let range = GridRange::read(&body["range"])?;
    let (_, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    let grid = &mut context.spreadsheet.tab_mut(range.sheet)?.grid;
    for row in rect.top..rect.bottom {
        for column in rect.left..rect.right {
            grid.row_mut(row).set_extra(column, "dataValidation", body.get("rule").cloned());
        }
    }
    Ok(())
}

fn values(row: &Value) -> &[Value] {
    row["values"].as_array().map_or(&[], Vec::as_slice)
}

fn check_inside(spreadsheet: &Spreadsheet, sheet: i64, rows: &[Value], rect: &Rect) -> Answer<()> {
    let grid = &spreadsheet.tab(sheet)?.grid;
    let (bottom, right) = (grid.row_count(), grid.column_count());
    for (axis, start, count) in [("row", rect.top, bottom), ("column", rect.left, right)] {
        if start >= count {
            return Err(ApiError::invalid(format!(
                "GridCoordinate.{axis}Index[{start}] is after last {axis} in grid[{count}]"
            )));
        }
    }
    check_fits(rows, &Rect { bottom, right, ..*rect })
}

/// Refuses rows that reach out of the rectangle, naming the first place outside.
fn check_fits(rows: &[Value], rect: &Rect) -> Answer<()> {
    for (row, data) in (rect.top..).zip(rows) {
        let outside = if row >= rect.bottom {
            Some(("row", rect.bottom))
        } else if rect.left + values(data).len() > rect.right {
            Some(("column", rect.right))
        } else {
            None
        };
        if let Some((axis, end)) = outside {
            return Err(ApiError::invalid(format!(
                "Attempting to write {axis}: {end}, beyond the last requested {axis} of: {}",
                end.max(1) - 1
            )));
        }
    }
    Ok(())
}

/// Writes the masked fields of a `CellData` to a cell.
fn put(
    spreadsheet: &mut Spreadsheet,
    sheet: i64,
    row: usize,
    column: usize,
    data: &Value,
    mask: &Mask,
) -> Answer<()> {
    if mask.under("userEnteredValue").is_some() {
        let cell = Cell::from_entered(&data["userEnteredValue"]);
        let cell = formula::rewrite::entered(spreadsheet, cell);
        if cell.characters() > MAX_CHARACTERS {
            return Err(ApiError::invalid(format!(
                "Your input contains more than the maximum of {MAX_CHARACTERS} characters in a single cell."
            )));
        }
        spreadsheet.has_formulas |= matches!(cell, Cell::Formula(_));
        spreadsheet.tab_mut(sheet)?.grid.set(row, column, cell);
    }
    if let Some(mask) = mask.under("userEnteredFormat") {
        let old = spreadsheet.tab(sheet)?.grid.row(row).format(column);
        let mut format = match spreadsheet.formats.get(old) {
            Some(Value::Object(format)) => format.clone(),
            _ => Map::new(),
        };
        mask.merge(&mut format, &data["userEnteredFormat"]);
        colours::complete(&mut format, mask, "backgroundColor", "backgroundColorStyle");
        if let Some(borders) = format.get_mut("borders") {
            colours::complete_all(borders);
        }
        if let (Some(Value::Object(text)), Some(mask)) =
            (format.get_mut("textFormat"), mask.under("textFormat"))
        {
            colours::complete(text, mask, "foregroundColor", "foregroundColorStyle");
        }
        let id = spreadsheet.format_id(Value::Object(format));
        if id != old {
            spreadsheet.tab_mut(sheet)?.grid.row_mut(row).set_format(column, id);
        }
    }
    for name in EXTRAS {
        if mask.under(name).is_some() {
            let value = data.get(name).filter(|value| **value != *"").cloned();
            let grid = &mut spreadsheet.tab_mut(sheet)?.grid;
            let known = grid.row(row).extra(column).is_some_and(|fields| fields.contains_key(name));
            if value.is_some() || known {
                grid.row_mut(row).set_extra(column, name, value);
            }
        }
    }
    Ok(())
}
