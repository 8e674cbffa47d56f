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
    let mut found: Option<Rect> = None;
    let below = tab.grid.used_rows() + 1;
    for row in (range.top..range.bottom.min(below)).rev() {
        let right = range.right.min(tab.grid.row(row).cells().len().max(range.left + 1));
        for column in (range.left..right).rev() {
            if found.is_some_and(|table| table.contains(row, column)) {
                continue;
            }
            let later = |table: &Rect| {
                found.is_none_or(|other| (table.bottom, table.right) > (other.bottom, other.right))
            };
            if let Some(table) = table_at(tab, row, column).filter(later) {
                found = Some(table);
            }
        }
        // A table met from below reaches up: nothing above its foot can end lower.
        if found.is_some() {
            break;
        }
    }
    found
}

/// The table that a cell belongs to: its own block, or the one whose gap it is.
fn table_at(tab: &Tab, row: usize, column: usize) -> Option<Rect> {
    let filled = |row: usize, column: usize| !tab.grid.cell(row, column).is_empty();
    if filled(row, column) {
        return Some(table_around(tab, row, column));
    }
    let rows = row.saturating_sub(1)..=row + 1;
    let mut around =
        rows.flat_map(|row| (column.saturating_sub(1)..=column + 1).map(move |column| (row, column)));
    let (beside_row, beside_column) = around.find(|&(row, column)| filled(row, column))?;
    Some(table_around(tab, beside_row, beside_column)).filter(|table| table.contains(row, column))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::cell::Cell;

    /// The table that a cell meets in a drawing; `x` is a filled cell.
    fn met(drawing: &[&str], row: usize, column: usize) -> Option<String> {
        let mut tab = Tab::new(0, "S".to_owned(), 20, 10);
        for (row, line) in drawing.iter().enumerate() {
            for (column, _) in line.char_indices().filter(|(_, letter)| *letter == 'x') {
                tab.grid.set(row, column, Cell::text("x"));
            }
        }
        last_table(&tab, &Rect::cell(row, column)).map(|table| a1::write(&table, &tab))
    }

    #[test]
    fn tables_are_blocks_of_touching_cells() {
        let drawing = ["xxx", "xxx", "...", ".xx", "..xx", ".xxx"];
        assert_eq!(met(&drawing, 0, 0).as_deref(), Some("S!A1:C2"));
        assert_eq!(met(&drawing, 3, 1).as_deref(), Some("S!B4:D6"));
        assert_eq!(met(&drawing, 4, 1).as_deref(), Some("S!B4:D6"), "a gap belongs to its table");
        assert_eq!(met(&drawing, 3, 4), None);
        assert_eq!(met(&drawing, 3, 0), None);
        assert_eq!(met(&["xx", "..", "xx"], 1, 0), None);
    }
}
