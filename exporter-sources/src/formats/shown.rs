//! Numbers as a workbook shows them, by their number formats (ECMA-376 part 1, 18.8.31): `0007`,
//! `08-12`, `1,250.00`, `12.5%`, `05/01/2026`. What depends on the machine, the language of a
//! month's name or the width of a column is not guessed: there the stored value stays.

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};
use ssfmt::FormatOptions;
use ssfmt::ast::{DatePart, FormatPart, NumberFormat, Section};

/// The low bits of a language of Windows that say English.
const ENGLISH: u32 = 9;
/// Doubles hold every whole number up to 2^53.
const WHOLE: f64 = 9_007_199_254_740_992.0;
/// From the first day of workbooks that count from 1900 to that of those that count from 1904.
const DAYS_TO_1904: f64 = 1462.0;

/// A number format whose outcome is certain.
pub(super) struct Look {
    format: NumberFormat,
    /// Whether it is a day, counted from 1904.
    from_1904: bool,
    /// Decimals of all sections, where they have the same.
    decimals: Option<u32>,
}

impl Look {
    /// Reads a format; nothing where the stored value is as good or the outcome not certain.
    pub(super) fn parse(code: &str, from_1904: bool) -> Option<Self> {
        if code.matches('"').count() % 2 == 1 {
            return None;
        }
        let format = NumberFormat::parse(code).ok()?;
        let numbers = &format.sections()[..format.sections().len().min(3)];
        let known = |section: &Section| section.parts.iter().all(|part| is_certain(part, section));
        let shows = |section: &Section| {
            section.parts.iter().any(|part| part.is_numeric_part() || part.is_date_part())
        };
        if !numbers.iter().all(known) || !numbers.first().is_some_and(shows) {
            return None;
        }
        let mut places = numbers.iter().filter(|section| shows(section)).map(decimals);
        let first = places.next().flatten();
        let decimals = first.filter(|first| places.all(|other| other == Some(*first)));
        let from_1904 = from_1904 && numbers.iter().any(Section::has_date_parts);
        let from_1904 = from_1904 && !numbers.iter().any(|section| section.metadata.has_elapsed_time);
        Some(Self { format, from_1904, decimals })
    }

    /// The number in this format; nothing where the format hides it.
    pub(super) fn show(&self, number: f64) -> Option<String> {
        if !number.is_finite() || number.abs() > WHOLE {
            return None;
        }
        let rounded = self.decimals.and_then(|decimals| round(number, decimals)).unwrap_or(number);
        // Whether nothing is less than nothing, programs do not agree.
        if rounded == 0.0 && number < 0.0 {
            return None;
        }
        let rounded = if self.from_1904 { rounded + DAYS_TO_1904 } else { rounded };
        let shown = self.format.try_format(rounded, &FormatOptions::default()).ok()?;
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        (!shown.is_empty() && !shown.contains('#')).then_some(shown)
    }
}

/// Whether numbers of this format are days or times.
pub(super) fn is_date(code: &str) -> bool {
    NumberFormat::parse(code).is_ok_and(|format| format.is_date_format())
}

fn is_certain(part: &FormatPart, section: &Section) -> bool {
    match part {
        // An exponent would lose digits of a reference.
        FormatPart::Scientific { .. }
        | FormatPart::GeneralNumber
        | FormatPart::TextPlaceholder
        | FormatPart::DatePart(
            DatePart::BuddhistYear2
            | DatePart::BuddhistYear4
            | DatePart::BuddhistYear2Alt
            | DatePart::BuddhistYear4Alt,
        ) => false,
        FormatPart::Locale(locale) => {
            let Some(language) = locale.lcid else { return true };
            // Calendars and digits of their own are in the upper half; the last two are the machine's.
            language < 0xF000 && (language & 0x3FF == ENGLISH || !section.parts.iter().any(is_name))
        }
        _ => !section.metadata.is_hijri,
    }
}

/// Whether this is a word of a language.
fn is_name(part: &FormatPart) -> bool {
    matches!(
        part,
        FormatPart::AmPm(_)
            | FormatPart::DatePart(
                DatePart::MonthAbbr
                    | DatePart::MonthFull
                    | DatePart::MonthLetter
                    | DatePart::DayAbbr
                    | DatePart::DayFull
            )
    )
}

/// How many decimals a section shows of the stored number; nothing for dates, fractions and
/// thousands that are left away.
fn decimals(section: &Section) -> Option<u32> {
    let (mut after_point, mut decimals, mut scaled) = (false, 0, false);
    for part in &section.parts {
        match part {
            FormatPart::DecimalPoint => after_point = true,
            FormatPart::Digit(_) => {
                scaled = false;
                decimals += u32::from(after_point);
            }
            FormatPart::ThousandsSeparator => scaled = true,
            FormatPart::Percent => decimals += 2,
            FormatPart::Fraction { .. } => return None,
            part if part.is_date_part() => return None,
            _ => {}
        }
    }
    (!scaled).then_some(decimals)
}

/// Halves go away from zero, by the digits that the number has on paper: 1.005 is 1.01.
fn round(number: f64, decimals: u32) -> Option<f64> {
    let exact: Decimal = number.to_string().parse().ok()?;
    exact.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero).to_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(code: &str, number: f64) -> Option<String> {
        Look::parse(code, false)?.show(number)
    }

    #[test]
    fn numbers_come_out_as_excel_shows_them() {
        for (code, number, shown) in [
            ("0000", 7.0, "0007"),
            ("0000", -7.0, "-0007"),
            ("00-00", 812.0, "08-12"),
            ("0###-####-####", 81_234_567_890.0, "0812-3456-7890"),
            ("0", 1_234_567_890_123_456.0, "1234567890123456"),
            ("0.00", 1.005, "1.01"),
            ("0.00", 9.995, "10.00"),
            ("0.00", 2.5, "2.50"),
            ("#,##0", 1_234_567.0, "1,234,567"),
            ("#,##0.00;(#,##0.00)", -1234.5, "(1,234.50)"),
            ("0%", 0.125, "13%"),
            ("0.0%", 0.125, "12.5%"),
            ("\"Rp \"#,##0", 1_250_000.0, "Rp 1,250,000"),
            ("[$Rp-421]#,##0", 1_250_000.0, "Rp1,250,000"),
            ("_(\"Rp\"* #,##0_);_(\"Rp\"* (#,##0);_(\"Rp\"* \"-\"_);_(@_)", 1250.0, "Rp1,250"),
            ("0 \"pcs\"", 3.0, "3 pcs"),
            ("[Red]0;[Blue]-0", -5.0, "-5"),
            ("dd/mm/yyyy", 45000.0, "15/03/2023"),
            ("dd-mm-yyyy hh:mm", 45_000.520_833_333_336, "15-03-2023 12:30"),
            ("[$-409]d mmm yyyy", 45000.0, "15 Mar 2023"),
            ("[$-421]dd/mm/yyyy", 45000.0, "15/03/2023"),
            ("[h]:mm", 1.5, "36:00"),
            ("h:mm AM/PM", 0.75, "6:00 PM"),
        ] {
            assert_eq!(show(code, number).as_deref(), Some(shown), "{code} {number}");
        }
    }

    #[test]
    fn what_is_not_certain_stays_as_it_is_stored() {
        for (code, number) in [
            ("General", 7.0),
            ("@", 7.0),
            ("0.00E+00", 81_234_567_890.0),
            ("[$-421]dd mmmm yyyy", 45000.0),
            ("[$-F800]dddd, mmmm dd, yyyy", 45000.0),
            (";;;", 7.0),
            ("\"open", 7.0),
            ("[", 7.0),
            ("0.00", -0.001),
            ("0", f64::NAN),
            ("0", 1e300),
            ("dd/mm/yyyy", -5.0),
        ] {
            assert_eq!(show(code, number), None, "{code} {number}");
        }
    }

    #[test]
    fn days_are_counted_from_1904_where_the_workbook_says_so() {
        let look = Look::parse("yyyy-mm-dd", true).unwrap();
        assert_eq!(look.show(0.0).as_deref(), Some("1904-01-01"));
    }
}
