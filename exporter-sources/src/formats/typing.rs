//! Types for texts: declared per column, or inferred from all of its cells.

mod date;
mod number;

use std::collections::BTreeMap;

use exporter_core::{ColumnType, Table, Value};
use rust_decimal::Decimal;

/// How texts become values.
#[derive(Debug, Clone, Default)]
pub struct TypingOptions {
    /// Types by column name; what is not declared is inferred.
    pub declared: BTreeMap<String, ColumnType>,
    /// Columns that stay text whatever they look like: the key.
    pub text: Vec<String>,
}

/// What [`apply`] did, in sentences for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// The type of each column that has one, and how many cells became such.
    pub columns: Vec<String>,
    /// Cells that do not fit the type of their column and stay text.
    pub misfits: Vec<String>,
}

/// Gives the texts of a table their types; returns what was inferred and what did not fit.
///
/// A column is a number or a date only when every cell that holds something is one, so
/// that nothing is lost: text with a leading zero or `+`, and bare digits too long for an
/// amount (telephone numbers, references), stay text. A cell that does not fit the type
/// that its column was declared to have stays as it is and is told. A number of a workbook in a
/// column of declared text becomes text.
pub fn apply(table: &mut Table, options: &TypingOptions) -> Typed {
    let mut typed = Typed::default();
    for column in 0..table.width() {
        let name = table.columns()[column].name.to_string();
        if options.text.contains(&name) {
            continue;
        }
        let declared = options.declared.get(&name).copied();
        let Some(kind) = declared.or_else(|| infer(table, column)) else { continue };
        let (converted, misfits) = convert(table, column, kind);
        table.columns_mut()[column].kind = kind;
        let how = if declared.is_some() { "declared" } else { "inferred" };
        typed.columns.push(format!("`{name}`: {}, {how}; {converted} cells became such", in_words(kind)));
        if let Some((first, count)) = misfits {
            typed
                .misfits
                .push(format!("`{name}`: {count} cells do not fit its type and stay text, first `{first}`"));
        }
    }
    typed
}

/// The numbers in a row of totals, each with its column; its label is none.
pub fn amounts(row: &[Value]) -> impl Iterator<Item = (usize, Decimal)> {
    let amount = |cell: &Value| match cell.as_text() {
        Some(text) => number::parse_declared(text)?.as_decimal(),
        None => cell.as_decimal(),
    };
    row.iter().enumerate().filter_map(move |(column, cell)| Some((column, amount(cell)?)))
}

/// The type that all texts of a column have, if they have one.
fn infer(table: &Table, column: usize) -> Option<ColumnType> {
    let mut texts =
        table.column_values(column).filter_map(Value::as_text).filter(|text| !placeholder(text)).peekable();
    texts.peek()?;
    let texts: Vec<&str> = texts.collect();
    if table.column_values(column).any(|value| !matches!(value, Value::Text(_) | Value::Empty)) {
        return None;
    }
    let order = date::Order::of(&texts);
    if texts.iter().all(|text| date::parse(text, order).is_some()) {
        let timed = texts.iter().any(|text| matches!(date::parse(text, order), Some(Value::DateTime(_))));
        return Some(if timed { ColumnType::DateTime } else { ColumnType::Date });
    }
    if texts.iter().all(|text| number::parse(text).is_some()) {
        let fraction = texts.iter().any(|text| matches!(number::parse(text), Some(Value::Decimal(_))));
        return Some(if fraction { ColumnType::Decimal } else { ColumnType::Integer });
    }
    None
}

/// What panels write where a value is missing.
fn placeholder(text: &str) -> bool {
    matches!(text.trim(), "-" | "–" | "—" | "")
}

fn in_words(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "text",
        ColumnType::Integer => "whole numbers",
        ColumnType::Decimal => "numbers",
        ColumnType::Date => "days",
        ColumnType::DateTime => "days with a time",
        ColumnType::Bool => "yes or no",
    }
}

/// Converts what fits: how many cells; the first text that does not, and how many there are.
fn convert(table: &mut Table, column: usize, kind: ColumnType) -> (usize, Option<(String, usize)>) {
    let texts: Vec<&str> = table.column_values(column).filter_map(Value::as_text).collect();
    let order = date::Order::of(&texts);
    let mut misfits: Option<(String, usize)> = None;
    let mut count = 0;
    for row in 0..table.len() {
        let cell = &mut table.row_mut(row)[column];
        if kind == ColumnType::Text {
            // Numbers of a workbook as they are shown: a reference is no amount.
            if !cell.is_empty() && cell.as_text().is_none() {
                *cell = Value::text(cell.to_string());
                count += 1;
            }
            continue;
        }
        let Some(text) = cell.as_text().filter(|text| !placeholder(text)) else { continue };
        let converted = match kind {
            ColumnType::Text => None,
            ColumnType::Integer | ColumnType::Decimal => number::parse_declared(text),
            ColumnType::Date | ColumnType::DateTime => date::parse(text, order),
            ColumnType::Bool => boolean(text),
        };
        match converted {
            Some(value) => {
                *cell = value;
                count += 1;
            }
            None => misfits.get_or_insert_with(|| (text.to_owned(), 0)).1 += 1,
        }
    }
    (count, misfits)
}

/// A day or time in ISO form.
pub(super) fn iso(text: &str) -> Option<Value> {
    match date::parse(text, date::Order::DayFirst)? {
        Value::DateTime(at) if at.time() == chrono::NaiveTime::MIN => Some(Value::Date(at.date())),
        other => Some(other),
    }
}

fn boolean(text: &str) -> Option<Value> {
    match text.trim().to_lowercase().as_str() {
        "true" | "ya" | "yes" | "aktif" => Some(Value::Bool(true)),
        "false" | "tidak" | "no" | "nonaktif" => Some(Value::Bool(false)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exporter_core::Origin;

    fn typed(cells: &[&str], kind: Option<ColumnType>) -> (Vec<Value>, Typed) {
        let mut table = Table::with_names(["x"]);
        for cell in cells {
            table.push([Value::text(cell)], Origin::default());
        }
        let declared = kind.map(|kind| ("x".to_owned(), kind)).into_iter().collect();
        let notes = apply(&mut table, &TypingOptions { declared, text: Vec::new() });
        (table.column_values(0).cloned().collect(), notes)
    }

    #[test]
    fn money_is_a_number_and_a_dash_stays() {
        let (values, _) = typed(&["Rp 1.250.000", "-Rp 4.827.000", "-", "(Rp 2.000)"], None);
        assert_eq!(
            values,
            [Value::Integer(1_250_000), Value::Integer(-4_827_000), "-".into(), Value::Integer(-2000)]
        );
    }

    #[test]
    fn a_row_of_totals_has_amounts_beside_its_label() {
        let row = ["Jumlah".into(), Value::Empty, "Rp 63.437.865".into(), Value::Integer(7), "-".into()];
        let found: Vec<_> = amounts(&row).map(|(column, amount)| (column, amount.to_string())).collect();
        assert_eq!(found, [(2, "63437865".to_owned()), (3, "7".to_owned())]);
    }

    #[test]
    fn codes_and_telephone_numbers_stay_text() {
        for cells in [
            &["005705", "12"][..],
            &["081322361185"],
            &["6289653995967"],
            &["+62812"],
            &["1.2.3"],
            &["12", "x"],
        ] {
            let (values, _) = typed(cells, None);
            assert!(values.iter().all(|value| value.as_text().is_some()), "{values:?}");
        }
    }

    #[test]
    fn days_are_read_in_the_columns_own_order() {
        let (values, _) = typed(&["05/04/2025 08:59", "25/03/2025 20:35"], None);
        assert_eq!(values[0].to_string(), "2025-04-05 08:59");
        let (values, _) = typed(&["04/25/2025", "04/05/2025"], None);
        assert_eq!(values[1].to_string(), "2025-04-05");
        let (values, _) = typed(&["12 Agustus 2025", "2025-09-12"], None);
        assert_eq!(values.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2025-08-12", "2025-09-12"]);
    }

    #[test]
    fn a_declared_type_keeps_what_does_not_fit_and_says_so() {
        let (values, notes) = typed(&["12", "batal"], Some(ColumnType::Integer));
        assert_eq!(values, [Value::Integer(12), "batal".into()]);
        assert!(notes.misfits[0].contains("`batal`"), "{notes:?}");
    }

    #[test]
    fn what_was_inferred_is_told_with_the_number_of_cells() {
        let (_, notes) = typed(&["12", "-", "7"], None);
        assert_eq!(notes.columns, ["`x`: whole numbers, inferred; 2 cells became such"]);
    }

    #[test]
    fn numbers_of_a_workbook_become_text_where_that_is_declared() {
        let mut table = Table::with_names(["x"]);
        table.push([Value::Integer(1_234_567_890_123_456)], Origin::default());
        let declared = [("x".to_owned(), ColumnType::Text)].into();
        apply(&mut table, &TypingOptions { declared, text: Vec::new() });
        assert_eq!(table.row(0)[0], "1234567890123456".into());
    }
}
