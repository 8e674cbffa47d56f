//! The log: a JSON object a line, with the run's id in each and the export's where it is about
//! one; put aside when it is full.

use exporter_sandbox::faults::FaultKind;
use serde_json::Value;

use crate::bench::{Bench, TABS};

#[tokio::test]
async fn every_line_of_a_run_says_which_run_and_which_export() {
    let bench = Bench::start().await;
    bench.edit(
        "[panel]",
        "[log]\nfile = \"exporter.log\"\njson = true\nmax_megabytes = 1\nkeep = 2\n\n[panel]",
    );
    // Nearly full: what the run writes begins a new file.
    let log = bench.config().with_file_name("exporter.log");
    std::fs::write(&log, format!("{}\n", "x".repeat(999_998))).unwrap();
    let busy = FaultKind::Status { code: 503, body: "busy".to_owned(), retry_after: Some(1) };
    bench.sandbox.faults().once("panel", "/koin_pay/export-pdf", busy);
    bench.always("telegram", "*", FaultKind::CutBefore);
    let (code, report) = bench.report(&["--driver", "http", "--debug"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(std::fs::metadata(log.with_extension("log.1")).unwrap().len(), 999_999);
    let run = report["id"].as_str().unwrap();
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(lines.len() > 20, "{text}");
    let spans = |line: &Value| line["spans"].as_array().cloned().unwrap_or_default();
    for line in &lines {
        let named =
            line["run"] == run || spans(line).iter().any(|span| span["name"] == "run" && span["id"] == run);
        assert!(named, "no run in {line}");
        // Work on one export is done in a span of its own.
        let work = spans(line).into_iter().find(|span| span["name"] == "export");
        assert!(
            work.is_none_or(|span| TABS.contains(&span["export"].as_str().unwrap())),
            "no export in {line}"
        );
    }
    for export in TABS {
        assert!(lines.iter().any(|line| line["export"] == export), "nothing about {export}: {text}");
    }
    let undelivered = lines.iter().any(|line| line["message"] == "a message could not be delivered");
    assert!(undelivered, "what others do for a run is there as well: {text}");
}
