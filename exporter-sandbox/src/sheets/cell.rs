//! What a cell holds, in 24 bytes: short text stays inside the cell.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::json;

/// Most characters a cell may hold.
pub const MAX_CHARACTERS: usize = 50_000;

/// What was entered into a cell.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// A number; dates are numbers with a format.
    Number(f64),
    /// A boolean.
    Bool(bool),
    /// Text, kept as written.
    Text(CompactString),
    /// A formula with its `=`.
    Formula(Box<str>),
}

/// What a cell shows: its own value, or its formula's result.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Scalar {
    /// Nothing.
    #[default]
    Empty,
    /// A number.
    Number(f64),
    /// A boolean.
    Bool(bool),
    /// Text.
    Text(CompactString),
    /// A formula's error.
    Error(Failure, String),
}

/// The kinds of error a formula can end in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The formula can't be read.
    Syntax,
    /// `#DIV/0!`
    DivideByZero,
    /// `#VALUE!`
    Value,
    /// `#REF!`
    Reference,
    /// `#NAME?`
    Name,
    /// `#NUM!`
    Number,
    /// `#N/A`
    Missing,
}

impl Failure {
    /// The word the cell shows.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Syntax => "#ERROR!",
            Self::DivideByZero => "#DIV/0!",
            Self::Value => "#VALUE!",
            Self::Reference => "#REF!",
            Self::Name => "#NAME?",
            Self::Number => "#NUM!",
            Self::Missing => "#N/A",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Syntax => "ERROR",
            Self::DivideByZero => "DIVIDE_BY_ZERO",
            Self::Value => "VALUE",
            Self::Reference => "REF",
            Self::Name => "NAME",
            Self::Number => "NUM",
            Self::Missing => "N_A",
        }
    }
}

impl Cell {
    /// Whether nothing was entered.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Text; the empty text is an empty cell.
    pub fn text(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(CompactString::new(text)) }
    }

    /// The `userEnteredValue` of the cell; `None` for an empty one.
    pub fn entered(&self) -> Option<Value> {
        match self {
            Self::Empty => None,
            Self::Number(number) => Some(json!({ "numberValue": number })),
            Self::Bool(value) => Some(json!({ "boolValue": value })),
            Self::Text(text) => Some(json!({ "stringValue": text.as_str() })),
            Self::Formula(text) => Some(json!({ "formulaValue": &**text })),
        }
    }

    /// Reads an `ExtendedValue`. The empty object and the empty text empty the cell.
    pub fn from_entered(value: &Value) -> Self {
        if let Some(number) = value["numberValue"].as_f64() {
            Self::Number(number)
        } else if let Some(flag) = value["boolValue"].as_bool() {
            Self::Bool(flag)
        } else if let Some(text) = value["formulaValue"].as_str() {
            Self::formula(text)
        } else {
            Self::text(value["stringValue"].as_str().unwrap_or_default())
        }
    }

    /// A formula; its `=` is added when missing.
    pub fn formula(text: &str) -> Self {
        if text.starts_with('=') {
            Self::Formula(text.into())
        } else {
            Self::Formula(format!("={text}").into())
        }
    }

    /// Number of characters, as the limit of 50,000 counts them.
    pub fn characters(&self) -> usize {
        match self {
            Self::Text(text) if text.len() > MAX_CHARACTERS => text.chars().count(),
            Self::Formula(text) if text.len() > MAX_CHARACTERS => text.chars().count(),
            _ => 0,
        }
    }
}

impl Scalar {
    /// The `effectiveValue`; `None` for an empty one.
    pub fn effective(&self) -> Option<Value> {
        match self {
            Self::Empty => None,
            Self::Number(number) => Some(json!({ "numberValue": number })),
            Self::Bool(value) => Some(json!({ "boolValue": value })),
            Self::Text(text) => Some(json!({ "stringValue": text.as_str() })),
            Self::Error(failure, message) => {
                Some(json!({ "errorValue": { "type": failure.kind(), "message": message } }))
            }
        }
    }

    /// The value as JSON, as `UNFORMATTED_VALUE` gives it.
    pub fn plain(&self) -> Value {
        match self {
            Self::Empty => Value::from(""),
            Self::Number(number) => Value::from(*number),
            Self::Bool(value) => Value::from(*value),
            Self::Text(text) => Value::from(text.as_str()),
            Self::Error(failure, message) if message.is_empty() => Value::from(failure.shown()),
            Self::Error(failure, message) => Value::from(format!("{} ({message})", failure.shown())),
        }
    }

    /// Text, the empty text included.
    pub fn text(text: &str) -> Self {
        Self::Text(CompactString::new(text))
    }

    /// A failure with the sentence people read in the sheet.
    pub fn failed(failure: Failure, message: impl Into<String>) -> Self {
        Self::Error(failure, message.into())
    }

    /// The value without any format, for text functions.
    pub fn unformatted(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Number(number) => json::number(*number),
            Self::Bool(true) => "TRUE".to_owned(),
            Self::Bool(false) => "FALSE".to_owned(),
            Self::Text(text) => text.to_string(),
            Self::Error(failure, _) => failure.shown().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_takes_24_bytes() {
        assert_eq!(size_of::<Cell>(), 24);
    }

    #[test]
    fn an_entered_value_survives_the_round_trip() {
        for value in [
            json!({"numberValue": 2.5}),
            json!({"boolValue": false}),
            json!({"stringValue": "0042"}),
            json!({"formulaValue": "=1+1"}),
        ] {
            assert_eq!(Cell::from_entered(&value).entered(), Some(value));
        }
        assert!(Cell::from_entered(&json!({"stringValue": ""})).is_empty());
    }
}
