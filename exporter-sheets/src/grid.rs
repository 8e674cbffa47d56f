//! What was read of a tab: rows of typed cells, without their trailing empty ones.

use exporter_core::Value;
use serde::{Deserialize, Serialize};

/// What a cell holds that was not read.
static EMPTY: Value = Value::Empty;

/// Cells of a tab by row and column, both from 0.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grid(Vec<Vec<Value>>);

impl Grid {
    /// Lays rows over the grid, the first one's first cell at this place: what is empty at
    /// the end of a row, or of all, takes no room.
    pub fn lay(&mut self, (top, left): (usize, usize), rows: impl Iterator<Item = Vec<Value>>) {
        for (row, mut cells) in (top..).zip(rows) {
            let end = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
            cells.truncate(end);
            if cells.is_empty() {
                continue;
            }
            self.0.resize_with(self.0.len().max(row + 1), Vec::new);
            if self.0[row].is_empty() && left == 0 {
                cells.shrink_to_fit();
                self.0[row] = cells;
                continue;
            }
            for (column, cell) in (left..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
                self.set(row, column, cell);
            }
        }
    }

    /// How many rows were read.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The widest row.
    pub fn width(&self) -> usize {
        self.0.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// How many cells were read.
    pub fn cells(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// The cells of a row; none for a row that was not read.
    pub fn row(&self, row: usize) -> &[Value] {
        self.0.get(row).map_or(&[], Vec::as_slice)
    }

    /// A cell.
    pub fn at(&self, row: usize, column: usize) -> &Value {
        self.row(row).get(column).unwrap_or(&EMPTY)
    }

    /// Whether nothing is in a row.
    pub fn is_blank(&self, row: usize) -> bool {
        self.row(row).iter().all(Value::is_empty)
    }

    /// Changes a cell; rows and columns up to it come to be.
    pub fn set(&mut self, row: usize, column: usize, value: Value) {
        if self.0.len() <= row {
            self.0.resize(row + 1, Vec::new());
        }
        let cells = &mut self.0[row];
        if cells.len() <= column {
            cells.resize(column + 1, Value::Empty);
        }
        cells[column] = value;
    }

    /// Inserts empty rows before a row.
    pub fn insert_rows(&mut self, at: usize, count: usize) {
        if self.0.len() < at {
            self.0.resize(at, Vec::new());
        }
        self.0.splice(at..at, std::iter::repeat_n(Vec::new(), count));
    }

    /// Inserts empty columns before a column.
    pub fn insert_columns(&mut self, at: usize, count: usize) {
        for cells in &mut self.0 {
            if cells.len() > at {
                cells.splice(at..at, std::iter::repeat_n(Value::Empty, count));
            }
        }
    }

    /// A copy of these rows: of each the cells in these columns, or all if none is named; the others
    /// are empty.
    pub fn only(&self, columns: impl Fn(usize) -> Option<Vec<usize>>) -> Self {
        let row = |(row, cells): (usize, &Vec<Value>)| {
            let Some(columns) = columns(row) else { return Vec::new() };
            if columns.is_empty() {
                return cells.clone();
            }
            let end = columns.iter().filter(|column| **column < cells.len()).max().map_or(0, |last| last + 1);
            let kept = |column: usize| columns.contains(&column).then(|| cells[column].clone());
            (0..end).map(|column| kept(column).unwrap_or_default()).collect()
        };
        let mut rows: Vec<Vec<Value>> = self.0.iter().enumerate().map(row).collect();
        rows.truncate(rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1));
        Self(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_is_empty_and_can_be_set() {
        let mut grid = Grid::default();
        let rows = [vec!["a".into(), Value::Integer(1)], vec![], vec![Value::Empty, Value::Bool(true)]];
        grid.lay((0, 0), rows.into_iter());
        assert_eq!((grid.len(), grid.width(), grid.cells()), (3, 2, 4));
        assert_eq!((grid.at(0, 1), grid.at(9, 9)), (&Value::Integer(1), &Value::Empty));
        assert!(grid.is_blank(1) && !grid.is_blank(2));
        grid.set(4, 1, "x".into());
        assert_eq!((grid.len(), grid.at(4, 1)), (5, &Value::text("x")));
        grid.insert_rows(1, 2);
        grid.insert_columns(1, 1);
        assert_eq!((grid.at(0, 2), grid.at(6, 2)), (&Value::Integer(1), &Value::text("x")));
    }

    #[test]
    fn a_copy_of_some_rows_and_columns_keeps_every_place() {
        let mut grid = Grid::default();
        let row = || vec!["a".into(), "b".into(), "c".into(), "d".into()];
        grid.lay((0, 0), [row(), row(), row()].into_iter());
        let some = grid.only(|row| [Some(vec![]), Some(vec![0, 2]), None][row].clone());
        assert_eq!(some.row(0), grid.row(0));
        assert_eq!(some.row(1), ["a".into(), Value::Empty, "c".into()]);
        assert_eq!((some.len(), some.at(2, 0)), (2, &Value::Empty));
    }

    #[test]
    fn blocks_are_laid_over_each_other() {
        let mut grid = Grid::default();
        grid.lay((1, 1), [vec!["b".into(), Value::Empty]].into_iter());
        grid.lay((1, 0), [vec!["a".into(), Value::Empty, "c".into()], vec![Value::Empty]].into_iter());
        assert_eq!(grid.row(1), ["a".into(), "b".into(), "c".into()]);
        assert_eq!((grid.len(), grid.is_blank(0)), (2, true));
    }
}
