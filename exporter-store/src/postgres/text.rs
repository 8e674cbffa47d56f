//! Instants, days, names and JSON as text in the database, and what may go wrong with them.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use exporter_core::Window;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;

pub use crate::sqlite::instant;

/// Why a call came to nothing.
#[derive(Debug)]
pub enum Failure {
    /// The server or the way to it.
    Server(tokio_postgres::Error),
    /// What is stored cannot be read, or what is to be stored cannot be written.
    Value(Box<dyn std::error::Error + Send + Sync>),
}

/// What a call comes to.
pub type Done<T> = Result<T, Failure>;

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Value(error.into())
    }
}

impl From<chrono::ParseError> for Failure {
    fn from(error: chrono::ParseError) -> Self {
        Self::Value(error.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What the server says is the cause; the outer error only says who said it.
            Self::Server(error) => match error.as_db_error() {
                Some(said) => write!(f, "{} ({})", said.message(), said.code().code()),
                None => error.fmt(f),
            },
            Self::Value(error) => error.fmt(f),
        }
    }
}

/// Text as PostgreSQL can keep it: it has no NUL, so that its picture (U+2400) stands for it.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{2400}").into() } else { text.into() }
}

/// A value that is a word in JSON, as that word.
pub fn word(value: &impl Serialize) -> Done<String> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(word) => Ok(word),
        other => Ok(other.to_string()),
    }
}

/// A value that may be missing, as a word.
pub fn word_or_null(value: Option<&impl Serialize>) -> Done<Option<String>> {
    value.map(word).transpose()
}

/// A value as JSON; there a NUL is written as `\u0000`.
pub fn json(value: &impl Serialize) -> Done<String> {
    Ok(serde_json::to_string(value)?)
}

/// Reads JSON out of a column.
pub fn from_json<T: DeserializeOwned>(row: &Row, column: &str) -> Done<T> {
    Ok(serde_json::from_str(row.try_get(column)?)?)
}

/// Reads a word out of a column.
pub fn from_word<T: DeserializeOwned>(row: &Row, column: &str) -> Done<T> {
    let text: String = row.try_get(column)?;
    Ok(serde_json::from_value(text.into())?)
}

/// Reads a word that may be missing.
pub fn from_word_or_null<T: DeserializeOwned>(row: &Row, column: &str) -> Done<Option<T>> {
    let text: Option<String> = row.try_get(column)?;
    Ok(text.map(|text| serde_json::from_value(text.into())).transpose()?)
}

/// Reads an instant.
pub fn at(row: &Row, column: &str) -> Done<DateTime<Utc>> {
    Ok(row.try_get::<_, &str>(column)?.parse()?)
}

/// Reads an instant that may be missing.
pub fn at_or_null(row: &Row, column: &str) -> Done<Option<DateTime<Utc>>> {
    let text: Option<&str> = row.try_get(column)?;
    Ok(text.map(str::parse).transpose()?)
}

/// Reads a day.
pub fn day(row: &Row, column: &str) -> Done<NaiveDate> {
    Ok(row.try_get::<_, &str>(column)?.parse()?)
}

/// Reads a window from `first_day` and `last_day`.
pub fn window(row: &Row) -> Done<Window> {
    Window::inclusive(day(row, "first_day")?, day(row, "last_day")?)
        .map_err(|error| Failure::Value(error.to_string().into()))
}

/// Reads a number that is never negative.
pub fn number<T: TryFrom<i64> + Default>(row: &Row, column: &str) -> Done<T> {
    Ok(T::try_from(row.try_get(column)?).unwrap_or_default())
}

/// A number of rows as PostgreSQL keeps it: 64 bits and signed; no table is larger.
pub fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
