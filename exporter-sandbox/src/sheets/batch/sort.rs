//! `sortRange` and `randomizeRange`: cells change rows, rows stay where they are.

use std::cmp::Ordering;

use serde_json::Value;

use super::{Context, index};
use crate::sheets::a1;
use crate::sheets::cell::{Cell, Scalar};
use crate::sheets::clock::Moment;
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::formula;
use crate::sheets::grid::Row;
use crate::sheets::model::Spreadsheet;
use crate::sheets::protect;
use crate::sheets::range::{Dimension, GridRange, Rect};
use crate::sheets::view::View;

/// `sortRange`
pub fn sort(context: &mut Context, body: &Value) -> Answer<()> {
    let range = GridRange::read(&body["range"])?;
    check_start(context.spreadsheet, &range)?;
    let (tab, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    let crossed = tab.merged().into_iter().find(|merge| merge.meets(&rect) && merge.height() > 1);
    if let Some(merge) = crossed {
        return Err(ApiError::invalid(format!(
            "You can't sort a range containing vertical merges. There is a vertical merge at {}",
            a1::write_cells(&merge)
        )));
    }
    let specs = body["sortSpecs"].as_array().cloned().unwrap_or_default();
    let order = order(context.spreadsheet, range.sheet, &rect, &specs, context.now)?;
    rearrange(context.spreadsheet, range.sheet, &rect, &order)
}

/// Refuses a range that starts below or right of the grid, in words of this request alone.
fn check_start(spreadsheet: &Spreadsheet, range: &GridRange) -> Answer<()> {
    let grid = &spreadsheet.tab(range.sheet)?.grid;
    let sides = [("Row", range.top, grid.row_count()), ("Column", range.left, grid.column_count())];
    for (axis, start, size) in sides {
        if start.is_some_and(|start| start >= size) {
            return Err(ApiError::invalid(format!(
                "range.start{axis}Index is larger than current grid size ({size})"
            )));
        }
    }
    Ok(())
}

/// The rows of the rectangle in sorted order: numbers before text before booleans, empty
/// cells last whichever the direction. Equal rows keep their order, and a row out of sight
/// its place.
pub fn order(
    spreadsheet: &Spreadsheet,
    sheet: i64,
    rect: &Rect,
    specs: &[Value],
    now: Moment,
) -> Answer<Vec<usize>> {
    let tab = spreadsheet.tab(sheet)?;
    let view = View::new(spreadsheet, now);
    let columns: Vec<(usize, bool)> = specs
        .iter()
        .map(|spec| (index(&spec["dimensionIndex"]), spec["sortOrder"] == "DESCENDING"))
        .collect();
    if columns.iter().any(|&(column, _)| column < rect.left || column >= rect.right) {
        return Err(ApiError::invalid("The sort column is outside the range."));
    }
    let unseen = |row: usize| {
        let band = tab.grid.band(Dimension::Rows, row);
        band.hidden || band.filtered
    };
    let mut rows: Vec<(usize, Vec<Scalar>)> = (rect.top..rect.bottom)
        .filter(|&row| !unseen(row))
        .map(|row| (row, columns.iter().map(|&(column, _)| view.scalar(tab, row, column)).collect()))
        .collect();
    rows.sort_by(|(_, a), (_, b)| {
        let by_column = columns
            .iter()
            .enumerate()
            .map(|(place, &(_, descending))| compare(&a[place], &b[place], descending));
        by_column.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    });
    let mut sorted = rows.into_iter().map(|(row, _)| row);
    let places = rect.top..rect.bottom;
    Ok(places.map(|row| if unseen(row) { row } else { sorted.next().unwrap_or(row) }).collect())
}

fn compare(a: &Scalar, b: &Scalar, descending: bool) -> Ordering {
    match (a == &Scalar::Empty, b == &Scalar::Empty) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let order = formula::compare(a, b);
            if descending { order.reverse() } else { order }
        }
    }
}

/// `randomizeRange`
pub fn shuffle(context: &mut Context, body: &Value) -> Answer<()> {
    let range = GridRange::read(&body["range"])?;
    let (_, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    let mut order: Vec<(u64, usize)> = (rect.top..rect.bottom).map(|row| (context.ids.bits(), row)).collect();
    order.sort_unstable();
    let order: Vec<usize> = order.into_iter().map(|(_, row)| row).collect();
    rearrange(context.spreadsheet, range.sheet, &rect, &order)
}

/// Puts the cells of the rectangle's rows into a new order; a formula's references move
/// along as if it had been copied.
pub fn rearrange(spreadsheet: &mut Spreadsheet, sheet: i64, rect: &Rect, order: &[usize]) -> Answer<()> {
    let grid = &mut spreadsheet.tab_mut(sheet)?.grid;
    let old: Vec<Row> = order.iter().map(|&row| grid.row(row).clone()).collect();
    for (offset, (row, &from)) in old.iter().zip(order).enumerate() {
        let to = rect.top + offset;
        if to == from {
            continue;
        }
        let by = isize::try_from(to).unwrap_or(0) - isize::try_from(from).unwrap_or(0);
        let target = grid.row_mut(to);
        for column in rect.left..rect.right {
            target.copy_cell(column, row, column);
            if let Cell::Formula(text) = row.cell(column) {
                let moved = formula::rewrite::copied(text, by, 0);
                target.set(column, Cell::Formula(moved.into()));
            }
        }
    }
    Ok(())
}
