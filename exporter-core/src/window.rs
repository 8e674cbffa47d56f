//! The window: the days asked for, in the panel's time zone.

use std::fmt;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind};

/// A half-open span of days, `from` to the day before `until`, never empty.
/// People see and type both ends inclusively.
/// As data it is `{"from": first day, "to": last day}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Inclusive", into = "Inclusive")]
pub struct Window {
    from: NaiveDate,
    until: NaiveDate,
}

/// The window as people see it: both ends included.
#[derive(Serialize, Deserialize)]
struct Inclusive {
    from: NaiveDate,
    to: NaiveDate,
}

impl From<Window> for Inclusive {
    fn from(window: Window) -> Self {
        Self { from: window.first_day(), to: window.last_day() }
    }
}

impl TryFrom<Inclusive> for Window {
    type Error = Error;

    fn try_from(days: Inclusive) -> Result<Self, Error> {
        Self::inclusive(days.from, days.to)
    }
}

impl Window {
    /// The days from `first` to `last`, both included.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when `last` is before `first`.
    pub fn inclusive(first: NaiveDate, last: NaiveDate) -> Result<Self, Error> {
        let until = last.checked_add_days(Days::new(1));
        match until {
            Some(until) if first <= last => Ok(Self { from: first, until }),
            _ => Err(Error::new(
                ErrorKind::Config,
                format!("the first day {first} is after the last day {last}"),
            )),
        }
    }

    /// This one day.
    pub fn day(day: NaiveDate) -> Self {
        // The end of the calendar (year 262142) has no next day; the span is then empty at worst.
        Self { from: day, until: day.checked_add_days(Days::new(1)).unwrap_or(day) }
    }

    /// The `days` days that end with `last`, `last` included; at least one day.
    pub fn last(days: u32, last: NaiveDate) -> Self {
        let back = Days::new(u64::from(days.max(1) - 1));
        Self { from: last.checked_sub_days(back).unwrap_or(last), ..Self::day(last) }
    }

    /// The first day.
    pub fn first_day(&self) -> NaiveDate {
        self.from
    }

    /// The last day, included.
    pub fn last_day(&self) -> NaiveDate {
        self.until.pred_opt().unwrap_or(self.from)
    }

    /// The first day after the window.
    pub fn until(&self) -> NaiveDate {
        self.until
    }

    /// Whether the day is inside.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.from <= day && day < self.until
    }

    /// How many days there are.
    pub fn days(&self) -> i64 {
        (self.until - self.from).num_days()
    }
}

/// `2026-01-05` or `2026-01-05..2026-01-07`, both ends included.
impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.from)?;
        if self.days() > 1 {
            write!(f, "..{}", self.last_day())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
    }

    #[test]
    fn both_ends_are_inside_and_the_next_day_is_not() {
        let window = Window::inclusive(day(5), day(7)).unwrap();
        assert_eq!((window.days(), window.last_day(), window.until()), (3, day(7), day(8)));
        assert!(window.contains(day(7)) && !window.contains(day(8)));
        assert_eq!(window.to_string(), "2026-01-05..2026-01-07");
        assert_eq!(Window::day(day(5)).to_string(), "2026-01-05");
    }

    #[test]
    fn as_data_both_ends_are_included() {
        let window = Window::inclusive(day(5), day(7)).unwrap();
        let json = serde_json::to_string(&window).unwrap();
        assert_eq!(json, r#"{"from":"2026-01-05","to":"2026-01-07"}"#);
        assert_eq!(serde_json::from_str::<Window>(&json).unwrap(), window);
    }

    #[test]
    fn a_span_that_ends_before_it_begins_is_refused() {
        assert!(Window::inclusive(day(7), day(5)).is_err());
    }

    #[test]
    fn the_last_three_days_include_today() {
        assert_eq!(Window::last(3, day(7)), Window::inclusive(day(5), day(7)).unwrap());
        assert_eq!(Window::last(0, day(7)), Window::day(day(7)));
    }
}
