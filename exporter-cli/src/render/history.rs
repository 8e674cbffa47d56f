//! Runs as a list, one run with its steps, and the audit log.

use std::fmt::Write as _;

use chrono_tz::Tz;
use exporter_core::{ExportReport, ExportStatus};
use exporter_store::{AuditEntry, RunRecord, StageRecord};

use super::calendar::at;
use super::table::boxed;

/// A row for each run.
pub fn runs(runs: &[RunRecord], zone: Tz) -> String {
    if runs.is_empty() {
        return "no run yet\n".to_owned();
    }
    let header = ["run", "began", "why", "days", "result", "exports", "new", "updated", "seconds"];
    let rows = runs.iter().map(|run| {
        let mut row = vec![
            run.id.clone(),
            at(run.started, zone),
            run.cause.to_string(),
            run.window.to_string(),
            if run.dry_run { format!("{} (dry run)", run.state) } else { run.state.to_string() },
        ];
        match &run.report {
            Some(report) => {
                let sum = |count: fn(&ExportReport) -> usize| report.exports.iter().map(count).sum::<usize>();
                let well = report.exports.iter().filter(|export| export.status != ExportStatus::Failed);
                row.extend([
                    format!("{} of {}", well.count(), report.exports.len()),
                    sum(|export| export.counts.new).to_string(),
                    sum(|export| export.counts.updated).to_string(),
                    format!("{:.1}", report.seconds),
                ]);
            }
            None => row.extend(["", "", "", ""].map(str::to_owned)),
        }
        row
    });
    format!("{}\n", boxed(header, rows))
}

/// One run: its report, then each step.
pub fn run(run: &RunRecord, stages: &[StageRecord], zone: Tz) -> String {
    let mut out = format!("{}, {}, began {}\n", run.id, run.cause, at(run.started, zone));
    match &run.report {
        Some(report) => out.push_str(&super::report::text(report)),
        None => {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{} for {}; there is no report", run.state, run.window);
        }
    }
    let header = ["export", "step", "attempt", "began", "seconds", "by", "result"];
    let rows = stages.iter().map(|stage| {
        let result = match (&stage.error_kind, &stage.detail) {
            (Some(kind), Some(detail)) => format!("{kind}: {detail}"),
            (Some(kind), None) => kind.to_string(),
            (None, detail) => detail.as_deref().map(plain).unwrap_or_default(),
        };
        vec![
            stage.export.clone().unwrap_or_default(),
            stage.stage.clone(),
            stage.attempt.to_string(),
            stage.started.with_timezone(&zone).format("%H:%M:%S").to_string(),
            format!("{:.1}", stage.seconds),
            stage.driver.map(|driver| driver.to_string()).unwrap_or_default(),
            result,
        ]
    });
    let _ = writeln!(out, "\n{}", boxed(header, rows));
    out
}

/// What is stored as JSON, in words: `new: 3, updated: 0`.
fn plain(detail: &str) -> String {
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(detail) {
        Ok(fields) => {
            let said = |value: &serde_json::Value| !value.is_null() && *value != serde_json::json!([]);
            let fields = fields.iter().filter(|(_, value)| said(value));
            fields.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
        }
        Err(_) => detail.to_owned(),
    }
}

/// A row for each thing that was done.
pub fn audit(log: &[AuditEntry], zone: Tz) -> String {
    let rows = log.iter().map(|entry| {
        let when = entry.at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string();
        vec![when, entry.who.clone(), entry.what.clone(), entry.detail.clone()]
    });
    format!("{}\n", boxed(["when", "who", "what", "detail"], rows))
}
