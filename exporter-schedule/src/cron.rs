//! A cron pattern in a time zone.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use exporter_core::{Error, ErrorKind};

/// The fields of a pattern and what each of them takes.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31, or L for the last"),
    ("month", "1 to 12, or jan to dec"),
    ("day of the week", "0 to 7 with Sunday as 0 and 7, or sun to sat; mon#1 is the first Monday of a month"),
];
/// What `@daily` and the like stand for.
const NAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// A pattern of five fields, read in a time zone.
///
/// Where the clocks change: a time that is skipped is due when they have gone forward, and
/// one that comes twice is due the first time only. What is due every hour or every few
/// minutes goes on by real time.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    pattern: croner::Cron,
    zone: Tz,
}

impl Cron {
    /// Reads a pattern: minute, hour, day of the month, month, day of the week; or a name
    /// such as `@daily`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is no pattern, has seconds, or is never due.
    pub fn new(text: &str, zone: Tz, now: DateTime<Utc>) -> Result<Self, Error> {
        let wrong = |why: String| {
            Error::new(ErrorKind::Config, format!("`{text}` is no schedule: {why}"))
                .hint("five fields: minute hour day month weekday; `0 8,18 * * *` is daily at 8:00 and 18:00")
        };
        let fields = plain(text).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            wrong(format!("the names are {}", names.join(", ")))
        })?;
        let count = fields.split(' ').count();
        if count != FIELDS.len() {
            return Err(wrong(format!("it has {count} fields where five are needed")));
        }
        let pattern = fields.parse().map_err(|error| wrong(wrong_field(&fields, &error)))?;
        let cron = Self { text: fields, pattern, zone };
        if cron.next(now).is_none() {
            return Err(wrong("it is never due".to_owned()));
        }
        Ok(cron)
    }

    /// The pattern in five fields with one space between them.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The time zone it is read in.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first instant after this one at which it is due.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let found = self.pattern.find_next_occurrence(&after.with_timezone(&self.zone), false).ok()?;
        Some(found.with_timezone(&Utc)).filter(|found| *found > after)
    }

    /// The days of the week that the pattern names, from Sunday, 0.
    pub(crate) fn weekdays(&self) -> Vec<u16> {
        self.pattern.pattern.days_of_week.values()
    }

    /// Whether days depend on the month: its last, its second Friday, the weekday nearest to one.
    pub(crate) fn has_days_of_a_month(&self) -> bool {
        let pattern = &self.pattern.pattern;
        pattern.days.has_modifiers() || pattern.days_of_week.has_modifiers()
    }

    /// The last instant before this one at which it was due.
    pub fn previous(&self, before: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let found = self.pattern.find_previous_occurrence(&before.with_timezone(&self.zone), false).ok()?;
        Some(found.with_timezone(&Utc)).filter(|found| *found < before)
    }
}

/// Five fields with one space between them, also for a name; none for an unknown name.
fn plain(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if !text.starts_with('@') {
        return Some(text);
    }
    let known = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text))?;
    Some(known.1.to_owned())
}

/// Which field is wrong: the first that is not understood alone.
fn wrong_field(fields: &str, error: &croner::errors::CronError) -> String {
    for (place, (field, (name, takes))) in fields.split(' ').zip(FIELDS).enumerate() {
        let mut alone = ["*"; FIELDS.len()];
        alone[place] = field;
        if alone.join(" ").parse::<croner::Cron>().is_err() {
            return format!("`{field}` is no {name} ({takes})");
        }
    }
    error.to_string()
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
            ("61 * * * *", "`61` is no minute (0 to 59)"),
            ("0 8-25 * * *", "`8-25` is no hour"),
            ("0 8 * * someday", "`someday` is no day of the week"),
            ("@dayly", "the names are @hourly, @daily"),
            ("@reboot", "the names are"),
            ("", "it has 1 fields where five are needed"),
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

    #[test]
    fn what_is_due_every_few_minutes_goes_on_when_the_clocks_change() {
        let often = cron("*/15 * * * *", Tz::America__New_York);
        // The hour from 01:00 comes twice on 1 November, that from 02:00 not at all on 8 March.
        for start in ["2026-11-01T04:50:00Z", "2026-03-08T06:50:00Z"] {
            let ticks: Vec<DateTime<Utc>> =
                std::iter::successors(Some(at(start)), |at| often.next(*at)).skip(1).take(20).collect();
            assert_eq!(ticks.len(), 20);
            assert!(ticks.windows(2).all(|pair| (pair[1] - pair[0]).num_minutes() == 15), "{ticks:?}");
        }
    }

    #[test]
    fn the_tick_before_is_the_one_whose_next_this_is() {
        for text in
            ["30 1 * * *", "30 2 * * *", "0 8,18 * * 1-5", "*/20 * * * *", "0 8 L * *", "0 7 * * mon#1"]
        {
            let cron = cron(text, Tz::America__New_York);
            let mut tick = cron.next(at("2026-01-01T00:00:00Z")).unwrap();
            for _ in 0..500 {
                let next = cron.next(tick).unwrap();
                assert_eq!(cron.previous(next), Some(tick), "{text} before {next}");
                tick = next;
            }
        }
    }

    #[test]
    fn names_stand_for_patterns_and_spaces_do_not_count() {
        assert_eq!(cron("@daily", Tz::UTC).text(), "0 0 * * *");
        assert_eq!(cron("@Monthly", Tz::UTC).text(), "0 0 1 * *");
        assert_eq!(cron("  0\t8  * * * ", Tz::UTC).text(), "0 8 * * *");
        assert_eq!(
            ticks(&cron("0 8 * * mon#1", Tz::UTC), "2026-01-01T00:00:00Z", 2),
            ["01-05 08:00", "02-02 08:00"]
        );
    }
}
