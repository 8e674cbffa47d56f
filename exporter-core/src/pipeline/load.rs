//! The sink side of a run: check, plan, apply, report.

use std::sync::Arc;

use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::checks;
use super::fetch::Fetched;
use super::{Job, Pipeline};
use crate::event::{Events, Fact};
use crate::{
    Changes, Error, ErrorReport, Export, ExportReport, ExportStatus, Plan, PlanCounts, Receipt, Stage, Table,
};

/// How many of a sort are named in the report before they are only counted.
const NAMED: usize = 5;

/// Writes what was fetched, in order.
pub(super) struct Loader<'a> {
    pipeline: &'a Pipeline,
    events: &'a Events,
}

/// What the sink did with one table.
struct Loaded {
    plan: Plan,
    receipt: Option<Receipt>,
    attempts: u32,
    calls: u32,
}

impl<'a> Loader<'a> {
    pub(super) fn new(pipeline: &'a Pipeline, events: &'a Events) -> Self {
        Self { pipeline, events }
    }

    /// One report for each job that comes in, and its plan in a dry run.
    pub(super) async fn run(self, mut fetched: mpsc::Receiver<Fetched>) -> Vec<(ExportReport, Option<Plan>)> {
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

    async fn load(&self, job: &Job, fetched: Fetched) -> (ExportReport, Option<Plan>) {
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
            notes: Vec::new(),
            error: None,
        };
        let Export { artifact, table, driver, notes } = match fetched.result {
            Ok(export) => export,
            Err(error) => return (ExportReport { error: Some(error), ..report }, None),
        };
        report.driver = Some(driver);
        report.notes = notes;
        report.file = artifact.map(|artifact| artifact.path.display().to_string());
        report.rows = table.len();
        if table.is_empty() {
            return (ExportReport { status: ExportStatus::NoData, ..report }, None);
        }
        match self.write(job, Arc::new(table), report.file.as_deref(), &mut report.notes).await {
            Ok(Loaded { plan, receipt, attempts, calls }) => {
                report.status = ExportStatus::Ok;
                report.counts = plan.changes.counts();
                report.attempts = report.attempts.max(attempts);
                report.sheets_calls = calls;
                report.notes.extend(describe(&plan.changes, &plan.table));
                report.notes.extend(plan.notes.iter().cloned());
                report.notes.extend(receipt.map(|receipt| receipt.notes).unwrap_or_default());
                (report, self.pipeline.dry_run.then_some(plan))
            }
            Err(error) => (ExportReport { error: Some(error), ..report }, None),
        }
    }

    /// Plans and applies; a failure that may pass starts again from reading, so that
    /// what had been written is found and not written twice.
    async fn write(
        &self,
        job: &Job,
        table: Arc<Table>,
        file: Option<&str>,
        notes: &mut Vec<String>,
    ) -> Result<Loaded, ErrorReport> {
        let spec = job.source.spec();
        let found = checks::check(&table, spec).map_err(|error| error.at(Stage::Check).report())?;
        notes.extend(found);
        let mut attempt = 1;
        loop {
            let error = match self.plan_and_apply(job, &table, file).await {
                Ok((plan, receipt)) => {
                    let calls = plan.calls + receipt.as_ref().map_or(0, |receipt| receipt.calls);
                    return Ok(Loaded { plan, receipt, attempts: attempt, calls });
                }
                Err(error) => error,
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

    async fn plan_and_apply(
        &self,
        job: &Job,
        table: &Arc<Table>,
        file: Option<&str>,
    ) -> Result<(Plan, Option<Receipt>), Error> {
        let spec = job.source.spec();
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
