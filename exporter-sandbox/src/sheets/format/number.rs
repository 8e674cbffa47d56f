//! Patterns of numbers: digits, separators, percent, sections.

use crate::sheets::locale::Locale;

/// Renders `value` under a pattern such as `#,##0.00;(0)`.
pub fn render(value: f64, pattern: &str, locale: Locale) -> String {
    let sections = sections(pattern);
    let (section, value, signed) = match sections.as_slice() {
        [_, negative, ..] if value < 0.0 => (negative, value.abs(), false),
        [_, _, zero, ..] if value == 0.0 => (zero, value, false),
        [first, ..] => (first, value.abs(), value < 0.0),
        [] => return String::new(),
    };
    let text = if section.eq_ignore_ascii_case("general") {
        super::general(value, locale)
    } else {
        section_text(value, section, locale)
    };
    if signed { format!("-{text}") } else { text }
}

/// Cuts at semicolons outside quotes.
fn sections(pattern: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let mut quoted = false;
    for letter in pattern.chars() {
        if letter == '"' {
            quoted = !quoted;
        }
        match sections.last_mut() {
            Some(last) if letter != ';' || quoted => last.push(letter),
            _ => sections.push(String::new()),
        }
    }
    sections
}

/// A section cut into the text before the digits, the digits and the text after them.
struct Section {
    before: String,
    digits: String,
    after: String,
    percent: bool,
}

fn read(section: &str) -> Section {
    let mut parts =
        Section { before: String::new(), digits: String::new(), after: String::new(), percent: false };
    let mut letters = section.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut literal = String::new();
        match letter {
            '0' | '#' | '?' | '.' | ',' if parts.after.is_empty() => {
                parts.digits.push(letter);
                continue;
            }
            'E' | 'e' if !parts.digits.is_empty() && matches!(letters.peek(), Some('+' | '-')) => {
                parts.digits.push('E');
                parts.digits.extend(letters.by_ref().take(1));
                continue;
            }
            '"' => literal.extend(letters.by_ref().take_while(|&next| next != '"')),
            '[' => {
                let inner: String = letters.by_ref().take_while(|&next| next != ']').collect();
                if let Some(symbol) = inner.strip_prefix('$') {
                    literal.push_str(symbol.split('-').next().unwrap_or_default());
                }
            }
            '\\' => literal.extend(letters.next()),
            '_' | '*' => {
                letters.next();
                if letter == '_' {
                    literal.push(' ');
                }
            }
            '%' => {
                parts.percent = true;
                literal.push('%');
            }
            other => literal.push(other),
        }
        if parts.digits.is_empty() {
            parts.before.push_str(&literal);
        } else {
            parts.after.push_str(&literal);
        }
    }
    parts
}

fn section_text(value: f64, section: &str, locale: Locale) -> String {
    let parts = read(section);
    if parts.digits.is_empty() {
        return parts.before;
    }
    let value = if parts.percent { value * 100.0 } else { value };
    let digits = if let Some((mantissa, exponent)) = parts.digits.split_once('E') {
        scientific(value, mantissa, exponent, locale)
    } else {
        fixed(value, &parts.digits, locale)
    };
    format!("{}{digits}{}", parts.before, parts.after)
}

fn fixed(value: f64, digits: &str, locale: Locale) -> String {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let scaled = whole.len() - whole.trim_end_matches(',').len();
    let whole_digits = whole.trim_end_matches(',');
    let value = value / 1000_f64.powi(i32::try_from(scaled).unwrap_or(0));
    let places = fraction.chars().filter(|letter| matches!(letter, '0' | '#' | '?')).count();
    let needed = fraction.chars().filter(|&letter| letter == '0').count();
    let text = rounded(value, places);
    let (whole_text, fraction_text) = text.split_once('.').unwrap_or((&text, ""));
    let mut fraction_text = fraction_text.to_owned();
    while fraction_text.len() > needed && fraction_text.ends_with('0') {
        fraction_text.pop();
    }
    let least = whole_digits.chars().filter(|&letter| letter == '0').count();
    let mut whole_text = if whole_text == "0" { String::new() } else { whole_text.to_owned() };
    while whole_text.len() < least {
        whole_text.insert(0, '0');
    }
    if whole_digits.contains(',') {
        whole_text = grouped(&whole_text, locale.thousands);
    }
    if fraction_text.is_empty() && !(digits.contains('.') && places == 0) {
        whole_text
    } else {
        format!("{whole_text}{}{fraction_text}", locale.decimal)
    }
}

/// Half away from zero, as people round: 1.005 to two places is 1.01 in a sheet.
fn rounded(value: f64, places: usize) -> String {
    let exact = format!("{value:.places$}");
    let nudged = value * (1.0 + 4.0 * f64::EPSILON);
    let up = format!("{nudged:.places$}");
    if up == exact { exact } else { up }
}

fn grouped(digits: &str, separator: char) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

fn scientific(value: f64, mantissa: &str, exponent: &str, locale: Locale) -> String {
    let places = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let text = format!("{value:.places$e}");
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or_default();
    let width = exponent.len().saturating_sub(1);
    let sign = if power < 0 {
        "-"
    } else if exponent.starts_with('+') {
        "+"
    } else {
        ""
    };
    let digits = digits.replace('.', &locale.decimal.to_string());
    format!("{digits}E{sign}{:0width$}", power.abs())
}
