//! PostgreSQL: the same promises, and what only a server can do to them.

use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use exporter_core::{
    BatchState, ErrorKind, ExportStatus, Journal as _, JournalBatch, JournalCell, JournalRow, Origin,
    Outbox as _, RowChange, RowKey, Secret, Value,
};
use exporter_store::{
    AuditEntry, Grant, Holder, PostgresStore, Retention, RunQuery, RunState, SqliteStore, StageRecord, Store,
    backup, restore, restore_into, testing,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::samples::{ACCOUNT, at, day, export, letter, report, start, window};

/// A state in a database of its own; none where there is no server.
pub async fn state() -> Option<PostgresStore> {
    let address = testing::database().await?;
    Some(open(&address).await)
}

async fn open(address: &str) -> PostgresStore {
    PostgresStore::open(&Secret::new(address), None).await.unwrap()
}

fn line(what: &str) -> AuditEntry {
    AuditEntry {
        at: at("2026-01-05T02:00:00Z"),
        who: "test".into(),
        what: what.into(),
        detail: "x\0y".into(),
    }
}

#[tokio::test]
async fn it_is_an_outbox() {
    if testing::server().await.is_some() {
        exporter_core::testing::contract::outbox(async || state().await.unwrap()).await;
    }
}

#[tokio::test]
async fn it_is_a_journal() {
    if testing::server().await.is_some() {
        let fresh = async || testing::database().await.unwrap();
        exporter_core::testing::contract::journal(fresh, async |address| open(address).await).await;
    }
}

#[tokio::test]
async fn those_that_begin_at_the_same_time_make_one_state_and_one_of_them_gets_the_lease() {
    let Some(address) = testing::database().await else { return };
    let (now, until) = (at("2026-01-05T02:00:00Z"), at("2026-01-05T02:01:00Z"));
    let take = async |number: u32| {
        let store = open(&address).await;
        let holder = Holder { id: format!("run {number}"), ..Holder::here("") };
        store.acquire(&["account:a".into(), "sheet:s".into()], &holder, now, until).await.unwrap()
    };
    let grants = tokio::join!(take(1), take(2), take(3), take(4), take(5), take(6));
    let grants = [grants.0, grants.1, grants.2, grants.3, grants.4, grants.5];
    let given: Vec<_> = grants.iter().filter(|grant| matches!(grant, Grant::Given(_))).collect();
    assert_eq!(given.len(), 1, "{grants:#?}");
}

#[tokio::test]
async fn a_state_of_a_newer_exporter_is_refused_and_left_as_it_is() {
    let Some(address) = testing::database().await else { return };
    open(&address).await.audit(&line("kept")).await.unwrap();
    let server = testing::server().await.unwrap();
    server.say("UPDATE exporter.version SET number = 99", &database(&address)).await;
    let error = PostgresStore::open(&Secret::new(&*address), None).await.unwrap_err();
    assert!(error.to_string().contains("newer exporter") && error.hints()[0].contains("update"), "{error}");
    assert_eq!(server.say("SELECT count(*) FROM exporter.audit", &database(&address)).await, "1");
}

/// The database's name in an address.
fn database(address: &str) -> String {
    address.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_server_that_ends_connections_or_starts_again_loses_no_call() {
    let Some(address) = testing::database().await else { return };
    let (store, server) = (open(&address).await, testing::server().await.unwrap());
    store.audit(&line("1")).await.unwrap();
    let end =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'exporter'";
    assert_eq!(server.say(end, &database(&address)).await, "1");
    store.audit(&line("2")).await.unwrap();
    tokio::join!(server.restart(), async {
        for number in 3..40 {
            store.audit(&line(&number.to_string())).await.unwrap();
        }
    });
    let lines = store.audit_log(100).await.unwrap();
    let seen: Vec<_> = lines.iter().rev().map(|line| line.what.parse::<u32>().unwrap()).collect();
    assert_eq!(seen, (1..40).collect::<Vec<_>>());
    assert_eq!(lines[0].detail, "x\u{2400}y", "what PostgreSQL cannot keep is kept as its picture");
}

/// Where the way to the server is cut, when `COMMIT` is said.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Before,
    /// It is done, and the answer is lost.
    After,
}

/// A way to the server that is cut as often as there are cuts; the address by it.
async fn way(address: &str, cuts: Arc<Mutex<Vec<Cut>>>) -> String {
    let port = testing::server().await.unwrap().port();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let ours = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::spawn(carry(client, server, cuts.clone()));
        }
    });
    address.replace(&format!(":{port}/"), &format!(":{ours}/"))
}

async fn carry(mut client: TcpStream, mut server: TcpStream, cuts: Arc<Mutex<Vec<Cut>>>) {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let said = &up[..read.unwrap_or(0)];
                let cut = said.windows(6).any(|part| part == b"COMMIT").then(|| cuts.lock().unwrap().pop());
                match cut.flatten() {
                    Some(Cut::Before) => return,
                    Some(Cut::After) => {
                        server.write_all(said).await.unwrap();
                        assert!(server.read(&mut down).await.unwrap() > 0, "it was done");
                        return;
                    }
                    None if said.is_empty() || server.write_all(said).await.is_err() => return,
                    None => {}
                }
            }
            read = server.read(&mut down) => {
                let said = &down[..read.unwrap_or(0)];
                if said.is_empty() || client.write_all(said).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_call_whose_end_was_cut_off_is_done_once() {
    let Some(address) = testing::database().await else { return };
    let cuts = Arc::new(Mutex::new(Vec::new()));
    let store = open(&way(&address, cuts.clone()).await).await;
    for (number, cut) in [Cut::Before, Cut::After, Cut::After, Cut::Before].into_iter().enumerate() {
        cuts.lock().unwrap().push(cut);
        store.audit(&line(&number.to_string())).await.unwrap();
        assert!(cuts.lock().unwrap().is_empty(), "it was cut");
        store.begin_run(&start(&format!("r{number}"), window(5, 5))).await.unwrap();
    }
    let lines = store.audit_log(100).await.unwrap();
    let seen: Vec<_> = lines.iter().rev().map(|line| &*line.what).collect();
    assert_eq!(seen, ["0", "1", "2", "3"], "each once");
    cuts.lock().unwrap().extend([Cut::Before; 5]);
    let error = store.audit(&line("4")).await.unwrap_err();
    assert!(error.to_string().contains("test1 on 127.0.0.1:"), "{error}");
    assert_eq!(cuts.lock().unwrap().len(), 2, "three attempts are enough");
}

#[tokio::test]
async fn what_a_server_refuses_is_told_with_what_to_do_and_without_the_password() {
    let Some(address) = testing::database().await else { return };
    let server = testing::server().await.unwrap();
    let name = database(&address);
    server.say("CREATE ROLE guest LOGIN PASSWORD 'only-for-tests'", &name).await;
    let guest = address.replace("//exporter:", "//guest:");
    let closed = address.replace(&format!(":{}/", server.port()), ":1/");
    for (address, said, todo) in [
        (address.replace(testing::PASSWORD, "wrong-pass"), "refuses us", "user name or password"),
        (address.replace(&name, "nowhere"), "is not there", "createdb --owner=exporter nowhere"),
        (guest, "refuses us", &*format!("GRANT CREATE ON DATABASE {name} TO guest")),
        (closed, "cannot be reached", "is the server running"),
        (format!("{address}?sslmode=require"), "cannot be reached in secret", "sslrootcert="),
    ] {
        for error in [
            PostgresStore::open(&Secret::new(&*address), None).await.unwrap_err(),
            PostgresStore::look(&Secret::new(&*address), None).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Io);
            let all = format!("{error} {error:?} {:?}", error.report());
            assert!(error.to_string().contains(said) && error.hints()[0].contains(todo), "{all}");
            assert!(!all.contains(testing::PASSWORD) && !all.contains("wrong-pass"), "{all}");
        }
    }
}

#[tokio::test]
async fn what_is_said_in_secret_is_said_to_the_right_server_alone() {
    let Some(address) = testing::database().await else { return };
    let server = testing::server().await.unwrap();
    // No secret: it serves tests on loopback, and its authority signs nothing else.
    server.encrypt(include_str!("tls/localhost.pem"), include_str!("tls/localhost-key.pem")).await;
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/tls/authority.pem");
    let named = address.replace("127.0.0.1", "localhost");
    let store =
        open(&format!("{named}?sslmode=verify-full&channel_binding=require&sslrootcert={authority}")).await;
    store.set_fact("a", "b", Some("c")).await.unwrap();
    let ask = format!(
        "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
         WHERE application_name = 'exporter' AND datname = '{}'",
        database(&address)
    );
    assert_eq!(server.say(&ask, "postgres").await, "t");
    for (address, why) in [
        (format!("{named}?sslmode=require"), "an authority that nobody knows"),
        (format!("{address}?sslmode=require&sslrootcert={authority}"), "another name"),
    ] {
        let error = PostgresStore::open(&Secret::new(address), None).await.unwrap_err();
        assert!(error.to_string().contains("cannot be reached in secret"), "{why}: {error}");
    }
}

/// Something in every table.
async fn fill(store: &dyn Store) {
    let now = at("2026-01-05T02:00:00Z");
    let done = start("r1", window(4, 5));
    store.begin_run(&done).await.unwrap();
    let step = StageRecord {
        export: None,
        stage: "login".into(),
        attempt: 1,
        started: now,
        seconds: 0.1,
        driver: None,
        error_kind: None,
        detail: Some("tab\there, line\nthere, back\\slash, \\N".into()),
    };
    store.add_stage("r1", &step).await.unwrap();
    store.finish_run(&report(&done, vec![export("a", ExportStatus::Ok, 3)]), day(5), now).await.unwrap();
    store.begin_run(&start("r2", window(6, 6))).await.unwrap();
    store.post(&[letter("team", "1", Some("slot"))], &[], now).await.unwrap();
    store.audit(&line("run")).await.unwrap();
    store.set_fact("a", "b", Some("ä\r\n\t\"'")).await.unwrap();
    store.open_backfill(ACCOUNT, &["a".into()], window(1, 5), now).await.unwrap();
    let held = store.acquire(&["n".into()], &Holder::here("x"), now, now + TimeDelta::days(1)).await.unwrap();
    assert!(matches!(held, Grant::Given(_)));
    for id in ["b1", "b2"] {
        store.begin(&batch(id)).await.unwrap();
    }
    exporter_core::Journal::settle(store, "b1", BatchState::Committed).await.unwrap();
}

/// A batch whose key is longer than what an index of PostgreSQL takes, and has what JSON there cannot have.
fn batch(id: &str) -> JournalBatch {
    let key = RowKey::of([&Value::text("k".repeat(20_000))]).unwrap();
    let cell = JournalCell { column: 0, before: Value::Empty, after: Value::text("a\0b") };
    JournalBatch {
        id: id.into(),
        run: "r1".into(),
        export: "a".into(),
        target: "t".into(),
        place: "a sheet".into(),
        chunk: 0,
        marker: 7,
        at: at("2026-01-05T02:00:00Z"),
        file: None,
        columns: vec!["A".into()],
        rows: vec![JournalRow {
            key,
            change: RowChange::Inserted,
            origin: Origin::default(),
            cells: vec![cell],
        }],
        recovery: serde_json::json!({ "cells": ["\0"] }),
    }
}

/// All that can be asked for, as text.
async fn everything(store: &dyn Store) -> String {
    let key = batch("b1").rows[0].key.clone();
    format!(
        "{:#?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        store.runs(&RunQuery::default()).await.unwrap(),
        store.stages("r1").await.unwrap(),
        store.coverage(ACCOUNT, window(1, 31)).await.unwrap(),
        store.audit_log(10).await.unwrap(),
        store.facts("a").await.unwrap(),
        store.row_counts(ACCOUNT, "a", 10).await.unwrap(),
        store.mail("r1").await.unwrap(),
        store.batches_of("r1").await.unwrap(),
        store.last_written("t", std::slice::from_ref(&key)).await.unwrap(),
        store.written("a", &[key]).await.unwrap(),
    )
}

#[tokio::test]
async fn a_state_goes_from_a_file_to_a_database_and_back_and_stays_the_same() {
    let (Some(address), Some(other)) = (testing::database().await, testing::database().await) else { return };
    let (directory, file) = crate::samples::state().await;
    let (folder, now) = (directory.path().join("backups"), at("2026-01-06T02:00:00Z"));
    let key = Secret::new("0123456789abcdef0123456789abcdef");
    fill(&file).await;
    let one = open(&address).await;
    let from_file = backup(&file, &folder, &key, 9, now).await.unwrap();
    assert_eq!(restore_into(&from_file, &key, &one, false, now).await.unwrap(), None);
    let was = everything(&one).await;
    assert!(was.contains("Interrupted") && was.contains("ä\\r\\n\\t"), "{was}");

    let from_database = backup(&one, &folder, &key, 9, now + TimeDelta::minutes(1)).await.unwrap();
    let two = open(&other).await;
    restore_into(&from_database, &key, &two, false, now).await.unwrap();
    assert_eq!(everything(&two).await, was);
    let path = directory.path().join("again.db");
    restore(&from_database, &key, &path, now).await.unwrap();
    assert_eq!(everything(&SqliteStore::open(&path).await.unwrap()).await, was);
    assert!(two.take_turn("another", now, now).await.unwrap(), "its leases are free");
    assert!(two.next().await.unwrap().is_empty(), "messages of that time are not sent again");

    // New rows get new numbers.
    two.audit(&line("after")).await.unwrap();
    two.begin(&batch("b3")).await.unwrap();
    assert_eq!(two.audit_log(1).await.unwrap()[0].what, "after");
    assert_eq!(two.batches_of("r1").await.unwrap().len(), 3);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.extension().is_some_and(|ending| ending == "backup")), "{left:?}");
}

#[tokio::test]
async fn a_database_that_has_a_state_is_never_written_over() {
    let Some(address) = testing::database().await else { return };
    let (directory, file) = crate::samples::state().await;
    let (folder, now) = (directory.path().join("backups"), at("2026-01-06T02:00:00Z"));
    let key = Secret::new("0123456789abcdef0123456789abcdef");
    let copy = backup(&file, &folder, &key, 9, now).await.unwrap();
    let store = open(&address).await;
    fill(&store).await;
    let was = everything(&store).await;
    let error = restore_into(&copy, &key, &store, false, now).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Config && error.to_string().contains("already"), "{error}");
    let wrong = Secret::new("another key, which is long enough too");
    assert_eq!(
        restore_into(&copy, &wrong, &store, true, now).await.unwrap_err().kind(),
        ErrorKind::CorruptFile
    );
    assert_eq!(everything(&store).await, was);

    let aside = restore_into(&copy, &key, &store, true, now).await.unwrap();
    assert_eq!(aside.as_deref(), Some("exporter_before_20260106t020000000z"));
    assert!(store.runs(&RunQuery::default()).await.unwrap().is_empty());
    let server = testing::server().await.unwrap();
    let runs = "SELECT count(*) FROM exporter_before_20260106t020000000z.runs";
    assert_eq!(server.say(runs, &database(&address)).await, "2");
}

#[tokio::test]
async fn what_is_old_or_too_much_is_let_go() {
    let Some(store) = state().await else { return };
    let now = at("2026-01-21T00:00:00Z");
    fill(&store).await;
    for number in 0..250 {
        let mut begun = start(&format!("n{number:03}"), window(20, 20));
        begun.started = now + TimeDelta::seconds(number);
        store.begin_run(&begun).await.unwrap();
        store.end_run(&begun.id, RunState::Ok, now).await.unwrap();
    }
    let pruned = store.prune(Retention { days: 10, ..Retention::default() }, now).await.unwrap();
    assert_eq!((pruned.runs, pruned.audit, pruned.messages), (1, 1, 0), "one still runs");
    assert_eq!(store.coverage(ACCOUNT, window(1, 31)).await.unwrap().len(), 2);
    let open: Vec<_> = store.batches_of("r1").await.unwrap().into_iter().map(|(batch, _)| batch.id).collect();
    assert_eq!(open, ["b2"], "an open batch stays");
    let pruned = store.prune(Retention { max_bytes: 40_000, ..Retention::default() }, now).await.unwrap();
    let left = store.runs(&RunQuery::default()).await.unwrap();
    assert_eq!((left[0].id.as_str(), left.len()), ("n249", 251 - pruned.runs));
    assert!((1..=151).contains(&pruned.runs), "{pruned:?}");
}
