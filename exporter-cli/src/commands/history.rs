//! `exporter history`: the runs so far, or who did what.

use exporter_core::Error;
use exporter_store::RunQuery;

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
    let query =
        RunQuery { account: Some(execute::account(&loaded)?), limit: args.last, ..RunQuery::default() };
    let runs = state.runs(&query).await?;
    Ok(if args.json { render::json(&runs) } else { render::history::runs(&runs, zone) })
}
