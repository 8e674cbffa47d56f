//! Coverage: for each export and day, whether the panel's answer is in the sheet.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use exporter_core::Window;
use serde::{Deserialize, Serialize};

use crate::Asked;
use crate::model::Covered;

/// How a day of an export stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayState {
    /// Asked for after the day was over (or today, so far), and loaded.
    Loaded,
    /// The same, and the panel had no rows.
    Empty,
    /// Asked for while the day was going on, or not again when its late edits were over:
    /// rows may have come or changed later.
    Stale,
    /// Over, and never answered.
    Missing,
    /// Never asked for, as before the first run; also today as long as nobody has asked, and later.
    Outside,
}

/// The days of a window for several exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// The days shown.
    pub window: Window,
    /// For each export, the state of each day in order.
    pub exports: Vec<(String, Vec<(NaiveDate, DayState)>)>,
}

impl Calendar {
    /// Lays what is covered over the days of a window. Days that were never asked for, and
    /// those after today in the panel's time zone, are outside. Rows of a day may change
    /// for `late_days` days after it; it is looked for that day at last.
    pub fn new(
        exports: &[String],
        window: Window,
        covered: &[Covered],
        asked: &Asked,
        zone: Tz,
        now: DateTime<Utc>,
        late_days: u32,
    ) -> Self {
        let today = now.with_timezone(&zone).date_naive();
        let known: BTreeMap<(&str, NaiveDate), &Covered> =
            covered.iter().map(|covered| ((covered.export.as_str(), covered.day), covered)).collect();
        let after = |day: NaiveDate, days: u32| day.checked_add_days(Days::new(days.into())).unwrap_or(day);
        let too_early = |day: NaiveDate, at: DateTime<Utc>| {
            let over_early = day < today && at < end_of(day, zone);
            let edited_late = late_days > 0
                && after(day, late_days) < today
                && at < end_of(after(day, late_days - 1), zone);
            over_early || edited_late
        };
        let state = |export: &str, day: NaiveDate| match known.get(&(export, day)) {
            _ if day > today => DayState::Outside,
            Some(covered) if too_early(day, covered.at) => DayState::Stale,
            Some(covered) if covered.empty => DayState::Empty,
            Some(_) => DayState::Loaded,
            // Today may still be asked for.
            None if day == today || !asked.contains(export, day) => DayState::Outside,
            None => DayState::Missing,
        };
        let days = || window.first_day().iter_days().take_while(|day| window.contains(*day));
        let exports = exports
            .iter()
            .map(|export| (export.clone(), days().map(|day| (day, state(export, day))).collect()))
            .collect();
        Self { window, exports }
    }

    /// The days that have to be asked for again for at least one export, oldest first, as
    /// windows of at most `longest` days.
    pub fn holes(&self, longest: u32) -> Vec<Window> {
        let mut windows: Vec<Window> = Vec::new();
        for day in self.window.first_day().iter_days().take_while(|day| self.window.contains(*day)) {
            let hole = |days: &[(NaiveDate, DayState)]| {
                days.iter().any(|(other, state)| {
                    *other == day && matches!(state, DayState::Missing | DayState::Stale)
                })
            };
            if !self.exports.iter().any(|(_, days)| hole(days)) {
                continue;
            }
            let grown = windows.last().filter(|last| last.until() == day && last.days() < i64::from(longest));
            match grown.and_then(|last| Window::inclusive(last.first_day(), day).ok()) {
                Some(grown) => {
                    windows.pop();
                    windows.push(grown);
                }
                None => windows.push(Window::day(day)),
            }
        }
        windows
    }
}

/// The first instant after the day in this zone. Where a change of the clock skips
/// midnight, the day ends an hour later by the clock on the wall.
fn end_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let next = day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(NaiveTime::MIN);
    let local = zone.from_local_datetime(&next).earliest();
    let local = local.or_else(|| zone.from_local_datetime(&(next + TimeDelta::hours(1))).earliest());
    local.map_or_else(|| next.and_utc(), |local| local.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
    }

    fn covered(d: u32, empty: bool, at: &str) -> Covered {
        Covered { export: "a".into(), day: day(d), empty, run: "r".into(), at: at.parse().unwrap() }
    }

    fn calendar(late_days: u32) -> Calendar {
        let known = [
            covered(2, false, "2026-01-02T17:00:00Z"), // midnight in Jakarta: over
            covered(3, false, "2026-01-03T11:00:00Z"), // 18:00 in Jakarta: going on
            covered(5, true, "2026-01-06T01:00:00Z"),
            covered(7, false, "2026-01-07T01:00:00Z"),
        ];
        let window = Window::inclusive(day(1), day(8)).unwrap();
        let now = "2026-01-07T05:00:00Z".parse().unwrap();
        Calendar::new(&["a".into()], window, &known, &Asked::since(day(2)), Tz::Asia__Jakarta, now, late_days)
    }

    #[test]
    fn each_day_says_how_it_stands() {
        use DayState::{Empty, Loaded, Missing, Outside, Stale};
        let states: Vec<DayState> = calendar(0).exports[0].1.iter().map(|(_, state)| *state).collect();
        assert_eq!(states, [Outside, Loaded, Stale, Missing, Empty, Missing, Loaded, Outside]);
    }

    #[test]
    fn a_day_that_was_not_read_again_when_its_late_edits_were_over_is_stale() {
        let stale = |late_days: u32| {
            let days = calendar(late_days).exports.remove(0).1.into_iter();
            days.filter(|(_, state)| *state == DayState::Stale)
                .map(|(day, _)| day.to_string())
                .collect::<Vec<_>>()
        };
        // The 2nd was read at the end of the 2nd; today is the 7th.
        for (late_days, days) in [(1, "3"), (2, "2 3"), (4, "2 3"), (5, "3")] {
            let days: Vec<String> = days.split(' ').map(|day| format!("2026-01-0{day}")).collect();
            assert_eq!(stale(late_days), days, "{late_days}");
        }
    }

    #[test]
    fn holes_are_the_missing_and_the_stale_days_in_windows() {
        let holes: Vec<String> = calendar(0).holes(31).iter().map(ToString::to_string).collect();
        assert_eq!(holes, ["2026-01-03..2026-01-04", "2026-01-06"]);
        assert_eq!(calendar(0).holes(1).len(), 3);
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_still_ends() {
        // In Beirut the clocks went from 00:00 to 01:00 on 2022-03-27.
        let day = NaiveDate::from_ymd_opt(2022, 3, 26).unwrap();
        assert_eq!(end_of(day, Tz::Asia__Beirut).to_string(), "2022-03-26 22:00:00 UTC");
    }
}
