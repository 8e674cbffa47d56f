//! `exporter run`: fetch the exports and bring the sheet up to date.

use std::sync::Arc;

use exporter_core::{Clock, Error, Outcome, SystemClock, Window};
use exporter_store::Cause;

use crate::args::RunArgs;
use crate::asking::terminal;
use crate::commands::apply;
use crate::config::{PanelSection, load};
use crate::execute::{self, Around, Order};
use crate::exit::{self, Exit};
use crate::render::{self, progress::Progress, say};

/// Runs once; the report goes to stdout, progress to stderr.
pub async fn main(args: RunArgs) -> Exit {
    if let Some(file) = &args.plan_file {
        return apply::main(&args, file).await;
    }
    match run(&args).await {
        Ok(outcome) => {
            print(&outcome, args.json);
            outcome.report.status.into()
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

/// Loads, assembles, runs, and waits until everybody has been told.
pub async fn run(args: &RunArgs) -> Result<Outcome, Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let config = load(&args.config)?.config;
    let panel = &config.panel;
    let order = Order {
        window: window(args, &*clock, panel)?,
        only: args.only.clone(),
        driver: args.driver.map(Into::into),
        individual_sessions: args.individual_sessions,
        dry_run: args.dry_run,
        cause: Cause::Person,
        tick: None,
        who: execute::user(),
    };
    let progress = Progress::here();
    let asker = terminal::here(&config, &progress);
    let around = Around { listeners: vec![progress.listener()], asker, ..Around::default() };
    execute::execute(&args.config, &order, &clock, around).await
}

/// The days asked for; when none are, today in the panel's time zone, and with it the days
/// before that the configuration says may still change.
fn window(args: &RunArgs, clock: &dyn Clock, panel: &PanelSection) -> Result<Window, Error> {
    let today = clock.today(panel.timezone);
    match (args.from.zip(args.to), args.day, args.last) {
        (Some((from, to)), _, _) => Window::inclusive(from, to),
        (None, Some(day), _) => Ok(Window::day(day)),
        (None, None, Some(days)) => Ok(Window::last(days, today)),
        (None, None, None) => Ok(Window::last(panel.late_days.unwrap_or(0).saturating_add(1), today)),
    }
}

/// The report, and in a dry run the plans before it.
pub fn print(outcome: &Outcome, json: bool) {
    if json {
        say::text(render::json(&outcome.report));
        return;
    }
    for plan in &outcome.plans {
        say::text(render::plan::text(plan));
    }
    say::text(render::report::text(&outcome.report));
}
