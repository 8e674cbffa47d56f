//! Typed numbers: separators, percent, currency, scientific.

use super::Entered;
use crate::sheets::cell::Cell;
use crate::sheets::locale::Locale;

/// Reads a number as typed; `None` when the text is something else.
pub fn read(text: &str, locale: Locale) -> Option<Entered> {
    let (text, negative) = sign(text)?;
    let (text, percent) = text.strip_suffix('%').map_or((text, false), |text| (text, true));
    let (text, currency) = currency(text, locale);
    let (text, inner_negative) = text.strip_prefix('-').map_or((text, false), |text| (text, true));
    if inner_negative && !currency {
        return None;
    }
    let parsed = parse(text.trim(), locale)?;
    let mut value = if negative == inner_negative { parsed.value } else { -parsed.value };
    if percent {
        // 12.5% is 0.125: dividing the text's number keeps the nearest double.
        value /= 100.0;
    }
    Some(if percent {
        Entered::formatted(value, "PERCENT", if parsed.decimals { "0.00%" } else { "0%" })
    } else if currency {
        let decimals = if parsed.decimals { ".00" } else { "" };
        let pattern = format!("\"{}\"#,##0{decimals}", locale.currency);
        Entered::formatted(value, "CURRENCY", &pattern)
    } else if parsed.scientific {
        Entered::formatted(value, "SCIENTIFIC", "0.00E+00")
    } else if parsed.grouped {
        let pattern = if parsed.decimals { "#,##0.00" } else { "#,##0" };
        Entered::formatted(value, "NUMBER", pattern)
    } else {
        Entered::plain(Cell::Number(value))
    })
}

fn sign(text: &str) -> Option<(&str, bool)> {
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        return Some((inner, true));
    }
    match text.as_bytes().first()? {
        b'-' => Some((&text[1..], true)),
        b'+' => Some((&text[1..], false)),
        _ => Some((text, false)),
    }
}

fn currency(text: &str, locale: Locale) -> (&str, bool) {
    for symbol in [locale.currency, "$"] {
        if let Some(rest) = text.strip_prefix(symbol) {
            return (rest.trim_start(), true);
        }
    }
    match text.strip_suffix(locale.currency) {
        Some(rest) => (rest.trim_end(), true),
        None => (text, false),
    }
}

struct Parsed {
    value: f64,
    grouped: bool,
    decimals: bool,
    scientific: bool,
}

fn parse(text: &str, locale: Locale) -> Option<Parsed> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once(locale.decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = whole.contains(locale.thousands);
    if grouped && !is_grouped(whole, locale.thousands) {
        return None;
    }
    let digits: String = whole.chars().filter(|&letter| letter != locale.thousands).collect();
    let fraction_digits = fraction.unwrap_or_default();
    if !all_digits(&digits) || !all_digits(fraction_digits) {
        return None;
    }
    if digits.is_empty() && fraction_digits.is_empty() {
        return None;
    }
    if let Some(exponent) = exponent {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if unsigned.is_empty() || !all_digits(unsigned) {
            return None;
        }
    }
    let plain = format!("{digits}.{fraction_digits}0e{}", exponent.unwrap_or("0"));
    let value = plain.parse::<f64>().ok().filter(|value| value.is_finite())?;
    Some(Parsed { value, grouped, decimals: !fraction_digits.is_empty(), scientific: exponent.is_some() })
}

fn is_grouped(whole: &str, separator: char) -> bool {
    let mut groups = whole.split(separator);
    let first = groups.next().is_some_and(|group| (1..=3).contains(&group.len()));
    first && groups.all(|group| group.len() == 3)
}
