//! A daily or weekly schedule as times of day, also in UTC for platforms that know no other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, Offset as _, TimeDelta, TimeZone as _, Timelike as _, Utc};
use exporter_core::{Error, ErrorKind};

use crate::Cron;

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
    /// The times of day in the schedule's own zone, as its next week shows them.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is not the same every week: then there are no such times.
    pub fn slots(&self, now: DateTime<Utc>) -> Result<Vec<Slot>, Error> {
        self.week(now, self.zone())
    }

    /// Times of day and days of the week of the coming ticks in a zone.
    fn week<Z: chrono::TimeZone + Copy>(&self, now: DateTime<Utc>, zone: Z) -> Result<Vec<Slot>, Error> {
        let weekly = self.text().split_whitespace().skip(2).take(2).all(|field| field == "*");
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
        // A whole week from a midnight on, so that no day counts twice.
        let local = now.with_timezone(&zone);
        let midnight = local.date_naive().and_hms_opt(0, 0, 0).unwrap_or_default();
        let start = zone.from_local_datetime(&midnight).earliest().map_or(now, |at| at.with_timezone(&Utc));
        let end = start + TimeDelta::days(7);
        let mut times: BTreeMap<(u32, u32), BTreeSet<u32>> = BTreeMap::new();
        let mut tick = self.next(start - TimeDelta::seconds(1));
        while let Some(at) = tick.filter(|at| *at < end) {
            let local = at.with_timezone(&zone);
            let weekdays = times.entry((local.hour(), local.minute())).or_default();
            weekdays.insert(local.weekday().num_days_from_monday());
            tick = self.next(at);
        }
        let slot = |((hour, minute), mut weekdays): ((u32, u32), BTreeSet<u32>)| {
            if weekdays.len() == 7 {
                weekdays.clear();
            }
            Slot { minute, hour, weekdays }
        };
        Ok(times.into_iter().map(slot).collect())
    }
}

/// The schedule as cron patterns in UTC, one where one is enough, and whether they are
/// right only until the clocks change.
///
/// # Errors
/// [`ErrorKind::Config`] when it is not the same every week.
pub fn in_utc(cron: &Cron, now: DateTime<Utc>) -> Result<(Vec<String>, bool), Error> {
    let mut lines: BTreeMap<(BTreeSet<u32>, u32), Vec<u32>> = BTreeMap::new();
    for slot in cron.week(now, Utc)? {
        lines.entry((slot.weekdays, slot.minute)).or_default().push(slot.hour);
    }
    let text = |((weekdays, minute), hours): ((BTreeSet<u32>, u32), Vec<u32>)| {
        let list = |numbers: Vec<u32>| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        // Cron counts from Sunday.
        let mut days: Vec<u32> = weekdays.into_iter().map(|day| (day + 1) % 7).collect();
        days.sort_unstable();
        let days = if days.is_empty() { "*".to_owned() } else { list(days) };
        format!("{minute} {} * * {days}", list(hours))
    };
    let offset = |at: DateTime<Utc>| cron.zone().offset_from_utc_datetime(&at.naive_utc()).fix();
    let changes = (1..12).any(|month| offset(now) != offset(now + TimeDelta::days(30 * month)));
    Ok((lines.into_iter().map(text).collect(), changes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Tz;

    fn utc(text: &str, zone: Tz) -> (Vec<String>, bool) {
        let now = "2026-01-05T05:00:00Z".parse().unwrap();
        in_utc(&Cron::new(text, zone, now).unwrap(), now).unwrap()
    }

    #[test]
    fn jakarta_is_seven_hours_ahead_all_year() {
        assert_eq!(utc("0 8,18 * * *", Tz::Asia__Jakarta), (vec!["0 1,11 * * *".to_owned()], false));
    }

    #[test]
    fn days_of_the_week_move_over_midnight() {
        let (lines, _) = utc("30 5,18 * * 1-5", Tz::Asia__Jakarta);
        assert_eq!(lines, ["30 11 * * 1,2,3,4,5", "30 22 * * 0,1,2,3,4"]);
    }

    #[test]
    fn where_clocks_change_it_is_told() {
        assert_eq!(utc("0 8 * * *", Tz::Europe__Berlin), (vec!["0 7 * * *".to_owned()], true));
    }

    #[test]
    fn a_monthly_schedule_has_no_times_of_day() {
        let now = "2026-01-05T05:00:00Z".parse().unwrap();
        let cron = Cron::new("0 8 1 * *", Tz::Asia__Jakarta, now).unwrap();
        assert!(in_utc(&cron, now).unwrap_err().hints()[0].contains("exporter serve"));
    }
}
