//! What typed text becomes: the rules of `USER_ENTERED`.

mod date;
mod number;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::cell::Cell;
use super::links;
use super::locale::Locale;

/// A value entered into a cell and the number format it brings along.
#[derive(Debug, Clone, PartialEq)]
pub struct Entered {
    /// The value.
    pub cell: Cell,
    /// The `NumberFormat` the text asked for, if any.
    pub format: Option<Value>,
    /// Whether the text is a web address, to which the cell then leads.
    pub link: bool,
}

impl Entered {
    /// A value without a format of its own.
    pub fn plain(cell: Cell) -> Self {
        Self { cell, format: None, link: false }
    }

    fn formatted(number: f64, kind: &str, pattern: &str) -> Self {
        let format = Some(json!({ "type": kind, "pattern": pattern }));
        Self { cell: Cell::Number(number), format, link: false }
    }
}

/// Reads `text` as if a person typed it into a cell whose number format is `current`. A
/// format that is there already stays; in a cell formatted as text everything is text.
pub fn typed(text: &str, current: Option<&Value>, locale: Locale, today: NaiveDate) -> Entered {
    if let Some(rest) = text.strip_prefix('\'') {
        return Entered::plain(Cell::text(rest));
    }
    if text.starts_with('=') && text.len() > 1 {
        return Entered::plain(Cell::formula(text));
    }
    if current.is_some_and(|format| format["type"] == "TEXT") {
        return Entered::plain(Cell::text(text));
    }
    let mut entered = read(text, locale, today);
    if current.is_some() {
        entered.format = None;
    }
    entered
}

fn read(text: &str, locale: Locale, today: NaiveDate) -> Entered {
    let trimmed = text.trim();
    if trimmed.eq_ignore_ascii_case("true") {
        return Entered::plain(Cell::Bool(true));
    }
    if trimmed.eq_ignore_ascii_case("false") {
        return Entered::plain(Cell::Bool(false));
    }
    number::read(trimmed, locale)
        .or_else(|| date::read(trimmed, locale, today))
        .unwrap_or_else(|| Entered { link: links::is_address(text), ..Entered::plain(Cell::text(text)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, locale: &str) -> (Cell, Option<String>) {
        let today = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        let entered = typed(text, None, Locale::of(locale), today);
        let pattern = entered.format.map(|format| format["pattern"].as_str().unwrap().to_owned());
        (entered.cell, pattern)
    }

    fn number(value: f64, pattern: &str) -> (Cell, Option<String>) {
        let pattern = (!pattern.is_empty()).then(|| pattern.to_owned());
        (Cell::Number(value), pattern)
    }

    #[test]
    fn numbers_as_typed() {
        for (text, value, pattern) in [
            ("0042", 42.0, ""),
            ("-1.5", -1.5, ""),
            ("2,000,000.01", 2_000_000.01, "#,##0.00"),
            ("1,234", 1234.0, "#,##0"),
            ("50%", 0.5, "0%"),
            ("12.5%", 0.125, "0.00%"),
            ("$1.50", 1.5, "\"$\"#,##0.00"),
            ("-$3", -3.0, "\"$\"#,##0"),
            ("(5)", -5.0, ""),
            ("1e3", 1000.0, "0.00E+00"),
            ("+380501234567", 380_501_234_567.0, ""),
        ] {
            assert_eq!(read(text, "en_US"), number(value, pattern), "{text}");
        }
        assert_eq!(read("1.234,5", "id_ID"), number(1234.5, "#,##0.00"));
        assert_eq!(read("Rp1.500", "id_ID"), number(1500.0, "\"Rp\"#,##0"));
    }

    #[test]
    fn dates_by_locale() {
        assert_eq!(read("2020-01-01", "en_US"), number(43_831.0, "yyyy-mm-dd"));
        assert_eq!(read("3/4/2020", "en_US"), number(43_894.0, "m/d/yyyy"));
        assert_eq!(read("3/4/2020", "en_GB"), number(43_924.0, "dd/mm/yyyy"));
        assert_eq!(read("Jan 1, 2020", "en_US"), number(43_831.0, "mmm d, yyyy"));
        assert_eq!(read("1 january 2020", "en_US"), number(43_831.0, "d mmm yyyy"));
        assert_eq!(read("31/12/2025", "id_ID").0, Cell::Number(46_022.0));
        assert_eq!(read("2020-01-01 06:00:00", "en_US"), number(43_831.25, "yyyy-mm-dd h:mm:ss"));
        assert_eq!(read("18:00", "en_US"), number(0.75, "h:mm"));
        assert_eq!(read("6:00 PM", "en_US"), number(0.75, "h:mm am/pm"));
    }

    #[test]
    fn everything_else_is_text() {
        for text in ["USR-00065", "1.2.3", "31/31/2020", "12,34", "$", "1 000", "0x10", "+62 812"] {
            assert_eq!(read(text, "en_US"), (Cell::text(text), None), "{text}");
        }
        assert_eq!(read("'0042", "en_US").0, Cell::text("0042"));
        assert_eq!(read("TRUE", "en_US").0, Cell::Bool(true));
    }
}
