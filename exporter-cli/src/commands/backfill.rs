//! `exporter backfill`: past days in windows; taken up again where it was cut off.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use exporter_core::{Clock, Error, ErrorKind, RunReport, RunStatus, SystemClock, Window};
use exporter_store::{Asked, Backfill, Calendar, Cause, Store};
use serde::Serialize;

use crate::args::BackfillArgs;
use crate::asking::terminal;
use crate::assemble::export_names;
use crate::config::{Loaded, load};
use crate::execute::{self, Around, Order};
use crate::exit::{self, Exit};
use crate::render::{self, progress::Progress, say};
use crate::state;

/// While another run goes on, it is tried again after this.
const BUSY: Duration = Duration::from_secs(5);
/// So often.
const BUSY_TRIES: u32 = 360;

/// What became of a window.
#[derive(Debug, Serialize)]
struct Done {
    window: Window,
    /// Whether an earlier start of the same backfill had loaded it.
    before: bool,
    report: Option<RunReport>,
}

/// Runs window after window. A window that fails does not keep the others from running,
/// unless nothing can run.
pub async fn main(args: BackfillArgs) -> Exit {
    match backfill(&args).await {
        Ok(done) => {
            say::text(if args.json { render::json(&done) } else { text(&done) });
            let status =
                |wanted| done.iter().filter_map(|one| one.report.as_ref()).any(|one| one.status == wanted);
            match (status(RunStatus::NothingRan), status(RunStatus::Failed)) {
                (true, _) => Exit::NothingRan,
                (_, true) => Exit::Failed,
                _ => Exit::Ok,
            }
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn backfill(args: &BackfillArgs) -> Result<Vec<Done>, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let loaded = load(&args.config)?;
    let store = state::open(&loaded).await?;
    let (account, all) = (execute::account(&loaded)?, export_names(&loaded)?);
    let exports = if args.only.is_empty() { all } else { args.only.clone() };
    let now = clock.now();
    let windows = match args.from.zip(args.to) {
        Some((from, to)) => cut(Window::inclusive(from, to)?, args.window),
        None => missing(&*store, &loaded, &account, &exports, args.window, now).await?,
    };
    let Some((first, last)) = windows.first().zip(windows.last()) else { return Ok(Vec::new()) };
    let whole = Window::inclusive(first.first_day(), last.last_day())?;
    if !args.missing {
        // Named before the first window, so that what is not reached is missed.
        Asked::note(&*store, &account, &exports, whole, clock.today(loaded.config.panel.timezone)).await?;
    }
    let job = store.open_backfill(&account, &exports, whole, now).await?;
    let loaded_before = covered(&*store, &account, &job).await?;

    let mut done = Vec::new();
    let count = windows.len();
    for (window, number) in windows.into_iter().zip(1..) {
        say::note(format_args!("window {number} of {count}: {window}"));
        if is_done(window, &exports, &loaded_before) {
            done.push(Done { window, before: true, report: None });
            continue;
        }
        let order = Order {
            window,
            only: args.only.clone(),
            driver: args.driver.map(Into::into),
            individual_sessions: false,
            dry_run: false,
            cause: Cause::Backfill,
            tick: None,
            who: execute::user(),
        };
        let report = patiently(args, &order, &clock).await?;
        let stop = report.status == RunStatus::NothingRan;
        done.push(Done { window, before: false, report: Some(report) });
        if stop {
            break;
        }
    }
    if done.iter().all(|one| one.report.as_ref().is_none_or(|report| report.status == RunStatus::Ok)) {
        store.close_backfill(job.id, clock.now()).await?;
    }
    Ok(done)
}

/// The days in windows of at most this many.
fn cut(whole: Window, days: u32) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut first = whole.first_day();
    while whole.contains(first) {
        let last = first.checked_add_days(chrono::Days::new(u64::from(days) - 1));
        let last = last.map_or(whole.last_day(), |last| last.min(whole.last_day()));
        let Ok(window) = Window::inclusive(first, last) else { break };
        windows.push(window);
        first = window.until();
    }
    windows
}

/// The holes from the first day that was ever asked for until yesterday.
async fn missing(
    store: &dyn Store,
    loaded: &Loaded,
    account: &str,
    exports: &[String],
    days: u32,
    now: DateTime<Utc>,
) -> Result<Vec<Window>, Error> {
    let zone = loaded.config.panel.timezone;
    let yesterday = now.with_timezone(&zone).date_naive().pred_opt();
    let asked = Asked::of(store, account).await?;
    let Some((first, last)) = asked.first(exports).zip(yesterday).filter(|(first, last)| first <= last)
    else {
        return Ok(Vec::new());
    };
    let whole = Window::inclusive(first, last)?;
    let covered = store.coverage(account, whole).await?;
    let late_days = loaded.config.late_days();
    Ok(Calendar::new(exports, whole, &covered, &asked, zone, now, late_days).holes(days))
}

/// What an earlier start of this backfill has loaded.
async fn covered(
    store: &dyn Store,
    account: &str,
    job: &Backfill,
) -> Result<HashSet<(String, NaiveDate)>, Error> {
    let covered = store.coverage(account, job.window).await?;
    let since = covered.into_iter().filter(|one| one.at >= job.started);
    Ok(since.map(|one| (one.export, one.day)).collect())
}

fn is_done(window: Window, exports: &[String], covered: &HashSet<(String, NaiveDate)>) -> bool {
    let mut days = window.first_day().iter_days().take_while(|day| window.contains(*day));
    days.all(|day| exports.iter().all(|export| covered.contains(&(export.clone(), day))))
}

/// Runs one window; waits for another run of the same account to end. Nobody is told: who
/// started it sees it.
async fn patiently(args: &BackfillArgs, order: &Order, clock: &Arc<dyn Clock>) -> Result<RunReport, Error> {
    let mut tries = 0;
    loop {
        let progress = Progress::here();
        let asker = terminal::here(&load(&args.config)?.config, &progress);
        let around = Around { listeners: vec![progress.listener()], quiet: true, asker, ..Around::default() };
        match execute::execute(&args.config, order, clock, around).await {
            Err(error) if error.kind() == ErrorKind::Busy && tries < BUSY_TRIES => {
                tries += 1;
                tokio::time::sleep(BUSY).await;
            }
            other => return other.map(|outcome| outcome.report),
        }
    }
}

fn text(done: &[Done]) -> String {
    if done.is_empty() {
        return "nothing is missing\n".to_owned();
    }
    let lines = done.iter().map(|Done { window, report, .. }| match report {
        None => format!("{window}: loaded before, by the same backfill\n"),
        Some(report) => render::report::text(report),
    });
    lines.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_cut_into_windows_without_a_gap() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        let whole = Window::inclusive(day(1), day(10)).unwrap();
        let text = |days| cut(whole, days).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(text(4), ["2026-01-01..2026-01-04", "2026-01-05..2026-01-08", "2026-01-09..2026-01-10"]);
        assert_eq!(text(366), ["2026-01-01..2026-01-10"]);
        assert_eq!(text(1).len(), 10);
    }
}
