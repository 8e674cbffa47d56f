//! The state in PostgreSQL, from the outside: runs, services, backups, and the move from a file.

use exporter_store::testing;
use serde_json::Value;

use crate::bench::{Bench, Ended, exporter};
use crate::serve::{killed, scheduled, two_services};

const KEY: &str = "0123456789abcdef0123456789abcdef";

async fn on(bench: &Bench, words: &[&str]) -> Ended {
    let config = bench.config().display().to_string();
    exporter(&[&words[..1], &["--config", &config], &words[1..]].concat()).await
}

async fn run(bench: &Bench) {
    let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(0), "{report:#}");
}

async fn history(bench: &Bench) -> Vec<Value> {
    let ended = on(bench, &["history", "--json"]).await;
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"))
}

#[tokio::test]
async fn a_run_is_in_the_history_of_the_database_and_no_file_is_made() {
    let Some(address) = testing::database().await else { return };
    let bench = Bench::start().await;
    bench.keep_in(&address);
    let none = on(&bench, &["history"]).await;
    assert!(none.code == Some(2) && none.err.contains("there is no state in the database"), "{none:?}");
    let checked = on(&bench, &["check"]).await;
    assert!(checked.out.contains("ok     state: PostgreSQL answers; the first run begins it"), "{checked:?}");
    run(&bench).await;
    run(&bench).await;
    let runs = history(&bench).await;
    let (second, first) = (&runs[0]["report"]["exports"][0], &runs[1]["report"]["exports"][0]);
    assert!(first["new"].as_u64() > Some(0) && second["new"] == 0, "{runs:#?}");
    let checked = on(&bench, &["check"]).await;
    assert!(checked.out.contains("ok     state: in PostgreSQL"), "{checked:?}");
    assert!(!bench.config().with_file_name("state.db").exists());
}

#[tokio::test]
async fn a_database_that_is_away_stops_no_run_and_an_address_without_sense_does() {
    let bench = Bench::start().await;
    let secret = "s3cret-of-the-test";
    bench.keep_in(&format!("postgres://clerk:{secret}@127.0.0.1:1/shop"));
    let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    let notes = report["notes"].to_string();
    assert_eq!(code, Some(0), "{notes}");
    assert!(
        notes.contains(
            "this run is not in the history: the state in PostgreSQL (shop on 127.0.0.1:1) cannot be reached"
        ),
        "{notes}"
    );
    bench.edit("url = \"file:database-url\"", "url = \"file:database-url\"\npath = \"state.db\"");
    let both = bench.run(&[]).await;
    assert!(both.code == Some(2) && both.err.contains("[state] has both `path` and `url`"), "{both:?}");
    assert!(!format!("{notes}{both:?}").contains(secret));
}

#[tokio::test]
async fn two_services_over_one_database_do_each_tick_once() {
    let Some(address) = testing::database().await else { return };
    let bench = scheduled().await;
    bench.keep_in(&address);
    two_services(&bench, 2).await;
}

#[tokio::test]
async fn a_service_over_a_database_that_is_killed_loses_and_doubles_nothing() {
    let Some(address) = testing::database().await else { return };
    let bench = scheduled().await;
    bench.keep_in(&address);
    killed(&bench, 3).await;
}

#[tokio::test]
async fn a_state_moves_from_a_file_into_a_database_and_is_never_written_over() {
    let Some(address) = testing::database().await else { return };
    let bench = Bench::start().await;
    std::fs::write(bench.config().with_file_name("key"), KEY).unwrap();
    bench.edit("[panel]", "[backup]\ndirectory = \"backups\"\nkey = \"file:key\"\n\n[panel]");
    run(&bench).await;
    assert_eq!(on(&bench, &["backup"]).await.code, Some(0));
    let before = history(&bench).await;

    bench.keep_in(&address);
    let moved = on(&bench, &["restore", "newest"]).await;
    assert!(moved.code == Some(0) && moved.out.contains("to test1 on 127.0.0.1:"), "{moved:?}");
    assert_eq!(history(&bench).await, before);
    let (_, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(report["exports"][0]["new"], 0, "nothing is written twice: {report:#}");

    let again = on(&bench, &["restore", "newest"]).await;
    assert!(again.code == Some(2) && again.err.contains("already"), "{again:?}");
    assert_eq!(history(&bench).await.len(), 2);
    assert_eq!(on(&bench, &["backup"]).await.code, Some(0));
    let forced = on(&bench, &["restore", "newest", "--force"]).await;
    assert!(forced.out.contains("the state that was there is now the schema exporter_before_"), "{forced:?}");
    assert_eq!(history(&bench).await.len(), 2);
    let audit = on(&bench, &["history", "--audit"]).await;
    assert!(audit.out.contains("restore"), "{audit:?}");
}
