//! `exporter run --plan-file`: does exactly what was looked at before, or refuses.

use std::path::Path;
use std::sync::Arc;

use exporter_core::{
    Clock, Error, ErrorKind, ErrorReport, Plan, PlanCounts, Receipt, Sink, SystemClock, Window,
};
use exporter_store::Fenced;
use serde::{Deserialize, Serialize};

use crate::args::RunArgs;
use crate::assemble::assemble;
use crate::config::load;
use crate::execute;
use crate::exit::{self, Exit};
use crate::render::say;
use crate::{render, state};

/// Plans in a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct PlanFile {
    /// The run that planned.
    pub id: String,
    /// The days.
    pub window: Window,
    /// What is to be done, tab by tab.
    pub plans: Vec<Plan>,
}

/// What became of one plan.
#[derive(Debug, Serialize)]
struct Applied {
    name: String,
    status: &'static str,
    #[serde(flatten)]
    counts: PlanCounts,
    receipt: Option<Receipt>,
    error: Option<ErrorReport>,
}

/// Applies the plans of a file, or refuses those whose tab has moved since.
pub async fn main(args: &RunArgs, file: &Path) -> Exit {
    let applied = match try_apply(args, file).await {
        Ok(applied) => applied,
        Err(error) => return render::error::print(&error, exit::for_kind(error.kind())),
    };
    let well = applied.iter().all(|applied| applied.error.is_none());
    if args.json {
        say::text(render::json(
            &serde_json::json!({ "status": if well { "ok" } else { "failed" }, "exports": applied }),
        ));
    } else {
        for applied in &applied {
            say::line(format_args!(
                "{}: {}, {} new, {} updated",
                applied.name, applied.status, applied.counts.new, applied.counts.updated
            ));
            if let Some(error) = &applied.error {
                say::note(render::error::text(error).trim_end());
            }
        }
    }
    if well { Exit::Ok } else { Exit::Failed }
}

async fn try_apply(args: &RunArgs, file: &Path) -> Result<Vec<Applied>, Error> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Error::from(error).context("file", file.display().to_string()))?;
    let plans: PlanFile = serde_json::from_str(&text).map_err(|error| {
        Error::new(ErrorKind::Config, format!("{} is no plan", file.display()))
            .source(error)
            .hint("`exporter plan --out FILE` makes one")
    })?;
    let loaded = load(&args.config)?;
    let store = state::open(&loaded).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let parts = assemble(loaded, None, &[], &clock, Some(store.clone()), None)?;
    let detail = format!("the plan of run {} for {}", plans.id, plans.window);
    let lease = execute::hold_sheet(&store, &clock, &parts, ("plan applied", detail)).await?;
    let sink = Fenced::new(parts.sheets.clone(), lease.clone());
    let applied = match sink.check().await {
        Ok(()) => Ok(carry_out(&sink, plans.plans, &execute::run_id(clock.now())).await),
        Err(error) => Err(error),
    };
    drop(sink);
    execute::let_go(lease).await;
    applied
}

async fn carry_out(sink: &dyn Sink, plans: Vec<Plan>, id: &str) -> Vec<Applied> {
    let mut applied = Vec::new();
    for mut plan in plans {
        id.clone_into(&mut plan.run);
        let result = sink.apply(&plan).await;
        let (receipt, error) = match result {
            Ok(receipt) => (Some(receipt), None),
            Err(error) => (None, Some(error.hint("make the plan anew: `exporter plan`").report())),
        };
        let status = if error.is_none() { "ok" } else { "failed" };
        applied.push(Applied { name: plan.export, status, counts: plan.changes.counts(), receipt, error });
    }
    applied
}
