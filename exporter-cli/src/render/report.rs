//! The report of a run, for people and as JSON.

use std::fmt::Write as _;

use exporter_core::{Agreement, ErrorReport, ExportReport, ExportStatus, RunReport, RunStatus};

use super::table::boxed;

/// One line for the run, a table with a line for each export, then what to know about them.
pub fn text(report: &RunReport) -> String {
    let mut text = String::new();
    let outcome = match report.status {
        RunStatus::Ok => "all well",
        RunStatus::Failed => "an export failed",
        RunStatus::NothingRan => "nothing could run",
    };
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "Run {} · {} · {outcome} · {:.1} s · {} calls to Google Sheets",
        report.id, report.window, report.seconds, report.sheets_calls
    );
    if report.dry_run {
        let _ =
            writeln!(text, "Dry run: nothing was written; `new` and `updated` are what a run would write.");
    }
    let header = [
        "export",
        "status",
        "rows",
        "new",
        "updated",
        "unchanged",
        "duplicates",
        "driver",
        "attempts",
        "seconds",
    ];
    let _ = writeln!(text, "{}", boxed(header, report.exports.iter().map(line)));
    for export in &report.exports {
        if let Some(agreement) = export.agreement.as_ref().filter(|agreement| agreement.holds()) {
            let _ = writeln!(text, "receipt: {}: {}", export.name, agreed(agreement));
        }
        for note in &export.notes {
            let _ = writeln!(text, "note: {}: {note}", export.name);
        }
    }
    for (names, error) in failures(report) {
        let _ = write!(text, "{}: {}", names.join(", "), super::error::text(error));
    }
    for note in &report.notes {
        let _ = writeln!(text, "note: {note}");
    }
    if let Some(error) = &report.error {
        text.push_str(&super::error::text(error));
    }
    text
}

/// How many sums are named before they are only counted.
const SUMS: usize = 3;

/// What file and sheet both come to.
fn agreed(agreement: &Agreement) -> String {
    let Agreement { sheet_rows, totals, .. } = agreement;
    let mut sums: Vec<String> =
        totals.iter().take(SUMS).map(|total| format!("{} {}", total.column, total.sheet)).collect();
    if totals.len() > SUMS {
        sums.push(format!("{} more sums", totals.len() - SUMS));
    }
    let sums = if sums.is_empty() { String::new() } else { format!(": {}", sums.join(", ")) };
    format!("file and sheet agree on {sheet_rows} rows{sums}")
}

/// Each error once with the exports that it hit; the run's own error is told apart.
fn failures(report: &RunReport) -> Vec<(Vec<&str>, &ErrorReport)> {
    let mut told: Vec<(Vec<&str>, &ErrorReport)> = Vec::new();
    for export in &report.exports {
        let Some(error) = export.error.as_ref().filter(|error| report.error.as_ref() != Some(error)) else {
            continue;
        };
        match told.iter_mut().find(|(_, known)| *known == error) {
            Some((names, _)) => names.push(&export.name),
            None => told.push((vec![&export.name], error)),
        }
    }
    told
}

fn line(export: &ExportReport) -> Vec<String> {
    let status = match export.status {
        ExportStatus::Ok => "ok",
        ExportStatus::NoData => "no data",
        ExportStatus::Failed => "failed",
    };
    vec![
        export.name.clone(),
        status.to_owned(),
        export.rows.to_string(),
        export.counts.new.to_string(),
        export.counts.updated.to_string(),
        export.counts.unchanged.to_string(),
        export.counts.duplicates.to_string(),
        export.driver.map(|driver| driver.to_string()).unwrap_or_default(),
        export.attempts.to_string(),
        format!("{:.1}", export.seconds),
    ]
}
