//! Instants, days, names and JSON as text in the database, and its errors in words.

use std::path::Path;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use exporter_core::{Error, ErrorKind, Window};
use rusqlite::types::Type;
use rusqlite::{ErrorCode, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An instant as text that sorts by time.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A value that is a word in JSON, as that word.
pub fn word(value: &impl Serialize) -> rusqlite::Result<String> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(other) => Ok(other.to_string()),
        Err(error) => Err(rusqlite::Error::ToSqlConversionFailure(error.into())),
    }
}

/// A value as JSON.
pub fn json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// Reads JSON out of a column.
pub fn from_json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| wrong(error.into()))
}

/// Reads a word out of a column.
pub fn from_word<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_value(text.into()).map_err(|error| wrong(error.into()))
}

/// Reads a word that may be missing.
pub fn from_word_or_null<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_value(text.into()).map_err(|error| wrong(error.into()))).transpose()
}

/// Reads an instant.
pub fn at(row: &Row<'_>, column: &str) -> rusqlite::Result<DateTime<Utc>> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: chrono::ParseError| wrong(error.into()))
}

/// Reads an instant that may be missing.
pub fn at_or_null(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<DateTime<Utc>>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|error: chrono::ParseError| wrong(error.into()))).transpose()
}

/// Reads a day.
pub fn day(row: &Row<'_>, column: &str) -> rusqlite::Result<NaiveDate> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error: chrono::ParseError| wrong(error.into()))
}

/// Reads a window from `first_day` and `last_day`.
pub fn window(row: &Row<'_>) -> rusqlite::Result<Window> {
    Window::inclusive(day(row, "first_day")?, day(row, "last_day")?)
        .map_err(|error| wrong(error.to_string().into()))
}

fn wrong(error: Box<dyn std::error::Error + Send + Sync>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error)
}

/// An error of the database as one of ours: what to do follows from its code.
pub fn explain(error: &rusqlite::Error, path: &Path) -> Error {
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "set `[state] path` in the configuration to a file in a directory that exporter may write to"
        }
        Some(ErrorCode::DiskFull) => "make room on the disk; nothing that was written before is lost",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "another program holds the state for long: is a copy or a backup of the file going on?"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the file is damaged or no state of exporter: move it away, then `exporter restore` the last backup \
             or begin anew; the sheet itself is not touched"
        }
        _ => "move the file away to begin with a new state; the sheet itself is not touched",
    };
    Error::new(ErrorKind::Io, format!("the state {} could not be read or written", path.display()))
        .source(error.to_string())
        .hint(hint)
}
