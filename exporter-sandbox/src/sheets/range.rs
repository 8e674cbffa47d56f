//! Rectangles of a tab: bounded ones, and the API's `GridRange` with open sides.

use serde_json::{Map, Value, json};

use super::errors::{Answer, ApiError};
use super::model::{Spreadsheet, Tab};

/// Rows or columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Rows.
    Rows,
    /// Columns.
    Columns,
}

impl Dimension {
    /// Reads the API's name; anything but `COLUMNS` means rows.
    pub fn read(value: &Value) -> Self {
        if value.as_str() == Some("COLUMNS") { Self::Columns } else { Self::Rows }
    }

    /// The API's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rows => "ROWS",
            Self::Columns => "COLUMNS",
        }
    }
}

/// A bounded rectangle; half-open, zero-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// First row.
    pub top: usize,
    /// Row after the last.
    pub bottom: usize,
    /// First column.
    pub left: usize,
    /// Column after the last.
    pub right: usize,
}

impl Rect {
    /// The rectangle of one cell.
    pub fn cell(row: usize, column: usize) -> Self {
        Self { top: row, bottom: row + 1, left: column, right: column + 1 }
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.bottom.saturating_sub(self.top)
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.right.saturating_sub(self.left)
    }

    /// Whether the cell lies inside.
    pub fn contains(&self, row: usize, column: usize) -> bool {
        (self.top..self.bottom).contains(&row) && (self.left..self.right).contains(&column)
    }

    /// Whether both share a cell.
    pub fn meets(&self, other: &Self) -> bool {
        self.top < other.bottom
            && other.top < self.bottom
            && self.left < other.right
            && other.left < self.right
    }

    /// Whether `other` lies wholly inside.
    pub fn covers(&self, other: &Self) -> bool {
        self.top <= other.top
            && other.bottom <= self.bottom
            && self.left <= other.left
            && other.right <= self.right
    }
}

/// A `GridRange`: a missing side is open, that is, as far as the grid goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GridRange {
    /// Id of the tab.
    pub sheet: i64,
    /// First row.
    pub top: Option<usize>,
    /// Row after the last.
    pub bottom: Option<usize>,
    /// First column.
    pub left: Option<usize>,
    /// Column after the last.
    pub right: Option<usize>,
}

impl GridRange {
    /// Reads a checked `GridRange` message.
    pub fn read(value: &Value) -> Answer<Self> {
        let side = |name: &str| {
            let index = value[name].as_i64().map(usize::try_from).transpose();
            index.map_err(|_| ApiError::invalid("GridRange indexes must be >= 0"))
        };
        let range = Self {
            sheet: value["sheetId"].as_i64().unwrap_or_default(),
            top: side("startRowIndex")?,
            bottom: side("endRowIndex")?,
            left: side("startColumnIndex")?,
            right: side("endColumnIndex")?,
        };
        ordered("Row", range.top, range.bottom)?;
        ordered("Column", range.left, range.right)?;
        Ok(range)
    }

    /// A bounded rectangle of a tab.
    pub fn of(sheet: i64, rect: Rect) -> Self {
        Self {
            sheet,
            top: Some(rect.top),
            bottom: Some(rect.bottom),
            left: Some(rect.left),
            right: Some(rect.right),
        }
    }

    /// The message: open sides and the sheet id 0 are left out.
    pub fn write(&self) -> Value {
        let mut object = Map::new();
        if self.sheet != 0 {
            object.insert("sheetId".to_owned(), json!(self.sheet));
        }
        for (name, side) in [
            ("startRowIndex", self.top),
            ("endRowIndex", self.bottom),
            ("startColumnIndex", self.left),
            ("endColumnIndex", self.right),
        ] {
            if let Some(side) = side {
                object.insert(name.to_owned(), json!(side));
            }
        }
        Value::Object(object)
    }

    /// Whether it holds no cell at all, because an end equals its start.
    pub fn is_empty(&self) -> bool {
        let empty =
            |start: Option<usize>, end: Option<usize>| end.is_some_and(|end| end == start.unwrap_or(0));
        empty(self.top, self.bottom) || empty(self.left, self.right)
    }

    /// Whether all sides are given and hold a single cell.
    pub fn is_one_cell(&self) -> bool {
        let length =
            |start: Option<usize>, end: Option<usize>| end.map(|end| end.saturating_sub(start.unwrap_or(0)));
        length(self.top, self.bottom) == Some(1) && length(self.left, self.right) == Some(1)
    }

    /// The rectangle inside the tab's grid; it may be empty.
    pub fn bounded(&self, tab: &Tab) -> Rect {
        let (rows, columns) = (tab.grid.row_count(), tab.grid.column_count());
        Rect {
            top: self.top.unwrap_or(0).min(rows),
            bottom: self.bottom.unwrap_or(rows).min(rows),
            left: self.left.unwrap_or(0).min(columns),
            right: self.right.unwrap_or(columns).min(columns),
        }
    }

    /// The tab and the rectangle, refused when the range starts outside the grid.
    pub fn inside<'a>(&self, spreadsheet: &'a Spreadsheet) -> Answer<(&'a Tab, Rect)> {
        let tab = spreadsheet.tab(self.sheet)?;
        let (rows, columns) = (tab.grid.row_count(), tab.grid.column_count());
        if self.top.unwrap_or(0) >= rows || self.left.unwrap_or(0) >= columns {
            return Err(ApiError::invalid(format!(
                "Range ({}) exceeds grid limits. Max rows: {rows}, max columns: {columns}",
                super::a1::write_grid_range(self, tab)
            )));
        }
        Ok((tab, self.bounded(tab)))
    }
}

/// An end equal to its start is an empty range, and allowed.
fn ordered(axis: &str, start: Option<usize>, end: Option<usize>) -> Answer<()> {
    match (start, end) {
        (Some(start), Some(end)) if end < start => Err(ApiError::invalid(format!(
            "end{axis}Index[{end}] cannot be before start{axis}Index[{start}]"
        ))),
        _ => Ok(()),
    }
}
