//! Days and times as panels write them: ISO, `12/09/2025 14:03`, `12 Agustus 2025`.

use chrono::{NaiveDate, NaiveTime};
use exporter_core::Value;

/// Which of two numbers is the day, where a date has slashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// `31/12/2025`, as in Indonesia.
    DayFirst,
    /// `12/31/2025`.
    MonthFirst,
}

/// The first three letters of the months, in Indonesian and English.
const MONTHS: [&[&str]; 12] = [
    &["jan"],
    &["feb", "peb"],
    &["mar"],
    &["apr"],
    &["mei", "may"],
    &["jun"],
    &["jul"],
    &["agu", "aug", "ags"],
    &["sep"],
    &["okt", "oct"],
    &["nov", "nop"],
    &["des", "dec"],
];

impl Order {
    /// Month first only where a date of the column cannot be read otherwise and none
    /// contradicts it.
    pub(super) fn of(texts: &[&str]) -> Self {
        let numbers = |text: &&str| {
            let mut parts = text.trim().split(['/', '-', '.']);
            Some((parts.next()?.parse::<u32>().ok()?, parts.next()?.parse::<u32>().ok()?))
        };
        let pairs: Vec<_> = texts.iter().filter_map(numbers).collect();
        let month_first =
            pairs.iter().any(|&(_, second)| second > 12) && pairs.iter().all(|&(first, _)| first <= 12);
        if month_first { Self::MonthFirst } else { Self::DayFirst }
    }
}

/// A day, or a day with a time to the minute or second.
pub(super) fn parse(text: &str, order: Order) -> Option<Value> {
    let text = text.trim();
    if let Some(day) = day(text, order) {
        return Some(Value::Date(day));
    }
    let (date, clock) = text.rsplit_once([' ', 'T'])?;
    let day = day(date.trim_end_matches([' ', ',']), order)?;
    let time = ["%H:%M:%S", "%H:%M", "%H.%M"]
        .iter()
        .find_map(|format| NaiveTime::parse_from_str(clock, format).ok())?;
    Some(Value::DateTime(day.and_time(time)))
}

fn day(text: &str, order: Order) -> Option<NaiveDate> {
    let parts: Vec<&str> = text.split(['/', '-', '.', ' ']).filter(|part| !part.is_empty()).collect();
    let [first, second, third] = parts[..] else { return None };
    let number = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten()
    };
    let year =
        |part: &str| number(part).filter(|_| part.len() == 4).and_then(|year| i32::try_from(year).ok());
    if let Some(year) = year(first) {
        return NaiveDate::from_ymd_opt(year, number(second)?, number(third)?);
    }
    let year = year(third)?;
    if let Some(month) = month(second) {
        return NaiveDate::from_ymd_opt(year, month, number(first)?);
    }
    let (day, month) = match order {
        Order::DayFirst => (number(first)?, number(second)?),
        Order::MonthFirst => (number(second)?, number(first)?),
    };
    NaiveDate::from_ymd_opt(year, month, day)
}

/// A month by its name, in full or cut to three letters or more.
fn month(text: &str) -> Option<u32> {
    let lower = text.to_lowercase();
    let named = lower.len() >= 3 && lower.chars().all(char::is_alphabetic);
    let index = MONTHS.iter().position(|names| named && names.iter().any(|name| lower.starts_with(name)))?;
    u32::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_many_ways() {
        for (text, day) in [
            ("2025-09-12", "2025-09-12"),
            ("12/09/2025", "2025-09-12"),
            ("12/09/2025 14:03", "2025-09-12 14:03"),
            ("2025-09-12T14:03:09", "2025-09-12 14:03:09"),
            ("12 Agustus 2025", "2025-08-12"),
            ("1 Okt 2025 08.30", "2025-10-01 08:30"),
        ] {
            assert_eq!(
                parse(text, Order::DayFirst).map(|value| value.to_string()).as_deref(),
                Some(day),
                "{text}"
            );
        }
        for text in ["31/02/2025", "2025", "12/09", "INV/2509/0001", "1.250.000", "12/09/25"] {
            assert_eq!(parse(text, Order::DayFirst), None, "{text}");
        }
    }
}
