//! One cell: the typed value and its canonical forms.

use std::fmt;

use chrono::{NaiveDate, NaiveDateTime, Timelike};
use compact_str::CompactString;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A typed cell of a [`Table`](crate::Table).
///
/// Text is kept as written: leading zeros, `+62…` and a leading `=` are data.
/// There is no null: a cell that holds nothing is [`Value::Empty`], because a
/// null inside a row shifts the cells after it when it reaches Google's API.
/// 24 bytes; text of up to 24 bytes needs no allocation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Nothing was in the cell.
    #[default]
    Empty,
    /// Text, exactly as written.
    Text(CompactString),
    /// A whole number.
    Integer(i64),
    /// An exact decimal number (money).
    Decimal(Decimal),
    /// A calendar day.
    Date(NaiveDate),
    /// A local date and time, in the panel's time zone, to the second.
    DateTime(NaiveDateTime),
    /// True or false.
    Bool(bool),
}

impl Value {
    /// Text, or [`Value::Empty`] when there is none.
    pub fn text(text: impl AsRef<str>) -> Self {
        match text.as_ref() {
            "" => Self::Empty,
            text => Self::Text(CompactString::new(text)),
        }
    }

    /// Whether the cell holds nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// The text inside, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The exact number inside, if this is a number.
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Self::Integer(number) => Some(Decimal::from(*number)),
            Self::Decimal(number) => Some(*number),
            _ => None,
        }
    }
}

/// As a person reads it: ISO dates, plain digits, nothing for an empty cell.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Decimal(number) => write!(f, "{}", number.normalize()),
            Self::Date(day) => write!(f, "{}", day.format("%Y-%m-%d")),
            Self::DateTime(at) if at.second() == 0 => write!(f, "{}", at.format("%Y-%m-%d %H:%M")),
            Self::DateTime(at) => write!(f, "{}", at.format("%Y-%m-%d %H:%M:%S")),
            Self::Bool(true) => f.write_str("TRUE"),
            Self::Bool(false) => f.write_str("FALSE"),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// The type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text as written; what an undeclared column is until its cells say more.
    #[default]
    Text,
    /// Whole numbers.
    Integer,
    /// Decimal numbers, money included.
    Decimal,
    /// Days.
    Date,
    /// Days with a time.
    DateTime,
    /// Booleans.
    Bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_fits_in_twenty_four_bytes() {
        assert_eq!(size_of::<Value>(), 24);
    }

    #[test]
    fn values_read_as_people_write_them() {
        let day = NaiveDate::from_ymd_opt(2025, 9, 12).unwrap();
        for (value, text) in [
            (Value::Empty, ""),
            (Value::text("00042"), "00042"),
            (Value::Integer(-7), "-7"),
            (Value::Decimal(Decimal::new(12_500_000, 2)), "125000"),
            (Value::Date(day), "2025-09-12"),
            (Value::DateTime(day.and_hms_opt(14, 3, 0).unwrap()), "2025-09-12 14:03"),
            (Value::DateTime(day.and_hms_opt(14, 3, 9).unwrap()), "2025-09-12 14:03:09"),
            (Value::Bool(true), "TRUE"),
        ] {
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn empty_text_is_an_empty_cell() {
        assert_eq!(Value::text(""), Value::Empty);
        assert_eq!(Value::text(" "), Value::Text(" ".into()));
    }
}
