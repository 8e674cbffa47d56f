//! A plan that is looked at first, where a row comes from, and the way back.

use std::sync::Arc;

use exporter_core::{Clock, SystemClock};
use exporter_sandbox::SPREADSHEET;
use exporter_store::{Holder, Kept, LIFE, SqliteStore, Store};
use serde_json::Value;

use crate::bench::{Bench, DAYS, Ended, exporter};

impl Bench {
    async fn command(&self, words: &[&str]) -> Ended {
        let config = self.config().display().to_string();
        exporter(&[words, &["--config", &config]].concat()).await
    }
}

#[tokio::test]
async fn a_plan_is_applied_as_it_was_shown_or_refused() {
    let bench = Bench::start().await;
    let file = bench.config().with_file_name("plan.json").display().to_string();
    let only = ["--driver", "http", "--only", "transaksi"];
    let ended = bench.command(&[&["plan", "--out", &file], &DAYS[..], &only].concat()).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("1 more calls to write it") && bench.tab("transaksi").is_empty(), "{ended:?}");
    let ended = bench.command(&["run", "--plan-file", &file, "--json"]).await;
    let applied: Value = serde_json::from_str(&ended.out).unwrap();
    let new = applied["exports"][0]["new"].as_u64().unwrap();
    assert_eq!((ended.code, bench.tab("transaksi").len() as u64), (Some(0), new + 1), "{applied}");
    // The sheet is no longer as the plan saw it.
    let ended = bench.command(&["run", "--plan-file", &file]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("changed since the plan was made"), "{ended:?}");
}

#[tokio::test]
async fn a_row_says_where_it_comes_from_and_a_run_is_taken_back() {
    let bench = Bench::start().await;
    let (code, report) = bench.report(&["--driver", "http", "--only", "transaksi"]).await;
    assert_eq!(code, Some(0), "{report}");
    let run = report["id"].as_str().unwrap();
    let rows = bench.tab("transaksi");
    let column = rows[0].iter().position(|name| name == "Transaksi ID").unwrap();
    let ended = bench.command(&["why", &rows[1][column]]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains(&format!("was added by run {run} (transaksi)")), "{ended:?}");
    assert!(ended.out.contains("downloads/transaksi_"), "{ended:?}");
    let ended = bench.command(&["why", "no-such-key"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");

    let ended = bench.command(&["undo", run, "--dry-run"]).await;
    assert_eq!((ended.code, bench.tab("transaksi")), (Some(0), rows.clone()), "{ended:?}");
    let ended = bench.command(&["undo", run, "--json"]).await;
    let undone: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(undone["exports"][0]["rows"].as_u64().unwrap(), rows.len() as u64 - 1, "{undone}");
    let left: Vec<_> =
        bench.tab("transaksi").into_iter().skip(1).flatten().filter(|cell| !cell.is_empty()).collect();
    assert!(left.is_empty(), "{left:?}");
    let ended = bench.command(&["undo", "no-such-run"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

#[tokio::test]
async fn what_writes_without_being_a_run_waits_for_the_sheet_like_one() {
    let bench = Bench::start().await;
    let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(0), "{report}");
    let run = report["id"].as_str().unwrap();
    let file = bench.config().with_file_name("plan.json").display().to_string();
    let only = ["--driver", "http", "--only", "transaksi"];
    let ended = bench.command(&[&["plan", "--out", &file], &DAYS[..], &only].concat()).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let store = SqliteStore::open(bench.config().with_file_name("state.db")).await.unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let names = [format!("spreadsheet:{SPREADSHEET}")];
    let held = Kept::take(store.clone(), clock, &names, Holder::here("another-run"), LIFE).await.unwrap();
    let before = bench.tab("koin_pay");
    for words in [["undo", run].as_slice(), &["run", "--plan-file", &file]] {
        let ended = bench.command(words).await;
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.err.contains("another run uses the same spreadsheet: another-run"), "{ended:?}");
    }
    assert_eq!((bench.tab("koin_pay"), bench.tab("transaksi").len()), (before, 0));
    let ended = bench.command(&["undo", run, "--dry-run"]).await;
    assert_eq!(ended.code, Some(0), "looking needs no lease: {ended:?}");

    held.release().await.unwrap();
    for words in [["undo", run].as_slice(), &["run", "--plan-file", &file]] {
        let ended = bench.command(words).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let audited = bench.command(&["history", "--audit"]).await.out;
    assert!(audited.contains("undo") && audited.contains("plan applied"), "{audited}");
}

#[tokio::test]
async fn tabs_by_month_are_planned_written_explained_and_taken_back() {
    let bench = Bench::start().await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let months = "[exports.transaksi]\ntab = \"Transaksi {yyyy}-{mm}\"\ntab_date = \"Tanggal\"\n";
    assert!(!text.contains("[exports.transaksi]"), "{text}");
    std::fs::write(bench.config(), format!("{text}\n{months}")).unwrap();
    let days = ["--from", "2026-08-31", "--to", "2026-09-02"];
    let only = ["--driver", "http", "--only", "transaksi"];

    let file = bench.config().with_file_name("plan.json").display().to_string();
    let ended = bench.command(&[&["plan", "--out", &file], &days[..], &only].concat()).await;
    assert!(
        ended.out.contains("tab `Transaksi 2026-08`") && ended.out.contains("tab `Transaksi 2026-09`"),
        "{ended:?}"
    );
    let ended = bench.command(&["run", "--plan-file", &file]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let months = ["Transaksi 2026-08", "Transaksi 2026-09"].map(|tab| bench.tab(tab));
    assert_eq!(
        bench.sandbox.sheets().tabs(exporter_sandbox::SPREADSHEET).last().unwrap(),
        "Transaksi 2026-09"
    );

    let ended = bench.command(&[&["run", "--json"], &days[..], &only].concat()).await;
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let export = &report["exports"][0];
    let rows = (months[0].len() + months[1].len() - 2) as u64;
    assert_eq!((export["rows"].as_u64(), export["unchanged"].as_u64()), (Some(rows), Some(rows)), "{report}");
    assert_eq!(report["sheets_calls"], 2, "rights, and one read of both months: {report}");

    let column = months[0][0].iter().position(|name| name == "Transaksi ID").unwrap();
    let ended = bench.command(&["why", &months[0][1][column], "--json"]).await;
    let why: Value = serde_json::from_str(&ended.out).unwrap();
    assert!(why["entries"][0]["place"].as_str().unwrap().ends_with("tab `Transaksi 2026-08`"), "{why}");
    let run = why["entries"][0]["run"].as_str().unwrap();
    let ended = bench.command(&["undo", run]).await;
    let undone = format!(
        "transaksi, tab `Transaksi 2026-09`: 0 cells got back what they held, {} rows",
        months[1].len() - 1
    );
    assert!(ended.code == Some(0) && ended.out.contains(&undone), "{ended:?}");
}

#[tokio::test]
async fn a_tab_that_no_day_can_choose_is_refused_with_the_configuration() {
    let bench = Bench::start().await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(bench.config(), format!("{text}\n[exports.transaksi]\ntab = \"Transaksi {{mm}}\"\n"))
        .unwrap();
    let ended = bench.run(&["--only", "transaksi"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("has a month and no year") && ended.err.contains("{yyyy}-{mm}"), "{ended:?}");
}

#[tokio::test]
async fn changed_cells_are_listed_in_a_tab_of_their_own() {
    let bench = Bench::start().await;
    bench.edit("[sheets]\n", "[sheets]\nchanges = \"Perubahan\"\n");
    let only = ["--driver", "http", "--only", "transaksi"];
    assert_eq!(bench.run(&only).await.code, Some(0));
    let header = &bench.tab("transaksi")[0];
    let key = header.iter().position(|name| name == "Transaksi ID").unwrap();
    let other = header.iter().position(|name| name == "Status").unwrap_or(key + 1);
    let cell = format!("{}2", char::from(b'A' + u8::try_from(other).unwrap()));
    let tab = "transaksi".to_owned();
    let typed = exporter_sandbox::person::Act::Type { tab, cell, text: "old".into() };
    exporter_sandbox::person::act(bench.sandbox.sheets(), exporter_sandbox::SPREADSHEET, &typed).unwrap();
    bench.edit("[sheets]\n", "[exports.transaksi.edits]\ndefault = \"overwrite\"\n[sheets]\n");
    let (code, report) = bench.report(&only).await;
    assert_eq!((code, &report["exports"][0]["updated"]), (Some(0), &1.into()), "{report}");
    let (list, row) = (bench.tab("Perubahan"), &bench.tab("transaksi")[1]);
    assert_eq!(list.len(), 2, "{list:?}");
    let run = report["id"].as_str().unwrap();
    assert_eq!(list[1][1..], ["transaksi", &row[key], &header[other], "old", &row[other], run]);
}
