//! JSON: an array of objects, alone or as the one array of an object.

use exporter_core::{Error, ErrorKind, FileKind, Origin, Table, Value};
use rust_decimal::Decimal;
use serde_json::{Map, Value as Json};

use super::csv::decode;
use super::{ReadOptions, Reading, corrupt, too_large};

/// Reads the rows; the columns are the names in the order in which they first appear.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let document: Json =
        serde_json::from_str(decode(bytes).trim_start_matches('\u{feff}')).map_err(corrupt)?;
    let rows = rows(document)?;
    let mut names: Vec<&str> = Vec::new();
    for row in &rows {
        for name in row.keys() {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
    }
    if names.is_empty() && !rows.is_empty() {
        return Err(Error::new(
            ErrorKind::WrongFile,
            format!("the JSON answer has {} objects and not one field in them", rows.len()),
        )
        .hint("open the panel and look at what the export answers"));
    }
    if (rows.len() as u64).saturating_mul(names.len() as u64) > options.limits.cells {
        return Err(too_large("the number of cells", options.limits.cells));
    }
    let mut table = Table::with_names(&names);
    for (line, row) in (1..).zip(&rows) {
        table.push(
            names.iter().map(|name| row.get(*name).map_or(Value::Empty, value)),
            Origin { page: 1, line },
        );
    }
    let notes = vec![format!("JSON with {} objects", rows.len())];
    Ok(Reading { kind: FileKind::Json, table, totals: Vec::new(), notes })
}

/// The objects of the array; anything else is an answer that is no table, quoted.
fn rows(document: Json) -> Result<Vec<Map<String, Json>>, Error> {
    let array = match document {
        Json::Array(array) => array,
        Json::Object(mut object) => {
            let arrays: Vec<String> =
                object.iter().filter(|(_, value)| value.is_array()).map(|(name, _)| name.clone()).collect();
            match (&arrays[..], object.remove(arrays.first().map_or("", String::as_str))) {
                ([_], Some(Json::Array(array))) => array,
                _ => return Err(no_rows(&Json::Object(object))),
            }
        }
        other => return Err(no_rows(&other)),
    };
    array
        .into_iter()
        .map(|row| match row {
            Json::Object(object) => Ok(object),
            other => Err(no_rows(&other)),
        })
        .collect()
}

fn no_rows(found: &Json) -> Error {
    let start: String = found.to_string().chars().take(80).collect();
    Error::new(ErrorKind::WrongFile, format!("this is no list of rows but the JSON answer {start}"))
        .hint("open the panel and look at what the export answers")
}

/// Numbers exactly as they are written; lists and objects as their JSON text.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Empty,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::String(text) => Value::text(text),
        Json::Number(number) => match (number.as_i64(), number.to_string().parse::<Decimal>()) {
            (Some(whole), _) => Value::Integer(whole),
            (None, Ok(decimal)) => Value::Decimal(decimal),
            (None, Err(_)) => Value::text(number.to_string()),
        },
        other => Value::text(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_rows_with_their_types() {
        let text = br#"{"total": 2, "data": [{"id": "007", "n": 12}, {"id": "008", "n": 0.1, "ok": true}]}"#;
        let read = read(text, &ReadOptions::default()).unwrap();
        assert_eq!(read.table.width(), 3);
        assert_eq!(read.table.row(0), ["007".into(), Value::Integer(12), Value::Empty]);
        assert_eq!(read.table.row(1)[1].to_string(), "0.1");
    }

    #[test]
    fn objects_without_fields_are_no_rows() {
        let error = read(br#"{"data": [{}, {}]}"#, &ReadOptions::default()).unwrap_err();
        assert!(error.to_string().contains("2 objects and not one field"), "{error}");
        assert!(read(b"[]", &ReadOptions::default()).unwrap().table.is_empty());
    }

    #[test]
    fn an_error_is_quoted() {
        let error = read(br#"{"error": "Unauthenticated."}"#, &ReadOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WrongFile);
        assert!(error.to_string().contains("Unauthenticated."), "{error}");
    }
}
