//! Requests that copy, cut, fill and shift blocks of cells.

use serde_json::Value;

use super::{Context, index, sheet_id};
use crate::sheets::cell::Cell;
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::formula;
use crate::sheets::grid::Row;
use crate::sheets::input;
use crate::sheets::model::Spreadsheet;
use crate::sheets::protect;
use crate::sheets::range::{Dimension, GridRange, Rect};
use crate::sheets::values::write;
use crate::sheets::view::View;

/// A block taken out of a tab.
struct Block {
    top: usize,
    left: usize,
    width: usize,
    rows: Vec<Row>,
}

fn take(spreadsheet: &Spreadsheet, sheet: i64, rect: &Rect) -> Answer<Block> {
    let grid = &spreadsheet.tab(sheet)?.grid;
    let rows = (rect.top..rect.bottom).map(|row| grid.row(row).clone()).collect();
    Ok(Block { top: rect.top, left: rect.left, width: rect.width(), rows })
}

/// `copyPaste`: the source is repeated as often as it fits into the destination.
pub fn copy(context: &mut Context, body: &Value) -> Answer<()> {
    let source = GridRange::read(&body["source"])?;
    let target = GridRange::read(&body["destination"])?;
    let (_, from) = source.inside(context.spreadsheet)?;
    let (_, to) = target.inside(context.spreadsheet)?;
    let mut block = take(context.spreadsheet, source.sheet, &from)?;
    let kind = body["pasteType"].as_str().unwrap_or("PASTE_NORMAL");
    if kind == "PASTE_VALUES" {
        freeze(context, source.sheet, &from, &mut block)?;
    }
    let transposed = body["pasteOrientation"] == "TRANSPOSE";
    let (height, width) =
        if transposed { (block.width, block.rows.len()) } else { (block.rows.len(), block.width) };
    let times = |space: usize, size: usize| (space / size.max(1)).max(1) * size;
    let (rows, columns) = (times(to.height(), height), times(to.width(), width));
    let rect = Rect { top: to.top, bottom: to.top + rows, left: to.left, right: to.left + columns };
    check_grid(context.spreadsheet, target.sheet, &rect)?;
    protect::check(context.spreadsheet, &GridRange::of(target.sheet, rect), context.actor)?;
    for row in 0..rows {
        for column in 0..columns {
            let (a, b) = (row % height, column % width);
            let (a, b) = if transposed { (b, a) } else { (a, b) };
            put(context, target.sheet, (rect.top + row, rect.left + column), &block, (a, b), kind)?;
        }
    }
    Ok(())
}

/// `cutPaste`: the source is empty afterwards; formulas keep their references.
pub fn cut(context: &mut Context, body: &Value) -> Answer<()> {
    let source = GridRange::read(&body["source"])?;
    let (_, from) = source.inside(context.spreadsheet)?;
    let target = &body["destination"];
    let (sheet, top, left) = (sheet_id(target), index(&target["rowIndex"]), index(&target["columnIndex"]));
    let rect = Rect { top, bottom: top + from.height(), left, right: left + from.width() };
    check_grid(context.spreadsheet, sheet, &rect)?;
    protect::check(context.spreadsheet, &source, context.actor)?;
    protect::check(context.spreadsheet, &GridRange::of(sheet, rect), context.actor)?;
    let block = take(context.spreadsheet, source.sheet, &from)?;
    let nothing = Row::default();
    let grid = &mut context.spreadsheet.tab_mut(source.sheet)?.grid;
    for row in from.top..from.bottom {
        for column in from.left..from.right {
            grid.row_mut(row).copy_cell(column, &nothing, 0);
        }
    }
    let grid = &mut context.spreadsheet.tab_mut(sheet)?.grid;
    for (offset, row) in block.rows.iter().enumerate() {
        for column in 0..block.width {
            grid.row_mut(top + offset).copy_cell(left + column, row, block.left + column);
        }
    }
    Ok(())
}

/// Replaces formulas by their results.
fn freeze(context: &Context, sheet: i64, rect: &Rect, block: &mut Block) -> Answer<()> {
    let view = View::new(context.spreadsheet, context.now);
    let tab = context.spreadsheet.tab(sheet)?;
    for (offset, row) in block.rows.iter_mut().enumerate() {
        for column in rect.left..rect.right {
            if matches!(row.cell(column), Cell::Formula(_)) {
                let scalar = view.scalar(tab, rect.top + offset, column);
                row.set(column, Cell::from_entered(&scalar.effective().unwrap_or_default()));
            }
        }
    }
    Ok(())
}

fn put(
    context: &mut Context,
    sheet: i64,
    (row, column): (usize, usize),
    block: &Block,
    (a, b): (usize, usize),
    kind: &str,
) -> Answer<()> {
    let (source, from) = (&block.rows[a], block.left + b);
    let target = context.spreadsheet.tab_mut(sheet)?.grid.row_mut(row);
    match kind {
        "PASTE_FORMAT" => target.set_format(column, source.format(from)),
        "PASTE_DATA_VALIDATION" => {
            let rule = source.extra(from).and_then(|fields| fields.get("dataValidation"));
            target.set_extra(column, "dataValidation", rule.cloned());
        }
        "PASTE_VALUES" | "PASTE_FORMULA" => target.set(column, source.cell(from).clone()),
        "PASTE_CONDITIONAL_FORMATTING" => {}
        _ => target.copy_cell(column, source, from),
    }
    let pastes_formula = matches!(kind, "PASTE_NORMAL" | "PASTE_FORMULA" | "PASTE_NO_BORDERS");
    if let (true, Cell::Formula(text)) = (pastes_formula, source.cell(from)) {
        let by =
            |to: usize, from: usize| isize::try_from(to).unwrap_or(0) - isize::try_from(from).unwrap_or(0);
        let moved = formula::rewrite::copied(text, by(row, block.top + a), by(column, from));
        target.set(column, Cell::Formula(moved.into()));
    }
    Ok(())
}

/// `pasteData`: delimited text, read as if typed.
pub fn data(context: &mut Context, body: &Value) -> Answer<()> {
    let at = &body["coordinate"];
    let (sheet, top, left) = (sheet_id(at), index(&at["rowIndex"]), index(&at["columnIndex"]));
    let delimiter = body["delimiter"].as_str().filter(|text| !text.is_empty()).unwrap_or("\t");
    let text = body["data"].as_str().unwrap_or_default();
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(delimiter).collect()).collect();
    let width = lines.iter().map(Vec::len).max().unwrap_or(0);
    let rect = Rect { top, bottom: top + lines.len(), left, right: left + width };
    check_grid(context.spreadsheet, sheet, &rect)?;
    protect::check(context.spreadsheet, &GridRange::of(sheet, rect), context.actor)?;
    let language = context.spreadsheet.language();
    let today = context.now.local(&context.spreadsheet.time_zone).date();
    for (row, line) in lines.iter().enumerate() {
        for (column, text) in line.iter().enumerate() {
            let entered = input::typed(text, None, language, today);
            write::enter(context.spreadsheet, sheet, top + row, left + column, entered)?;
        }
    }
    Ok(())
}

/// `autoFill`: the source's cells are continued over the destination.
pub fn fill(context: &mut Context, body: &Value) -> Answer<()> {
    let plan = &body["sourceAndDestination"];
    let source = GridRange::read(&plan["source"])?;
    let (_, from) = source.inside(context.spreadsheet)?;
    let length = plan["fillLength"].as_i64().unwrap_or(0);
    let size = usize::try_from(length.unsigned_abs()).unwrap_or(0);
    let rect = match (Dimension::read(&plan["dimension"]), length < 0) {
        (Dimension::Rows, false) => Rect { top: from.bottom, bottom: from.bottom + size, ..from },
        (Dimension::Rows, true) => Rect { top: from.top.saturating_sub(size), bottom: from.top, ..from },
        (Dimension::Columns, false) => Rect { left: from.right, right: from.right + size, ..from },
        (Dimension::Columns, true) => Rect { left: from.left.saturating_sub(size), right: from.left, ..from },
    };
    check_grid(context.spreadsheet, source.sheet, &rect)?;
    protect::check(context.spreadsheet, &GridRange::of(source.sheet, rect), context.actor)?;
    let block = take(context.spreadsheet, source.sheet, &from)?;
    for row in 0..rect.height() {
        for column in 0..rect.width() {
            let piece = (row % block.rows.len().max(1), column % block.width.max(1));
            let place = (rect.top + row, rect.left + column);
            put(context, source.sheet, place, &block, piece, "PASTE_NORMAL")?;
        }
    }
    Ok(())
}

/// `insertRange`: what stands there is pushed down or right.
pub fn insert_range(context: &mut Context, body: &Value) -> Answer<()> {
    slide(context, body, true)
}

/// `deleteRange`: what stands behind comes up or left.
pub fn delete_range(context: &mut Context, body: &Value) -> Answer<()> {
    slide(context, body, false)
}

fn slide(context: &mut Context, body: &Value, insert: bool) -> Answer<()> {
    let range = GridRange::read(&body["range"])?;
    let (tab, rect) = range.inside(context.spreadsheet)?;
    let (rows, columns) = (tab.grid.row_count(), tab.grid.column_count());
    let down = Dimension::read(&body["shiftDimension"]) == Dimension::Rows;
    let affected = if down { Rect { bottom: rows, ..rect } } else { Rect { right: columns, ..rect } };
    protect::check(context.spreadsheet, &GridRange::of(range.sheet, affected), context.actor)?;
    let size = if down { rect.height() } else { rect.width() };
    let block = take(context.spreadsheet, range.sheet, &affected)?;
    let nothing = Row::default();
    let grid = &mut context.spreadsheet.tab_mut(range.sheet)?.grid;
    if insert {
        // What would fall off the end needs new rows or columns.
        let used = grid.used();
        if down && used.bottom + size > rows {
            grid.set_row_count(used.bottom.max(rect.top) + size);
        } else if !down && used.right + size > columns {
            grid.set_column_count(used.right.max(rect.left) + size);
        }
    }
    let (bottom, right) =
        if down { (grid.row_count(), rect.right) } else { (rect.bottom, grid.column_count()) };
    for row in rect.top..bottom {
        for column in rect.left..right {
            let offset = if down { row - rect.top } else { column - rect.left };
            let from = if insert { offset.checked_sub(size) } else { Some(offset + size) };
            let (a, b) = match (from, down) {
                (None, _) => (usize::MAX, 0),
                (Some(from), true) => (from, column),
                (Some(from), false) => (row - rect.top, rect.left + from),
            };
            let source = block.rows.get(a).unwrap_or(&nothing);
            let empty = source.extent() == 0 && grid.row(row).extent() == 0;
            if !empty {
                grid.row_mut(row).copy_cell(column, source, b);
            }
        }
    }
    context.spreadsheet.check_growth(0)
}

fn check_grid(spreadsheet: &Spreadsheet, sheet: i64, rect: &Rect) -> Answer<()> {
    let grid = &spreadsheet.tab(sheet)?.grid;
    if rect.bottom > grid.row_count() || rect.right > grid.column_count() {
        return Err(ApiError::invalid(format!(
            "The destination exceeds grid limits. Max rows: {}, max columns: {}",
            grid.row_count(),
            grid.column_count()
        )));
    }
    Ok(())
}
