//! `values.append`: finds the table that a range meets and writes below it.

use serde_json::{Value, json};

use crate::sheets::a1;
use crate::sheets::errors::Answer;
use crate::sheets::model::{Spreadsheet, Tab};
use crate::sheets::range::{Dimension, Rect};
use crate::sheets::shift::{Change, Shift};

use super::write::{self, Block, Writer, Written};

/// What an append did.
#[derive(Debug)]
pub struct Appended {
    /// The table under which it wrote, as it was; `None` when the range met none.
    pub table: Option<String>,
    /// What was written.
    pub written: Written,
}

/// Appends the values of `body` to the table that `range` meets. `insert` makes new rows
/// for them instead of writing over what stands below.
pub fn append(
    spreadsheet: &mut Spreadsheet,
    range: &str,
    body: &Value,
    insert: bool,
    writer: Writer,
) -> Answer<Appended> {
    let asked = a1::read(range, spreadsheet)?;
    let (tab, inside) = asked.range.inside(spreadsheet)?;
    let table = last_table(tab, &inside);
    let (row, column) = table.map_or((inside.top, inside.left), |table| (table.bottom, table.left));
    let table = table.map(|table| a1::write(&table, tab));
    let block = Block::read(body, super::major(body))?;
    let rect = Rect {
        top: row,
        bottom: row + block.rows.max(1),
        left: column,
        right: column + block.columns.max(1),
    };
    let sheet = asked.range.sheet;
    make_room(spreadsheet, sheet, &rect, insert && table.is_some())?;
    let written = write::put(spreadsheet, sheet, &rect, &block, writer)?;
    Ok(Appended { table, written })
}

/// The answer of `values.append`.
pub fn response(id: &str, appended: &Appended, updates: &Value) -> Value {
    let mut answer = json!({ "spreadsheetId": id, "updates": updates });
    if let Some(table) = &appended.table {
        answer["tableRange"] = json!(table);
    }
    answer
}

fn make_room(spreadsheet: &mut Spreadsheet, sheet: i64, rect: &Rect, insert: bool) -> Answer<()> {
    let grid = &spreadsheet.tab(sheet)?.grid;
    let (rows, columns) = (grid.row_count(), grid.column_count());
    let inserted = if insert && rect.top < rows { rect.height() } else { 0 };
    let new_rows = (rows + inserted).max(rect.bottom);
    let new_columns = columns.max(rect.right);
    let more = new_rows.saturating_mul(new_columns) - rows * columns;
    spreadsheet.check_growth(more)?;
    if inserted > 0 {
        let change = Change::Insert { at: rect.top, count: inserted };
        spreadsheet.shift(Shift { sheet, dimension: Dimension::Rows, change })?;
    }
    let grid = &mut spreadsheet.tab_mut(sheet)?.grid;
    if new_rows > grid.row_count() {
        grid.set_row_count(new_rows);
    }
    if new_columns > columns {
        grid.set_column_count(new_columns);
    }
    Ok(())
}

/// The last of the tables that meet the range: the one that ends lowest, then rightmost.
fn last_table(tab: &Tab, range: &Rect) -> Option<Rect> {
    let used = tab.grid.used_rows();
    let mut found: Option<Rect> = None;
    let mut row = range.bottom.min(used);
    while row > range.top {
        row -= 1;
        let cells = tab.grid.row(row).cells();
        let mut column = range.right.min(cells.len());
        while column > range.left {
            column -= 1;
            if cells[column].is_empty() {
                continue;
            }
            let inside = found.is_some_and(|table| table.contains(row, column));
            if !inside {
                let table = table_around(tab, row, column);
                let later = |other: Rect| (table.bottom, table.right) > (other.bottom, other.right);
                if found.is_none_or(later) {
                    found = Some(table);
                }
            }
        }
        // A table met from below reaches up: nothing above its foot can end lower.
        if found.is_some() {
            break;
        }
    }
    found
}

/// The block of touching cells around a cell, diagonals included.
fn table_around(tab: &Tab, row: usize, column: usize) -> Rect {
    let mut rect = Rect::cell(row, column);
    loop {
        let mut grown = rect;
        let last = tab.grid.column_count();
        let outer = Rect {
            top: rect.top.saturating_sub(1),
            bottom: rect.bottom + 1,
            left: rect.left.saturating_sub(1),
            right: (rect.right + 1).min(last),
        };
        let filled = |row: usize, from: usize, to: usize| {
            (from..to).any(|column| !tab.grid.cell(row, column).is_empty())
        };
        if outer.top < rect.top && filled(outer.top, outer.left, outer.right) {
            grown.top = outer.top;
        }
        if filled(rect.bottom, outer.left, outer.right) {
            grown.bottom = outer.bottom;
        }
        let beside =
            |column: usize| (outer.top..outer.bottom).any(|row| !tab.grid.cell(row, column).is_empty());
        if outer.left < rect.left && beside(outer.left) {
            grown.left = outer.left;
        }
        if outer.right > rect.right && beside(rect.right) {
            grown.right = outer.right;
        }
        if grown == rect {
            return rect;
        }
        rect = grown;
    }
}
