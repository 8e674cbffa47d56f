//! A daily or weekly schedule as times of day, also in UTC for platforms that know no other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, NaiveDate, Offset as _, TimeDelta, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;
use exporter_core::{Error, ErrorKind};

use crate::Cron;

/// Minutes of a week.
const WEEK: i64 = 7 * 24 * 60;

/// A time of day at which runs are due, with its days of the week from Monday, 0; none
/// named means every day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Minute of the hour.
    pub minute: u32,
    /// Hour of the day.
    pub hour: u32,
    /// Days of the week.
    pub weekdays: BTreeSet<u32>,
}

impl Cron {
    /// The times of day in the schedule's own zone.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is not the same every week: then there are no such times.
    pub fn slots(&self) -> Result<Vec<Slot>, Error> {
        Ok(slots(&self.week()?))
    }

    /// The pattern in the words that every cron knows: days of the week in numbers from
    /// Sunday, 0, where they have names or are counted otherwise.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it has days that only some know: the last one, the second
    /// Friday, the weekday nearest to one.
    pub fn portable(&self) -> Result<String, Error> {
        let fields: Vec<&str> = self.text().split(' ').collect();
        let [minute, hour, day, month, weekday] = fields[..] else { return Ok(self.text().to_owned()) };
        if self.has_days_of_a_month() || self.text().contains(['?', '+']) {
            let why = format!("`{}` has days that not every cron knows", self.text());
            return Err(Error::new(ErrorKind::Config, why)
                .hint("use `exporter serve`, which needs no scheduler outside"));
        }
        if !weekday.contains(|c: char| c == '7' || c.is_ascii_alphabetic()) {
            return Ok(self.text().to_owned());
        }
        let days: Vec<String> = self.weekdays().iter().map(ToString::to_string).collect();
        Ok(format!("{minute} {hour} {day} {month} {}", days.join(",")))
    }

    /// The minutes of the week, counted from Monday's midnight on the clock on the wall.
    fn week(&self) -> Result<Vec<i64>, Error> {
        let fields: Vec<&str> = self.text().split(' ').collect();
        let weekly = matches!(fields[..], [_, _, "*" | "?", "*", _]) && !self.has_days_of_a_month();
        if !weekly {
            return Err(Error::new(
                ErrorKind::Config,
                format!(
                    "`{}` is not the same every week, so it cannot be written for this platform",
                    self.text()
                ),
            )
            .hint("use `exporter serve`, which needs no scheduler outside"));
        }
        // UTC has no changes of the clock: in it, every week is like every other.
        let monday = DateTime::UNIX_EPOCH + TimeDelta::days(4);
        let wall = Self::new(self.text(), Tz::UTC, monday)?;
        let ticks = std::iter::successors(wall.next(monday - TimeDelta::seconds(1)), |tick| wall.next(*tick));
        Ok(ticks.map(|tick| (tick - monday).num_minutes()).take_while(|minute| *minute < WEEK).collect())
    }
}

/// Minutes of the week as times of day.
fn slots(minutes: &[i64]) -> Vec<Slot> {
    let mut times: BTreeMap<(u32, u32), BTreeSet<u32>> = BTreeMap::new();
    for minute in minutes {
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(4) + TimeDelta::minutes(*minute);
        times.entry((at.hour(), at.minute())).or_default().insert(at.weekday().num_days_from_monday());
    }
    let slot = |((hour, minute), mut weekdays): ((u32, u32), BTreeSet<u32>)| {
        if weekdays.len() == 7 {
            weekdays.clear();
        }
        Slot { minute, hour, weekdays }
    };
    times.into_iter().map(slot).collect()
}

/// The schedule as cron patterns in UTC as of now, one where one is enough, and the day on
/// which the clocks change and they are no longer right, if they do within a year.
///
/// # Errors
/// [`ErrorKind::Config`] when it is not the same every week.
pub fn in_utc(cron: &Cron, now: DateTime<Utc>) -> Result<(Vec<String>, Option<NaiveDate>), Error> {
    let offset = |at: DateTime<Utc>| cron.zone().offset_from_utc_datetime(&at.naive_utc()).fix();
    let ahead = i64::from(offset(now).local_minus_utc()) / 60;
    let minutes: Vec<i64> = cron.week()?.iter().map(|minute| (minute - ahead).rem_euclid(WEEK)).collect();
    let days = (1..=366).map(|day| now + TimeDelta::days(day));
    let change = days.into_iter().find(|day| offset(*day) != offset(now));
    Ok((patterns(slots(&minutes)), change.map(|day| day.with_timezone(&cron.zone()).date_naive())))
}

/// Times of day as patterns, as few as there are lists of hours.
fn patterns(slots: Vec<Slot>) -> Vec<String> {
    let mut hours: BTreeMap<(BTreeSet<u32>, u32), Vec<u32>> = BTreeMap::new();
    for slot in slots {
        hours.entry((slot.weekdays, slot.minute)).or_default().push(slot.hour);
    }
    let mut lines: BTreeMap<(BTreeSet<u32>, Vec<u32>), Vec<u32>> = BTreeMap::new();
    for ((weekdays, minute), hours) in hours {
        lines.entry((weekdays, hours)).or_default().push(minute);
    }
    let list = |numbers: &[u32]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let all_or_list =
        |numbers: &[u32], all| if numbers.len() == all { "*".to_owned() } else { list(numbers) };
    let text = |((weekdays, hours), minutes): ((BTreeSet<u32>, Vec<u32>), Vec<u32>)| {
        // Cron counts from Sunday.
        let mut days: Vec<u32> = weekdays.into_iter().map(|day| (day + 1) % 7).collect();
        days.sort_unstable();
        let days = if days.is_empty() { "*".to_owned() } else { list(&days) };
        format!("{} {} * * {days}", all_or_list(&minutes, 60), all_or_list(&hours, 24))
    };
    lines.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str, zone: Tz) -> (Vec<String>, Option<NaiveDate>) {
        let now = "2026-01-05T05:00:00Z".parse().unwrap();
        in_utc(&Cron::new(text, zone, now).unwrap(), now).unwrap()
    }

    #[test]
    fn jakarta_is_seven_hours_ahead_all_year() {
        assert_eq!(utc("0 8,18 * * *", Tz::Asia__Jakarta), (vec!["0 1,11 * * *".to_owned()], None));
    }

    #[test]
    fn days_of_the_week_move_over_midnight() {
        let (lines, _) = utc("30 5,18 * * 1-5", Tz::Asia__Jakarta);
        assert_eq!(lines, ["30 11 * * 1,2,3,4,5", "30 22 * * 0,1,2,3,4"]);
    }

    #[test]
    fn where_clocks_change_it_is_told() {
        assert_eq!(
            utc("0 8 * * *", Tz::Europe__Berlin),
            (vec!["0 7 * * *".to_owned()], NaiveDate::from_ymd_opt(2026, 3, 29))
        );
    }

    #[test]
    fn what_does_not_come_every_week_alike_has_no_times_of_day() {
        let now = "2026-01-05T05:00:00Z".parse().unwrap();
        for text in ["0 8 1 * *", "0 8 * 6 *", "0 8 * * mon#1", "0 8 * * 5L", "0 8 L * *", "@monthly"] {
            let cron = Cron::new(text, Tz::Asia__Jakarta, now).unwrap();
            assert!(in_utc(&cron, now).unwrap_err().hints()[0].contains("exporter serve"), "{text}");
            assert!(cron.slots().is_err(), "{text}");
        }
    }

    #[test]
    fn the_times_of_day_are_the_same_in_a_week_in_which_the_clocks_change() {
        let cron = |now: &str| Cron::new("30 2 * * *", Tz::America__New_York, now.parse().unwrap()).unwrap();
        let slot = Slot { minute: 30, hour: 2, weekdays: BTreeSet::new() };
        assert_eq!(cron("2026-03-07T05:00:00Z").slots().unwrap(), [slot]);
    }

    #[test]
    fn names_and_sevens_are_numbers_for_other_crons_and_days_of_a_month_are_refused() {
        let now = "2026-01-05T05:00:00Z".parse().unwrap();
        let portable = |text: &str| Cron::new(text, Tz::Asia__Jakarta, now).unwrap().portable();
        for (text, expected) in [
            ("0 8,18 * * 1-5", "0 8,18 * * 1-5"),
            ("0 8 * * mon-fri", "0 8 * * 1,2,3,4,5"),
            ("0 8 * * 5-7", "0 8 * * 0,5,6"),
            ("0 8 1,15 jan *", "0 8 1,15 jan *"),
            ("0 8 * * 7", "0 8 * * 0"),
            ("@weekly", "0 0 * * 0"),
        ] {
            assert_eq!(portable(text).unwrap(), expected);
        }
        for text in ["0 8 * * fri#2", "0 8 * * friL", "0 8 L * *", "0 8 15W * *"] {
            assert!(portable(text).unwrap_err().hints()[0].contains("exporter serve"), "{text}");
        }
    }

    #[test]
    fn one_pattern_is_enough_for_what_comes_often() {
        assert_eq!(utc("*/20 * * * *", Tz::Asia__Kolkata).0, ["10,30,50 * * * *"]);
        assert_eq!(utc("* * * * *", Tz::Asia__Kolkata).0, ["* * * * *"]);
        assert_eq!(utc("0,30 8-9 * * 7", Tz::Asia__Kolkata).0, ["30 2,3 * * 0", "0 3,4 * * 0"]);
    }
}
