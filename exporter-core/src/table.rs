//! A table: named columns and typed rows, in one flat allocation.

use compact_str::CompactString;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{ColumnType, Value};

/// A column's name, as the file's header spells it, and the type of its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The header text, white space folded.
    pub name: CompactString,
    /// What the values are.
    pub kind: ColumnType,
}

impl Column {
    /// A text column of this name.
    pub fn text(name: impl AsRef<str>) -> Self {
        Self { name: CompactString::new(name.as_ref()), kind: ColumnType::Text }
    }
}

/// Where in its file a row came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Origin {
    /// Page of a PDF or sheet of a workbook, from 1.
    pub page: u32,
    /// Row on that page or sheet, from 1.
    pub line: u32,
}

/// Header and rows read from an artifact.
///
/// Invariant: the number of cells is rows × columns, so a row is never ragged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Table {
    columns: Vec<Column>,
    cells: Vec<Value>,
    origins: Vec<Origin>,
    /// Totals that the file prints, each with its column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    printed: Vec<(usize, Decimal)>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, ..Self::default() }
    }

    /// An empty table of text columns with these names.
    pub fn with_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        Self::new(names.into_iter().map(Column::text).collect())
    }

    /// The columns, in the file's order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns, to rename or retype them in place.
    pub fn columns_mut(&mut self) -> &mut [Column] {
        &mut self.columns
    }

    /// How many columns there are.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.origins.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.origins.is_empty()
    }

    /// The place of the column of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// Adds a row. Missing cells are empty; cells beyond the last column are dropped
    /// by the caller's contract: readers widen the header first.
    pub fn push(&mut self, row: impl IntoIterator<Item = Value>, origin: Origin) {
        let end = self.cells.len() + self.width();
        self.cells.extend(row.into_iter().take(self.columns.len()));
        self.cells.resize(end, Value::Empty);
        self.origins.push(origin);
    }

    /// The cells of row `index`.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, index: usize) -> &[Value] {
        let width = self.width();
        &self.cells[index * width..(index + 1) * width]
    }

    /// The cells of row `index`, to change them in place.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row_mut(&mut self, index: usize) -> &mut [Value] {
        let width = self.width();
        &mut self.cells[index * width..(index + 1) * width]
    }

    /// Where row `index` stood in its file.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn origin(&self, index: usize) -> Origin {
        self.origins[index]
    }

    /// All rows in order.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[Value]> + Clone {
        (0..self.len()).map(|index| self.row(index))
    }

    /// All cells of one column, from the first row to the last.
    ///
    /// # Panics
    /// When there is no such column.
    pub fn column_values(&self, column: usize) -> impl Iterator<Item = &Value> {
        assert!(column < self.width());
        self.cells.iter().skip(column).step_by(self.width().max(1))
    }

    /// The same rows with only these columns, in this order.
    ///
    /// # Panics
    /// When there is no such column.
    #[must_use]
    pub fn with_columns(&self, columns: &[usize]) -> Self {
        let mut table = Self::new(columns.iter().map(|&column| self.columns[column].clone()).collect());
        table.reserve(self.len());
        for (row, origin) in self.rows().zip(&self.origins) {
            table.push(columns.iter().map(|&column| row[column].clone()), *origin);
        }
        table
    }

    /// Only these rows, in this order.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn with_rows(&self, rows: &[usize]) -> Self {
        let mut table = Self::new(self.columns.clone());
        table.reserve(rows.len());
        for &row in rows {
            table.push(self.row(row).iter().cloned(), self.origins[row]);
        }
        table
    }

    /// Totals that the file prints below or between its rows, each with the index of its
    /// column. They are no rows, but the rows should come to them.
    pub fn printed(&self) -> &[(usize, Decimal)] {
        &self.printed
    }

    /// Takes down a total that the file prints.
    pub fn print(&mut self, column: usize, amount: Decimal) {
        self.printed.push((column, amount));
    }

    /// Makes room for so many more rows.
    pub fn reserve(&mut self, rows: usize) {
        self.cells.reserve_exact(rows.saturating_mul(self.width()));
        self.origins.reserve_exact(rows);
    }

    /// Gives back what the cells do not use of their allocation.
    pub fn shrink_to_fit(&mut self) {
        self.cells.shrink_to_fit();
        self.origins.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_never_ragged() {
        let mut table = Table::with_names(["a", "b"]);
        table.push(["1".into()], Origin::default());
        table.push(["1".into(), "2".into(), "3".into()], Origin { page: 1, line: 2 });
        assert_eq!(table.len(), 2);
        assert_eq!(table.row(0), ["1".into(), Value::Empty]);
        assert_eq!(table.row(1), ["1".into(), "2".into()]);
        assert_eq!(table.column_values(1).count(), 2);
        assert_eq!(table.origin(1), Origin { page: 1, line: 2 });
    }

    #[test]
    fn a_table_without_columns_still_counts_rows() {
        let mut table = Table::with_names::<&str>([]);
        table.push([], Origin::default());
        assert_eq!((table.len(), table.row(0).len()), (1, 0));
    }
}
