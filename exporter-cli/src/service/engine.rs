//! Decides when a run is due, starts it, and remembers how far the schedule is.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use exporter_core::{Clock, Error, RunReport, Window};
use exporter_schedule::{CatchUp, Schedule};
use exporter_store::{Asked, Calendar, RunQuery, RunState, Store};

/// When a run cannot begin, because another goes on or something is to be mended, it is
/// looked again after this.
const BUSY: TimeDelta = TimeDelta::seconds(20);
/// While paused, it is looked again after this.
const PAUSED: TimeDelta = TimeDelta::minutes(1);
/// What is further ahead than this is of a clock that was wrong.
const AHEAD: TimeDelta = TimeDelta::minutes(10);
/// How many of the last runs are looked through for one that the schedule started.
const RECENT: u32 = 50;

/// A run that the schedule wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The days to fetch.
    pub window: Window,
    /// The tick that it deals with, and all before it.
    pub tick: DateTime<Utc>,
    /// When the schedule is due after this.
    pub next: Option<DateTime<Utc>>,
}

/// Does a run.
#[async_trait]
pub trait Runner: Send + Sync {
    /// Fetches these days, unless another has dealt with the tick meanwhile.
    ///
    /// # Errors
    /// [`exporter_core::ErrorKind::Busy`] when another run goes on, or has dealt with the
    /// tick; or what else keeps the run from beginning.
    async fn run(&self, wanted: Wanted) -> Result<RunReport, Error>;
}

/// The schedule at work over one state.
pub struct Engine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    account: String,
    exports: Vec<String>,
}

/// What a step did.
#[derive(Debug)]
pub struct Step {
    /// What came of the run, if there was one.
    pub ran: Option<Result<RunReport, Error>>,
    /// When to look again.
    pub look: DateTime<Utc>,
}

impl Engine {
    /// For one panel account and these exports of it.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        account: impl Into<String>,
        exports: Vec<String>,
    ) -> Self {
        Self { store, clock, account: account.into(), exports }
    }

    /// Does what is due now. Safe to be cut off anywhere: what is not done is due again.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn step(&self, schedule: &Schedule, runner: &dyn Runner) -> Result<Step, Error> {
        let now = self.clock.now();
        let done = self.place(schedule, now).await?;
        let look = schedule.next(now).unwrap_or(now + PAUSED);
        if Self::paused(&*self.store, &self.account).await?.is_some() {
            return Ok(Step { ran: None, look: now + PAUSED });
        }
        let Some(due) = schedule.due(done, now) else {
            return Ok(Step { ran: None, look });
        };
        let ran = match due.window {
            Some(window) => {
                let window = self.reach(schedule, window).await?;
                tracing::info!(ticks = due.ticks, missed = due.missed, %window, "a run is due");
                Some(runner.run(Wanted { window, tick: due.tick, next: schedule.next(now) }).await)
            }
            None => None,
        };
        // What could not even begin is due still: when it can, no day is left out.
        if matches!(ran, Some(Err(_))) {
            return Ok(Step { ran, look: now + BUSY });
        }
        self.set("place", Some(&text(due.tick))).await?;
        let look = schedule.next(self.clock.now()).unwrap_or(look);
        Ok(Step { ran, look })
    }

    /// The window, back to the first day within the span of catching up that no run has
    /// brought yet: runs that failed leave no hole.
    async fn reach(&self, schedule: &Schedule, window: Window) -> Result<Window, Error> {
        if schedule.catch_up != CatchUp::Merge {
            return Ok(window);
        }
        let back = Window::last(schedule.catch_up_days.max(1), window.last_day());
        let covered = self.store.coverage(&self.account, back).await?;
        let asked = Asked::of(&*self.store, &self.account).await?;
        let (now, late_days) = (self.clock.now(), schedule.last_days.saturating_sub(1));
        let calendar = Calendar::new(&self.exports, back, &covered, &asked, schedule.panel, now, late_days);
        let hole = calendar.holes(1).first().map(Window::first_day);
        let from = hole.map_or(window.first_day(), |hole| hole.min(window.first_day()));
        Window::inclusive(from, window.last_day())
    }

    /// Up to when everything is dealt with. A schedule that is new or has changed begins
    /// now: it never looks back.
    async fn place(&self, schedule: &Schedule, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
        let fingerprint = schedule.fingerprint();
        if self.get("schedule").await?.as_ref() != Some(&fingerprint) {
            self.set("place", Some(&text(now))).await?;
            self.set("schedule", Some(&fingerprint)).await?;
            return Ok(now);
        }
        let place: DateTime<Utc> =
            self.get("place").await?.and_then(|place| place.parse().ok()).unwrap_or(now);
        // Else nothing would run until that time comes.
        if place - now > AHEAD {
            tracing::warn!(%place, "the clock was set back: the schedule goes on from now");
            self.set("place", Some(&text(now))).await?;
            return Ok(now);
        }
        // A run that ended just before we were killed has dealt with its ticks as well.
        Ok(place.max(dealt_with(&*self.store, &self.account, now).await?.unwrap_or(place)))
    }

    /// The days of a run that somebody asks for now; with `missing`, back to the first day
    /// that is missing.
    pub async fn window_now(&self, schedule: &Schedule, missing: bool) -> Result<Window, Error> {
        let window = schedule.window(self.clock.now());
        if missing { self.reach(schedule, window).await } else { Ok(window) }
    }

    /// Has nothing started by itself any more because of somebody, or again.
    pub async fn pause(store: &dyn Store, account: &str, who: Option<&str>) -> Result<(), Error> {
        store.set_fact(&scope(account), "paused", who).await
    }

    /// Who paused the schedule, if somebody has.
    pub async fn paused(store: &dyn Store, account: &str) -> Result<Option<String>, Error> {
        store.fact(&scope(account), "paused").await
    }

    async fn get(&self, name: &str) -> Result<Option<String>, Error> {
        self.store.fact(&scope(&self.account), name).await
    }

    async fn set(&self, name: &str, value: Option<&str>) -> Result<(), Error> {
        self.store.set_fact(&scope(&self.account), name, value).await
    }
}

/// The tick of the last run that the schedule started and that came to its end; not one of a
/// time to come, from when the clock was wrong.
pub async fn dealt_with(
    store: &dyn Store,
    account: &str,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    let query = RunQuery { account: Some(account.to_owned()), limit: RECENT, ..RunQuery::default() };
    let ended = |state| !matches!(state, RunState::Running | RunState::Interrupted);
    let runs = store.runs(&query).await?;
    let ticks = runs.iter().filter(|run| ended(run.state)).filter_map(|run| run.tick);
    Ok(ticks.filter(|tick| *tick - now <= AHEAD).max())
}

/// The scope of the schedule's facts.
fn scope(account: &str) -> String {
    format!("schedule {account}")
}

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use exporter_core::{ErrorKind, FixedClock};
    use exporter_schedule::Cron;
    use exporter_store::{Cause, RunStart, SqliteStore};

    use super::*;

    /// Notes what is wanted of it, and never begins.
    #[derive(Default)]
    struct Wants(Mutex<Vec<DateTime<Utc>>>);

    #[async_trait]
    impl Runner for Wants {
        async fn run(&self, wanted: Wanted) -> Result<RunReport, Error> {
            self.0.lock().unwrap().push(wanted.tick);
            Err(Error::new(ErrorKind::Busy, "another run goes on"))
        }
    }

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-01-05T{text}:00Z").parse().unwrap()
    }

    /// Twice a day in UTC, caught up with over a week.
    fn schedule() -> Schedule {
        let zone = chrono_tz::Tz::UTC;
        Schedule {
            cron: Cron::new("0 8,18 * * *", zone, at("00:00")).unwrap(),
            calendar: exporter_schedule::Calendar::default(),
            panel: zone,
            last_days: 1,
            catch_up: CatchUp::Merge,
            catch_up_days: 7,
        }
    }

    /// A run for a tick that came to its end.
    async fn ended(store: &dyn Store, id: &str, tick: DateTime<Utc>) {
        let run = RunStart {
            id: id.into(),
            account: "a".into(),
            cause: Cause::Schedule,
            window: schedule().window(tick),
            dry_run: false,
            tick: Some(tick),
            started: tick,
        };
        store.begin_run(&run).await.unwrap();
        store.end_run(id, RunState::Failed, tick).await.unwrap();
    }

    #[tokio::test]
    async fn a_clock_that_was_years_ahead_does_not_stop_the_schedule() {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(directory.path().join("state.db")).await.unwrap());
        let years = TimeDelta::days(3650);
        let clock = FixedClock::at(at("07:00") + years);
        let engine = Engine::new(store.clone(), Arc::new(clock.clone()), "a", vec!["x".into()]);
        let asked = Wants::default();
        engine.step(&schedule(), &asked).await.unwrap();
        ended(&*store, "ahead", at("08:00") + years).await;
        clock.advance(TimeDelta::hours(1) - years);
        engine.step(&schedule(), &asked).await.unwrap();
        assert!(asked.0.lock().unwrap().is_empty(), "it goes on from now, not from before");
        clock.advance(TimeDelta::hours(10));
        engine.step(&schedule(), &asked).await.unwrap();
        assert_eq!(*asked.0.lock().unwrap(), [at("18:00")]);
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_by_seconds_does_nothing_twice() {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(directory.path().join("state.db")).await.unwrap());
        let clock = FixedClock::at(at("07:00"));
        let engine = Engine::new(store.clone(), Arc::new(clock.clone()), "a", vec!["x".into()]);
        let asked = Wants::default();
        engine.step(&schedule(), &asked).await.unwrap();
        ended(&*store, "done", at("08:00")).await;
        clock.advance(TimeDelta::seconds(3595));
        for _ in 0..3 {
            engine.step(&schedule(), &asked).await.unwrap();
            clock.advance(TimeDelta::seconds(10));
        }
        assert!(asked.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_run_that_begins_late_deals_with_its_own_tick_and_not_with_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(directory.path().join("state.db")).await.unwrap());
        let schedule = schedule();
        let clock = FixedClock::at(at("07:00"));
        let engine = Engine::new(store.clone(), Arc::new(clock.clone()), "a", vec!["x".into()]);
        let asked = Wants::default();
        engine.step(&schedule, &asked).await.unwrap();

        // The run for 08:00 began after 18:00: the machine slept in between.
        let window = schedule.window(at("08:00"));
        let run = RunStart {
            id: "late".into(),
            account: "a".into(),
            cause: Cause::Schedule,
            window,
            dry_run: false,
            tick: Some(at("08:00")),
            started: at("18:01"),
        };
        store.begin_run(&run).await.unwrap();
        let now = at("18:02");
        assert_eq!(dealt_with(&*store, "a", now).await.unwrap(), None, "it goes on");
        store.end_run("late", RunState::Failed, at("18:02")).await.unwrap();
        assert_eq!(dealt_with(&*store, "a", now).await.unwrap(), Some(at("08:00")));
        clock.advance(at("18:03") - at("07:00"));
        engine.step(&schedule, &asked).await.unwrap();
        assert_eq!(*asked.0.lock().unwrap(), [at("18:00")]);
    }
}
