//! Progress on stderr: a line for each export on a terminal, plain lines otherwise.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exporter_core::{Event, ExportReport, ExportStatus, Fact, Listener};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::say;

/// Shows how far a run is, as it fits where stderr goes.
#[derive(Debug, Clone)]
pub struct Progress(Option<MultiProgress>);

impl Progress {
    /// For this process.
    pub fn here() -> Self {
        Self(std::io::stderr().is_terminal().then(MultiProgress::new))
    }

    /// What shows the events of a run.
    pub fn listener(&self) -> Arc<dyn Listener> {
        match &self.0 {
            Some(all) => Arc::new(Lines { all: all.clone(), bars: Mutex::default() }),
            None => Arc::new(Plain),
        }
    }

    /// Makes room for a question.
    pub fn hide(&self) {
        if let Some(all) = &self.0 {
            all.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// Shows it again.
    pub fn show(&self) {
        if let Some(all) = &self.0 {
            all.set_draw_target(ProgressDrawTarget::stderr());
        }
    }
}

/// One plain line for each thing that happens.
struct Plain;

impl Listener for Plain {
    fn event(&self, event: &Event) {
        if let Some((who, what)) = sentence(&event.fact) {
            match who {
                Some(export) => say::note(format_args!("{export}: {what}")),
                None => say::note(&what),
            }
        }
    }
}

/// One line an export with a spinner, rewritten in place.
struct Lines {
    all: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

impl Lines {
    fn bar(&self, name: &str) -> ProgressBar {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(name.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:12} {wide_msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        bar.clone()
    }
}

impl Listener for Lines {
    fn event(&self, event: &Event) {
        let Some((who, what)) = sentence(&event.fact) else { return };
        let bar = self.bar(who.unwrap_or("panel"));
        match &event.fact {
            Fact::ExportFinished { .. } | Fact::LoggedIn { .. } => bar.finish_with_message(what),
            Fact::RunFinished { .. } => {
                for bar in self.bars.lock().unwrap_or_else(PoisonError::into_inner).values() {
                    bar.finish();
                }
            }
            _ => bar.set_message(what),
        }
    }
}

/// Which export it is about, if one, and a sentence; `None` for what is not progress.
pub fn sentence(fact: &Fact) -> Option<(Option<&str>, String)> {
    Some(match fact {
        Fact::RunStarted { window, exports } => {
            (None, format!("fetching {} for {window}", exports.join(", ")))
        }
        Fact::LoginStarted => (None, "logging in".to_owned()),
        Fact::LoggedIn { driver } => (None, format!("logged in ({driver})")),
        Fact::LoginFailed { attempt, attempts, error } => {
            (None, format!("login failed, attempt {attempt} of {attempts}: {}", error.message))
        }
        Fact::SessionRenewed { export } => (Some(export), "the session broke: logging in again".to_owned()),
        Fact::ExportStarted { export, attempt: 1 } => (Some(export), "downloading".to_owned()),
        Fact::ExportStarted { export, attempt } => (Some(export), format!("downloading, attempt {attempt}")),
        Fact::Exported { export, rows, columns, .. } => {
            (Some(export), format!("read {rows} rows × {columns} columns, comparing with the sheet"))
        }
        Fact::Planned { export, counts } => (
            Some(export),
            format!("{} new, {} updated, {} unchanged", counts.new, counts.updated, counts.unchanged),
        ),
        Fact::Written { export, receipt } => (
            Some(export),
            format!("written: {} rows added, {} cells changed", receipt.inserted, receipt.cells),
        ),
        Fact::ExportFailed { export, attempt, attempts, error, again } => {
            let next = if *again { ", trying again" } else { "" };
            (Some(export), format!("attempt {attempt} of {attempts} failed{next}: {}", error.message))
        }
        Fact::ExportFinished { report } => (Some(&report.name), finished(report)),
        Fact::LogoutFailed { error } => (None, format!("could not log out: {}", error.message)),
        Fact::RunFinished { .. } => return None,
    })
}

fn finished(report: &ExportReport) -> String {
    let counts = report.counts;
    match report.status {
        ExportStatus::Ok => format!(
            "done: {} new, {} updated, {} unchanged in {:.1} s",
            counts.new, counts.updated, counts.unchanged, report.seconds
        ),
        ExportStatus::NoData => "done: the panel has no data for these days".to_owned(),
        ExportStatus::Failed => "failed".to_owned(),
    }
}
