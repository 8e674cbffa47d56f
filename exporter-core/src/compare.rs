//! When two cells say the same: a value from a file and a value read back from a sheet.

use chrono::{NaiveDate, NaiveDateTime};
use rust_decimal::Decimal;

use crate::Value;

/// Half a second, in days: serials are doubles and lose that much.
const HALF_SECOND: f64 = 0.5 / 86_400.0;

/// Whether `stored`, as a spreadsheet gives it back, says the same as `incoming`.
///
/// Numbers compare as the doubles that spreadsheets store, days and times also with
/// their serial number (days since 1899-12-30), everything else exactly. Text and
/// number are different: a type that changed is a change.
pub fn same(incoming: &Value, stored: &Value) -> bool {
    match (incoming, stored) {
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Empty, Value::Empty) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Integer(a), Value::Integer(b)) => a == b,
        _ => match (serial(incoming), serial(stored)) {
            (Some((a, true)), Some((b, _))) | (Some((a, _)), Some((b, true))) => (a - b).abs() < HALF_SECOND,
            (Some((a, false)), Some((b, false))) => a == b,
            _ => false,
        },
    }
}

/// The number that a spreadsheet stores for a value, and whether it is a day or time.
pub(crate) fn serial(value: &Value) -> Option<(f64, bool)> {
    match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "spreadsheets store doubles, so equality is that of doubles"
        )]
        Value::Integer(number) => Some((*number as f64, false)),
        Value::Decimal(number) => Some((double(number), false)),
        Value::Date(day) => Some((date_serial(*day), true)),
        Value::DateTime(at) => Some((datetime_serial(*at), true)),
        Value::Empty | Value::Text(_) | Value::Bool(_) => None,
    }
}

/// The double nearest to a decimal, the one that a spreadsheet stores for it.
///
/// `Decimal::to_f64` may be one bit off beyond 15 digits. Up to 2^53 and 10^22 digits and
/// power of ten are exact as doubles, so that one division rounds right; beyond, the
/// standard library reads the decimal's text.
pub fn double(number: &Decimal) -> f64 {
    const EXACT: i128 = 1 << 53;
    const EXACT_POWER: u32 = 22;
    let digits = number.mantissa();
    if digits.abs() <= EXACT && number.scale() <= EXACT_POWER {
        #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
        let digits = digits as f64;
        return digits / 10_f64.powi(number.scale().cast_signed());
    }
    number.to_string().parse().unwrap_or(f64::NAN)
}

/// Days since 1899-12-30, as Google Sheets and Excel store a day.
pub fn date_serial(day: NaiveDate) -> f64 {
    datetime_serial(day.and_time(chrono::NaiveTime::MIN))
}

/// Days since 1899-12-30 with the time as the fraction.
pub fn datetime_serial(at: NaiveDateTime) -> f64 {
    const EPOCH: NaiveDate = NaiveDate::from_ymd_opt(1899, 12, 30).expect("a day of the calendar");
    let seconds = (at - EPOCH.and_time(chrono::NaiveTime::MIN)).num_seconds();
    #[expect(clippy::cast_precision_loss, reason = "seconds of the calendar stay far below 2^53")]
    let days = seconds as f64 / 86_400.0;
    days
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn serials_are_those_of_the_api() {
        let day = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
        assert_eq!(date_serial(day), 43831.0);
        assert_eq!(datetime_serial(day.and_hms_opt(12, 0, 0).unwrap()), 43831.5);
    }

    #[test]
    fn what_a_sheet_gives_back_is_the_same() {
        let at = NaiveDate::from_ymd_opt(2025, 9, 12).unwrap().and_hms_opt(14, 3, 0).unwrap();
        let read_back = Value::Decimal(Decimal::try_from(45_912.585_416_666_67).unwrap());
        assert!(same(&Value::DateTime(at), &read_back));
        assert!(same(&Value::Integer(5), &Value::Decimal(Decimal::new(50, 1))));
        assert!(same(&Value::Decimal(Decimal::new(1, 1)), &Value::Decimal(Decimal::try_from(0.1).unwrap())));
    }

    proptest! {
        #[test]
        fn a_decimal_is_the_double_that_its_text_is(digits: i64, more: u16, scale in 0_u32..=28) {
            let number = Decimal::from_i128_with_scale(i128::from(digits) * i128::from(more), scale);
            prop_assert_eq!(double(&number), number.to_string().parse::<f64>().unwrap());
        }
    }

    #[test]
    fn seventeen_digits_are_the_double_that_a_sheet_stores() {
        for text in ["0.30000000000000004", "9007199254740993.1", "1234567.8901234567", "2.2204460492503131"]
        {
            let number: Decimal = text.parse().unwrap();
            let stored: f64 = text.parse().unwrap();
            assert_eq!(double(&number), stored, "{text}");
        }
    }

    #[test]
    fn another_value_or_type_is_not() {
        assert!(!same(&Value::text("00042"), &Value::Integer(42)));
        assert!(!same(&Value::Empty, &Value::Integer(0)));
        assert!(!same(&Value::Bool(true), &Value::text("TRUE")));
        assert!(!same(&Value::Integer(1), &Value::Integer(2)));
    }
}
