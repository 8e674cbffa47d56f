//! Cells on the wire: our typed values as `CellData`, and what a read gives back.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use exporter_core::Value;
use exporter_core::compare::{date_serial, datetime_serial, double};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};

/// Most characters of one cell.
pub const MAX_CHARACTERS: usize = 50_000;

/// Whole numbers up to here are exact as the doubles that Sheets stores.
const EXACT: i64 = 1 << 53;

/// The number that Sheets stores for a number, a day or a time.
fn serial(value: &Value) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "Sheets stores doubles")]
    match value {
        Value::Empty | Value::Text(_) | Value::Bool(_) => None,
        Value::Integer(number) => Some(*number as f64),
        // A decimal is far below the largest double, so this is always finite.
        Value::Decimal(number) => Some(double(number)),
        Value::Date(day) => Some(date_serial(*day)),
        Value::DateTime(at) => Some(datetime_serial(*at)),
    }
}

/// The `ExtendedValue` of a cell; `None` for an empty one. Text goes as `stringValue`,
/// which Sheets never reads as a formula, number or date.
fn extended(value: &Value) -> Option<Json> {
    match value {
        Value::Text(text) => Some(json!({ "stringValue": text.as_str() })),
        Value::Bool(truth) => Some(json!({ "boolValue": truth })),
        _ => serial(value).map(|number| json!({ "numberValue": number })),
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

/// A value as it stands in a `ValueRange` that is taken as it is (`RAW`): text is never read as
/// something else there either, and an empty text leaves a cell empty.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a>(pub &'a Value);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Empty => serializer.serialize_str(""),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bool(truth) => serializer.serialize_bool(*truth),
            Value::Integer(number) if number.abs() <= EXACT => serializer.serialize_i64(*number),
            other => serial(other).serialize(serializer),
        }
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
#[derive(Debug, Default)]
pub struct Unformatted(Value);

impl<'de> Deserialize<'de> for Unformatted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor).map(Self)
    }
}

/// Takes a cell without a copy of its text in between. serde asks for a name of what was
/// expected; Google sends nothing else than these.
struct CellVisitor;

impl Visitor<'_> for CellVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cell: a text, a number, true or false")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(read_number(&number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(read_number(&number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(read_double(number))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Empty)
    }
}

/// A cell of grid data: its `effectiveValue`. One that holds an error is empty to us.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Effective {
    effective_value: Extended,
}

/// An `ExtendedValue`, of which one member is there.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Extended {
    #[serde(rename = "stringValue")]
    text: Unformatted,
    #[serde(rename = "numberValue")]
    number: Unformatted,
    #[serde(rename = "boolValue")]
    truth: Unformatted,
}

impl From<Unformatted> for Value {
    fn from(cell: Unformatted) -> Self {
        cell.0
    }
}

impl From<Effective> for Value {
    fn from(cell: Effective) -> Self {
        let Extended { text, number, truth } = cell.effective_value;
        [text.0, number.0, truth.0].into_iter().find(|value| !value.is_empty()).unwrap_or_default()
    }
}

/// Cells of a row as they come, each a [`Value`] at once.
#[derive(Debug)]
pub struct Row<C>(Vec<Value>, PhantomData<C>);

impl<C> Row<C> {
    /// The cells.
    pub fn into_values(self) -> Vec<Value> {
        self.0
    }
}

impl<C> Default for Row<C> {
    fn default() -> Self {
        Self(Vec::new(), PhantomData)
    }
}

impl<'de, C: Deserialize<'de> + Into<Value>> Deserialize<'de> for Row<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(RowVisitor(PhantomData))
    }
}

struct RowVisitor<C>(PhantomData<C>);

impl<'de, C: Deserialize<'de> + Into<Value>> Visitor<'de> for RowVisitor<C> {
    type Value = Row<C>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cells of a row")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<Row<C>, A::Error> {
        let mut values = Vec::new();
        while let Some(cell) = cells.next_element::<C>()? {
            values.push(cell.into());
        }
        // At once, so that the next row grows where this one has left room.
        values.shrink_to_fit();
        Ok(Row(values, PhantomData))
    }
}

/// JSON has no other doubles than finite ones.
fn read_double(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or(Value::Empty, |number| read_number(&number))
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
/// Values that a sheet stores alike have one such form.
pub fn stored(value: &Value) -> Value {
    match serial(value) {
        None => value.clone(),
        Some(number) => read_double(number),
    }
}

/// A value as text by which equal cells are equal.
pub fn text(value: &Value) -> String {
    format!("{:?}", stored(value))
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
            let text = cell.to_string().replacen("userEnteredValue", "effectiveValue", 1);
            let back = Value::from(serde_json::from_str::<Effective>(&text).unwrap());
            let large = matches!(&value, Value::Integer(number) if number.abs() > EXACT);
            prop_assert!(large || same(&value, &back), "{value:?} came back as {back:?}");
        }
    }
}
