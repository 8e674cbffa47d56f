//! `exporter undo RUN`: take back what a run did, where nobody has touched it since.

use std::collections::BTreeMap;
use std::sync::Arc;

use exporter_core::{BatchState, Clock, Error, ErrorKind, JournalBatch, Sink, SystemClock};
use exporter_store::Fenced;
use serde::Serialize;

use crate::args::UndoArgs;
use crate::assemble::{Parts, assemble};
use crate::config::load;
use crate::exit::{self, Exit};
use crate::render::say;
use crate::{execute, render, state};

/// What was taken back from one tab.
#[derive(Debug, Serialize)]
struct Undone {
    export: String,
    /// The tab.
    tab: String,
    /// Cells that got what they held before.
    cells: usize,
    /// Rows that went away.
    rows: usize,
    /// What stays, and why.
    left: Vec<String>,
}

/// Takes the run back, tab by tab, and lists what it can't.
pub async fn main(args: UndoArgs) -> Exit {
    match undo(&args).await {
        Ok(undone) => {
            if args.json {
                say::text(render::json(&serde_json::json!({ "dry_run": args.dry_run, "exports": undone })));
            } else {
                print(&undone, args.dry_run);
            }
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn undo(args: &UndoArgs) -> Result<Vec<Undone>, Error> {
    let loaded = load(&args.config)?;
    let store = state::look(&loaded).await?;
    let batches = store.batches_of(&args.run).await?;
    if batches.is_empty() {
        return Err(Error::new(
            ErrorKind::Config,
            format!("there is no run `{}`, or it wrote nothing", args.run),
        )
        .hint("`exporter history` lists the runs with their whole ids"));
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let parts = assemble(loaded, None, &[], &clock, Some(store.clone()), None)?;
    if args.dry_run {
        return take_back(&parts, &batches, None).await;
    }
    let audit = ("undo", format!("run {}", args.run));
    let lease = execute::hold_sheet(&store, &clock, &parts, audit).await?;
    let sink = Fenced::new(parts.sheets.clone(), lease.clone());
    let undone = take_back(&parts, &batches, Some(&sink)).await;
    drop(sink);
    execute::let_go(lease).await;
    undone
}

/// Takes what was written back, through this sink; without one it only looks.
async fn take_back(
    parts: &Parts,
    batches: &[(JournalBatch, BatchState)],
    sink: Option<&dyn Sink>,
) -> Result<Vec<Undone>, Error> {
    parts.sheets.check().await?;
    let mut undone = Vec::new();
    for spec in parts.jobs.iter().map(|job| job.source.spec()) {
        // What never got there needs no way back.
        let ours = batches
            .iter()
            .filter(|(batch, state)| batch.export == spec.name && *state != BatchState::Dropped)
            .map(|(batch, _)| batch);
        let mut tabs: BTreeMap<&str, Vec<JournalBatch>> = BTreeMap::new();
        for batch in ours {
            tabs.entry(&batch.target).or_default().push(batch.clone());
        }
        for batches in tabs.values() {
            if sink.is_some() {
                parts.sheets.put_back_rows(batches, spec).await?;
            }
            let way = parts.sheets.plan_undo(batches, spec).await?;
            let mut rows = way.rows;
            if let Some(sink) = sink {
                sink.apply(&way.plan).await?;
                rows = parts.sheets.take_rows(&way).await?;
            }
            let mut left = way.left;
            if rows < way.rows {
                left.push(format!("{} more rows were touched while this went on", way.rows - rows));
            }
            undone.push(Undone { export: spec.name.clone(), tab: way.tab, cells: way.cells, rows, left });
        }
    }
    Ok(undone)
}

fn print(undone: &[Undone], dry_run: bool) {
    let (cells_are, rows_are) = if dry_run {
        ("would get back what they held", "would go away")
    } else {
        ("got back what they held", "went away")
    };
    for tab in undone {
        let name = if tab.tab == tab.export { String::new() } else { format!(", tab `{}`", tab.tab) };
        say::line(format_args!(
            "{}{name}: {} cells {cells_are}, {} rows {rows_are}",
            tab.export, tab.cells, tab.rows
        ));
        for left in &tab.left {
            say::line(format_args!("  left: {left}"));
        }
    }
}
