//! The file: private, durable, pruned, copied; damage and foreign files are told.

use chrono::TimeDelta;
use exporter_core::{ErrorKind, ExportStatus, Outbox};
use exporter_store::{Retention, RunQuery, SqliteStore, Store};

use crate::samples::{ACCOUNT, at, day, export, letter, report, start, state, window};

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (directory, store) = state().await;
    store.set_fact("a", "b", Some("c")).await.unwrap();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?} can be read by others", entry.file_name());
    }
}

#[tokio::test]
async fn what_was_written_is_there_for_the_next_process() {
    let (directory, store) = state().await;
    store.post(&[letter("team", "1", None)], &[], at("2026-01-05T02:00:00Z")).await.unwrap();
    drop(store);
    let again = SqliteStore::open(directory.path().join("state.db")).await.unwrap();
    assert_eq!(again.next().await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_processes_write_at_the_same_time() {
    let (directory, one) = state().await;
    let two = SqliteStore::open(directory.path().join("state.db")).await.unwrap();
    let write = |store: SqliteStore, scope: &'static str| async move {
        for number in 0..50 {
            store.set_fact(scope, &number.to_string(), Some("x")).await.unwrap();
        }
    };
    tokio::join!(write(one.clone(), "one"), write(two, "two"));
    assert_eq!(one.facts("one").await.unwrap().len() + one.facts("two").await.unwrap().len(), 100);
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_says_what_to_set() {
    let directory = tempfile::tempdir().unwrap();
    let error = SqliteStore::open(directory.path().join("missing/state.db")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.hints()[0].contains("[state] path"), "{:?}", error.hints());
}

#[tokio::test]
async fn a_foreign_file_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let text = "this is a letter to the bank, not a state\n".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(error.hints()[0].contains("damaged or no state"), "{error} {:?}", error.hints());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_state_of_a_newer_exporter_is_refused() {
    let (directory, store) = state().await;
    drop(store);
    let path = directory.path().join("state.db");
    // `user_version` is a big-endian number at byte 60 of the file (sqlite.org/fileformat2.html).
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&999_u32.to_be_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(error.to_string().contains("newer exporter"), "{error}");
}

#[tokio::test]
async fn old_runs_go_and_coverage_and_waiting_messages_stay() {
    let (_directory, store) = state().await;
    for (id, last) in [("old", 1), ("new", 20)] {
        let begun = start(id, window(last, last));
        store.begin_run(&begun).await.unwrap();
        store
            .finish_run(&report(&begun, vec![export("a", ExportStatus::Ok, 1)]), day(31), begun.started)
            .await
            .unwrap();
    }
    store.post(&[letter("team", "1", None)], &[], at("2026-01-01T02:00:00Z")).await.unwrap();
    let keep = Retention { days: 10, ..Retention::default() };
    let pruned = store.prune(keep, at("2026-01-21T00:00:00Z")).await.unwrap();
    assert_eq!((pruned.runs, pruned.messages), (1, 0));
    assert_eq!(store.runs(&RunQuery::default()).await.unwrap()[0].id, "new");
    assert_eq!(store.coverage(ACCOUNT, window(1, 31)).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_state_that_is_too_big_lets_the_oldest_runs_go() {
    let (directory, store) = state().await;
    let now = at("2026-01-05T02:00:00Z");
    for number in 0..250 {
        let mut begun = start(&format!("r{number:03}"), window(5, 5));
        begun.started = now + TimeDelta::seconds(number);
        store.begin_run(&begun).await.unwrap();
        let mut done = report(&begun, vec![export("a", ExportStatus::Ok, 1)]);
        done.notes = vec!["x".repeat(2_000)];
        store.finish_run(&done, day(5), now).await.unwrap();
    }
    let keep = Retention { max_bytes: 500_000, ..Retention::default() };
    let pruned = store.prune(keep, now).await.unwrap();
    let left = store.runs(&RunQuery::default()).await.unwrap();
    assert_eq!((left[0].id.as_str(), left.len()), ("r249", 250 - pruned.runs));
    assert!((1..250).contains(&pruned.runs), "{pruned:?}");
    let size = std::fs::metadata(directory.path().join("state.db")).unwrap().len();
    assert!(size < 700_000, "the file shrinks with it: {size}");
}

#[tokio::test]
async fn a_copy_is_a_whole_state() {
    let (directory, store) = state().await;
    store.set_fact("a", "b", Some("c")).await.unwrap();
    let path = directory.path().join("copy.db");
    store.copy_to(&path).await.unwrap();
    let copy = SqliteStore::open(&path).await.unwrap();
    assert_eq!(copy.fact("a", "b").await.unwrap().as_deref(), Some("c"));
}
