//! What every store promises, whatever database it is made of.

use chrono::TimeDelta;
use exporter_core::{BatchState, ExportStatus, Journal, JournalBatch, Window};
use exporter_store::{AuditEntry, Retention, RunQuery, RunState, StageRecord};

use crate::samples::{ACCOUNT, at, day, export, on_each, report, start, state, window};

#[tokio::test]
async fn a_run_is_remembered_with_its_steps_and_its_report() {
    on_each(async |store| {
        let begun = start("r1", window(4, 5));
        store.begin_run(&begun).await.unwrap();
        assert_eq!(store.runs(&RunQuery::default()).await.unwrap()[0].state, RunState::Running);
        let step = |stage: &str| StageRecord {
            export: Some("a".into()),
            stage: stage.into(),
            attempt: 2,
            started: begun.started,
            seconds: 1.25,
            driver: Some(exporter_core::Driver::Http),
            error_kind: Some(exporter_core::ErrorKind::WrongFile),
            detail: Some("a login page came".into()),
        };
        for stage in ["download", "plan"] {
            store.add_stage("r1", &step(stage)).await.unwrap();
        }
        let done =
            report(&begun, vec![export("a", ExportStatus::Ok, 3), export("b", ExportStatus::Failed, 0)]);
        store.finish_run(&done, day(5), at("2026-01-05T01:02:00Z")).await.unwrap();

        let runs =
            store.runs(&RunQuery { account: Some(ACCOUNT.into()), ..RunQuery::default() }).await.unwrap();
        assert_eq!((runs[0].state, runs[0].report.as_ref()), (RunState::Failed, Some(&done)));
        assert_eq!(runs[0].finished, Some(at("2026-01-05T01:02:00Z")));
        assert_eq!(store.stages("r1").await.unwrap(), [step("download"), step("plan")]);
        let none = RunQuery { account: Some("other".into()), ..RunQuery::default() };
        assert!(store.runs(&none).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn only_exports_that_are_well_cover_their_days_and_no_day_after_today() {
    on_each(async |store| {
        let begun = start("r1", window(4, 6));
        store.begin_run(&begun).await.unwrap();
        let exports = vec![
            export("a", ExportStatus::Ok, 3),
            export("b", ExportStatus::NoData, 0),
            export("c", ExportStatus::Failed, 0),
        ];
        store.finish_run(&report(&begun, exports), day(5), begun.started).await.unwrap();
        let covered = store.coverage(ACCOUNT, window(1, 31)).await.unwrap();
        let seen: Vec<_> = covered.iter().map(|one| (one.export.as_str(), one.day, one.empty)).collect();
        assert_eq!(
            seen,
            [("a", day(4), false), ("a", day(5), false), ("b", day(4), true), ("b", day(5), true)]
        );
        assert_eq!(store.first_covered(ACCOUNT).await.unwrap(), Some(day(4)));
        assert_eq!(store.first_covered("other").await.unwrap(), None);

        let mut dry = start("r2", window(7, 7));
        dry.dry_run = true;
        store.begin_run(&dry).await.unwrap();
        store
            .finish_run(&report(&dry, vec![export("a", ExportStatus::Ok, 3)]), day(9), dry.started)
            .await
            .unwrap();
        assert!(store.coverage(ACCOUNT, window(7, 7)).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_earlier_run_that_ends_late_does_not_make_a_day_older() {
    on_each(async |store| {
        let (mut early, mut late) = (start("early", window(5, 5)), start("late", window(5, 5)));
        early.started = at("2026-01-05T01:00:00Z");
        late.started = at("2026-01-06T01:00:00Z");
        for run in [&late, &early] {
            store.begin_run(run).await.unwrap();
            let done = report(run, vec![export("a", ExportStatus::Ok, 1)]);
            store.finish_run(&done, day(6), run.started).await.unwrap();
        }
        assert_eq!(store.coverage(ACCOUNT, window(5, 5)).await.unwrap()[0].run, "late");
    })
    .await;
}

#[tokio::test]
async fn row_counts_are_those_of_runs_that_were_well() {
    on_each(async |store| {
        for (number, status) in (1..).zip([ExportStatus::Ok, ExportStatus::Failed, ExportStatus::NoData]) {
            let begun = start(&format!("r{number}"), window(number, number));
            store.begin_run(&begun).await.unwrap();
            let rows = if status == ExportStatus::Ok { 7 } else { 0 };
            store
                .finish_run(&report(&begun, vec![export("a", status, rows)]), day(9), begun.started)
                .await
                .unwrap();
        }
        let counts = store.row_counts(ACCOUNT, "a", 10).await.unwrap();
        let counts: Vec<_> = counts.iter().map(|count| (count.window, count.rows)).collect();
        assert_eq!(counts, [(window(3, 3), 0), (window(1, 1), 7)]);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_was_cut_off_is_ended_once() {
    on_each(async |store| {
        let begun = start("r1", window(5, 5));
        store.begin_run(&begun).await.unwrap();
        store.end_run("r1", RunState::Interrupted, at("2026-01-05T02:00:00Z")).await.unwrap();
        assert_eq!(store.tally(ACCOUNT).await.unwrap(), [(RunState::Interrupted, 1)]);
        let running = RunQuery { state: Some(RunState::Running), ..RunQuery::default() };
        assert!(store.runs(&running).await.unwrap().is_empty());
        store.end_run("r1", RunState::Ok, at("2026-01-05T03:00:00Z")).await.unwrap();
        let run = store.runs(&RunQuery::default()).await.unwrap().remove(0);
        assert_eq!((run.state, run.finished), (RunState::Interrupted, Some(at("2026-01-05T02:00:00Z"))));
    })
    .await;
}

#[tokio::test]
async fn audit_lines_and_facts_are_kept() {
    on_each(async |store| {
        for what in ["run", "undo"] {
            let entry = AuditEntry {
                at: at("2026-01-05T02:00:00Z"),
                who: "command line".into(),
                what: what.into(),
                detail: "x".into(),
            };
            store.audit(&entry).await.unwrap();
        }
        let log = store.audit_log(1).await.unwrap();
        assert_eq!((log.len(), log[0].what.as_str()), (1, "undo"));

        store.set_fact("schedule", "place", Some("1")).await.unwrap();
        store.set_fact("schedule", "place", Some("2")).await.unwrap();
        store.set_fact("schedule", "b", Some("3")).await.unwrap();
        assert_eq!(store.fact("schedule", "place").await.unwrap().as_deref(), Some("2"));
        store.set_fact("schedule", "place", None).await.unwrap();
        assert_eq!(store.facts("schedule").await.unwrap(), [("b".to_owned(), "3".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn a_backfill_is_taken_up_again_until_it_is_closed() {
    on_each(async |store| {
        let exports = ["a".to_owned(), "b".to_owned()];
        let open = |now: &'static str| store.open_backfill(ACCOUNT, &exports, window(1, 31), at(now));
        let first = open("2026-02-01T00:00:00Z").await.unwrap();
        assert_eq!(open("2026-02-02T00:00:00Z").await.unwrap(), first);
        store.close_backfill(first.id, at("2026-02-02T00:00:00Z")).await.unwrap();
        let second = open("2026-02-03T00:00:00Z").await.unwrap();
        assert!(second.id > first.id && second.started > first.started);
    })
    .await;
}

#[tokio::test]
async fn it_is_an_outbox() {
    exporter_core::testing::contract::outbox(async || {
        let (directory, store) = state().await;
        // SQLite keeps the file open: it may lose its name.
        drop(directory);
        store
    })
    .await;
}

#[tokio::test]
async fn a_window_of_one_day_covers_one_day() {
    on_each(async |store| {
        let begun = start("r1", Window::day(day(5)));
        store.begin_run(&begun).await.unwrap();
        store
            .finish_run(&report(&begun, vec![export("a", ExportStatus::Ok, 1)]), day(5), begun.started)
            .await
            .unwrap();
        assert_eq!(store.coverage(ACCOUNT, window(1, 31)).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn it_is_a_journal() {
    let open = async |state: &(tempfile::TempDir, _)| {
        exporter_store::SqliteStore::open(state.0.path().join("state.db")).await.unwrap()
    };
    exporter_core::testing::contract::journal(state, open).await;
}

#[tokio::test]
async fn of_a_state_that_stays_too_big_the_newest_runs_stay_with_what_they_wrote() {
    on_each(async |store| {
        let now = at("2026-01-05T02:00:00Z");
        let batch = |number: i64| JournalBatch {
            id: format!("b{number}"),
            run: format!("r{number:03}"),
            export: "a".into(),
            target: "t".into(),
            place: "p".into(),
            chunk: 0,
            marker: number,
            at: now + TimeDelta::seconds(number),
            file: None,
            columns: Vec::new(),
            rows: Vec::new(),
            recovery: serde_json::Value::Null,
        };
        for number in 0..130 {
            let mut begun = start(&format!("r{number:03}"), window(5, 5));
            begun.started = now + TimeDelta::seconds(number);
            store.begin_run(&begun).await.unwrap();
            store.begin(&batch(number)).await.unwrap();
            if number != 3 {
                Journal::settle(&*store, &format!("b{number}"), BatchState::Committed).await.unwrap();
            }
            let done = report(&begun, vec![export("a", ExportStatus::Ok, 1)]);
            store.finish_run(&done, day(5), now).await.unwrap();
        }
        let keep = Retention { max_bytes: 1, ..Retention::default() };
        assert_eq!(store.prune(keep, now).await.unwrap().runs, 30);
        let left = store.runs(&RunQuery::default()).await.unwrap();
        assert_eq!((left.len(), left[0].id.as_str(), left[99].id.as_str()), (100, "r129", "r030"));
        let written = async |run: &str| store.batches_of(run).await.unwrap().len();
        assert_eq!((written("r002").await, written("r003").await, written("r030").await), (0, 1, 1));
    })
    .await;
}
