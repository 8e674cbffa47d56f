//! Working days: which days of the week, and which holidays are left out.

use std::collections::BTreeSet;

use chrono::{Datelike as _, NaiveDate, Weekday};
use exporter_core::{Error, ErrorKind};
use sha2::{Digest as _, Sha256};

/// The days on which runs are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    weekdays: [bool; 7],
    holidays: BTreeSet<NaiveDate>,
}

impl Default for Calendar {
    /// Every day.
    fn default() -> Self {
        Self { weekdays: [true; 7], holidays: BTreeSet::new() }
    }
}

impl Calendar {
    /// These days of the week, all when none is named, without these holidays.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when a name is no day of the week.
    pub fn new(weekdays: &[String], holidays: impl IntoIterator<Item = NaiveDate>) -> Result<Self, Error> {
        let mut named = [weekdays.is_empty(); 7];
        for name in weekdays {
            let weekday: Weekday = name.parse().map_err(|_| {
                Error::new(ErrorKind::Config, format!("`{name}` is no day of the week"))
                    .hint("the days are mon, tue, wed, thu, fri, sat and sun")
            })?;
            named[weekday.num_days_from_monday() as usize] = true;
        }
        Ok(Self { weekdays: named, holidays: holidays.into_iter().collect() })
    }

    /// Whether runs are due on this day.
    pub fn is_working(&self, day: NaiveDate) -> bool {
        self.weekdays[day.weekday().num_days_from_monday() as usize] && !self.holidays.contains(&day)
    }

    /// Whether runs are due on this day of the week, from Monday, 0, holidays aside.
    pub fn is_working_weekday(&self, weekday: u32) -> bool {
        self.weekdays.get(weekday as usize).copied().unwrap_or_default()
    }

    /// Whether there are days off beside those of the week.
    pub fn has_holidays(&self) -> bool {
        !self.holidays.is_empty()
    }

    /// All of it in one line, to tell whether it has changed: of the holidays, which may be
    /// thousands, their digest.
    pub fn text(&self) -> String {
        let holidays: Vec<String> = self.holidays.iter().map(ToString::to_string).collect();
        let digest = Sha256::digest(holidays.join(" "));
        let digest = digest.iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        format!("{:?} {} holidays {digest}", self.weekdays, holidays.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekends_and_holidays_are_no_working_days() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        let names = ["mon", "Tue", "wednesday", "thu", "fri"].map(String::from);
        let calendar = Calendar::new(&names, [day(1)]).unwrap();
        let working: Vec<u32> = (1..=9).filter(|d| calendar.is_working(day(*d))).collect();
        assert_eq!(working, [2, 5, 6, 7, 8, 9]);
        assert!(Calendar::default().is_working(day(4)));
        assert_ne!(calendar.text(), Calendar::new(&names, [day(2)]).unwrap().text());
        assert!(Calendar::new(&["someday".into()], []).unwrap_err().to_string().contains("`someday`"));
    }
}
