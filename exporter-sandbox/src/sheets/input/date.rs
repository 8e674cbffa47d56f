//! Typed dates and times, in ISO form or in the order of the locale.

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike};

use super::Entered;
use crate::sheets::clock;
use crate::sheets::locale::{DateOrder, Locale};

/// Reads a date, a time or both; `None` when the text is something else.
pub fn read(text: &str, locale: Locale, today: NaiveDate) -> Option<Entered> {
    if let Some((time, pattern)) = time(text) {
        return Some(Entered::formatted(fraction(time), "TIME", pattern));
    }
    if let Some((date, pattern)) = named_month(text) {
        return Some(Entered::formatted(serial(date), "DATE", pattern));
    }
    if let Some((date, pattern)) = date(text, locale, today) {
        return Some(Entered::formatted(serial(date), "DATE", &pattern));
    }
    let at = text.find(['T', ' '])?;
    let (date, pattern) = date(&text[..at], locale, today)?;
    let (time, time_pattern) = time(text[at + 1..].trim())?;
    let pattern = format!("{pattern} {time_pattern}");
    Some(Entered::formatted(serial(date) + fraction(time), "DATE_TIME", &pattern))
}

fn serial(date: NaiveDate) -> f64 {
    clock::serial(date.and_time(NaiveTime::MIN))
}

fn fraction(time: NaiveTime) -> f64 {
    f64::from(time.num_seconds_from_midnight()) / 86_400.0
}

fn date(text: &str, locale: Locale, today: NaiveDate) -> Option<(NaiveDate, String)> {
    let separator = text.chars().find(|letter| !letter.is_ascii_digit())?;
    if !matches!(separator, '-' | '/' | '.') || (separator == '.' && !locale.date.contains('.')) {
        return None;
    }
    let parts: Vec<&str> = text.split(separator).collect();
    let numbers: Option<Vec<u32>> = parts
        .iter()
        .map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?)
        .collect();
    match (numbers?.as_slice(), parts.as_slice()) {
        (&[year, month, day], [first, ..]) if first.len() == 4 => {
            let pattern = if separator == '/' { "yyyy/mm/dd" } else { "yyyy-mm-dd" };
            Some((calendar(year, month, day)?, pattern.to_owned()))
        }
        (&[a, b, year], [_, _, last]) if last.len() == 4 || last.len() == 2 => {
            let year = if last.len() == 2 { century(year) } else { year };
            let (month, day) = if locale.order == DateOrder::DayMonth { (b, a) } else { (a, b) };
            Some((calendar(year, month, day)?, locale.date.to_owned()))
        }
        (&[a, b], _) if separator == '/' => {
            let (month, day) = if locale.order == DateOrder::DayMonth { (b, a) } else { (a, b) };
            let pattern = if locale.order == DateOrder::DayMonth { "dd/mm" } else { "m/d" };
            let year = u32::try_from(today.year()).ok()?;
            Some((calendar(year, month, day)?, pattern.to_owned()))
        }
        _ => None,
    }
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const NAMES: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// `1 Jan 2020`, `Jan 1, 2020`, with the month in full or not.
fn named_month(text: &str) -> Option<(NaiveDate, &'static str)> {
    let words: Vec<&str> = text.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect();
    let [first, second, year] = words.as_slice() else { return None };
    let month = |word: &str| {
        let lower = word.to_lowercase();
        let full = NAMES.iter().position(|name| *name == lower);
        let place = full.or_else(|| MONTHS.iter().position(|name| *name == lower))?;
        u32::try_from(place + 1).ok()
    };
    let year = year.parse().ok().filter(|_| year.len() == 4)?;
    match (month(first), month(second)) {
        (Some(month), None) => Some((calendar(year, month, second.parse().ok()?)?, "mmm d, yyyy")),
        (None, Some(month)) => Some((calendar(year, month, first.parse().ok()?)?, "d mmm yyyy")),
        _ => None,
    }
}

fn calendar(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    let year = i32::try_from(year).ok()?;
    NaiveDate::from_ymd_opt(year, month, day).filter(|_| year >= 1900)
}

/// Two digits: 00 to 29 are this century, 30 to 99 the last.
fn century(year: u32) -> u32 {
    if year < 30 { 2000 + year } else { 1900 + year }
}

fn time(text: &str) -> Option<(NaiveTime, &'static str)> {
    let lower = text.to_ascii_lowercase();
    let half = [("am", false), ("pm", true)]
        .into_iter()
        .find_map(|(suffix, late)| Some((lower.strip_suffix(suffix)?.trim_end().to_owned(), late)));
    let (clock, late) = match &half {
        Some((clock, late)) => (clock.as_str(), Some(*late)),
        None => (lower.as_str(), None),
    };
    let clock = clock.strip_suffix('z').unwrap_or(clock);
    let parts: Vec<&str> = clock.split(':').collect();
    if !(2..=3).contains(&parts.len()) || parts.iter().any(|part| part.is_empty() || part.len() > 2) {
        return None;
    }
    let number = |index: usize| parts.get(index).map_or(Some(0), |part| part.parse::<u32>().ok());
    let mut hour = number(0)?;
    if let Some(late) = late {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if late { 12 } else { 0 };
    }
    let time = NaiveTime::from_hms_opt(hour, number(1)?, number(2)?)?;
    Some(match (parts.len(), late.is_some()) {
        (3, true) => (time, "h:mm:ss am/pm"),
        (3, false) => (time, "h:mm:ss"),
        (_, true) => (time, "h:mm am/pm"),
        (_, false) => (time, "h:mm"),
    })
}
