//! The service's numbers in Prometheus' text format
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use exporter_core::{Error, RunStatus};
use exporter_notify::{failing, is_of};
use exporter_store::{RunQuery, Store};

use super::engine::Engine;
use super::health::Facts;

/// The format and its version.
pub const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything that is measured, read anew each time.
pub async fn text(
    store: &dyn Store,
    account: &str,
    facts: &Facts,
    now: DateTime<Utc>,
) -> Result<String, Error> {
    let mut out = String::new();
    head(&mut out, "exporter_build_info", "gauge", "Which exporter it is; always 1.");
    line(&mut out, "exporter_build_info", concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1);
    gauge(&mut out, "exporter_up", "Whether the service works.", u8::from(facts.alive(now).is_ok()));
    gauge(&mut out, "exporter_ready", "Whether the next run can begin.", u8::from(facts.ready(now).is_ok()));
    gauge(&mut out, "exporter_running", "Whether a run goes on.", u8::from(facts.running.is_some()));
    let paused = Engine::paused(store, account).await?.is_some();
    gauge(&mut out, "exporter_paused", "Whether somebody has paused the schedule.", u8::from(paused));
    gauge(
        &mut out,
        "exporter_started_timestamp_seconds",
        "When the service began.",
        facts.started.timestamp(),
    );
    if let Some(next) = facts.next {
        gauge(&mut out, "exporter_next_run_timestamp_seconds", "When the next run is due.", next.timestamp());
    }
    if let Some(good) = store.runs(&RunQuery::last_good(account)).await?.first() {
        let help = "When the last run began in which all was well.";
        gauge(&mut out, "exporter_last_good_run_timestamp_seconds", help, good.started.timestamp());
    }
    head(&mut out, "exporter_runs", "gauge", "Runs in the history, by how they ended.");
    for (state, count) in store.tally(account).await? {
        let state = state.to_string().replace(' ', "_");
        line(&mut out, "exporter_runs", &format!("{{state=\"{state}\"}}"), count);
    }
    let failing = failing(&store.marks().await?, account).len();
    let help = "Exports that fail since their last good run; a run that fails as a whole is one.";
    gauge(&mut out, "exporter_failing", help, failing);
    let waiting = store.next().await?;
    let waiting = waiting.iter().filter(|head| is_of(account, &head.letter.channel)).count();
    gauge(&mut out, "exporter_channels_waiting", "Chats and hooks for which messages wait.", waiting);
    if let Some(report) = store.runs(&RunQuery::last(account)).await?.pop().and_then(|run| run.report) {
        let ok = u8::from(report.status == RunStatus::Ok);
        gauge(&mut out, "exporter_last_run_ok", "Whether all was well in the last run.", ok);
        gauge(&mut out, "exporter_last_run_seconds", "How long the last run took.", report.seconds);
        gauge(
            &mut out,
            "exporter_last_run_sheets_calls",
            "Its calls to the sheet's service.",
            report.sheets_calls,
        );
        for (name, help) in [
            ("rows", "Rows in the file of the last run."),
            ("new", "Rows that the last run added."),
            ("updated", "Rows that the last run changed."),
        ] {
            let metric = format!("exporter_last_run_{name}");
            head(&mut out, &metric, "gauge", help);
            for export in &report.exports {
                let value = match name {
                    "rows" => export.rows,
                    "new" => export.counts.new,
                    _ => export.counts.updated,
                };
                line(&mut out, &metric, &format!("{{export=\"{}\"}}", escape(&export.name)), value);
            }
        }
    }
    Ok(out)
}

fn gauge(out: &mut String, name: &str, help: &str, value: impl std::fmt::Display) {
    head(out, name, "gauge", help);
    line(out, name, "", value);
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "{name}{labels} {value}");
}

/// A label's value: backslash, quote and line break are escaped.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
