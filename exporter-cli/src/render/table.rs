//! Tables on stdout: CSV as a person reads it, JSON with types, and a few rows in a box.

use std::fmt::Write as _;
use std::io::{self, Write};

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table as Boxed, presets};
use exporter_core::{Table, Value};
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

/// Writes header and rows as RFC 4180.
pub fn csv(table: &Table, out: impl Write) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    writer.write_record(table.columns().iter().map(|column| column.name.as_str()))?;
    let mut buffer = String::new();
    for row in table.rows() {
        for cell in row {
            if let Some(text) = cell.as_text() {
                writer.write_field(text)?;
            } else {
                buffer.clear();
                // Writing to a string cannot fail.
                let _ = write!(buffer, "{cell}");
                writer.write_field(&buffer)?;
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

/// Writes an array of objects: numbers as numbers, days in ISO form, nothing as null.
pub fn json(table: &Table, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut out, &Rows(table))?;
    writeln!(out)
}

/// The rows of a table as JSON objects, without a second copy of them.
struct Rows<'a>(&'a Table);

struct Row<'a>(&'a Table, &'a [Value]);

struct Plain<'a>(&'a Value);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.len()))?;
        for row in self.0.rows() {
            rows.serialize_element(&Row(self.0, row))?;
        }
        rows.end()
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut cells = serializer.serialize_map(Some(self.1.len()))?;
        for (column, value) in self.0.columns().iter().zip(self.1) {
            cells.serialize_entry(column.name.as_str(), &Plain(value))?;
        }
        cells.end()
    }
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Empty => serializer.serialize_none(),
            Value::Integer(number) => serializer.serialize_i64(*number),
            // Through its digits: a double would change 0.1 + 0.2 of the file.
            Value::Decimal(number) => {
                match serde_json::from_str::<serde_json::Number>(&number.normalize().to_string()) {
                    Ok(number) => number.serialize(serializer),
                    Err(_) => serializer.collect_str(number),
                }
            }
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            other => serializer.collect_str(other),
        }
    }
}

/// A box with the header and the first rows, as wide as the terminal.
pub fn boxed<'a>(
    header: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> Boxed {
    let mut boxed = Boxed::new();
    *boxed.style_mut() = presets::UTF8_FULL_CONDENSED;
    boxed.set_content_arrangement(ContentArrangement::Dynamic);
    boxed.set_header(header);
    for row in rows {
        boxed.add_row(row.into_iter().map(|cell| {
            let number = !cell.is_empty() && cell.chars().all(|c| c.is_ascii_digit() || ".,-".contains(c));
            Cell::new(cell).set_alignment(if number { CellAlignment::Right } else { CellAlignment::Left })
        }));
    }
    boxed
}

#[cfg(test)]
mod tests {
    use super::*;
    use exporter_core::Origin;

    fn table() -> Table {
        let mut table = Table::with_names(["ID", "Nama, lengkap", "Total"]);
        let day = "2026-01-05".parse().unwrap();
        table.push(["007".into(), "Jl. \"A\"\nB".into(), Value::Integer(1_250_000)], Origin::default());
        table.push(
            [Value::Date(day), Value::Empty, Value::Decimal("0.10".parse().unwrap())],
            Origin::default(),
        );
        table
    }

    #[test]
    fn csv_is_rfc_4180() {
        let mut out = Vec::new();
        csv(&table(), &mut out).unwrap();
        let expected =
            "ID,\"Nama, lengkap\",Total\r\n007,\"Jl. \"\"A\"\"\nB\",1250000\r\n2026-01-05,,0.1\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn json_keeps_types() {
        let mut out = Vec::new();
        json(&table(), &mut out).unwrap();
        let rows: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(rows[0]["ID"], "007");
        assert_eq!(rows[0]["Total"], 1_250_000);
        assert_eq!(rows[1]["Nama, lengkap"], serde_json::Value::Null);
        assert_eq!(rows[1]["Total"].to_string(), "0.1");
    }
}
