//! What the service does between runs: watching itself, copies of the state, the summary
//! of the day.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Timelike as _, Utc};
use exporter_core::{Clock, Daily, DailyExport, Error, ErrorReport, Topic, Window};
use exporter_notify::{About, Mailroom, daily, failing, remind, warn};
use exporter_schedule::Schedule;
use exporter_store::{Asked, AuditEntry, Calendar, DayState, RunQuery, RunState, Store, backup};
use tokio::task::JoinHandle;

use crate::config::Loaded;
use crate::state;
use crate::state::backups::{Place, place};
use crate::watch::{Watched, newest};

/// It is looked at everything this often.
const EVERY: TimeDelta = TimeDelta::hours(1);
/// From this hour on a day without runs is told of.
const NOON: u32 = 12;
/// The summary counts the days that are missing among so many.
const COUNTED: u32 = 31;

/// The service as far as upkeep needs it.
pub struct Site<'a> {
    /// The configuration.
    pub loaded: &'a Loaded,
    /// The state.
    pub store: &'a Arc<dyn Store>,
    /// Where messages are posted.
    pub room: &'a Arc<Mailroom>,
    /// The time.
    pub clock: &'a Arc<dyn Clock>,
    /// When runs are due.
    pub schedule: &'a Schedule,
    /// The exports.
    pub exports: &'a [String],
    /// What messages are about.
    pub about: About,
}

/// What was done when.
#[derive(Default)]
pub struct Upkeep {
    looked: Option<DateTime<Utc>>,
    looking: Option<JoinHandle<()>>,
}

impl Upkeep {
    /// Does what is due. What takes longer is done on a task of its own; what fails is told
    /// to the owner by the next look.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn turn(&mut self, site: &Site<'_>) -> Result<(), Error> {
        let now = site.clock.now();
        if !self.is_busy() && self.looked.is_none_or(|looked| (now - looked).abs() >= EVERY) {
            self.looked = Some(now);
            self.looking = Some(tokio::spawn(look(Round::of(site))));
        }
        site.remind(now).await?;
        match site.loaded.config.watch.daily {
            Some(at) => site.daily(at, now).await,
            None => Ok(()),
        }
    }

    /// Whether a round of looking is under way.
    pub fn is_busy(&self) -> bool {
        self.looking.as_ref().is_some_and(|looking| !looking.is_finished())
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        if let Some(looking) = &self.looking {
            looking.abort();
        }
    }
}

/// One round of looking, free of the service's life.
struct Round {
    watched: Watched,
    backups: Option<Result<(state::Place, Place, u32), Error>>,
    room: Arc<Mailroom>,
    clock: Arc<dyn Clock>,
    about: About,
}

impl Round {
    fn of(site: &Site<'_>) -> Self {
        let section = site.loaded.config.backup.as_ref().filter(|section| section.every_hours > 0);
        let backups =
            section.map(|section| Ok((state::place(site.loaded)?, place(site.loaded)?, section.every_hours)));
        Self {
            watched: Watched::of(site.loaded),
            backups,
            room: site.room.clone(),
            clock: site.clock.clone(),
            about: site.about.clone(),
        }
    }

    /// A copy of the state, where the newest is old.
    async fn copied(&mut self) -> Option<Result<(), Error>> {
        let (state, place, hours) = match self.backups.take()? {
            Ok(wanted) => wanted,
            Err(error) => return Some(Err(error)),
        };
        let now = self.clock.now();
        if newest(&place, now).is_some_and(|at| now - at < TimeDelta::hours(hours.into())) {
            return Some(Ok(()));
        }
        Some(copy(&state, &place, now).await)
    }
}

async fn look(mut round: Round) {
    let mut found: BTreeMap<Topic, Option<ErrorReport>> = BTreeMap::new();
    for look in round.watched.look(&*round.clock).await {
        let wrong = look.found.err().map(|error| error.report());
        // Of two certificates the first that is bad counts.
        let known = found.entry(look.topic).or_default();
        *known = known.take().or(wrong);
    }
    if let Some(copied) = round.copied().await {
        found.insert(Topic::Backup, copied.err().map(|error| error.report()));
    }
    for error in found.values().flatten() {
        tracing::warn!("{}", error.message);
    }
    let found: Vec<_> = found.into_iter().collect();
    if let Err(error) = warn(&round.room, &round.about, &found).await {
        tracing::warn!(%error, "what was found cannot be told");
    }
}

async fn copy(state: &state::Place, place: &Place, now: DateTime<Utc>) -> Result<(), Error> {
    // By a connection of its own: the service goes on meanwhile.
    let store = state.open().await?;
    let file = backup(&*store, &place.directory, &place.key, place.keep, now).await?;
    tracing::info!(file = %file.display(), "the state is copied");
    let detail = file.display().to_string();
    store.audit(&AuditEntry { at: now, who: "serve".into(), what: "backup".into(), detail }).await
}

impl Site<'_> {
    /// Tells of what fails still on a day on which no run will: after noon, so that nobody is
    /// woken, and only where none is due any more.
    async fn remind(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let local = |at: DateTime<Utc>| at.with_timezone(&self.about.zone).naive_local();
        let here = local(now);
        let later = self.schedule.next(now).is_some_and(|next| local(next).date() == here.date());
        if later || here.hour() < NOON { Ok(()) } else { remind(self.room, &self.about).await }
    }

    /// Tells how the day went, once a day, at this time or as soon after it as possible.
    async fn daily(&self, at: NaiveTime, now: DateTime<Utc>) -> Result<(), Error> {
        let zone = self.about.zone;
        let local = now.with_timezone(&zone).naive_local();
        let (scope, today) = (format!("upkeep {}", self.about.account), local.date());
        if local.time() < at {
            return Ok(());
        }
        let told = self.store.fact(&scope, "daily").await?;
        if told.as_deref() == Some(&*today.to_string()) {
            return Ok(());
        }
        let query = RunQuery {
            account: Some(self.about.account.clone()),
            since: Some(now - TimeDelta::hours(24)),
            ..RunQuery::default()
        };
        let runs = self
            .store
            .runs(&query)
            .await?
            .into_iter()
            .filter(|run| !run.dry_run && run.state != RunState::Running);
        let runs: Vec<_> = runs.collect();
        let reports = || runs.iter().filter_map(|run| run.report.as_ref()).flat_map(|report| &report.exports);
        let exports = self.exports.iter().map(|name| {
            let (new, updated) =
                reports().filter(|export| export.name == *name).fold((0, 0), |(new, updated), export| {
                    (new + export.counts.new, updated + export.counts.updated)
                });
            DailyExport { name: name.clone(), new, updated }
        });
        let marks = self.room.marks().await?;
        let summary = Daily {
            day: today,
            runs: runs.len(),
            failed: runs.iter().filter(|run| run.state != RunState::Ok).count(),
            exports: exports.collect(),
            failing: failing(&marks, &self.about.account),
            missing: self.missing(today, now).await?,
            next_run: self.schedule.next(now).map(|next| next.with_timezone(&zone).naive_local()),
        };
        daily(self.room, &self.about, summary).await?;
        self.store.set_fact(&scope, "daily", Some(&today.to_string())).await
    }

    /// Days of exports that should be in the sheet and are not.
    async fn missing(&self, today: NaiveDate, now: DateTime<Utc>) -> Result<usize, Error> {
        let back = Window::last(COUNTED, today);
        let covered = self.store.coverage(&self.about.account, back).await?;
        let asked = Asked::of(&**self.store, &self.about.account).await?;
        let late_days = self.loaded.config.late_days();
        let calendar = Calendar::new(self.exports, back, &covered, &asked, self.about.zone, now, late_days);
        let days = calendar.exports.iter().flat_map(|(_, days)| days);
        Ok(days.filter(|(_, state)| *state == DayState::Missing).count())
    }
}
