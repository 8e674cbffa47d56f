//! Past days in windows, only the holes, and the state lost and restored in between.

use serde_json::{Value, json};

use crate::bench::{Bench, Ended, exporter};

async fn on(bench: &Bench, command: &str, more: &[&str]) -> Ended {
    let config = bench.config().display().to_string();
    exporter(&[&[command, "--config", &config], more].concat()).await
}

fn windows(ended: &Ended) -> Vec<String> {
    let done: Vec<Value> = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    let text = |one: &Value| {
        let (from, to) = (one["window"]["from"].as_str().unwrap(), one["window"]["to"].as_str().unwrap());
        let what =
            if one["before"] == json!(true) { "before" } else { one["report"]["status"].as_str().unwrap() };
        format!("{}..{} {what}", &from[8..], &to[8..])
    };
    done.iter().map(text).collect()
}

const QUICK: [&str; 5] = ["--only", "koin_pay", "--driver", "http", "--json"];

#[tokio::test]
async fn past_days_come_in_windows_and_a_second_start_takes_up_where_the_first_was_cut_off() {
    let bench = Bench::start().await;
    let span = ["--from", "2026-09-01", "--to", "2026-09-08", "--window", "3"];
    // The panel is down from the second window on.
    let down = exporter_sandbox::faults::Fault {
        service: "panel".into(),
        endpoint: "/login".into(),
        what: exporter_sandbox::faults::FaultKind::Status {
            code: 503,
            body: "busy".into(),
            retry_after: None,
        },
        times: u32::MAX,
        skip: 2,
    };
    bench.sandbox.faults().add(down);
    let ended = on(&bench, "backfill", &[&span[..], &QUICK].concat()).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(windows(&ended), ["01..03 ok", "04..06 nothing_ran"]);
    bench.sandbox.faults().clear();
    let ended = on(&bench, "backfill", &[&span[..], &QUICK].concat()).await;
    assert_eq!(windows(&ended), ["01..03 before", "04..06 ok", "07..08 ok"], "{ended:?}");
    assert_eq!(ended.code, Some(0));
    assert!(bench.sandbox.telegram().messages().is_empty(), "a backfill tells who started it");
}

#[tokio::test]
async fn only_the_holes_are_loaded() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    // Five days were asked for when the panel was down; then two of them by themselves, and one of
    // last year.
    let down = exporter_sandbox::faults::Fault {
        service: "panel".into(),
        endpoint: "/login".into(),
        what: exporter_sandbox::faults::FaultKind::Status {
            code: 503,
            body: "busy".into(),
            retry_after: None,
        },
        times: u32::MAX,
        skip: 0,
    };
    bench.sandbox.faults().add(down);
    let run = ["run", "--config", &config, "--last", "5", "--only", "koin_pay", "--driver", "http"];
    assert_eq!(exporter(&run).await.code, Some(3));
    bench.sandbox.faults().clear();
    let old = ["run", "--config", &config, "--day", "2025-10-01", "--only", "koin_pay", "--driver", "http"];
    assert_eq!(exporter(&old).await.code, Some(0));
    // Yesterday and three days before, in the panel's time zone.
    for back in ["1", "4"] {
        let day = day(back).await;
        let run = ["run", "--config", &config, "--day", &day, "--only", "koin_pay", "--driver", "http"];
        assert_eq!(exporter(&run).await.code, Some(0));
    }
    let ended = on(&bench, "backfill", &[&["--missing"][..], &QUICK].concat()).await;
    let expected = format!("{}..{} ok", &day("3").await[8..], &day("2").await[8..]);
    assert_eq!(windows(&ended), [expected], "{ended:?}");
    let ended = on(&bench, "backfill", &["--missing", "--only", "koin_pay"]).await;
    assert_eq!(ended.out, "nothing is missing\n", "{ended:?}");
}

/// The day so many days ago in Jakarta.
async fn day(back: &str) -> String {
    let back = format!("{back} days ago");
    let mut date = tokio::process::Command::new("date");
    let output = date.args(["-d", &back, "+%F"]).env("TZ", "Asia/Jakarta").output().await.unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_state_that_was_lost_comes_back_and_nothing_is_written_twice() {
    let bench = Bench::start().await;
    let directory = bench.config().parent().unwrap().to_path_buf();
    std::fs::write(directory.join("secrets/backup-key"), "0123456789abcdef0123456789abcdef\n").unwrap();
    bench.edit("[panel]", "[backup]\ndirectory = \"backups\"\nkey = \"file:secrets/backup-key\"\n\n[panel]");
    let (_, first) = bench.report(&["--driver", "http"]).await;
    assert_eq!(first["status"], "ok");
    let backup = on(&bench, "backup", &[]).await;
    assert_eq!(backup.code, Some(0), "{backup:?}");
    assert!(backup.out.trim_end().ends_with(".backup"));

    // A run after the backup; then the disk is lost.
    let config = bench.config().display().to_string();
    let later = ["run", "--config", &config, "--day", "2026-09-13", "--driver", "http"];
    assert_eq!(exporter(&later).await.code, Some(0));
    let tabs = bench.tabs();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(directory.join(name));
    }
    let told = bench.sandbox.telegram().messages().len();
    let restored = on(&bench, "restore", &[]).await;
    assert_eq!(restored.code, Some(0), "{restored:?}");
    assert!(restored.out.contains("next: `exporter status`"), "{restored:?}");

    let (_, again) = bench.report(&["--driver", "http"]).await;
    for export in again["exports"].as_array().unwrap() {
        assert_eq!((&export["new"], &export["updated"]), (&json!(0), &json!(0)), "{export:#}");
    }
    assert_eq!(exporter(&later).await.code, Some(0));
    assert_eq!(bench.tabs(), tabs, "nothing is written twice");
    assert_eq!(bench.sandbox.telegram().messages().len(), told + 4, "two messages for each of the two runs");

    // A state that is there is not written over.
    let refused = on(&bench, "restore", &[]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("--force"), "{refused:?}");
    for _ in 0..2 {
        assert_eq!(on(&bench, "restore", &["--force"]).await.code, Some(0));
    }
    let names = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name());
    let aside = names.filter(|name| name.to_string_lossy().starts_with("state.before-")).count();
    assert!(aside >= 2, "each state that was moved aside is there");
}
