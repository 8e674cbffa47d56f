//! Four exports into four tabs: once, again, and after the panel's rows changed.

use exporter_sandbox::panel::data::{Cell, Dataset};
use serde_json::{Value, json};

use crate::bench::{Bench, TABS, command, exporter};

/// One number of each export, in order.
fn numbers(report: &Value, name: &str) -> Vec<u64> {
    report["exports"].as_array().unwrap().iter().map(|export| export[name].as_u64().unwrap()).collect()
}

async fn fills_four_tabs(driver: &str) -> Vec<Vec<Vec<String>>> {
    let bench = Bench::start().await;
    let (code, first) = bench.report(&["--driver", driver]).await;
    assert_eq!(code, Some(0), "{first:#}");
    assert_eq!(first["status"], json!("ok"));
    assert_eq!(numbers(&first, "new"), numbers(&first, "rows"));
    assert!(numbers(&first, "rows").iter().all(|&rows| rows > 0), "{first:#}");
    assert!(first["exports"].as_array().unwrap().iter().all(|export| export["driver"] == driver));
    assert_eq!((bench.sandbox.panel().logins(), bench.sandbox.panel().logouts()), (1, 1));
    let calls = bench.sheets_calls();
    assert_eq!(first["sheets_calls"], json!(calls), "the report counts what was called");
    assert!(calls <= 4 * TABS.len(), "{calls} calls for a first fill");
    let tabs = bench.tabs();
    for (tab, rows) in tabs.iter().zip(numbers(&first, "rows")) {
        assert_eq!(tab.len() as u64, rows + 1, "a header and the rows");
    }

    let (code, second) = bench.report(&["--driver", driver]).await;
    assert_eq!(code, Some(0), "{second:#}");
    assert_eq!((numbers(&second, "new"), numbers(&second, "updated")), (vec![0; 4], vec![0; 4]));
    assert_eq!(numbers(&second, "unchanged"), numbers(&first, "rows"));
    assert!(bench.sheets_calls() - calls <= 2 * TABS.len());
    assert_eq!(bench.tabs(), tabs, "nothing changed");
    tabs
}

#[tokio::test]
async fn both_drivers_fill_the_same_four_tabs_and_a_second_run_changes_nothing() {
    let (http, browser) = tokio::join!(fills_four_tabs("http"), fills_four_tabs("browser"));
    assert_eq!(http, browser);
}

#[tokio::test]
async fn exactly_the_changed_cells_are_written() {
    let bench = Bench::start().await;
    bench.report(&["--driver", "http"]).await;
    let before = bench.tabs();
    let mut expected = before.clone();
    // A status in the workbook and one in each of two PDFs, in the third row.
    for (tab, dataset) in [(0, Dataset::Transaksi), (1, Dataset::PointTrx), (3, Dataset::KoinPay)] {
        let header = &before[tab][0];
        let place = |name: &str| header.iter().position(|cell| cell == name).unwrap();
        let (key, status) = (place(dataset.key()), place("Status"));
        bench.sandbox.panel().set_cell(dataset, &before[tab][3][key], "Status", "Dikoreksi");
        "Dikoreksi".clone_into(&mut expected[tab][3][status]);
    }
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!((numbers(&report, "new"), numbers(&report, "updated")), (vec![0; 4], vec![1, 1, 0, 1]));
    assert_eq!(bench.tabs(), expected);
}

#[tokio::test]
async fn a_dry_run_shows_the_changes_and_writes_nothing() {
    let bench = Bench::start().await;
    let ended = bench.run(&["--driver", "http", "--only", "koin_pay", "--dry-run"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("koin_pay → "), "{ended:?}");
    assert!(ended.out.contains("Dry run: nothing was written"), "{ended:?}");
    assert!(bench.tab("koin_pay").is_empty());
    assert!(bench.sandbox.telegram().messages().is_empty(), "nothing happened, so nothing is told");
}

#[tokio::test]
async fn a_session_for_each_export_logs_in_four_times() {
    let bench = Bench::start().await;
    let (code, report) = bench.report(&["--driver", "http", "--individual-sessions"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!((bench.sandbox.panel().logins(), bench.sandbox.panel().logouts()), (4, 4));
}

#[tokio::test]
async fn a_report_reads_well() {
    let bench = Bench::start().await;
    let ended = bench.run(&["--driver", "http"]).await;
    bench.settings().bind(|| insta::assert_snapshot!(ended.out));
}

#[tokio::test]
async fn the_demo_shows_report_and_sheets() {
    let ended = exporter(&["demo", "--driver", "http"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for tab in TABS {
        assert!(ended.out.contains(&format!("Tab `{tab}`: ")), "{ended:?}");
    }
    assert!(ended.out.contains("Logins to the panel: 1."), "{ended:?}");
}

#[tokio::test]
async fn the_sandbox_prints_its_addresses_and_serves() {
    use tokio::io::{AsyncBufReadExt as _, BufReader};

    let mut child = command(&["sandbox"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let addresses: Value = serde_json::from_str(&line).unwrap();
    for name in ["panel", "sheets", "token", "telegram", "config"] {
        assert!(addresses[name].is_string(), "{line}");
    }
    let config = addresses["config"].as_str().unwrap();
    let ended = exporter(&["check", "--config", config]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = exporter(&["run", "--config", config, "--day", "2026-09-10", "--driver", "http"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_sandbox_that_is_ended_keeps_what_was_written() {
    use rustix::process::{Pid, Signal, kill_process};
    use tokio::io::{AsyncBufReadExt as _, BufReader};

    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().display().to_string();
    let config = directory.path().join("exporter.toml").display().to_string();
    let mut rows = Vec::new();
    for (signal, new) in [(Signal::TERM, true), (Signal::INT, false)] {
        let words = ["sandbox", "--data", &data];
        let mut child = command(&words).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let addresses: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        assert_eq!(addresses["config"], config);
        let words = [
            "run",
            "--config",
            &config,
            "--day",
            "2026-09-10",
            "--driver",
            "http",
            "--only",
            "user",
            "--json",
        ];
        let report: Value = serde_json::from_str(&exporter(&words).await.out).unwrap();
        rows.push(report["exports"][0]["rows"].clone());
        assert_eq!(report["exports"][0]["new"].as_u64() > Some(0), new, "{report:#}");
        let pid = Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        assert!(child.wait().await.unwrap().success());
    }
    assert_eq!(rows[0], rows[1]);
}

#[tokio::test]
async fn a_status_that_turns_late_arrives_when_the_days_before_are_read_again() {
    let bench = Bench::start().await;
    bench.edit("[panel]\n", "[panel]\nlate_days = 2\n");
    let config = bench.config().display().to_string();
    let run = async |more: &[&str]| {
        let words =
            [&["run", "--config", &config, "--driver", "http", "--only", "transaksi", "--json"], more];
        serde_json::from_str::<Value>(&exporter(&words.concat()).await.out).unwrap()
    };
    let report = run(&[]).await;
    let day = |name: &str| report["window"][name].as_str().unwrap().parse::<chrono::NaiveDate>().unwrap();
    let (first, today) = (day("from"), day("to"));
    assert_eq!((today - first).num_days(), 2, "{report}");

    let rows = bench.sandbox.panel().rows(Dataset::Transaksi, first, first);
    let Cell::Text(key) = &rows[0][1] else { panic!("{:?}", rows[0]) };
    bench.sandbox.panel().set_cell(Dataset::Transaksi, key, "Status", "PAID LATE");
    let only = run(&["--day", &today.to_string()]).await;
    assert_eq!(only["window"], json!({ "from": today, "to": today }), "days that are given are obeyed");
    assert_eq!(only["exports"][0]["updated"], 0, "{only:#}");
    let report = run(&[]).await;
    assert_eq!(report["exports"][0]["updated"], 1, "{report:#}");
    assert!(bench.tab("transaksi").iter().flatten().any(|cell| cell == "PAID LATE"));
}

#[tokio::test]
async fn each_report_says_whether_file_and_sheet_agree() {
    use exporter_sandbox::SPREADSHEET;
    use exporter_sandbox::person::{Act, act};

    let bench = Bench::start().await;
    let only = ["--driver", "http", "--only", "transaksi"];
    let agreement = async || {
        let (code, report) = bench.report(&only).await;
        assert_eq!(code, Some(0), "{report:#}");
        (report["exports"][0]["agreement"].clone(), report["exports"][0]["notes"].to_string())
    };
    let first = agreement().await.0;
    let rows = bench.tab("transaksi").len() - 1;
    assert_eq!((&first["file_rows"], &first["sheet_rows"]), (&json!(rows), &json!(rows)), "{first:#}");
    assert_eq!(first["mismatches"], json!([]));
    let totals = first["totals"].as_array().unwrap();
    assert!(totals.iter().any(|total| total["column"] == "Total"), "{first:#}");
    assert!(totals.iter().all(|total| total["file"] == total["sheet"]), "{first:#}");
    assert_eq!(agreement().await.0, first, "nothing changed");

    // A person corrects an amount of ours, and adds a sale of one of these days.
    let tab = bench.tab("transaksi");
    let column = |name: &str| u8::try_from(tab[0].iter().position(|cell| cell == name).unwrap()).unwrap();
    let letter = |column: u8| {
        let letter = char::from(b'A' + column % 26);
        if column < 26 { letter.to_string() } else { format!("A{letter}") }
    };
    let cell = |name: &str, row: usize| format!("{}{row}", letter(column(name)));
    let types = |cell: String, text: &str| {
        let typed = Act::Type { tab: "transaksi".into(), cell, text: text.into() };
        act(bench.sandbox.sheets(), SPREADSHEET, &typed).unwrap();
    };
    types(cell("Total", 2), "1");
    types(cell("Transaksi ID", rows + 2), "TUNAI-1");
    types(cell("Tanggal", rows + 2), "2026-09-11 10:00:00");
    let (found, notes) = agreement().await;
    assert_eq!((&found["sheet_rows"], &found["sheet_only"]), (&json!(rows), &json!(1)), "{found:#}");
    for what in ["MISMATCH: `Total` comes to", "people's edits are kept", "(TUNAI-1)"] {
        assert!(notes.contains(what), "{notes}");
    }
}
