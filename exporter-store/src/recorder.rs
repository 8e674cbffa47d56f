//! Writes a run into the state while it goes on: a listener of its events, and the report
//! at the end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use exporter_core::{Clock, Driver, Error, ErrorReport, Event, Fact, Listener, RunReport, Stage};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::Store;
use crate::model::{RunStart, StageRecord};

/// Records one run. What cannot be recorded never fails the run: it is told at the end.
pub struct Recorder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    desk: Arc<Desk>,
    writer: JoinHandle<Option<Error>>,
}

/// Where events become steps.
struct Desk {
    watch: Mutex<Stopwatch>,
    out: UnboundedSender<Option<StageRecord>>,
}

impl Recorder {
    /// Notes that the run begins.
    pub async fn begin(store: Arc<dyn Store>, clock: Arc<dyn Clock>, run: &RunStart) -> Result<Self, Error> {
        store.begin_run(run).await?;
        let (out, steps) = unbounded_channel();
        let writer = write(store.clone(), run.id.clone(), steps).in_current_span();
        let writer = tokio::spawn(writer);
        Ok(Self { store, clock, desk: Arc::new(Desk { watch: Mutex::default(), out }), writer })
    }

    /// The listener to give to the run.
    pub fn listener(&self) -> Arc<dyn Listener> {
        self.desk.clone()
    }

    /// Waits until every step is written, and writes the report and what it covers.
    pub async fn finish(self, report: &RunReport, today: chrono::NaiveDate) -> Result<(), Error> {
        // A writer that is gone has told why by its result.
        let _ = self.desk.out.send(None);
        let lost = self.writer.await.unwrap_or_default();
        self.store.finish_run(report, today, self.clock.now()).await?;
        lost.map_or(Ok(()), Err)
    }
}

impl Listener for Desk {
    fn event(&self, event: &Event) {
        let step = self.watch.lock().unwrap_or_else(PoisonError::into_inner).step(event);
        if let Some(step) = step
            && self.out.send(Some(step)).is_err()
        {
            tracing::error!("the task that records the run is gone");
        }
    }
}

/// Writes one step after another; the first failure is kept for the end.
async fn write(
    store: Arc<dyn Store>,
    run: String,
    mut steps: UnboundedReceiver<Option<StageRecord>>,
) -> Option<Error> {
    let mut lost = None;
    while let Some(Some(step)) = steps.recv().await {
        if let Err(error) = store.add_stage(&run, &step).await {
            tracing::warn!(%error, "a step of the run could not be recorded");
            lost.get_or_insert(error);
        }
    }
    lost
}

/// Knows when what began.
#[derive(Debug, Default)]
struct Stopwatch {
    /// When the step that goes on began, and its attempt; by export, `None` is the login.
    began: HashMap<Option<String>, (DateTime<Utc>, u32)>,
}

impl Stopwatch {
    /// The step that this event ends, if it ends one.
    fn step(&mut self, event: &Event) -> Option<StageRecord> {
        let at = event.at;
        match &event.fact {
            Fact::LoginStarted => self.begin(None, at, 1),
            Fact::LoggedIn { driver } => return self.end(None, at, "login").map(|step| step.by(*driver)),
            Fact::LoginFailed { attempt, error, .. } => {
                let step = self.end(None, at, "login").map(|step| step.failed(error));
                self.begin(None, at, attempt + 1);
                return step;
            }
            Fact::ExportStarted { export, attempt } => self.begin(Some(export), at, *attempt),
            Fact::Exported { export, bytes, rows, columns } => {
                let bytes = bytes.map_or_else(String::new, |bytes| format!("{bytes} bytes, "));
                let step = self.end(Some(export), at, "download");
                return step.map(|step| step.with(format!("{bytes}{rows} rows, {columns} columns")));
            }
            Fact::Planned { export, counts } => {
                let detail = serde_json::to_string(counts).unwrap_or_default();
                return self.end(Some(export), at, "plan").map(|step| step.with(detail));
            }
            Fact::Written { export, receipt } => {
                let detail = serde_json::to_string(receipt).unwrap_or_default();
                return self.end(Some(export), at, "write").map(|step| step.with(detail));
            }
            Fact::ExportFailed { export, error, .. } => {
                let stage = stage_name(error.stage);
                return self.end(Some(export), at, stage).map(|step| step.failed(error));
            }
            _ => {}
        }
        None
    }

    fn begin(&mut self, export: Option<&String>, at: DateTime<Utc>, attempt: u32) {
        self.began.insert(export.cloned(), (at, attempt));
    }

    /// Ends the step that goes on; the next one of the same export begins at once.
    fn end(&mut self, export: Option<&String>, at: DateTime<Utc>, stage: &str) -> Option<StageRecord> {
        let (started, attempt) = self.began.get(&export.cloned()).copied()?;
        self.begin(export, at, attempt);
        let seconds = (at - started).to_std().unwrap_or_default().as_secs_f64();
        Some(StageRecord {
            export: export.cloned(),
            stage: stage.to_owned(),
            attempt,
            started,
            seconds,
            driver: None,
            error_kind: None,
            detail: None,
        })
    }
}

impl StageRecord {
    fn by(self, driver: Driver) -> Self {
        Self { driver: Some(driver), ..self }
    }

    fn with(self, detail: String) -> Self {
        Self { detail: Some(detail), ..self }
    }

    fn failed(self, error: &ErrorReport) -> Self {
        Self { error_kind: Some(error.kind), detail: Some(error.message.clone()), ..self }
    }
}

/// The step in which an error came up.
fn stage_name(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Login) => "login",
        Some(Stage::Plan) => "plan",
        Some(Stage::Apply) => "write",
        Some(Stage::Check) => "check",
        _ => "download",
    }
}
