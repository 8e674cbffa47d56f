//! Row identity: the key columns and the one canonical form of a key.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::{Error, ErrorKind, Table, Value};

/// Separates the parts of a composite key; it cannot be typed into a cell.
const SEPARATOR: char = '\u{1f}';

/// The canonical text of a row's key: trimmed, Unicode NFC, numbers as plain digits,
/// so that the number 123 in the sheet and the text `123` in a file are one row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowKey(String);

impl RowKey {
    /// The key made of these cells; `None` when all of them are empty.
    pub fn of<'a>(cells: impl IntoIterator<Item = &'a Value>) -> Option<Self> {
        let mut key = String::new();
        Self::write(cells, &mut key).then_some(Self(key))
    }

    /// Writes the canonical text of the key over `key`; false when all cells are empty.
    fn write<'a>(cells: impl IntoIterator<Item = &'a Value>, key: &mut String) -> bool {
        key.clear();
        let mut some = false;
        for (index, cell) in cells.into_iter().enumerate() {
            if index > 0 {
                key.push(SEPARATOR);
            }
            let start = key.len();
            push_canonical(cell, key);
            some |= key.len() > start;
        }
        some
    }

    /// A key from text that [`canonical`] gave.
    pub(crate) fn from_canonical(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The canonical text; the parts of a composite key are joined by U+001F.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for RowKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// As people read it: the parts of a composite key joined by ` · `.
impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.split(SEPARATOR).enumerate() {
            if index > 0 {
                f.write_str(" · ")?;
            }
            f.write_str(part)?;
        }
        Ok(())
    }
}

/// Appends the canonical text of one cell.
fn push_canonical(cell: &Value, out: &mut String) {
    use fmt::Write as _;
    match cell {
        Value::Text(text) => {
            let text = text.trim();
            if is_normal(text) {
                out.push_str(text);
            } else {
                out.extend(text.nfc());
            }
        }
        other => {
            // Writing to a String cannot fail.
            let _ = write!(out, "{other}");
        }
    }
}

/// The canonical text of a key, without an allocation for each row that is looked at.
pub(crate) enum Canonical<'v, 'k> {
    /// As it stands in the only key cell.
    Cell(&'v str),
    /// Made in the space that was given.
    Made(&'k str),
}

impl<'k> Canonical<'k, 'k> {
    pub(crate) fn as_str(&self) -> &'k str {
        match self {
            Self::Cell(text) | Self::Made(text) => text,
        }
    }
}

/// The canonical text of the key in these columns; `None` when all of its cells are empty.
pub(crate) fn canonical<'v, 'k>(
    columns: &[usize],
    cell: impl Fn(usize) -> &'v Value,
    space: &'k mut String,
) -> Option<Canonical<'v, 'k>> {
    if let [column] = *columns
        && let Value::Text(text) = cell(column)
    {
        let text = text.trim();
        if is_normal(text) {
            return (!text.is_empty()).then_some(Canonical::Cell(text));
        }
    }
    RowKey::write(columns.iter().map(|&column| cell(column)), space).then_some(Canonical::Made(space))
}

/// Whether text is in Unicode's NFC. Nearly every key is ASCII: looking at its bytes takes a
/// fraction of looking at its letters.
fn is_normal(text: &str) -> bool {
    text.is_ascii() || is_nfc(text)
}

/// Finds the key columns in a table.
///
/// # Errors
/// [`ErrorKind::MissingColumn`] naming the column and the ones that are there.
pub fn key_positions(table: &Table, names: &[String]) -> Result<Vec<usize>, Error> {
    names
        .iter()
        .map(|name| {
            table.position(name).ok_or_else(|| {
                let there: Vec<_> =
                    table.columns().iter().map(|column| format!("`{}`", column.name)).collect();
                Error::new(ErrorKind::MissingColumn, format!("the key column `{name}` is not in the file"))
                    .context("columns", there.join(", "))
                    .hint("if the panel renamed the column, set the new name as `key` of this export")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_and_text_of_the_same_digits_are_one_key() {
        let number = RowKey::of([&Value::Integer(123)]);
        assert_eq!(number, RowKey::of([&Value::text(" 123 ")]));
        assert_ne!(number, RowKey::of([&Value::text("0123")]));
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_key() {
        assert_eq!(RowKey::of([&Value::text("Ü1")]), RowKey::of([&Value::text("U\u{308}1")]));
    }

    #[test]
    fn a_row_without_any_key_cell_has_no_key() {
        assert_eq!(RowKey::of([&Value::Empty, &Value::text("  ")]), None);
        assert_eq!(RowKey::of([&Value::Empty, &Value::text("x")]).unwrap().to_string(), " · x");
    }

    #[test]
    fn a_missing_key_column_is_named_with_what_is_there() {
        let table = Table::with_names(["No", "ID Transaksi"]);
        let error = key_positions(&table, &["Transaksi ID".to_owned()]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MissingColumn);
        assert!(error.to_string().contains("`Transaksi ID`"), "{error}");
    }
}
