//! `exporter history`: the runs so far, or who did what.

use exporter_core::{Clock as _, Error, SystemClock};
use exporter_store::{RunQuery, RunRecord, RunState, Store};

use crate::args::HistoryArgs;
use crate::config::load;
use crate::exit::{self, Exit};
use crate::render::say;
use crate::{execute, render, state};

/// Prints the runs of this configuration's account, the newest first.
pub async fn main(args: HistoryArgs) -> Exit {
    match text(&args).await {
        Ok(text) => {
            say::text(&text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn text(args: &HistoryArgs) -> Result<String, Error> {
    let loaded = load(&args.config)?;
    let state = state::look(&loaded).await?;
    let zone = loaded.config.panel.timezone;
    if args.audit {
        let log = state.audit_log(args.last).await?;
        return Ok(if args.json { render::json(&log) } else { render::history::audit(&log, zone) });
    }
    let account = execute::account(&loaded)?;
    let query = RunQuery { account: Some(account.clone()), limit: args.last, ..RunQuery::default() };
    let runs = as_they_are(&*state, &account, state.runs(&query).await?).await?;
    Ok(if args.json { render::json(&runs) } else { render::history::runs(&runs, zone) })
}

/// The runs of an account as they are now: one that counts as running and no longer holds the
/// account was cut off, which the next run will note.
pub(super) async fn as_they_are(
    store: &dyn Store,
    account: &str,
    mut runs: Vec<RunRecord>,
) -> Result<Vec<RunRecord>, Error> {
    if runs.iter().any(|run| run.state == RunState::Running) {
        let held = store.held(&execute::account_lease(account), SystemClock.now()).await?;
        let holder = held.map(|taken| taken.holder).filter(|holder| !holder.is_gone());
        let goes_on = |run: &RunRecord| holder.as_ref().is_some_and(|holder| holder.id == run.id);
        for run in runs.iter_mut().filter(|run| run.state == RunState::Running) {
            if !goes_on(run) {
                run.state = RunState::Interrupted;
            }
        }
    }
    Ok(runs)
}
