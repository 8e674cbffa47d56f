//! Numbers as panels write them: `Rp 1.250.000`, `1.234,56`, `1,234.56`, `(1.000)`.

use exporter_core::Value;
use rust_decimal::Decimal;

/// Bare digits beyond this are a telephone number or a reference, not an amount.
const AMOUNT_DIGITS: usize = 9;

/// A number, if the text is certainly one and can be written back from its value.
pub(super) fn parse(text: &str) -> Option<Value> {
    let text = text.trim();
    let bare = text.strip_prefix('-').unwrap_or(text);
    if bare.bytes().all(|byte| byte.is_ascii_digit()) {
        let coded = bare.len() > AMOUNT_DIGITS || (bare.len() > 1 && bare.starts_with('0'));
        if coded {
            return None;
        }
    }
    parse_declared(text)
}

/// A number in a column that was declared to hold numbers: leading zeros and long digits
/// are numbers there.
pub(super) fn parse_declared(text: &str) -> Option<Value> {
    let text = text.trim();
    let (text, bracketed) = match text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        Some(inner) => (inner.trim(), true),
        None => (text, false),
    };
    let (text, minus) = signed(text);
    let (text, minus_after) = signed(currency(text));
    let digits = ungrouped(text)?;
    let number: Decimal = digits.parse().ok()?;
    let negative = bracketed ^ minus ^ minus_after;
    let number = if negative { -number } else { number };
    if number.scale() == 0
        && let Ok(whole) = i64::try_from(number)
    {
        return Some(Value::Integer(whole));
    }
    Some(Value::Decimal(number))
}

fn signed(text: &str) -> (&str, bool) {
    match text.strip_prefix(['-', '−']) {
        Some(rest) => (rest.trim_start(), true),
        None => (text, false),
    }
}

/// Takes a sign of the currency off the front.
fn currency(text: &str) -> &str {
    let rest = ["Rp.", "Rp", "IDR", "$", "US$"].iter().find_map(|sign| text.strip_prefix(sign));
    rest.unwrap_or(text).trim_start()
}

/// Digits with at most one `.`: groups of three taken out, the decimal sign made a point.
fn ungrouped(text: &str) -> Option<String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',') {
        return None;
    }
    let last = text.rfind(['.', ',']);
    let Some(last) = last else { return Some(text.to_owned()) };
    let sign = text.as_bytes()[last];
    let other = if sign == b'.' { ',' } else { '.' };
    let (whole, fraction) = (&text[..last], &text[last + 1..]);
    let mixed = whole.contains(other);
    let repeated = whole.contains(char::from(sign));
    // `1.250` and `1.250.000` are grouped as in Indonesia; `1,250` alone is so in English.
    if !mixed && fraction.len() == 3 {
        return grouped(text, char::from(sign));
    }
    if repeated || fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = if mixed { grouped(whole, other)? } else { whole.to_owned() };
    (!whole.is_empty()).then(|| format!("{whole}.{fraction}"))
}

/// The digits of a number grouped by threes, or nothing if it is grouped otherwise.
fn grouped(text: &str, sign: char) -> Option<String> {
    let mut groups = text.split(sign);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let right = (1..=3).contains(&first.len())
        && digits(first)
        && rest.iter().all(|group| group.len() == 3 && digits(group));
    // A group cannot follow a lone zero: `0.500` is a half, or a mistake.
    (right && first != "0" && !first.starts_with('0')).then(|| format!("{first}{}", rest.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_both_ways() {
        for (text, number) in [
            ("1.234,56", "1234.56"),
            ("1,234.56", "1234.56"),
            ("1.250.000", "1250000"),
            ("2.901", "2901"),
            ("Rp 0", "0"),
            ("12,5", "12.5"),
            ("-4.825", "-4825"),
            ("(1.000)", "-1000"),
            ("Rp. 1.250,00", "1250"),
        ] {
            assert_eq!(parse(text).map(|value| value.to_string()).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_certain_number_is_none() {
        for text in ["1.2.3", "12,34,56", "0.500", "1.2345.678", "", "Rp", "12 %", "007", "1234567890", "1-2"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
