//! A cron pattern in a time zone.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use exporter_core::{Error, ErrorKind};

/// A pattern of five fields, read in a time zone.
///
/// Where the clocks change: a time that is skipped is due when they have gone forward, and
/// one that comes twice is due the first time only.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    pattern: croner::Cron,
    zone: Tz,
}

impl Cron {
    /// Reads a pattern: minute, hour, day of the month, month, day of the week.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is no pattern, has seconds, or is never due.
    pub fn new(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<Self, Error> {
        let wrong = |why: String| {
            Error::new(ErrorKind::Config, format!("`{text}` is no schedule: {why}"))
                .hint("five fields: minute hour day month weekday; `0 8,18 * * *` is daily at 8:00 and 18:00")
        };
        let fields = text.split_whitespace().count();
        if fields != 5 && !text.starts_with('@') {
            return Err(wrong(format!("it has {fields} fields where five are needed")));
        }
        let pattern: croner::Cron = text.parse().map_err(|error| wrong(format!("{error}")))?;
        let cron = Self { text: text.to_owned(), pattern, zone };
        if cron.next(now).is_none() {
            return Err(wrong("it is never due".to_owned()));
        }
        Ok(cron)
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The time zone it is read in.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first instant after this one at which it is due.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut from = after.with_timezone(&self.zone);
        // Each step goes forward, and a time that came before is stepped over at most once.
        for _ in 0..3 {
            let found = self.pattern.find_next_occurrence(&from, false).ok()?;
            if found.with_timezone(&Utc) > after && !self.is_second_time(&found) {
                return Some(found.with_timezone(&Utc));
            }
            from = found + TimeDelta::seconds(1);
        }
        None
    }

    /// Whether the clock on the wall has shown this time an hour before already.
    fn is_second_time(&self, at: &DateTime<Tz>) -> bool {
        use chrono::TimeZone as _;
        let both = self.zone.from_local_datetime(&at.naive_local());
        both.latest() == Some(*at) && both.earliest() != both.latest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cron(text: &str, zone: Tz) -> Cron {
        Cron::new(text, zone, at("2026-01-01T00:00:00Z")).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// When it is due after this, in UTC, so many times.
    fn ticks(cron: &Cron, after: &str, count: usize) -> Vec<String> {
        let next = |at: &DateTime<Utc>| cron.next(*at);
        let ticks = std::iter::successors(Some(at(after)), next).skip(1).take(count);
        ticks.map(|at| at.format("%m-%d %H:%M").to_string()).collect()
    }

    #[test]
    fn eight_and_eighteen_in_jakarta_are_one_and_eleven_in_utc() {
        let cron = cron("0 8,18 * * *", Tz::Asia__Jakarta);
        assert_eq!(ticks(&cron, "2026-01-05T00:00:00Z", 3), ["01-05 01:00", "01-05 11:00", "01-06 01:00"]);
        assert_eq!(ticks(&cron, "2026-01-05T01:00:00Z", 1), ["01-05 11:00"], "the instant itself is past");
    }

    #[test]
    fn a_time_that_the_clocks_skip_is_due_once_when_they_have_gone_forward() {
        // New York, 8 March 2026: 02:00 to 03:00 does not exist.
        let cron = cron("30 2 * * *", Tz::America__New_York);
        assert_eq!(
            ticks(&cron, "2026-03-07T00:00:00Z", 3),
            ["03-07 07:30", "03-08 07:00", "03-09 06:30"],
            "at 03:00 on that day"
        );
    }

    #[test]
    fn a_time_that_comes_twice_is_due_once() {
        // New York, 1 November 2026: 01:00 to 02:00 comes twice.
        let cron = cron("30 1 * * *", Tz::America__New_York);
        assert_eq!(ticks(&cron, "2026-10-31T12:00:00Z", 2), ["11-01 05:30", "11-02 06:30"]);
    }

    #[test]
    fn an_offset_of_half_an_hour_is_kept() {
        let cron = cron("15 6 * * 1-5", Tz::Asia__Kolkata);
        assert_eq!(ticks(&cron, "2026-01-02T12:00:00Z", 2), ["01-05 00:45", "01-06 00:45"]);
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_an_example() {
        let now = at("2026-01-01T00:00:00Z");
        for (text, why) in [
            ("61 * * * *", ""),
            ("0 8 * *", "it has 4 fields where five are needed"),
            ("0 0 8 * * *", "it has 6 fields where five are needed"),
            ("0 0 31 2 *", "it is never due"),
            ("daily", "it has 1 fields where five are needed"),
        ] {
            let error = Cron::new(text, Tz::UTC, now).unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
            assert!(error.hints()[0].contains("0 8,18 * * *"));
        }
    }
}
