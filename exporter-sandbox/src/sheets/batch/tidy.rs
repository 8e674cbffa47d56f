//! Requests that clean data up: white space, duplicates, split text.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::Context;
use crate::sheets::cell::Cell;
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::grid::Row;
use crate::sheets::input;
use crate::sheets::protect;
use crate::sheets::range::{Dimension, GridRange};
use crate::sheets::shift::{Change, Shift};
use crate::sheets::values::write;
use crate::sheets::view::View;

/// `trimWhitespace`: none at the ends, single spaces inside.
pub fn trim(context: &mut Context, body: &Value) -> Answer<Value> {
    let range = GridRange::read(&body["range"])?;
    let (_, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    let grid = &mut context.spreadsheet.tab_mut(range.sheet)?.grid;
    let mut changed = 0;
    for row in rect.top..rect.bottom.min(grid.rows().len()) {
        for column in rect.left..rect.right {
            let Cell::Text(text) = grid.cell(row, column) else { continue };
            let trimmed = text.split_whitespace().collect::<Vec<_>>().join(" ");
            if trimmed != text.as_str() {
                grid.set(row, column, Cell::text(&trimmed));
                changed += 1;
            }
        }
    }
    Ok(if changed == 0 { json!({}) } else { json!({ "cellsChangedCount": changed }) })
}

/// `deleteDuplicates`: the first of equal rows stays; the others leave the range.
pub fn duplicates(context: &mut Context, body: &Value) -> Answer<Value> {
    let range = GridRange::read(&body["range"])?;
    let (_, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    let mut columns: Vec<usize> = Vec::new();
    for chosen in body["comparisonColumns"].as_array().into_iter().flatten() {
        let start = super::index(&chosen["startIndex"]).max(rect.left);
        columns.extend(start..super::index(&chosen["endIndex"]).min(rect.right));
    }
    if columns.is_empty() {
        columns.extend(rect.left..rect.right);
    }
    let doubled: Vec<usize> = {
        let view = View::new(context.spreadsheet, context.now);
        let tab = view.spreadsheet.tab(range.sheet)?;
        let mut seen = HashSet::new();
        let key = |row: usize| -> Vec<String> {
            columns.iter().map(|&column| view.formatted(tab, row, column).to_lowercase()).collect()
        };
        (rect.top..rect.bottom).filter(|&row| !seen.insert(key(row))).collect()
    };
    let whole = rect.width() == context.spreadsheet.tab(range.sheet)?.grid.column_count();
    for &row in doubled.iter().rev() {
        if whole {
            let change = Change::Delete { start: row, end: row + 1 };
            context.spreadsheet.shift(Shift { sheet: range.sheet, dimension: Dimension::Rows, change })?;
            continue;
        }
        let grid = &mut context.spreadsheet.tab_mut(range.sheet)?.grid;
        for target in row..rect.bottom {
            let source = if target + 1 < rect.bottom { grid.row(target + 1).clone() } else { Row::default() };
            for column in rect.left..rect.right {
                grid.row_mut(target).copy_cell(column, &source, column);
            }
        }
    }
    if doubled.is_empty() {
        return Ok(json!({}));
    }
    Ok(json!({ "duplicatesRemovedCount": doubled.len() }))
}

/// `textToColumns`: one column of text becomes several.
pub fn split(context: &mut Context, body: &Value) -> Answer<()> {
    let range = GridRange::read(&body["source"])?;
    let (tab, rect) = range.inside(context.spreadsheet)?;
    if rect.width() != 1 {
        return Err(ApiError::invalid("The source range must be exactly one column wide."));
    }
    protect::check(context.spreadsheet, &range, context.actor)?;
    let rows: Vec<(usize, String)> = (rect.top..rect.bottom)
        .filter_map(|row| match tab.grid.cell(row, rect.left) {
            Cell::Text(text) => Some((row, text.to_string())),
            _ => None,
        })
        .collect();
    let delimiter = match body["delimiterType"].as_str() {
        Some("COMMA") => ",",
        Some("SEMICOLON") => ";",
        Some("PERIOD") => ".",
        Some("SPACE") => " ",
        Some("CUSTOM") => body["delimiter"].as_str().unwrap_or(","),
        _ => {
            let most = [",", ";", "\t", " "]
                .into_iter()
                .max_by_key(|sign| rows.iter().filter(|(_, text)| text.contains(sign)).count());
            most.unwrap_or(",")
        }
    };
    let language = context.spreadsheet.language();
    let today = context.now.local(&context.spreadsheet.time_zone).date();
    for (row, text) in rows {
        let pieces: Vec<&str> = text.split(delimiter).collect();
        let grid = &mut context.spreadsheet.tab_mut(range.sheet)?.grid;
        if rect.left + pieces.len() > grid.column_count() {
            grid.set_column_count(rect.left + pieces.len());
        }
        for (column, piece) in pieces.iter().enumerate() {
            let entered = input::typed(piece.trim(), None, language, today);
            write::enter(context.spreadsheet, range.sheet, row, rect.left + column, entered)?;
        }
    }
    context.spreadsheet.check_growth(0)
}
