//! Requests on merged cells.

use serde_json::Value;

use super::Context;
use crate::sheets::cell::Cell;
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::model::Tab;
use crate::sheets::protect;
use crate::sheets::range::{GridRange, Rect};

/// `mergeCells`: merges inside the range are swallowed by the new one; only the first value
/// of each merge stays.
pub fn merge(context: &mut Context, body: &Value) -> Answer<()> {
    let range = GridRange::read(&body["range"])?;
    let (tab, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    check_whole(tab, &rect)?;
    let parts: Vec<Rect> = match body["mergeType"].as_str() {
        Some("MERGE_COLUMNS") => {
            (rect.left..rect.right).map(|column| Rect { left: column, right: column + 1, ..rect }).collect()
        }
        Some("MERGE_ROWS") => {
            (rect.top..rect.bottom).map(|row| Rect { top: row, bottom: row + 1, ..rect }).collect()
        }
        _ => vec![rect],
    };
    remove(context, range.sheet, &rect)?;
    let tab = context.spreadsheet.tab_mut(range.sheet)?;
    for part in parts.into_iter().filter(|part| part.height() * part.width() > 1) {
        let cells =
            (part.top..part.bottom).flat_map(|row| (part.left..part.right).map(move |column| (row, column)));
        let first = cells.clone().find(|&(row, column)| !tab.grid.cell(row, column).is_empty());
        let kept = first.map_or(Cell::Empty, |(row, column)| tab.grid.cell(row, column).clone());
        for (row, column) in cells {
            tab.grid.set(row, column, Cell::Empty);
        }
        tab.grid.set(part.top, part.left, kept);
        tab.merges.push(GridRange::of(range.sheet, part).write());
    }
    Ok(())
}

/// `unmergeCells`: every merge in the range.
pub fn unmerge(context: &mut Context, body: &Value) -> Answer<()> {
    let range = GridRange::read(&body["range"])?;
    let (tab, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    check_whole(tab, &rect)?;
    remove(context, range.sheet, &rect)
}

/// Refuses a range that cuts a merge in two.
fn check_whole(tab: &Tab, rect: &Rect) -> Answer<()> {
    if tab.merged().iter().any(|merge| merge.meets(rect) && !rect.covers(merge)) {
        return Err(ApiError::invalid(
            "You must select all cells in a merged range to merge or unmerge them.",
        ));
    }
    Ok(())
}

fn remove(context: &mut Context, sheet: i64, rect: &Rect) -> Answer<()> {
    let tab = context.spreadsheet.tab_mut(sheet)?;
    let merged = tab.merged();
    let mut stays = merged.iter().map(|merge| !merge.meets(rect));
    tab.merges.retain(|_| stays.next().unwrap_or(true));
    Ok(())
}
