//! The sink side of a run: check, plan, apply, report.

use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::fetch::Fetched;
use super::{Job, Pipeline};
use crate::event::{Events, Fact};
use crate::key::key_positions;
use crate::tabs::Routed;
use crate::{
    Agreement, Changes, Error, ErrorReport, Export, ExportReport, ExportSpec, ExportStatus, Plan, PlanCounts,
    Receipt, Stage, Table,
};

/// How many of a sort are named in the report before they are only counted.
const NAMED: usize = 5;

/// Writes what was fetched, in order.
pub(super) struct Loader<'a> {
    pipeline: &'a Pipeline,
    events: &'a Events,
}

/// What the sink did with the rows of one tab.
struct Loaded {
    tab: String,
    plan: Plan,
    receipt: Option<Receipt>,
    notes: Vec<String>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(pipeline: &'a Pipeline, events: &'a Events) -> Self {
        Self { pipeline, events }
    }

    /// One report for each job that comes in, and its plan in a dry run.
    pub(super) async fn run(self, mut fetched: mpsc::Receiver<Fetched>) -> Vec<(ExportReport, Vec<Plan>)> {
        let mut done = Vec::with_capacity(self.pipeline.jobs.len());
        while let Some(fetched) = fetched.recv().await {
            let job = &self.pipeline.jobs[fetched.job];
            let begun = fetched.begun;
            let (mut report, plan) = self.load(job, fetched).instrument(job.span("load")).await;
            report.seconds = begun.elapsed().as_secs_f64();
            self.events.emit(Fact::ExportFinished { report: Box::new(report.clone()) });
            done.push((report, plan));
        }
        done
    }

    async fn load(&self, job: &Job, fetched: Fetched) -> (ExportReport, Vec<Plan>) {
        let name = job.source.spec().name.clone();
        let mut report = ExportReport {
            name,
            status: ExportStatus::Failed,
            rows: 0,
            counts: PlanCounts::default(),
            driver: None,
            attempts: fetched.attempts,
            seconds: 0.0,
            sheets_calls: 0,
            file: None,
            agreement: None,
            notes: Vec::new(),
            error: None,
        };
        let Export { artifact, table, driver, notes } = match fetched.result {
            Ok(export) => export,
            Err(error) => return (ExportReport { error: Some(error), ..report }, Vec::new()),
        };
        report.driver = Some(driver);
        report.notes = notes;
        report.file = artifact.map(|artifact| artifact.path.display().to_string());
        report.rows = table.len();
        if table.is_empty() {
            let report = match proved_empty(&table, &job.source.spec().key) {
                Ok(()) => ExportReport { status: ExportStatus::NoData, ..report },
                Err(error) => ExportReport { error: Some(error.at(Stage::Check).report()), ..report },
            };
            return (report, Vec::new());
        }
        let mut agreement = Agreement::of(&table);
        let mut loaded = Vec::new();
        let written = self.write(job, &Arc::new(table), &mut report, &mut loaded).await;
        for Loaded { tab, plan, receipt, notes } in &mut loaded {
            if written.is_err() && !self.pipeline.dry_run {
                report.notes.push(format!("the tab `{tab}` was written before another one failed"));
            }
            report.counts += plan.changes.counts();
            agreement.add(plan);
            report.sheets_calls += plan.calls + receipt.as_ref().map_or(0, |receipt| receipt.calls);
            report.notes.append(notes);
            report.notes.extend(describe(&plan.changes, &plan.table));
            report.notes.extend(plan.notes.iter().cloned());
            report.notes.extend(receipt.take().map(|receipt| receipt.notes).unwrap_or_default());
        }
        match written {
            Ok(()) => {
                report.status = ExportStatus::Ok;
                if !self.pipeline.dry_run {
                    report.notes.extend(agreement.mismatches.iter().map(|what| format!("MISMATCH: {what}")));
                    report.agreement = Some(agreement);
                }
                let plans = if self.pipeline.dry_run { loaded } else { Vec::new() };
                (report, plans.into_iter().map(|loaded| loaded.plan).collect())
            }
            Err(error) => (ExportReport { error: Some(error), ..report }, Vec::new()),
        }
    }

    /// Plans and applies, tab by tab; a failure that may pass starts again from reading, so
    /// that what had been written is found and not written twice.
    async fn write(
        &self,
        job: &Job,
        table: &Arc<Table>,
        report: &mut ExportReport,
        loaded: &mut Vec<Loaded>,
    ) -> Result<(), ErrorReport> {
        let spec = job.source.spec();
        // Without a key column nothing could be matched, so nothing may be written.
        key_positions(table, &spec.key).map_err(|error| error.at(Stage::Check).report())?;
        let mut attempt = 1;
        loop {
            let Err(error) = self.write_tabs(job, table, report.file.as_deref(), loaded).await else {
                report.attempts = report.attempts.max(attempt);
                return Ok(());
            };
            let pause = self.pipeline.retry.pause(&error, attempt);
            self.events.emit(Fact::ExportFailed {
                export: spec.name.clone(),
                attempt,
                attempts: self.pipeline.retry.attempts,
                error: Box::new(error.report()),
                again: pause.is_some(),
            });
            let Some(pause) = pause else { return Err(error.report()) };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// Writes the tabs that are not in `loaded` yet.
    async fn write_tabs(
        &self,
        job: &Job,
        table: &Arc<Table>,
        file: Option<&str>,
        loaded: &mut Vec<Loaded>,
    ) -> Result<(), Error> {
        let parts = job.sink.route(table, job.source.spec()).await;
        for Routed { table, spec, notes } in parts.map_err(|error| error.at(Stage::Plan))? {
            if loaded.iter().all(|loaded| loaded.tab != spec.tab) {
                let (plan, receipt) = self.plan_and_apply(job, &table, &spec, file).await?;
                loaded.push(Loaded { tab: spec.tab, plan, receipt, notes });
            }
        }
        Ok(())
    }

    async fn plan_and_apply(
        &self,
        job: &Job,
        table: &Arc<Table>,
        spec: &ExportSpec,
        file: Option<&str>,
    ) -> Result<(Plan, Option<Receipt>), Error> {
        let mut plan = job.sink.plan(table, spec).await.map_err(|error| error.at(Stage::Plan))?;
        self.events.run().clone_into(&mut plan.run);
        plan.file = file.map(str::to_owned);
        self.events.emit(Fact::Planned { export: spec.name.clone(), counts: plan.changes.counts() });
        if self.pipeline.dry_run || plan.changes.is_empty() {
            return Ok((plan, None));
        }
        let receipt = job.sink.apply(&plan).await.map_err(|error| error.at(Stage::Apply))?;
        self.events.emit(Fact::Written { export: spec.name.clone(), receipt: receipt.clone() });
        Ok((plan, Some(receipt)))
    }
}

/// A header without the key belongs to another table, or is a sentence that came in place of one:
/// that the panel had no rows, it does not say.
fn proved_empty(table: &Table, key: &[String]) -> Result<(), Error> {
    if table.width() == 0 {
        return Ok(());
    }
    key_positions(table, key).map(drop)
}

/// Duplicates and edits of people in words: the first few by name, the rest as a number.
fn describe(changes: &Changes, table: &Table) -> Vec<String> {
    let duplicates = changes.duplicates.iter().map(|duplicate| {
        format!(
            "the key `{}` is twice in the file: page {} row {} was dropped for page {} row {}",
            duplicate.key,
            duplicate.dropped.page,
            duplicate.dropped.line,
            duplicate.kept.page,
            duplicate.kept.line
        )
    });
    let stored = changes.stored_twice.iter().map(|stored| {
        format!(
            "the key `{}` is twice in the sheet: row {} is kept up to date, row {} is left alone",
            stored.key, stored.first, stored.other
        )
    });
    let conflicts = changes.conflicts.iter().map(|conflict| {
        format!(
            "people changed `{}` of `{}` in row {} to `{}`: it is kept, the file says `{}`",
            table.columns()[conflict.column as usize].name,
            conflict.key,
            conflict.stored_row,
            conflict.stored,
            conflict.incoming
        )
    });
    let mut notes = some(duplicates, "keys are twice in the file");
    notes.extend(some(stored, "keys are twice in the sheet"));
    notes.extend(some(conflicts, "cells were changed by people and are kept"));
    notes
}

/// The first few, and how many more there are.
fn some(notes: impl ExactSizeIterator<Item = String>, what: &str) -> Vec<String> {
    let more = notes.len().saturating_sub(NAMED);
    let mut notes: Vec<String> = notes.take(NAMED).collect();
    if more > 0 {
        notes.push(format!("{more} more {what}"));
    }
    notes
}
