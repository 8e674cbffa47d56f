//! `exporter show RUN`: one run with every step.

use exporter_core::{Error, ErrorKind};
use exporter_store::{RunQuery, RunRecord};
use serde_json::json;

use super::history::as_they_are;
use crate::args::ShowArgs;
use crate::config::load;
use crate::exit::{self, Exit};
use crate::render::say;
use crate::{execute, render, state};

/// Prints the run's report and its steps.
pub async fn main(args: ShowArgs) -> Exit {
    match text(&args).await {
        Ok(text) => {
            say::text(&text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn text(args: &ShowArgs) -> Result<String, Error> {
    let loaded = load(&args.config)?;
    let state = state::look(&loaded).await?;
    let account = execute::account(&loaded)?;
    let query = RunQuery { account: Some(account.clone()), ..RunQuery::default() };
    let run = find(as_they_are(&*state, &account, state.runs(&query).await?).await?, &args.run)?;
    let stages = state.stages(&run.id).await?;
    if args.json {
        return Ok(render::json(&json!({ "run": run, "stages": stages })));
    }
    Ok(render::history::run(&run, &stages, loaded.config.panel.timezone))
}

/// The run with this id, or whose id begins so, or the last one.
pub(super) fn find(runs: Vec<RunRecord>, wanted: &str) -> Result<RunRecord, Error> {
    let mut found: Vec<RunRecord> = match wanted {
        "last" => runs.into_iter().take(1).collect(),
        _ => runs.into_iter().filter(|run| run.id.starts_with(wanted)).collect(),
    };
    match (found.pop(), found.len()) {
        (Some(run), 0) => Ok(run),
        (None, _) => Err(Error::new(ErrorKind::Config, format!("there is no run `{wanted}`"))
            .hint("`exporter history` lists the runs")),
        (Some(_), others) => {
            Err(Error::new(ErrorKind::Config, format!("`{wanted}` begins the ids of {} runs", others + 1))
                .hint("give more of the id, as `exporter history` prints it"))
        }
    }
}
