//! Backup, wipe, restore: what is there again, what is over, and what is refused.

use chrono::TimeDelta;
use exporter_core::{ErrorKind, ExportStatus, Outbox, Secret};
use exporter_store::{RunQuery, RunState, SqliteStore, Store, backup, backups, restore};

use crate::samples::{at, day, export, letter, report, start, state, window};

fn key() -> Secret {
    Secret::new("0123456789abcdef0123456789abcdef")
}

#[tokio::test]
async fn a_state_comes_back_and_what_was_going_on_is_over() {
    let (directory, store) = state().await;
    let now = at("2026-01-05T02:00:00Z");
    let done = start("r1", window(5, 5));
    store.begin_run(&done).await.unwrap();
    store.finish_run(&report(&done, vec![export("a", ExportStatus::Ok, 3)]), day(5), now).await.unwrap();
    store.begin_run(&start("r2", window(6, 6))).await.unwrap();
    store.post(&[letter("team", "1", None)], &[], now).await.unwrap();
    assert!(store.take_turn("somebody", now, now + TimeDelta::days(1)).await.unwrap());

    let folder = directory.path().join("backups");
    let file = backup(&store, &folder, &key(), 3, now).await.unwrap();
    let bytes = std::fs::read(&file).unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"SQLite"), "it is encrypted");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing plain is left behind");

    drop(store);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(directory.path().join(name));
    }
    let path = directory.path().join("state.db");
    restore(&file, &key(), &path, now).await.unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    let runs = store.runs(&RunQuery::default()).await.unwrap();
    let states: Vec<_> = runs.iter().map(|run| (run.id.as_str(), run.state)).collect();
    assert_eq!(states, [("r2", RunState::Interrupted), ("r1", RunState::Ok)]);
    assert!(store.next().await.unwrap().is_empty(), "messages of that time are not sent again");
    assert!(store.take_turn("another", now, now).await.unwrap(), "its leases are free");
    assert_eq!(store.coverage(crate::samples::ACCOUNT, window(1, 31)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_lost_state_left_beside_it_is_not_read_into_the_one_that_comes_back() {
    let (directory, store) = state().await;
    let now = at("2026-01-05T02:00:00Z");
    let file = backup(&store, &directory.path().join("backups"), &key(), 3, now).await.unwrap();
    // Killed after a write, with which the state itself has not been brought up to date.
    for id in ["r1", "r2"] {
        store.begin_run(&start(id, window(5, 5))).await.unwrap();
    }
    let path = directory.path().join("state.db");
    let log = std::fs::read(directory.path().join("state.db-wal")).unwrap();
    assert!(!log.is_empty());
    drop(store);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(directory.path().join("state.db-wal"), log).unwrap();

    restore(&file, &key(), &path, now).await.unwrap();
    let store = SqliteStore::open(&path).await.unwrap();
    assert!(store.runs(&RunQuery::default()).await.unwrap().is_empty());
    store.begin_run(&start("r3", window(5, 5))).await.unwrap();
}

#[tokio::test]
async fn what_a_backup_left_that_was_cut_off_goes_with_the_next() {
    let (directory, store) = state().await;
    let folder = directory.path().join("backups");
    std::fs::create_dir(&folder).unwrap();
    for left in [
        "state-20260105T010000000Z.copy",
        "state-20260105T010000000Z.check-wal",
        "state-20260105T015900000Z.part",
        "my.copy",
    ] {
        std::fs::write(folder.join(left), "plain").unwrap();
    }
    backup(&store, &folder, &key(), 3, at("2026-01-05T02:30:00Z")).await.unwrap();
    let mut left: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["my.copy", "state-20260105T015900000Z.part", "state-20260105T023000000Z.backup"]);
}

#[tokio::test]
async fn only_the_newest_backups_are_kept() {
    let (directory, store) = state().await;
    let folder = directory.path().join("backups");
    for minute in 0..4 {
        let now = at("2026-01-05T02:00:00Z") + TimeDelta::minutes(minute);
        backup(&store, &folder, &key(), 2, now).await.unwrap();
    }
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    let names: Vec<_> = backups(&folder)
        .unwrap()
        .iter()
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, ["state-20260105T020300000Z.backup", "state-20260105T020200000Z.backup"]);
}

#[tokio::test]
async fn a_state_that_is_there_is_never_written_over_and_a_bad_backup_leaves_nothing() {
    let (directory, store) = state().await;
    let folder = directory.path().join("backups");
    let now = at("2026-01-05T02:00:00Z");
    let file = backup(&store, &folder, &key(), 2, now).await.unwrap();
    let here = directory.path().join("state.db");
    assert_eq!(restore(&file, &key(), &here, now).await.unwrap_err().kind(), ErrorKind::Config);

    let there = directory.path().join("other.db");
    let wrong = Secret::new("another key, which is long enough too");
    assert_eq!(restore(&file, &wrong, &there, now).await.unwrap_err().kind(), ErrorKind::CorruptFile);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.truncate(bytes.len() - 5);
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(restore(&file, &key(), &there, now).await.unwrap_err().kind(), ErrorKind::CorruptFile);
    let left: Vec<_> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains("other")
                || name.to_string_lossy().contains("restoring")),
        "{left:?}"
    );
}
