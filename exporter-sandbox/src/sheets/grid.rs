//! The cells of a tab: shared rows that are copied when written, so that a batch can be
//! thrown away and a reader never sees half of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cell::Cell;
use super::range::{Dimension, Rect};
use super::shift::Change;

/// Number of a format in the spreadsheet's table; 0 is no format.
pub type FormatId = u32;

/// One row: only as long as its last used cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    cells: Vec<Cell>,
    formats: Vec<FormatId>,
    /// Notes, validation rules, rich text: what few cells have.
    extras: BTreeMap<usize, Map<String, Value>>,
}

/// What a row or column has besides cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Band {
    /// Hidden by a person or a request.
    pub hidden: bool,
    /// Hidden by a filter.
    pub filtered: bool,
    /// Size in pixels, when it is not the usual one.
    pub pixels: Option<u32>,
}

/// The grid of a tab.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    rows: Vec<Arc<Row>>,
    row_count: usize,
    column_count: usize,
    row_bands: BTreeMap<usize, Band>,
    column_bands: BTreeMap<usize, Band>,
}

impl Row {
    /// The cell, empty beyond the row's end.
    pub fn cell(&self, column: usize) -> &Cell {
        static EMPTY: Cell = Cell::Empty;
        self.cells.get(column).unwrap_or(&EMPTY)
    }

    /// The cells up to the last used one.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cell's format.
    pub fn format(&self, column: usize) -> FormatId {
        self.formats.get(column).copied().unwrap_or_default()
    }

    /// The cell's note, validation rule and the like.
    pub fn extra(&self, column: usize) -> Option<&Map<String, Value>> {
        self.extras.get(&column)
    }

    /// Column after the last cell that has anything.
    pub fn extent(&self) -> usize {
        let extras = self.extras.keys().next_back();
        self.cells.len().max(self.formats.len()).max(extras.map_or(0, |last| last + 1))
    }

    /// Puts a cell, dropping what is empty at the end.
    pub fn set(&mut self, column: usize, cell: Cell) {
        if column >= self.cells.len() {
            if cell.is_empty() {
                return;
            }
            self.cells.resize(column + 1, Cell::Empty);
        }
        self.cells[column] = cell;
        while self.cells.last().is_some_and(Cell::is_empty) {
            self.cells.pop();
        }
    }

    /// Puts a format.
    pub fn set_format(&mut self, column: usize, format: FormatId) {
        if column >= self.formats.len() {
            if format == 0 {
                return;
            }
            self.formats.resize(column + 1, 0);
        }
        self.formats[column] = format;
        while self.formats.last() == Some(&0) {
            self.formats.pop();
        }
    }

    /// Puts a note, validation rule and so on; `None` takes the field away.
    pub fn set_extra(&mut self, column: usize, field: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.extras.entry(column).or_default().insert(field.to_owned(), value);
        } else if let Some(fields) = self.extras.get_mut(&column) {
            fields.remove(field);
            if fields.is_empty() {
                self.extras.remove(&column);
            }
        }
    }

    /// Copies everything of one cell of `from` to a cell of this row.
    pub fn copy_cell(&mut self, column: usize, from: &Self, from_column: usize) {
        self.set(column, from.cell(from_column).clone());
        self.set_format(column, from.format(from_column));
        self.extras.remove(&column);
        if let Some(fields) = from.extra(from_column) {
            self.extras.insert(column, fields.clone());
        }
    }

    fn shift_columns(&mut self, change: Change) {
        if self.extent() == 0 {
            return;
        }
        let old = std::mem::take(self);
        for (column, cell) in old.cells.into_iter().enumerate() {
            if let Some(column) = change.index(column) {
                self.set(column, cell);
            }
        }
        for (column, format) in old.formats.into_iter().enumerate() {
            if let Some(column) = change.index(column) {
                self.set_format(column, format);
            }
        }
        let extras = old.extras.into_iter();
        self.extras = extras.filter_map(|(column, fields)| Some((change.index(column)?, fields))).collect();
    }
}

impl Grid {
    /// An empty grid.
    pub fn new(row_count: usize, column_count: usize) -> Self {
        Self { row_count, column_count, ..Self::default() }
    }

    /// Number of rows.
    pub fn row_count(&self) -> usize {
        self.row_count
    }

    /// Number of columns.
    pub fn column_count(&self) -> usize {
        self.column_count
    }

    /// Rows times columns, as the limit of ten million counts.
    pub fn cell_count(&self) -> usize {
        self.row_count.saturating_mul(self.column_count)
    }

    /// A row; an empty one where nothing was ever written.
    pub fn row(&self, index: usize) -> &Row {
        static EMPTY: Row = Row { cells: Vec::new(), formats: Vec::new(), extras: BTreeMap::new() };
        self.rows.get(index).map_or(&EMPTY, |row| row)
    }

    /// The rows that have ever been written.
    pub fn rows(&self) -> &[Arc<Row>] {
        &self.rows
    }

    /// A cell.
    pub fn cell(&self, row: usize, column: usize) -> &Cell {
        self.row(row).cell(column)
    }

    /// A row to write to, copied first when somebody else still reads it.
    pub fn row_mut(&mut self, index: usize) -> &mut Row {
        if index >= self.rows.len() {
            self.rows.resize_with(index + 1, Arc::default);
        }
        Arc::make_mut(&mut self.rows[index])
    }

    /// Puts a cell.
    pub fn set(&mut self, row: usize, column: usize, cell: Cell) {
        if cell.is_empty() && self.cell(row, column).is_empty() {
            return;
        }
        self.row_mut(row).set(column, cell);
    }

    /// Row after the last one with a value.
    pub fn used_rows(&self) -> usize {
        let last = self.rows.iter().rposition(|row| !row.cells.is_empty());
        last.map_or(0, |last| last + 1)
    }

    /// Smallest rectangle from the first cell that holds every cell with anything.
    pub fn used(&self) -> Rect {
        let last = self.rows.iter().rposition(|row| row.extent() > 0);
        let right = self.rows.iter().map(|row| row.extent()).max().unwrap_or(0);
        Rect { top: 0, bottom: last.map_or(0, |last| last + 1), left: 0, right }
    }

    /// Size, hiding and so on of a row or column.
    pub fn band(&self, dimension: Dimension, index: usize) -> Band {
        self.bands(dimension).get(&index).copied().unwrap_or_default()
    }

    /// Every row or column that has anything unusual.
    pub fn bands(&self, dimension: Dimension) -> &BTreeMap<usize, Band> {
        match dimension {
            Dimension::Rows => &self.row_bands,
            Dimension::Columns => &self.column_bands,
        }
    }

    /// Changes a row's or column's size, hiding and so on.
    pub fn set_band(&mut self, dimension: Dimension, index: usize, band: Band) {
        let bands = match dimension {
            Dimension::Rows => &mut self.row_bands,
            Dimension::Columns => &mut self.column_bands,
        };
        if band == Band::default() {
            bands.remove(&index);
        } else {
            bands.insert(index, band);
        }
    }

    /// How many rows or columns there are.
    pub fn count(&self, dimension: Dimension) -> usize {
        match dimension {
            Dimension::Rows => self.row_count,
            Dimension::Columns => self.column_count,
        }
    }

    /// Sets the number of rows, dropping those beyond.
    pub fn set_row_count(&mut self, count: usize) {
        self.row_count = count;
        self.rows.truncate(count);
        self.row_bands.retain(|&index, _| index < count);
    }

    /// Sets the number of columns, dropping those beyond.
    pub fn set_column_count(&mut self, count: usize) {
        if count < self.column_count {
            let gone = Change::Delete { start: count, end: self.column_count };
            for row in &mut self.rows {
                if row.extent() > count {
                    Arc::make_mut(row).shift_columns(gone);
                }
            }
        }
        self.column_count = count;
        self.column_bands.retain(|&index, _| index < count);
    }

    /// Inserts, deletes or moves rows or columns with all they hold.
    pub fn shift(&mut self, dimension: Dimension, change: Change) {
        match dimension {
            Dimension::Rows => {
                self.shift_rows(change);
                self.row_count = resized(self.row_count, change);
                self.row_bands = shifted(&self.row_bands, change);
            }
            Dimension::Columns => {
                for row in &mut self.rows {
                    if row.extent() > 0 {
                        Arc::make_mut(row).shift_columns(change);
                    }
                }
                self.column_count = resized(self.column_count, change);
                self.column_bands = shifted(&self.column_bands, change);
            }
        }
    }

    fn shift_rows(&mut self, change: Change) {
        let len = self.rows.len();
        match change {
            Change::Insert { at, count } if at < len => {
                let empty = Arc::new(Row::default());
                self.rows.splice(at..at, std::iter::repeat_n(empty, count));
            }
            Change::Insert { .. } => {}
            Change::Delete { start, end } => {
                self.rows.drain(start.min(len)..end.min(len));
            }
            Change::Move { start, end, to } => {
                let reach = end.max(to);
                if len < reach {
                    self.rows.resize_with(reach, Arc::default);
                }
                if to > end {
                    self.rows[start..to].rotate_left(end - start);
                } else if to < start {
                    self.rows[to..end].rotate_right(end - start);
                }
            }
        }
    }
}

fn resized(count: usize, change: Change) -> usize {
    match change {
        Change::Insert { count: more, .. } => count + more,
        Change::Delete { start, end } => count - (end.min(count) - start.min(count)),
        Change::Move { .. } => count,
    }
}

fn shifted(bands: &BTreeMap<usize, Band>, change: Change) -> BTreeMap<usize, Band> {
    bands.iter().filter_map(|(&index, &band)| Some((change.index(index)?, band))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(grid: &Grid) -> String {
        (0..grid.row_count())
            .map(|row| match grid.cell(row, 0) {
                Cell::Text(text) => text.to_string(),
                _ => "-".to_owned(),
            })
            .collect()
    }

    fn filled() -> Grid {
        let mut grid = Grid::new(5, 2);
        for (row, text) in ["a", "b", "c"].iter().enumerate() {
            grid.set(row, 0, Cell::text(text));
        }
        grid
    }

    #[test]
    fn rows_are_inserted_deleted_and_moved() {
        let mut grid = filled();
        grid.shift(Dimension::Rows, Change::Insert { at: 1, count: 1 });
        assert_eq!(column(&grid), "a-bc--");
        grid.shift(Dimension::Rows, Change::Move { start: 0, end: 1, to: 5 });
        assert_eq!(column(&grid), "-bc-a-");
        grid.shift(Dimension::Rows, Change::Delete { start: 1, end: 3 });
        assert_eq!(column(&grid), "--a-");
    }

    #[test]
    fn a_copy_does_not_see_later_writes() {
        let mut grid = filled();
        let before = grid.clone();
        grid.set(0, 0, Cell::text("z"));
        assert_eq!(column(&before), "abc--");
        assert_eq!(column(&grid), "zbc--");
    }

    #[test]
    fn notes_and_formats_follow_their_column() {
        let mut grid = filled();
        grid.row_mut(0).set_format(0, 3);
        grid.row_mut(0).set_extra(0, "note", Some(Value::from("n")));
        grid.shift(Dimension::Columns, Change::Insert { at: 0, count: 1 });
        assert_eq!(grid.row(0).format(1), 3);
        assert_eq!(grid.row(0).extra(1).unwrap()["note"], "n");
        assert_eq!(grid.row(0).extra(0), None);
        grid.set_column_count(1);
        assert_eq!(grid.row(0).extent(), 0);
    }
}
