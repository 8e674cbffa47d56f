//! What is remembered of runs, what is missing, and that no two run at once.

use serde_json::{Value, json};

use crate::bench::{Bench, command, exporter};

async fn look(bench: &Bench, words: &[&str]) -> crate::bench::Ended {
    let config = bench.config().display().to_string();
    exporter(&[&words[..1], &["--config", &config], &words[1..]].concat()).await
}

#[tokio::test]
async fn a_run_is_in_the_history_with_every_step() {
    let bench = Bench::start().await;
    let (_, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    let ended = look(&bench, &["history", "--json"]).await;
    let runs: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&runs[0]["id"], &runs[0]["state"]), (&report["id"], &json!("ok")), "{runs:#}");
    assert_eq!(runs[0]["report"]["exports"][0]["new"], report["exports"][0]["new"]);

    let shown = look(&bench, &["show"]).await;
    bench.settings().bind(|| {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"\d\d:\d\d:\d\d", "[time]");
        settings.add_filter(r" +\d+\.\d ┆", " [s] ┆");
        settings.add_filter(r"\b\d+ bytes|bytes: \d+", "[bytes]");
        settings.add_filter(r"\d+ calls to Google Sheets", "[calls]");
        settings.add_filter(r"calls: \d+", "[calls]");
        settings.add_filter(r"began \d{4}-\d\d-\d\d \d\d:\d\d", "began [time]");
        settings.bind(|| insta::assert_snapshot!(shown.whole()));
    });
    let audit = look(&bench, &["history", "--audit"]).await;
    assert!(audit.out.contains("command line") && !audit.out.contains("configuration"), "{audit:?}");

    bench.edit("[panel]", "[checks]\nkeys = \"stop\"\n\n[panel]");
    bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    let audit = look(&bench, &["history", "--audit"]).await;
    let changed = audit.out.lines().find(|line| line.contains("configuration changed")).expect("it is there");
    assert!(changed.contains("command line") && changed.contains("checks.keys added"), "{changed}");
}

#[tokio::test]
async fn a_dry_run_is_not_the_last_good_run() {
    let bench = Bench::start().await;
    bench.report(&["--driver", "http", "--only", "koin_pay", "--dry-run"]).await;
    let ended = look(&bench, &["status"]).await;
    assert!(ended.out.contains("last good run: none yet"), "{ended:?}");
    assert!(ended.out.contains("ok (dry run) for 2026-09-10..2026-09-12"), "{ended:?}");
    let audit = look(&bench, &["history", "--audit"]).await;
    assert!(audit.out.contains("command line (user "), "who it was without a name: {audit:?}");
}

#[tokio::test]
async fn the_month_shows_what_is_loaded_and_what_is_missing() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    for day in ["2026-09-10", "2026-09-12"] {
        let run = ["run", "--config", &config, "--day", day, "--only", "koin_pay", "--driver", "http"];
        assert_eq!(exporter(&run).await.code, Some(0));
    }
    let down =
        exporter_sandbox::faults::FaultKind::Status { code: 503, body: "busy".into(), retry_after: None };
    bench.always("panel", "/login", down);
    let run = ["run", "--config", &config, "--day", "2026-09-13", "--only", "koin_pay", "--driver", "http"];
    assert_eq!(exporter(&run).await.code, Some(3));
    let ended = look(&bench, &["status", "--month", "2026-09", "--json"]).await;
    let status: Value = serde_json::from_str(&ended.out).unwrap();
    let days = status["calendar"]["exports"][3][1].as_array().unwrap();
    let seen: Vec<&Value> = days[8..13].iter().map(|day| &day[1]).collect();
    assert_eq!(seen, ["outside", "loaded", "outside", "loaded", "missing"], "{ended:?}");
    let drawn = look(&bench, &["status", "--month", "2026-09"]).await;
    assert!(drawn.out.contains("hint: `exporter backfill --missing` loads them"), "{drawn:?}");
}

#[tokio::test]
async fn a_second_run_at_the_same_time_is_refused_and_says_why() {
    let bench = Bench::start().await;
    let slow = exporter_sandbox::faults::FaultKind::Delay { ms: 3_000 };
    bench.always("panel", "/login", slow);
    let config = bench.config().display().to_string();
    let words = ["run", "--config", &config, "--day", "2026-09-10", "--only", "koin_pay", "--driver", "http"];
    let mut first = command(&words)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while bench.sandbox.faults().calls().iter().all(|call| call.path != "/token") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let second = exporter(&words).await;
    assert_eq!(second.code, Some(3), "{second:?}");
    assert!(second.err.starts_with("error[busy]: another run uses the same panel account: "), "{second:?}");
    assert!(first.wait().await.unwrap().success());
    assert_eq!(exporter(&words).await.code, Some(0), "the lease was let go");
}

#[tokio::test]
async fn a_run_that_was_killed_is_told_and_holds_nobody_up() {
    let bench = Bench::start().await;
    bench.always("panel", "/login", exporter_sandbox::faults::FaultKind::Delay { ms: 1_000 });
    let config = bench.config().display().to_string();
    let words = ["run", "--config", &config, "--day", "2026-09-10", "--only", "koin_pay", "--driver", "http"];
    let mut first = command(&words)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while bench.sandbox.faults().calls().iter().all(|call| call.path != "/token") {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let status = look(&bench, &["status"]).await;
    assert!(status.out.contains("), running for 2026-09-10"), "{status:?}");
    first.kill().await.unwrap();
    let status = look(&bench, &["status"]).await;
    assert!(status.out.contains("), interrupted for 2026-09-10"), "{status:?}");
    assert_eq!(exporter(&words).await.code, Some(0));
    let runs: Value = serde_json::from_str(&look(&bench, &["history", "--json"]).await.out).unwrap();
    assert_eq!((&runs[0]["state"], &runs[1]["state"]), (&json!("ok"), &json!("interrupted")), "{runs:#}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_configuration_that_cannot_be_written_beside_still_runs_and_says_what_to_set() {
    let bench = Bench::start().await;
    bench.edit("[panel]", "[state]\npath = \"/proc/no-such-directory/state.db\"\n\n[panel]");
    let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(0));
    let notes = report["notes"].to_string();
    assert!(notes.contains("this run is not in the history") && notes.contains("[state] path"), "{notes}");
}
