//! The list of changes: each changed cell is told once, whatever happens to the write.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use exporter_core::testing::MemoryJournal;
use exporter_core::{ErrorKind, ExportSpec, FixedClock, Plan, Receipt, Sink as _, SystemClock, Table};
use exporter_sandbox::person::Act;
use exporter_sheets::SheetsSink;

use crate::bench::{Bench, Fault, ID, client, lines, orders, spec};

const LIST: &str = "Perubahan";
const HEADER: &str = "When|Tab|Key|Column|Before|After|Run";

fn sink(bench: &Bench) -> SheetsSink {
    let now: DateTime<Utc> = "2026-01-05T20:30:00Z".parse().unwrap();
    let sink = SheetsSink::new(client(&bench.url, ID).unwrap()).with_changes(LIST, Tz::Asia__Jakarta);
    sink.with_journal(Arc::new(MemoryJournal::default()), Arc::new(FixedClock::at(now)))
}

async fn run(sink: &SheetsSink, name: &str, table: &Arc<Table>) -> (Plan, Receipt) {
    let mut plan = sink.plan(table, &spec()).await.unwrap();
    name.clone_into(&mut plan.run);
    let receipt = sink.apply(&plan).await.unwrap();
    (plan, receipt)
}

fn list(bench: &Bench) -> Vec<String> {
    lines(&bench.sheets.rows(ID, LIST).unwrap_or_default())
}

fn line(key: &str, column: &str, before: &str, after: &str, run: &str) -> String {
    format!("2026-01-06 03:30:00|orders|{key}|{column}|{before}|{after}|{run}")
}

#[tokio::test]
async fn each_changed_cell_is_told_with_the_write_that_changes_it() {
    let bench = Bench::start().await;
    let sink = sink(&bench);
    run(&sink, "r1", &orders(&[("A1", "open", 10), ("A2", "open", 20)])).await;
    assert!(list(&bench).is_empty(), "new rows are no changes");
    let (plan, receipt) =
        run(&sink, "r2", &orders(&[("A1", "paid", 11), ("A2", "open", 20), ("A3", "x", 1)])).await;
    assert_eq!((receipt.calls, plan.expected_calls), (1, 1));
    let first = [line("A1", "Status", "open", "paid", "r2"), line("A1", "Total", "10", "11", "r2")];
    assert_eq!(list(&bench), [HEADER, &first[0], &first[1]]);
    let (_, receipt) = run(&sink, "r3", &orders(&[("A2", "void", 20)])).await;
    assert_eq!(receipt.calls, 1);
    let newest = line("A2", "Status", "open", "void", "r3");
    assert_eq!(list(&bench), [HEADER, &newest, &first[0], &first[1]], "the newest come first");
    let raw = bench.sheets.raw_rows(ID, LIST).unwrap();
    assert!(raw[2][4].is_string() && raw[3][4].is_number(), "numbers stay numbers: {raw:?}");
}

#[tokio::test]
async fn a_lost_answer_tells_nothing_twice() {
    for lost in [Fault::LoseAnswer, Fault::Refuse(503)] {
        let bench = Bench::start().await;
        run(&sink(&bench), "r1", &orders(&[("A1", "open", 10)])).await;
        for (status, before) in [("paid", "open"), ("sent", "paid")] {
            let sink = sink(&bench);
            let mut plan = sink.plan(&orders(&[("A1", status, 10)]), &spec()).await.unwrap();
            status.clone_into(&mut plan.run);
            bench.faults(&[lost]);
            sink.apply(&plan).await.unwrap();
            assert_eq!(list(&bench)[1], line("A1", "Status", before, status, status));
        }
        assert_eq!(list(&bench).len(), 3, "{lost:?}");
    }
}

#[tokio::test]
async fn rows_that_people_sorted_under_the_write_are_told_once() {
    let bench = Bench::start().await;
    let sink = sink(&bench);
    run(&sink, "r1", &orders(&[("A1", "open", 10), ("A2", "open", 20)])).await;
    let plan = sink.plan(&orders(&[("A1", "paid", 10)]), &spec()).await.unwrap();
    bench.act(&Act::Sort { tab: "orders".into(), column: "A".into(), descending: true, header_rows: 1 });
    let receipt = sink.apply(&plan).await.unwrap();
    assert!(receipt.notes.iter().any(|note| note.contains("put right")), "{receipt:?}");
    assert_eq!(list(&bench), [HEADER, line("A1", "Status", "open", "paid", "").trim_end_matches('|')]);
}

#[tokio::test]
async fn a_process_that_dies_before_it_has_put_a_write_right_has_told_its_changes() {
    let bench = Bench::start().await;
    let journal = MemoryJournal::default();
    let sink = || {
        let sink = SheetsSink::new(client(&bench.url, ID).unwrap()).with_changes(LIST, Tz::UTC);
        sink.with_journal(Arc::new(journal.clone()), Arc::new(SystemClock))
    };
    run(&sink(), "r1", &orders(&[("A1", "open", 10), ("A2", "open", 20)])).await;
    let later = orders(&[("A1", "paid", 10)]);
    let first = sink();
    let plan = first.plan(&later, &spec()).await.unwrap();
    bench.act(&Act::Sort { tab: "orders".into(), column: "A".into(), descending: true, header_rows: 1 });
    bench.faults(&[Fault::Pass, Fault::Refuse(403)]);
    first.apply(&plan).await.unwrap_err();
    run(&sink(), "r2", &later).await;
    let mut rows = lines(&bench.rows());
    rows.sort();
    assert_eq!(rows, ["A1|paid|10", "A2|open|20", "ID|Status|Total"]);
    assert_eq!(list(&bench).len(), 2, "{:?}", list(&bench));
    // Once that is over, the same change is told again.
    run(&sink(), "r3", &orders(&[("A1", "open", 10)])).await;
    run(&sink(), "r4", &later).await;
    assert_eq!(list(&bench).len(), 4, "{:?}", list(&bench));
}

#[tokio::test]
async fn people_sort_cut_rename_and_delete_the_list_as_they_like() {
    let bench = Bench::start().await;
    run(&sink(&bench), "r1", &orders(&[("A1", "open", 1), ("A2", "open", 2)])).await;
    run(&sink(&bench), "r2", &orders(&[("A1", "paid", 1), ("A2", "paid", 2)])).await;
    let tab = || LIST.to_owned();
    bench.act(&Act::Sort { tab: tab(), column: "C".into(), descending: true, header_rows: 1 });
    bench.act(&Act::DeleteRows { tab: tab(), at: 2, count: 1 });
    bench.act(&Act::DeleteColumns { tab: tab(), at: "B".into(), count: 1 });
    bench.act(&Act::MoveColumn { tab: tab(), from: "B".into(), to: "A".into() });
    bench.act(&Act::InsertRows { tab: tab(), at: 1, count: 1 });
    bench.act(&Act::RenameTab { tab: tab(), title: "Log".into() });
    // Renamed once more, between plan and write.
    let other = sink(&bench);
    let mut plan = other.plan(&orders(&[("A2", "sent", 2)]), &spec()).await.unwrap();
    "r3".clone_into(&mut plan.run);
    bench.act(&Act::RenameTab { tab: "Log".into(), title: "Daftar".into() });
    other.apply(&plan).await.unwrap();
    let rows = lines(&bench.sheets.rows(ID, "Daftar").unwrap());
    assert_eq!(
        rows,
        [
            "",
            "Key|When|Column|Before|After|Run",
            "A2|2026-01-06 03:30:00|Status|paid|sent|r3",
            "A1|2026-01-06 03:30:00|Status|open|paid|r2"
        ]
    );
    // Deleted between plan and write: it is made anew.
    let other = sink(&bench);
    let plan = other.plan(&orders(&[("A2", "void", 2)]), &spec()).await.unwrap();
    bench.act(&Act::DeleteTab { tab: "Daftar".into() });
    other.apply(&plan).await.unwrap();
    assert_eq!(list(&bench).len(), 2);
}

#[tokio::test]
async fn a_tab_of_people_is_not_taken_for_the_list() {
    let bench = Bench::start().await;
    bench.sheets.add_tab(ID, "perubahan").unwrap();
    let error = sink(&bench).plan(&orders(&[("A1", "open", 1)]), &spec()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetLayout);
    assert!(error.to_string().contains("`perubahan` is there and is not our list"), "{error}");
    let itself = ExportSpec { tab: LIST.into(), ..spec() };
    let other = Bench::start().await;
    run(&sink(&other), "r1", &orders(&[("A1", "open", 1)])).await;
    run(&sink(&other), "r2", &orders(&[("A1", "paid", 1)])).await;
    let error = sink(&other).plan(&orders(&[("A1", "open", 1)]), &itself).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

#[tokio::test]
async fn many_changes_go_in_parts_that_google_takes() {
    let bench = Bench::start().await;
    let rows: Vec<(String, String)> = (0..4_000).map(|row| (format!("A{row}"), "x".repeat(200))).collect();
    let table = |status: &str| {
        let rows: Vec<_> = rows.iter().map(|(id, text)| (id.as_str(), format!("{status}{text}"))).collect();
        let rows: Vec<_> = rows.iter().map(|(id, text)| (*id, text.as_str(), 1)).collect();
        orders(&rows)
    };
    let sink = sink(&bench);
    run(&sink, "r1", &table("a")).await;
    let (plan, receipt) = run(&sink, "r2", &table("b")).await;
    assert!(plan.expected_calls > 1, "{} calls", plan.expected_calls);
    assert!(receipt.calls >= plan.expected_calls, "{receipt:?}");
    assert_eq!(list(&bench).len(), 4_001);
    assert!(bench.wire.bodies.lock().unwrap().iter().all(|body| body.len() < 2_500_000));
}
