//! Ticks, the days each asks for, and what is done about those that were missed.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use exporter_core::Window;
use serde::{Deserialize, Serialize};

use crate::{Calendar, Cron};

/// A tick that is seen no later than this is on time.
const GRACE: TimeDelta = TimeDelta::minutes(10);
/// Longer than any row of days off: so far a tick on a working day is looked for.
const FAR: TimeDelta = TimeDelta::days(5 * 366);

/// What is done about ticks that were missed while nothing ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CatchUp {
    /// One run over all the days that they asked for.
    #[default]
    Merge,
    /// One run for the last of them.
    Last,
    /// Nothing: the next tick is waited for.
    None,
}

/// When runs are due and for which days.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// When.
    pub cron: Cron,
    /// On which days.
    pub calendar: Calendar,
    /// The time zone of the panel: it says which days are asked for.
    pub panel: Tz,
    /// How many days each run asks for, its own day included.
    pub last_days: u32,
    /// What is done about missed ticks.
    pub catch_up: CatchUp,
    /// Ticks missed longer ago than this many days are given up.
    pub catch_up_days: u32,
}

/// What is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The last tick: when it is dealt with, so are all before it.
    pub tick: DateTime<Utc>,
    /// The days to fetch; none when there is nothing to be done about the ticks.
    pub window: Option<Window>,
    /// How many ticks this is for.
    pub ticks: usize,
    /// How many of them were missed.
    pub missed: usize,
}

impl Schedule {
    /// The first tick after this instant on a working day.
    pub fn next(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.working(std::iter::successors(self.cron.next(after), |tick| self.cron.next(*tick)), after)
    }

    /// The tick on a working day before this one.
    fn before(&self, tick: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.working(std::iter::successors(self.cron.previous(tick), |tick| self.cron.previous(*tick)), tick)
    }

    /// The first of these ticks on a working day, unless it is very far from an instant.
    fn working(
        &self,
        mut ticks: impl Iterator<Item = DateTime<Utc>>,
        from: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        ticks
            .find(|tick| (*tick - from).abs() > FAR || self.calendar.is_working(self.day_of(*tick)))
            .filter(|tick| (*tick - from).abs() <= FAR)
    }

    /// What is due now, when everything up to `done` is dealt with.
    pub fn due(&self, done: DateTime<Utc>, now: DateTime<Utc>) -> Option<Due> {
        let oldest = now - TimeDelta::days(i64::from(self.catch_up_days));
        // What is older than the span of catching up is given up without counting it.
        let given_up = done < oldest && self.next(done).is_some_and(|tick| tick <= oldest);
        let ticks: Vec<DateTime<Utc>> =
            std::iter::successors(self.next(done.max(oldest)), |tick| self.next(*tick))
                .take_while(|tick| *tick <= now)
                .collect();
        let Some((&first, &last)) = ticks.first().zip(ticks.last()) else {
            return given_up.then_some(Due { tick: oldest, window: None, ticks: 0, missed: 0 });
        };
        let missed = ticks.iter().filter(|tick| now - **tick > GRACE).count();
        let window = match self.catch_up {
            CatchUp::Merge => {
                let (from, to) = (self.window(first), self.window(last));
                Window::inclusive(from.first_day().min(to.first_day()), to.last_day()).ok()
            }
            CatchUp::Last => Some(self.window(last)),
            CatchUp::None => (now - last <= GRACE).then(|| self.window(last)),
        };
        Some(Due { tick: last, window, ticks: ticks.len(), missed })
    }

    /// The days that a tick asks for: the last few, and those that the tick before it would
    /// ask for again if it came now. So days off leave no hole, and each day is asked for
    /// once more when it is as old as the oldest of the last few, however late that is.
    pub fn window(&self, tick: DateTime<Utc>) -> Window {
        let last = tick.with_timezone(&self.panel).date_naive();
        let window = Window::last(self.last_days, last);
        let before = self.before(tick).map_or(last, |before| before.with_timezone(&self.panel).date_naive());
        let again = Window::last(self.last_days.saturating_sub(1), before);
        Window::inclusive(window.first_day().min(again.first_day()), last).unwrap_or(window)
    }

    fn day_of(&self, tick: DateTime<Utc>) -> NaiveDate {
        tick.with_timezone(&self.cron.zone()).date_naive()
    }

    /// All that decides when runs are due, in one line: when it changes, nothing that the
    /// new schedule would have had in the past is made up for.
    pub fn fingerprint(&self) -> String {
        format!("{} {} {}", self.cron.text(), self.cron.zone(), self.calendar.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-01-{text}:00Z").parse().unwrap()
    }

    fn schedule(catch_up: CatchUp) -> Schedule {
        Schedule {
            cron: Cron::new("0 8,18 * * *", Tz::Asia__Jakarta, at("01T00:00")).unwrap(),
            calendar: Calendar::default(),
            panel: Tz::Asia__Jakarta,
            last_days: 1,
            catch_up,
            catch_up_days: 7,
        }
    }

    /// The window that is due, as `days (ticks, missed)`.
    fn due(schedule: &Schedule, done: &str, now: &str) -> String {
        match schedule.due(at(done), at(now)) {
            None => "nothing".to_owned(),
            Some(Due { window, ticks, missed, .. }) => {
                let days = window.map_or("no run".to_owned(), |window| window.to_string());
                format!("{days} ({ticks}, {missed})")
            }
        }
    }

    #[test]
    fn a_tick_on_time_asks_for_its_day_and_the_day_of_the_tick_before() {
        let schedule = schedule(CatchUp::Merge);
        assert_eq!(due(&schedule, "05T00:00", "05T00:59"), "nothing");
        assert_eq!(due(&schedule, "05T00:00", "05T01:00"), "2026-01-04..2026-01-05 (1, 0)");
        assert_eq!(due(&schedule, "05T01:00", "05T11:05"), "2026-01-05 (1, 0)");
    }

    #[test]
    fn after_downtime_the_missed_ticks_are_merged_or_the_last_one_counts_or_none() {
        let down = |catch_up| due(&schedule(catch_up), "05T01:00", "08T03:00");
        assert_eq!(down(CatchUp::Merge), "2026-01-05..2026-01-08 (6, 6)");
        assert_eq!(down(CatchUp::Last), "2026-01-07..2026-01-08 (6, 6)");
        assert_eq!(down(CatchUp::None), "no run (6, 6)");
        assert_eq!(due(&schedule(CatchUp::None), "05T01:00", "08T01:04"), "2026-01-07..2026-01-08 (6, 5)");
    }

    #[test]
    fn what_was_missed_too_long_ago_is_given_up() {
        let schedule = schedule(CatchUp::Merge);
        assert_eq!(due(&schedule, "01T01:00", "20T03:00"), "2026-01-13..2026-01-20 (14, 14)");
    }

    #[test]
    fn days_without_a_run_are_asked_for_by_the_next_one() {
        let mut schedule = schedule(CatchUp::Merge);
        let names = ["mon", "tue", "wed", "thu", "fri"].map(String::from);
        schedule.calendar = Calendar::new(&names, ["2026-01-05".parse().unwrap()]).unwrap();
        // Friday the 2nd, a weekend, a holiday on Monday, Tuesday the 6th.
        assert_eq!(schedule.next(at("02T11:00")), Some(at("06T01:00")));
        assert_eq!(due(&schedule, "02T11:00", "06T01:00"), "2026-01-02..2026-01-06 (1, 0)");
    }

    #[test]
    fn every_day_is_asked_for_again_when_its_late_edits_are_over() {
        let mut schedule = Schedule { last_days: 4, ..schedule(CatchUp::Merge) };
        assert_eq!(due(&schedule, "05T01:00", "05T11:00"), "2026-01-02..2026-01-05 (1, 0)");
        let names = ["mon", "tue", "wed", "thu", "fri"].map(String::from);
        schedule.calendar = Calendar::new(&names, []).unwrap();
        // On Friday the 9th, Wednesday the 7th was two days old: on Monday it is five.
        assert_eq!(due(&schedule, "09T11:00", "12T01:00"), "2026-01-07..2026-01-12 (1, 0)");
    }

    #[test]
    fn another_schedule_has_another_fingerprint() {
        let (one, mut other) = (schedule(CatchUp::Merge), schedule(CatchUp::None));
        assert_eq!(one.fingerprint(), other.fingerprint(), "how to catch up is no other schedule");
        other.cron = Cron::new("0 8 * * *", Tz::Asia__Jakarta, at("01T00:00")).unwrap();
        assert_ne!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn a_run_that_comes_seldom_asks_for_all_days_since_the_one_before() {
        let mut schedule = schedule(CatchUp::Merge);
        schedule.cron = Cron::new("0 8 1 1,4,7,10 *", Tz::Asia__Jakarta, at("01T00:00")).unwrap();
        let tick = schedule.next(at("02T00:00")).unwrap();
        assert_eq!(schedule.window(tick).to_string(), "2026-01-01..2026-04-01");
    }
}
