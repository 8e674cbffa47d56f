//! Number formats: the text people see.

mod date;
mod number;

use serde_json::Value;

use super::cell::Scalar;
use super::json;
use super::locale::Locale;

/// The text of a value under a `NumberFormat`; without one, the general format.
pub fn render(value: &Scalar, format: Option<&Value>, locale: Locale) -> String {
    match value {
        Scalar::Number(number) => match format {
            None => general(*number, locale),
            Some(format) => formatted(*number, format, locale),
        },
        other => other.unformatted(),
    }
}

/// Whether the format shows a date or a time.
pub fn is_date(format: &Value) -> bool {
    matches!(format["type"].as_str(), Some("DATE" | "TIME" | "DATE_TIME"))
}

fn formatted(value: f64, format: &Value, locale: Locale) -> String {
    let given = format["pattern"].as_str().filter(|pattern| !pattern.is_empty());
    let kind = format["type"].as_str().unwrap_or_default();
    let pattern = given.map_or_else(|| usual(kind, locale), str::to_owned);
    match kind {
        "TEXT" => general(value, locale),
        "DATE" | "TIME" | "DATE_TIME" => {
            date::render(value, &pattern).unwrap_or_else(|| general(value, locale))
        }
        _ if pattern.is_empty() => general(value, locale),
        _ => number::render(value, &pattern, locale),
    }
}

/// The pattern of a format that gives only its type.
fn usual(kind: &str, locale: Locale) -> String {
    match kind {
        "NUMBER" => "#,##0.00".to_owned(),
        "PERCENT" => "0.00%".to_owned(),
        "CURRENCY" => format!("\"{}\"#,##0.00", locale.currency),
        "DATE" => locale.date.to_owned(),
        "TIME" => "h:mm:ss am/pm".to_owned(),
        "DATE_TIME" => format!("{} h:mm:ss", locale.date),
        "SCIENTIFIC" => "0.00E+00".to_owned(),
        _ => String::new(),
    }
}

/// A number without a format: ten digits at most, those that only hold a small number's place
/// not counted; scientific when very large or small.
fn general(value: f64, locale: Locale) -> String {
    let size = value.abs();
    if value != 0.0 && !(1e-4..1e15).contains(&size) {
        return number::render(value, "0.00E+00", locale);
    }
    let text = if value.fract() == 0.0 {
        json::number(value)
    } else {
        #[allow(clippy::cast_possible_truncation)] // between -4 and 14, see above
        let before = size.log10().floor() as i32 + 1;
        let places = usize::try_from(10 - before).unwrap_or(0);
        let fixed = format!("{value:.places$}");
        if places == 0 { fixed } else { fixed.trim_end_matches('0').trim_end_matches('.').to_owned() }
    };
    if locale.decimal == '.' { text } else { text.replace('.', &locale.decimal.to_string()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(value: f64, kind: &str, pattern: &str, locale: &str) -> String {
        let format = json!({"type": kind, "pattern": pattern});
        render(&Scalar::Number(value), Some(&format), Locale::of(locale))
    }

    #[test]
    fn general_numbers() {
        let shown = |value| render(&Scalar::Number(value), None, Locale::of("en_US"));
        assert_eq!(shown(53.0), "53");
        assert_eq!(shown(1.5), "1.5");
        assert_eq!(shown(1.0 / 3.0), "0.3333333333");
        assert_eq!(shown(1.0 / 1024.0), "0.0009765625");
        assert_eq!(shown(std::f64::consts::PI), "3.141592654");
        assert_eq!(shown(9.999_999_999), "9.999999999");
        assert_eq!(shown(12_345_678_901.5), "12345678902");
        assert_eq!(shown(1e20), "1.00E+20");
        assert_eq!(render(&Scalar::Number(1.5), None, Locale::of("id_ID")), "1,5");
    }

    #[test]
    fn number_patterns() {
        for (value, pattern, text) in [
            (2_000_000.01, "#,##0.00", "2,000,000.01"),
            (0.5, "0%", "50%"),
            (1.5, "\"$\"#,##0.00", "$1.50"),
            (-3.0, "\"$\"#,##0", "-$3"),
            (5.0, "000", "005"),
            (1234.5, "#,##0.##", "1,234.5"),
            (-7.0, "0;(0)", "(7)"),
            (0.0, "0;-0;\"none\"", "none"),
            (12_345.0, "0.00E+00", "1.23E+04"),
            (1.0, "General", "1"),
            (3.0, "0 \"pcs\"", "3 pcs"),
        ] {
            assert_eq!(shown(value, "NUMBER", pattern, "en_US"), text, "{pattern}");
        }
        assert_eq!(shown(1234.5, "NUMBER", "#,##0.00", "id_ID"), "1.234,50");
    }

    #[test]
    fn date_patterns() {
        for (value, pattern, text) in [
            (43_831.0, "yyyy-mm-dd", "2020-01-01"),
            (43_894.0, "m/d/yyyy", "3/4/2020"),
            (43_831.75, "dd/mm/yyyy hh:mm:ss", "01/01/2020 18:00:00"),
            (43_831.75, "h:mm am/pm", "6:00 PM"),
            (43_831.75, "h:mm AM/PM", "6:00 PM"),
            (43_831.0, "ddd, d mmm yy", "Wed, 1 Jan 20"),
            (1.5, "[h]:mm", "36:00"),
            (43_831.0, "dddd d mmmm", "Wednesday 1 January"),
        ] {
            assert_eq!(shown(value, "DATE_TIME", pattern, "en_US"), text, "{pattern}");
        }
    }
}
