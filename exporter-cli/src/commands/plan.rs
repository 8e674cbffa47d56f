//! `exporter plan`: what a run would change, to look at and to apply later.

use std::path::Path;

use exporter_core::{Error, ErrorKind, RunStatus};

use crate::args::{PlanArgs, RunArgs};
use crate::commands::apply::PlanFile;
use crate::commands::run;
use crate::exit::{self, Exit};
use crate::render;
use crate::render::say;

/// Fetches, compares, and shows what would change, cells old → new, and what it will cost.
pub async fn main(args: PlanArgs) -> Exit {
    let wanted = RunArgs { dry_run: true, ..args.run };
    match plan(&wanted, args.out.as_deref()).await {
        Ok(status) => status.into(),
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn plan(args: &RunArgs, out: Option<&Path>) -> Result<RunStatus, Error> {
    let outcome = run::run(args).await?;
    let status = outcome.report.status;
    if args.json {
        let (id, window) = (&outcome.report.id, outcome.report.window);
        say::text(render::json(&serde_json::json!({ "id": id, "window": window, "plans": outcome.plans })));
    } else {
        run::print(&outcome, false);
    }
    if let Some(out) = out {
        let file = PlanFile { id: outcome.report.id, window: outcome.report.window, plans: outcome.plans };
        let text = serde_json::to_string(&file).map_err(|error| {
            Error::new(ErrorKind::Internal, "the plan cannot be written down").source(error)
        })?;
        std::fs::write(out, text)
            .map_err(|error| Error::from(error).context("file", out.display().to_string()))?;
    }
    Ok(status)
}
