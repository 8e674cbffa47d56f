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
