//! A run: log in once, fetch every export, write each while the next one downloads.

mod fetch;
mod load;
mod retry;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use crate::event::{Events, Fact};
use crate::{
    ExportReport, ExportSource, ExportStatus, Plan, REPORT_VERSION, RunReport, RunStatus, Session, Sink,
    Window,
};

use fetch::Fetcher;
use load::Loader;
pub use retry::RetryPolicy;

/// One export and where it goes.
#[derive(Clone)]
pub struct Job {
    /// Where the table comes from.
    pub source: Arc<dyn ExportSource>,
    /// Where it goes.
    pub sink: Arc<dyn Sink>,
}

impl Job {
    /// For the log: what is logged meanwhile belongs to this export. At the level of
    /// errors, so that it is there whatever else is logged.
    fn span(&self, half: &'static str) -> tracing::Span {
        tracing::error_span!("export", export = self.source.spec().name, half)
    }
}

/// A run over several exports. It knows nothing but the traits.
pub struct Pipeline {
    /// The exports, in order.
    pub jobs: Vec<Job>,
    /// The session that the sources share, if they share one.
    pub session: Option<Arc<dyn Session>>,
    /// The days to fetch.
    pub window: Window,
    /// How often what is tried again.
    pub retry: RetryPolicy,
    /// A login of its own for every export, instead of one for all.
    pub individual_sessions: bool,
    /// Plan only; write nothing.
    pub dry_run: bool,
}

/// What a run comes to.
#[derive(Debug)]
pub struct Outcome {
    /// How it went.
    pub report: RunReport,
    /// In a dry run, what it would have done; otherwise empty.
    pub plans: Vec<Plan>,
}

impl Pipeline {
    /// Runs. Failures are part of the outcome: one failed export does not keep the
    /// others from running, and the session is closed whatever happens.
    pub async fn run(&self, events: &Events) -> Outcome {
        let begun = Instant::now();
        let started = events.clock().now();
        let names = self.jobs.iter().map(|job| job.source.spec().name.clone()).collect();
        events.emit(Fact::RunStarted { window: self.window, exports: names });

        // One table waits at most: memory holds the one being written and the next.
        let (sender, receiver) = mpsc::channel(1);
        let (error, loaded) =
            futures::join!(Fetcher::new(self, events).run(sender), Loader::new(self, events).run(receiver));
        let (exports, plans): (Vec<_>, Vec<_>) = loaded.into_iter().unzip();
        let report = RunReport {
            version: REPORT_VERSION,
            id: events.run().to_owned(),
            status: status(&exports, error.is_some()),
            window: self.window,
            dry_run: self.dry_run,
            started,
            seconds: begun.elapsed().as_secs_f64(),
            sheets_calls: exports.iter().map(|export| export.sheets_calls).sum(),
            exports,
            error,
            notes: Vec::new(),
        };
        events.emit(Fact::RunFinished { report: Box::new(report.clone()) });
        Outcome { report, plans: plans.into_iter().flatten().collect() }
    }
}

/// Nothing ran when the login failed before any export came through.
fn status(exports: &[ExportReport], login_failed: bool) -> RunStatus {
    let failed = exports.iter().filter(|export| export.status == ExportStatus::Failed).count();
    match failed {
        0 => RunStatus::Ok,
        _ if login_failed && failed == exports.len() => RunStatus::NothingRan,
        _ => RunStatus::Failed,
    }
}
