//! Cells on the wire: our typed values as `CellData`, and what a read gives back.

use std::str::FromStr;

use exporter_core::Value;
use exporter_core::compare::{date_serial, datetime_serial, double};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

/// Most characters of one cell.
pub const MAX_CHARACTERS: usize = 50_000;

/// Whole numbers up to here are exact as the doubles that Sheets stores.
const EXACT: i64 = 1 << 53;

/// The `ExtendedValue` of a cell; `None` for an empty one. Text goes as `stringValue`,
/// which Sheets never reads as a formula, number or date.
fn extended(value: &Value) -> Option<Json> {
    #[expect(clippy::cast_precision_loss, reason = "Sheets stores doubles")]
    match value {
        Value::Empty => None,
        Value::Text(text) => Some(json!({ "stringValue": text.as_str() })),
        Value::Bool(truth) => Some(json!({ "boolValue": truth })),
        Value::Integer(number) => Some(json!({ "numberValue": *number as f64 })),
        Value::Decimal(number) => {
            // A decimal is far below the largest double, so this is always finite.
            Some(json!({ "numberValue": double(number) }))
        }
        Value::Date(day) => Some(json!({ "numberValue": date_serial(*day) })),
        Value::DateTime(at) => Some(json!({ "numberValue": datetime_serial(*at) })),
    }
}

/// The `CellData` that holds a value. An empty cell has no member at all: a null inside
/// a row would be dropped on its way and shift the cells after it.
#[derive(Debug, Clone, Copy)]
pub struct CellData<'a>(pub &'a Value);

impl Serialize for CellData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(extended(self.0).map(|value| ("userEnteredValue", value)))
    }
}

/// The number format that a value needs to be shown as what it is.
pub fn number_format(value: &Value) -> Option<Json> {
    match value {
        Value::Date(_) => Some(json!({ "type": "DATE", "pattern": "yyyy-mm-dd" })),
        Value::DateTime(_) => Some(json!({ "type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm:ss" })),
        _ => None,
    }
}

/// A cell as `UNFORMATTED_VALUE` gives it back.
pub fn read(value: &Json) -> Value {
    match value {
        Json::String(text) => Value::text(text),
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => read_number(number),
        _ => Value::Empty,
    }
}

fn read_number(number: &serde_json::Number) -> Value {
    if let Some(whole) = number.as_i64().filter(|whole| whole.abs() <= EXACT) {
        return Value::Integer(whole);
    }
    let text = number.to_string();
    let decimal = Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text));
    // A number too large for us is shown, so that it differs from whatever we have.
    let decimal = decimal.map(|decimal| decimal.normalize());
    match decimal {
        Ok(decimal) if decimal.scale() == 0 => match decimal.to_i64().filter(|whole| whole.abs() <= EXACT) {
            Some(whole) => Value::Integer(whole),
            None => Value::Decimal(decimal),
        },
        Ok(decimal) => Value::Decimal(decimal),
        Err(_) => Value::text(text),
    }
}

/// A value as it comes back once it was written: days and times as their serial numbers.
pub fn stored(value: &Value) -> Value {
    let entered = extended(value).unwrap_or_default();
    let cell = entered.as_object().and_then(|entered| entered.values().next());
    cell.map(read).unwrap_or_default()
}

/// The one form of all values that a sheet stores alike.
pub fn canonical(value: &Value) -> Value {
    match value {
        Value::Empty | Value::Text(_) | Value::Bool(_) => value.clone(),
        _ => stored(value),
    }
}

/// A cell of grid data: its `effectiveValue`.
pub fn read_effective(cell: &Json) -> Value {
    let value = &cell["effectiveValue"];
    ["stringValue", "numberValue", "boolValue"]
        .iter()
        .map(|kind| read(&value[*kind]))
        .find(|value| !value.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use exporter_core::compare::same;
    use proptest::prelude::*;

    use super::*;

    fn cell_data(value: &Value) -> Json {
        serde_json::to_value(CellData(value)).unwrap()
    }

    #[test]
    fn text_that_looks_like_something_else_stays_text() {
        for text in ["=1+1", "+62812", "0042", "1/2", "TRUE", "'x"] {
            assert_eq!(cell_data(&Value::text(text)), json!({"userEnteredValue": {"stringValue": text}}));
        }
    }

    #[test]
    fn days_are_serials_with_a_format() {
        let day = Value::Date(NaiveDate::from_ymd_opt(2020, 1, 1).unwrap());
        assert_eq!(cell_data(&day), json!({"userEnteredValue": {"numberValue": 43831.0}}));
        assert_eq!(number_format(&day).unwrap()["type"], "DATE");
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Empty),
            ".*".prop_map(Value::text),
            any::<i64>().prop_map(Value::Integer),
            (any::<i64>(), 0u32..=18).prop_map(|(digits, scale)| Value::Decimal(Decimal::new(digits, scale))),
            any::<bool>().prop_map(Value::Bool),
            (-500_000i32..500_000)
                .prop_filter_map("a day", |days| NaiveDate::from_num_days_from_ce_opt(700_000 + days))
                .prop_map(Value::Date),
        ]
    }

    proptest! {
        #[test]
        fn no_cell_has_a_null_or_a_formula(value in any_value()) {
            let cell = cell_data(&value);
            let entered = cell.get("userEnteredValue");
            prop_assert_eq!(entered.is_none(), value.is_empty());
            if let Some(entered) = entered.and_then(Json::as_object) {
                prop_assert_eq!(entered.len(), 1);
                prop_assert!(!entered.contains_key("formulaValue") && !entered.values().any(Json::is_null));
            }
        }

        #[test]
        fn what_is_written_reads_back_the_same(value in any_value()) {
            let cell = cell_data(&value);
            let back = read_effective(&json!({"effectiveValue": cell["userEnteredValue"]}));
            let large = matches!(&value, Value::Integer(number) if number.abs() > EXACT);
            prop_assert!(large || same(&value, &back), "{value:?} came back as {back:?}");
        }
    }
}
