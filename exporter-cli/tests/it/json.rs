//! `--json` prints one JSON document, whatever happens: also an error that ends the command.

use exporter_sandbox::faults::FaultKind;
use serde_json::Value;

use crate::bench::{Bench, DAYS, Ended, exporter};

/// Every command that knows `--json`, as somebody would type it.
const COMMANDS: [&[&str]; 11] = [
    &["run"],
    &["run", "--plan-file", "plan.json"],
    &["plan"],
    &["undo", "20260105T010000000Z"],
    &["why", "T1"],
    &["check"],
    &["history"],
    &["show", "last"],
    &["status"],
    &["backfill", "--missing"],
    &["replay", "run.zip"],
];

/// The one document on stdout; the whole of it.
fn document(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

/// What happened, whose turn it is and what to do next are there for programs, and the same on
/// stderr for people, but for `check`, whose document is a list of findings.
fn told(ended: &Ended, kind: &str) {
    let document = document(ended);
    let error = document.as_array().map_or(&document["error"], |findings| {
        findings.iter().map(|finding| &finding["error"]).find(|error| !error.is_null()).unwrap()
    });
    assert_eq!(error["kind"], kind, "{ended:?}");
    let message = error["message"].as_str().unwrap();
    assert!(document.is_array() || ended.err.contains(message), "{ended:?}");
    assert!(message.len() > 10, "{ended:?}");
    let hints = error["hints"].as_array().unwrap();
    assert!(hints.iter().any(|hint| !hint.as_str().unwrap().is_empty()), "{ended:?}");
    assert!(error["turn"].is_string() && !error["retry"].is_null(), "{ended:?}");
}

async fn asked(words: &[&str], more: &[&str]) -> Ended {
    exporter(&[words, more, &["--json"]].concat()).await
}

#[tokio::test]
async fn a_configuration_that_is_wrong_is_one_document_from_every_command() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    bench.edit("timezone", "time_zone");
    // A bundle is read without a configuration.
    for words in COMMANDS.into_iter().filter(|words| words[0] != "replay") {
        let ended = asked(words, &["--config", &config]).await;
        // A plan is looked for before the configuration.
        let (code, kind) = if words.contains(&"--plan-file") { (1, "io") } else { (2, "config") };
        assert_eq!(ended.code, Some(code), "{words:?}: {ended:?}");
        told(&ended, kind);
    }
    bench.edit("time_zone", "timezone");
    bench.edit("file:secrets/panel-password", "env:PANEL_PASSWORD");
    for words in [&["run"][..], &["plan"], &["check"]] {
        let ended = asked(words, &["--config", &config]).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        told(&ended, "secret_missing");
    }
    assert_eq!(bench.sandbox.panel().logins(), 0);
}

#[tokio::test]
async fn wrong_words_are_one_document() {
    for words in COMMANDS {
        let ended = asked(words, &["--no-such-word"]).await;
        assert_eq!(ended.code, Some(2), "{words:?}: {ended:?}");
        told(&ended, "config");
    }
    let ended = exporter(&["run", "--json", "--day", "kemarin", "--config", "exporter.toml"]).await;
    let said = document(&ended)["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains("kemarin") && said.contains("--day"), "{said}");
    let asked_for_help = exporter(&["run", "--json", "--help"]).await;
    assert_eq!(asked_for_help.code, Some(0));
    assert!(asked_for_help.out.contains("Usage:"), "{asked_for_help:?}");
}

#[tokio::test]
async fn what_cannot_be_found_or_read_is_one_document() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    assert_eq!(bench.run(&["--driver", "http", "--only", "koin_pay"]).await.code, Some(0));
    let replayed = asked(&["replay", &config], &[]).await;
    assert_eq!(replayed.code, Some(2));
    told(&replayed, "config");
    for (words, code, kind) in [
        (&["undo", "20260105T010000000Z"][..], 2, "config"),
        (&["show", "20260105T010000000Z"], 2, "config"),
        (&["why", "no such key"], 1, "missing_key"),
        (&["status", "--month", "13"], 2, "config"),
        (&["run", "--only", "koinpay"], 2, "config"),
    ] {
        let ended = asked(words, &["--config", &config]).await;
        assert_eq!(ended.code, Some(code), "{ended:?}");
        told(&ended, kind);
    }
    let state = bench.config().with_file_name("state.db");
    for entry in std::fs::read_dir(state.parent().unwrap()).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("state.db-") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    std::fs::write(&state, "this is no database, and it is longer than the header of one is long").unwrap();
    for words in [&["history"][..], &["show", "last"], &["status"], &["why", "T1"]] {
        let ended = asked(words, &["--config", &config]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        told(&ended, "io");
    }
}

/// What fails in a run is in its report, which is the document.
#[tokio::test]
async fn a_run_that_could_not_begin_has_its_error_where_other_errors_are() {
    let bench = Bench::start().await;
    bench.always("panel", "*", FaultKind::CutBefore);
    let ended = bench.run(&["--json"]).await;
    assert_eq!(ended.code, Some(3));
    told(&ended, "panel_down");
    assert_eq!(document(&ended)["status"], "nothing_ran");
}

#[tokio::test]
async fn a_plan_that_cannot_be_kept_was_shown_and_is_no_second_document() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    let words = [&["plan", "--config", &config, "--json", "--out", "/no/such/place"][..], &DAYS].concat();
    let ended = exporter(&words).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(document(&ended)["plans"].as_array().map(Vec::len), Some(4));
    assert!(ended.err.contains("error[io]"), "{ended:?}");
}
