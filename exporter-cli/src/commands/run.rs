//! `exporter run`: fetch the exports and bring the sheet up to date.

use std::sync::Arc;

use chrono_tz::Tz;
use exporter_core::{Clock, Error, Outcome, SystemClock, Window};
use exporter_store::Cause;

use crate::args::RunArgs;
use crate::commands::plan;
use crate::config::load;
use crate::execute::{self, Around, Order};
use crate::exit::{self, Exit};
use crate::render;

/// Runs once; the report goes to stdout, progress to stderr.
pub async fn main(args: RunArgs) -> Exit {
    if let Some(file) = &args.plan_file {
        return plan::apply(&args, file).await;
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
    let zone = load(&args.config)?.config.panel.timezone;
    let order = Order {
        window: window(args, &*clock, zone)?,
        only: args.only.clone(),
        driver: args.driver.map(Into::into),
        individual_sessions: args.individual_sessions,
        dry_run: args.dry_run,
        cause: Cause::Person,
        tick: None,
        who: execute::user(),
    };
    let around = Around { listeners: vec![render::progress::listener()], ..Around::default() };
    execute::execute(&args.config, &order, &clock, around).await
}

/// The days asked for: today in the panel's time zone unless said otherwise.
fn window(args: &RunArgs, clock: &dyn Clock, zone: Tz) -> Result<Window, Error> {
    let today = clock.today(zone);
    match (args.from.zip(args.to), args.day, args.last) {
        (Some((from, to)), _, _) => Window::inclusive(from, to),
        (None, Some(day), _) => Ok(Window::day(day)),
        (None, None, Some(days)) => Ok(Window::last(days, today)),
        (None, None, None) => Ok(Window::day(today)),
    }
}

/// The report, and in a dry run the plans before it.
pub fn print(outcome: &Outcome, json: bool) {
    if json {
        print!("{}", render::json(&outcome.report));
        return;
    }
    for plan in &outcome.plans {
        print!("{}", render::plan::text(plan));
    }
    print!("{}", render::report::text(&outcome.report));
}
