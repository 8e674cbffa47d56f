//! Patterns of dates and times.

use std::fmt::Write as _;

use chrono::{Datelike, NaiveDateTime, Timelike};

use crate::sheets::clock;

/// Renders a serial number; `None` when it lies outside the calendar.
pub fn render(value: f64, pattern: &str) -> Option<String> {
    let moment = clock::from_serial(value)?;
    let tokens = tokens(pattern);
    let half_day = tokens.iter().any(|token| token.eq_ignore_ascii_case("am/pm"));
    let mut text = String::new();
    for (index, token) in tokens.iter().enumerate() {
        let minutes = is_minutes(&tokens, index);
        text.push_str(&part(token, minutes, half_day, moment, value));
    }
    Some(text)
}

/// Cuts a pattern into runs of one letter, quoted text, `am/pm`, `[h]` and the rest.
fn tokens(pattern: &str) -> Vec<String> {
    let letters: Vec<char> = pattern.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let rest: String = letters[at..].iter().collect();
        let length = match letter {
            '"' => letters[at + 1..].iter().position(|&next| next == '"').map_or(1, |end| end + 2),
            '[' => letters[at..].iter().position(|&next| next == ']').map_or(1, |end| end + 1),
            '\\' => 2.min(letters.len() - at),
            _ if rest.to_ascii_lowercase().starts_with("am/pm") => 5,
            _ => letters[at..].iter().take_while(|next| next.eq_ignore_ascii_case(&letter)).count(),
        };
        tokens.push(letters[at..at + length].iter().collect());
        at += length;
    }
    tokens
}

/// `m` means minutes next to hours or seconds, months elsewhere.
fn is_minutes(tokens: &[String], index: usize) -> bool {
    let named = |token: &&String| {
        token.starts_with(|letter: char| letter.is_ascii_alphabetic()) || token.starts_with('[')
    };
    let first = |token: &String| {
        token.trim_start_matches('[').chars().next().map(|letter| letter.to_ascii_lowercase())
    };
    let before = tokens[..index].iter().rev().find(named).and_then(first);
    let after = tokens[index + 1..].iter().find(named).and_then(first);
    before == Some('h') || after == Some('s')
}

fn part(token: &str, minutes: bool, half_day: bool, at: NaiveDateTime, serial: f64) -> String {
    let lower = token.to_ascii_lowercase();
    let padded = |number: u32| {
        if lower.len() >= 2 { format!("{number:02}") } else { number.to_string() }
    };
    match lower.chars().next() {
        Some('y') if lower.len() <= 2 => format!("{:02}", at.year().rem_euclid(100)),
        Some('y') => format!("{:04}", at.year()),
        Some('m') if minutes => padded(at.minute()),
        Some('m') => match lower.len() {
            1 | 2 => padded(at.month()),
            3 => at.format("%b").to_string(),
            5 => at.format("%B").to_string().chars().take(1).collect(),
            _ => at.format("%B").to_string(),
        },
        Some('d') => match lower.len() {
            1 | 2 => padded(at.day()),
            3 => at.format("%a").to_string(),
            _ => at.format("%A").to_string(),
        },
        Some('h') if half_day => padded((at.hour() + 11) % 12 + 1),
        Some('h') => padded(at.hour()),
        Some('s') => padded(at.second()),
        Some('0') => {
            let millis = format!("{:03}", at.and_utc().timestamp_subsec_millis());
            millis.chars().take(lower.len()).collect()
        }
        Some('a') if lower == "am/pm" => {
            if at.hour() < 12 {
                "AM".to_owned()
            } else {
                "PM".to_owned()
            }
        }
        Some('[') => elapsed(&lower, serial),
        Some('"') => token.trim_matches('"').to_owned(),
        Some('\\') => token.chars().skip(1).collect(),
        _ => token.to_owned(),
    }
}

/// `[h]`, `[m]`, `[s]`: the whole length in that unit.
fn elapsed(token: &str, serial: f64) -> String {
    let inner = token.trim_matches(['[', ']']);
    let per_day = match inner.chars().next() {
        Some('h') => 24.0,
        Some('m') => 1440.0,
        Some('s') => 86_400.0,
        _ => return String::new(),
    };
    let mut text = String::new();
    let whole = (serial * per_day + 1e-6).floor();
    // Writing to a String can't fail.
    let _ = write!(text, "{whole:0width$.0}", width = inner.len());
    text
}
