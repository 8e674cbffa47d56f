//! The source side of a run: one session, every export in turn.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::{Job, Pipeline};
use crate::event::{Events, Fact};
use crate::{Error, ErrorKind, ErrorReport, Export, ExportRequest, Retry, Stage};

/// What became of one export on the source side.
pub(super) struct Fetched {
    /// Which job, by index.
    pub job: usize,
    /// When work on it began.
    pub begun: Instant,
    /// How many attempts it took; 0 when none was made.
    pub attempts: u32,
    /// The export, or why there is none.
    pub result: Result<Export, ErrorReport>,
}

/// Logs in, fetches one export after another, logs out.
pub(super) struct Fetcher<'a> {
    pipeline: &'a Pipeline,
    events: &'a Events,
    /// Whether the shared session is open, as far as we know.
    open: bool,
    /// Why no login will be tried again in this run.
    login_failed: Option<ErrorReport>,
}

impl<'a> Fetcher<'a> {
    pub(super) fn new(pipeline: &'a Pipeline, events: &'a Events) -> Self {
        Self { pipeline, events, open: false, login_failed: None }
    }

    /// Sends what became of each job, in order; returns why nobody could log in.
    pub(super) async fn run(mut self, out: mpsc::Sender<Fetched>) -> Option<ErrorReport> {
        let refused = self.check_sinks().await;
        if !self.pipeline.individual_sessions && refused.iter().any(Option::is_none) {
            // A failure is kept in `login_failed` and told for each export below.
            let _ = self.login().await;
        }
        for (index, (job, refused)) in self.pipeline.jobs.iter().zip(refused).enumerate() {
            let fetched = match refused.or_else(|| self.login_failed.clone()) {
                Some(error) => Fetched { job: index, begun: Instant::now(), attempts: 0, result: Err(error) },
                None => self.fetch(index, job).instrument(job.span("fetch")).await,
            };
            if self.pipeline.individual_sessions {
                self.logout().await;
            }
            if out.send(fetched).await.is_err() {
                break;
            }
        }
        self.logout().await;
        self.login_failed
    }

    /// Asks each destination once whether it can be written, before anything is fetched.
    async fn check_sinks(&self) -> Vec<Option<ErrorReport>> {
        let mut asked: Vec<(&Job, Option<ErrorReport>)> = Vec::new();
        for job in &self.pipeline.jobs {
            let known = asked.iter().find(|(other, _)| Arc::ptr_eq(&other.sink, &job.sink));
            let answer = match known {
                Some((_, answer)) => answer.clone(),
                None => job.sink.check().await.err().map(|error| error.at(Stage::Plan).report()),
            };
            asked.push((job, answer));
        }
        asked.into_iter().map(|(_, answer)| answer).collect()
    }

    /// Tries one export until it comes through or the policy says stop.
    async fn fetch(&mut self, index: usize, job: &Job) -> Fetched {
        let begun = Instant::now();
        let name = &job.source.spec().name;
        let attempts = self.pipeline.retry.attempts;
        let mut attempt = 1;
        let result = loop {
            self.events.emit(Fact::ExportStarted { export: name.clone(), attempt });
            let error = match self.attempt(job, attempt).await {
                Ok(export) => break Ok(export),
                Err(error) => error,
            };
            let pause = self.pipeline.retry.pause(&error, attempt).filter(|_| self.login_failed.is_none());
            self.events.emit(Fact::ExportFailed {
                export: name.clone(),
                attempt,
                attempts,
                error: Box::new(error.report()),
                again: pause.is_some(),
            });
            let Some(pause) = pause else { break Err(error.report()) };
            if breaks_session(&error) {
                self.logout().await;
                self.events.emit(Fact::SessionRenewed { export: name.clone() });
            }
            tokio::time::sleep(pause).await;
            attempt += 1;
        };
        if let Ok(export) = &result {
            self.events.emit(Fact::Exported {
                export: name.clone(),
                bytes: export.artifact.as_ref().map(|artifact| artifact.size),
                rows: export.table.len(),
                columns: export.table.width(),
            });
        }
        Fetched { job: index, begun, attempts: attempt, result }
    }

    async fn attempt(&mut self, job: &Job, attempt: u32) -> Result<Export, Error> {
        self.login().await?;
        let request =
            ExportRequest { window: self.pipeline.window, run: self.events.run().to_owned(), attempt };
        job.source.export(&request).await.map_err(|error| error.at(Stage::Download))
    }

    /// Opens the shared session unless it is open. A failure that outlasts the policy
    /// ends logging in for this run: a wrong password must not be sent twice.
    async fn login(&mut self) -> Result<(), Error> {
        let Some(session) = self.pipeline.session.as_ref().filter(|_| !self.open) else {
            return Ok(());
        };
        self.events.emit(Fact::LoginStarted);
        let attempts = self.pipeline.retry.attempts;
        for attempt in 1.. {
            let error = match session.open().await {
                Ok(driver) => {
                    self.open = true;
                    self.events.emit(Fact::LoggedIn { driver });
                    break;
                }
                Err(error) => error.at(Stage::Login),
            };
            let report = error.report();
            self.events.emit(Fact::LoginFailed { attempt, attempts, error: Box::new(report.clone()) });
            let Some(pause) = self.pipeline.retry.pause(&error, attempt) else {
                self.login_failed = Some(report);
                return Err(error.retry(Retry::GaveUp));
            };
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Closes the shared session, also one that failed half-way through opening.
    async fn logout(&mut self) {
        self.open = false;
        let Some(session) = &self.pipeline.session else { return };
        if let Err(error) = session.close().await {
            self.events.emit(Fact::LogoutFailed { error: Box::new(error.report()) });
        }
    }
}

/// Whether the shared session is of no more use after this error, so that the export
/// gets a fresh one.
fn breaks_session(error: &Error) -> bool {
    error.retry_class() == Retry::Relogin
        || matches!(error.kind(), ErrorKind::BrowserFailed | ErrorKind::Timeout)
}
