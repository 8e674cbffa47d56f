//! A language: its templates, and how it writes numbers and dates.

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, NaiveDateTime};
use exporter_core::Window;
use serde::{Deserialize, Serialize};

use super::phrases::Phrasebook;
use super::template::Templates;

/// The language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Indonesian: `1.234`, `5 Januari 2026 pukul 08.00`.
    #[default]
    Id,
    /// English: `1,234`, `5 January 2026, 08:00`.
    En,
}

static ID: LazyLock<Templates> = LazyLock::new(|| Templates::parse(include_str!("id.txt")));
static EN: LazyLock<Templates> = LazyLock::new(|| Templates::parse(include_str!("en.txt")));

/// Notes, errors and hints are written in English; this is what they are in Indonesian.
static ID_PHRASES: LazyLock<Phrasebook> = LazyLock::new(|| Phrasebook::parse(include_str!("id.phrases.txt")));

impl Language {
    /// A note, an error or a hint in this language, where it is known there.
    pub(super) fn say(self, text: &str) -> String {
        match self {
            Self::Id => ID_PHRASES.translate(text),
            Self::En => text.to_owned(),
        }
    }

    /// Its sections and words.
    pub(super) fn templates(self) -> &'static Templates {
        match self {
            Self::Id => &ID,
            Self::En => &EN,
        }
    }

    /// A phrase without placeholders.
    pub(crate) fn word(self, name: &'static str) -> &'static str {
        self.templates().word(name)
    }

    /// A whole number with its thousands apart.
    pub(super) fn number(self, number: usize) -> String {
        let digits = number.to_string();
        let mut out = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                out.push_str(self.word("thousands"));
            }
            out.push(digit);
        }
        out
    }

    /// Seconds with one decimal.
    pub(super) fn seconds(self, seconds: f64) -> String {
        let text = format!("{seconds:.1}");
        match text.split_once('.') {
            Some((whole, tenths)) => {
                let whole = whole.parse().map_or_else(|_| whole.to_owned(), |whole| self.number(whole));
                format!("{whole}{}{tenths}", self.word("decimal"))
            }
            None => text,
        }
    }

    /// A day in words.
    pub(super) fn day(self, day: NaiveDate) -> String {
        let month = self.word("months").split(' ').nth(day.month0() as usize).unwrap_or_default();
        let values = [("day", &*day.day().to_string()), ("month", month), ("year", &*day.year().to_string())];
        self.templates().phrase("date", &values)
    }

    /// A day and a time of day, as the clock on the wall shows it.
    pub(super) fn moment(self, at: NaiveDateTime) -> String {
        let time = at.format(self.word("time")).to_string();
        self.templates().phrase("moment", &[("day", &self.day(at.date())), ("time", &time)])
    }

    /// A window in words: one day, or the first and the last.
    pub(super) fn window(self, window: Window) -> String {
        let (first, last) = (window.first_day(), window.last_day());
        if first == last {
            return self.day(first);
        }
        self.templates().phrase("span", &[("from", &self.day(first)), ("to", &self.day(last))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_days_are_written_in_the_languages_way() {
        let numbers = [0, 999, 1_234, 1_000_000].map(|number| Language::Id.number(number));
        assert_eq!(numbers, ["0", "999", "1.234", "1.000.000"]);
        assert_eq!(Language::En.number(1_234), "1,234");
        assert_eq!(Language::Id.seconds(1_234.56), "1.234,6");
        assert_eq!(Language::En.seconds(0.04), "0.0");
        let day = |text: &str| text.parse().unwrap();
        let window = Window::inclusive(day("2026-01-31"), day("2026-02-01")).unwrap();
        assert_eq!(Language::Id.window(window), "31 Januari 2026 – 1 Februari 2026");
        assert_eq!(Language::En.window(Window::day(day("2026-12-05"))), "5 December 2026");
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let placeholders = |file: &str| -> Vec<String> {
            file.lines()
                .filter(|line| !line.starts_with('#'))
                .map(|line| {
                    let names = line.split('{').skip(1).filter_map(|part| part.split_once('}'));
                    let name = line.split_once(" = ").map_or("", |(name, _)| name);
                    let section = if line.starts_with('[') { line } else { name };
                    format!("{section} {}", names.map(|(name, _)| name).collect::<Vec<_>>().join(","))
                })
                .collect()
        };
        assert_eq!(placeholders(include_str!("id.txt")), placeholders(include_str!("en.txt")));
    }
}
