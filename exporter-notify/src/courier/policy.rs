//! Which events people are told about, and in what words' shape.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use exporter_core::{ErrorReport, ExportReport, ExportStatus, Fact, MessageBody, RunReport, RunStatus};

/// Turns the facts of a run into messages: few, and no failure untold.
#[derive(Debug, Default)]
pub struct Policy {
    /// Exports whose last failure has been told already.
    told: HashSet<String>,
}

impl Policy {
    /// The messages that this fact is worth, in order.
    pub fn messages(&mut self, fact: &Fact) -> Vec<MessageBody> {
        match fact {
            Fact::RunStarted { window, exports } => {
                vec![MessageBody::RunStarted { window: *window, exports: exports.clone() }]
            }
            Fact::ExportFailed { export, attempt, attempts, error, again } => {
                if !again {
                    self.told.insert(export.clone());
                }
                vec![failed(export, *attempt, *attempts, error)]
            }
            Fact::ExportFinished { report } => self.finished(report).into_iter().collect(),
            Fact::RunFinished { report } => ended(report),
            _ => Vec::new(),
        }
    }

    /// An export that was never attempted is told once, in the run's last message.
    fn finished(&mut self, report: &ExportReport) -> Option<MessageBody> {
        match (report.status, &report.error) {
            (ExportStatus::Ok | ExportStatus::NoData, _) => {
                Some(MessageBody::ExportDone { report: Box::new(report.clone()) })
            }
            (ExportStatus::Failed, Some(error))
                if report.attempts > 0 && self.told.insert(report.name.clone()) =>
            {
                Some(failed(&report.name, report.attempts, report.attempts, error))
            }
            (ExportStatus::Failed, _) => None,
        }
    }
}

fn failed(export: &str, attempt: u32, attempts: u32, error: &ErrorReport) -> MessageBody {
    MessageBody::ExportFailed {
        export: export.to_owned(),
        attempt,
        attempts,
        error: Box::new(error.clone()),
        screenshot: screenshot(error),
    }
}

/// The last message: why nothing could run, or the summary.
fn ended(report: &RunReport) -> Vec<MessageBody> {
    let system = report.error.as_ref().map(|error| MessageBody::SystemError {
        error: Box::new(error.clone()),
        screenshot: screenshot(error),
    });
    match (system, report.status) {
        (Some(system), RunStatus::NothingRan) => vec![system],
        _ => vec![MessageBody::Summary { report: Box::new(report.clone()) }],
    }
}

/// The first picture among the evidence.
fn screenshot(error: &ErrorReport) -> Option<PathBuf> {
    let is_picture = |path: &&PathBuf| {
        let extension = path.extension().unwrap_or_default();
        ["png", "jpg", "jpeg", "webp"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    };
    error.evidence.iter().find(is_picture).map(|path: &PathBuf| Path::to_path_buf(path))
}

#[cfg(test)]
mod tests {
    use exporter_core::{Error, ErrorKind, PlanCounts, REPORT_VERSION, Window};

    use super::*;

    fn error() -> ErrorReport {
        Error::new(ErrorKind::WrongFile, "a login page came")
            .evidence("page.html")
            .evidence("page.PNG")
            .report()
    }

    fn export(status: ExportStatus, attempts: u32) -> Fact {
        let error = (status == ExportStatus::Failed).then(error);
        Fact::ExportFinished { report: Box::new(report("a", status, attempts, error)) }
    }

    fn report(name: &str, status: ExportStatus, attempts: u32, error: Option<ErrorReport>) -> ExportReport {
        ExportReport {
            name: name.into(),
            status,
            rows: 0,
            counts: PlanCounts::default(),
            driver: None,
            attempts,
            seconds: 0.0,
            sheets_calls: 0,
            file: None,
            notes: Vec::new(),
            error,
        }
    }

    fn run(status: RunStatus, error: Option<ErrorReport>) -> Fact {
        let report = RunReport {
            version: REPORT_VERSION,
            id: "r1".into(),
            status,
            window: Window::day("2026-01-05".parse().unwrap()),
            dry_run: false,
            started: "2026-01-05T01:00:00Z".parse().unwrap(),
            seconds: 1.0,
            sheets_calls: 0,
            exports: Vec::new(),
            error,
            notes: Vec::new(),
        };
        Fact::RunFinished { report: Box::new(report) }
    }

    fn attempt(attempt: u32, again: bool) -> Fact {
        let error = Box::new(error());
        Fact::ExportFailed { export: "a".into(), attempt, attempts: 3, error, again }
    }

    /// The kinds of the messages that these facts are worth.
    fn kinds(facts: &[Fact]) -> Vec<String> {
        let mut policy = Policy::default();
        let kind =
            |body: &MessageBody| serde_json::to_value(body).unwrap()["kind"].as_str().unwrap().to_owned();
        facts.iter().flat_map(|fact| policy.messages(fact).iter().map(kind).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn done_and_empty_exports_are_told() {
        let facts = [export(ExportStatus::Ok, 1), Fact::LoginStarted, export(ExportStatus::NoData, 1)];
        assert_eq!(kinds(&facts), ["export_done", "export_done"]);
    }

    #[test]
    fn every_failed_attempt_is_told_and_the_last_one_once() {
        let facts = [attempt(1, true), attempt(2, false), export(ExportStatus::Failed, 2)];
        assert_eq!(kinds(&facts), ["export_failed", "export_failed"]);
    }

    #[test]
    fn a_failure_without_an_attempt_of_its_own_is_told() {
        assert_eq!(kinds(&[export(ExportStatus::Failed, 1)]), ["export_failed"]);
        assert_eq!(
            kinds(&[attempt(1, true), export(ExportStatus::Failed, 2)]),
            ["export_failed", "export_failed"]
        );
        assert!(kinds(&[export(ExportStatus::Failed, 0)]).is_empty());
    }

    #[test]
    fn a_run_ends_with_a_summary_or_with_why_there_is_none() {
        assert_eq!(kinds(&[run(RunStatus::Failed, Some(error()))]), ["summary"]);
        assert_eq!(kinds(&[run(RunStatus::Ok, None)]), ["summary"]);
        assert_eq!(kinds(&[run(RunStatus::NothingRan, Some(error()))]), ["system_error"]);
    }

    #[test]
    fn the_screenshot_goes_with_the_failure() {
        let bodies = Policy::default().messages(&attempt(1, true));
        assert!(
            matches!(&bodies[0], MessageBody::ExportFailed { screenshot: Some(path), .. } if path.ends_with("page.PNG"))
        );
    }
}
