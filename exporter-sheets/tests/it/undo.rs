//! Taking a run back, and edits of people told from changes in the panel.

use std::sync::Arc;

use exporter_core::testing::MemoryJournal;
use exporter_core::{BatchState, ErrorKind, Journal as _, JournalBatch, Plan, Sink as _, SystemClock, Table};
use exporter_sandbox::person::Act;
use exporter_sheets::SheetsSink;

use crate::bench::{Bench, Fault, ID, client, lines, orders, spec};

fn sink(bench: &Bench, journal: &MemoryJournal) -> SheetsSink {
    let sink = SheetsSink::new(client(&bench.url, ID).unwrap());
    sink.with_journal(Arc::new(journal.clone()), Arc::new(SystemClock))
}

async fn run(sink: &SheetsSink, name: &str, table: &Arc<Table>) -> Plan {
    let mut plan = sink.plan(table, &spec()).await.unwrap();
    name.clone_into(&mut plan.run);
    sink.apply(&plan).await.unwrap();
    plan
}

async fn committed(journal: &MemoryJournal, run: &str) -> Vec<JournalBatch> {
    let batches = journal.batches_of(run).await.unwrap();
    assert!(batches.iter().all(|(_, state)| *state == BatchState::Committed), "{batches:?}");
    batches.into_iter().map(|(batch, _)| batch).collect()
}

#[tokio::test]
async fn a_run_is_taken_back_where_nobody_has_touched_it_since() {
    let (bench, journal) = (Bench::start().await, MemoryJournal::default());
    let sink = sink(&bench, &journal);
    run(&sink, "r1", &orders(&[("A1", "open", 10), ("A2", "open", 20), ("A3", "open", 30)])).await;
    let second = orders(&[
        ("A1", "paid", 10),
        ("A2", "paid", 20),
        ("A3", "paid", 31),
        ("A4", "new", 40),
        ("A5", "new", 50),
    ]);
    run(&sink, "r2", &second).await;
    bench.type_text("D1", "Mine");
    bench.type_text("B3", "mine");
    bench.type_text("D6", "keep");
    bench.act(&Act::Sort { tab: "orders".into(), column: "C".into(), descending: true, header_rows: 1 });
    let undo = sink.plan_undo(&committed(&journal, "r2").await, &spec()).await.unwrap();
    assert_eq!((undo.cells, undo.rows), (3, 1));
    assert_eq!(
        undo.left,
        ["`Status` of `A2` was changed since", "the row `A5` has something of people's beside it"]
    );
    sink.apply(&undo.plan).await.unwrap();
    assert_eq!(sink.take_rows(&undo).await.unwrap(), 1);
    let mut rows = lines(&bench.rows());
    rows[1..].sort();
    assert_eq!(rows, ["ID|Status|Total|Mine", "A1|open|10", "A2|mine|20", "A3|open|30", "A5|new|50|keep"]);
}

#[tokio::test]
async fn an_edit_of_people_is_kept_until_a_rule_says_otherwise() {
    let (bench, journal) = (Bench::start().await, MemoryJournal::default());
    let first = sink(&bench, &journal);
    run(&first, "r1", &orders(&[("A1", "open", 10), ("A2", "open", 20)])).await;
    bench.type_text("B2", "mine");
    let later = orders(&[("A1", "paid", 11), ("A2", "paid", 20)]);
    let plan = run(&sink(&bench, &journal), "r2", &later).await;
    assert_eq!((plan.changes.updates.len(), plan.changes.conflicts.len()), (2, 1));
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|mine|11", "A2|paid|20"]);
    // Without the journal nobody knows who wrote what: the source wins.
    let forgetful = SheetsSink::new(client(&bench.url, ID).unwrap());
    run(&forgetful, "r3", &later).await;
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|paid|11", "A2|paid|20"]);
}

#[tokio::test]
async fn a_plan_is_stored_and_applied_by_another_process_or_refused() {
    let (bench, journal) = (Bench::start().await, MemoryJournal::default());
    let table = orders(&[("A1", "open", 10)]);
    let first = sink(&bench, &journal).plan(&table, &spec()).await.unwrap();
    let stored = serde_json::to_string(&first).unwrap();
    let first: Plan = serde_json::from_str(&stored).unwrap();
    sink(&bench, &journal).apply(&first).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|open|10"]);
    let plan = sink(&bench, &journal).plan(&orders(&[("A1", "paid", 10)]), &spec()).await.unwrap();
    bench.type_text("B2", "mine");
    let error = sink(&bench, &journal).apply(&plan).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetMoved);
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|mine|10"]);
}

/// Planned, applied, rows taken away; how many.
async fn undo(sink: &SheetsSink, journal: &MemoryJournal, run: &str) -> (exporter_sheets::Undo, usize) {
    let batches = committed(journal, run).await;
    sink.put_back_rows(&batches, &spec()).await.unwrap();
    let undo = sink.plan_undo(&batches, &spec()).await.unwrap();
    sink.apply(&undo.plan).await.unwrap();
    let taken = sink.take_rows(&undo).await.unwrap();
    (undo, taken)
}

#[tokio::test]
async fn rows_that_a_run_added_go_away_and_leave_no_gap_or_tab() {
    let (bench, journal) = (Bench::start().await, MemoryJournal::default());
    let sink = sink(&bench, &journal);
    run(&sink, "r1", &orders(&[("A1", "open", 10)])).await;
    run(&sink, "r2", &orders(&[("A1", "paid", 10), ("A2", "x", 20), ("A3", "y", 30)])).await;
    run(&sink, "r3", &orders(&[("A4", "z", 40)])).await;
    bench.type_text("D1", "Sum");
    bench.type_text("D5", "=C5*2");
    bench.act(&Act::Sort { tab: "orders".into(), column: "A".into(), descending: true, header_rows: 1 });
    let (_, taken) = undo(&sink, &journal, "r2").await;
    assert_eq!(taken, 2);
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total|Sum", "A4|z|40|80", "A1|open|10"]);
    assert_eq!(bench.sheets.tabs(ID), ["Sheet1", "orders"]);
    // The rows come anew with the next run.
    run(&sink, "r4", &orders(&[("A1", "open", 10), ("A2", "x", 20)])).await;
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total|Sum", "A4|z|40|80", "A1|open|10", "A2|x|20"]);
}

#[tokio::test]
async fn a_formula_of_people_that_shows_nothing_keeps_its_row() {
    let (bench, journal) = (Bench::start().await, MemoryJournal::default());
    let sink = sink(&bench, &journal);
    run(&sink, "r1", &orders(&[("A1", "open", 10), ("A2", "open", 20)])).await;
    bench.type_text("E2", "=IF(C2>99,\"big\",\"\")");
    let (planned, taken) = undo(&sink, &journal, "r1").await;
    assert_eq!((planned.rows, taken), (2, 1));
    let rows = lines(&bench.rows());
    assert!(rows.len() == 2 && rows[1].starts_with("A1|open|10"), "{rows:?}");
    assert_eq!(bench.sheets.tabs(ID), ["Sheet1", "orders"]);
    bench.type_text("C2", "100");
    assert!(lines(&bench.rows())[1].ends_with("|big"), "the formula is whole: {:?}", bench.rows());
}

#[tokio::test]
async fn rows_that_people_move_in_that_second_are_never_lost() {
    // Before each of the calls that take rows away a person sorts.
    for call in 0..6 {
        for lost in [Fault::Pass, Fault::LoseAnswer, Fault::Refuse(503)] {
            let (bench, journal) = (Bench::start().await, MemoryJournal::default());
            let sink = sink(&bench, &journal);
            run(&sink, "r1", &orders(&[("A1", "open", 10), ("A3", "open", 30)])).await;
            run(&sink, "r2", &orders(&[("A2", "new", 20), ("A4", "new", 5)])).await;
            bench.type_text("D1", "Mine");
            bench.type_text("D2", "note");
            bench.type_text("C6", "77");
            let planned = sink.plan_undo(&committed(&journal, "r2").await, &spec()).await.unwrap();
            let sort =
                Act::Sort { tab: "orders".into(), column: "C".into(), descending: true, header_rows: 1 };
            bench.before(call, sort);
            bench.faults(&[vec![Fault::Pass; call], vec![lost]].concat());
            let mut taken = sink.take_rows(&planned).await;
            bench.faults(&[]);
            if taken.is_err() {
                taken = sink.take_rows(&planned).await;
            }
            taken.unwrap();
            let mut rows = lines(&bench.rows());
            rows[1..].sort();
            assert_eq!(
                rows,
                ["ID|Status|Total|Mine", "A1|open|10|note", "A3|open|30", "||77"].map(str::to_owned),
                "call {call}, {lost:?}"
            );
            assert_eq!(bench.sheets.tabs(ID), ["Sheet1", "orders"], "call {call}, {lost:?}");
        }
    }
}

#[tokio::test]
async fn rows_set_aside_by_a_process_that_died_come_back_before_it_goes_on() {
    let (bench, journal) = (Bench::start().await, MemoryJournal::default());
    let first = sink(&bench, &journal);
    run(&first, "r1", &orders(&[("A1", "open", 10)])).await;
    run(&first, "r2", &orders(&[("A2", "new", 20)])).await;
    let planned = first.plan_undo(&committed(&journal, "r2").await, &spec()).await.unwrap();
    // Google is down for good once the rows are set aside.
    bench.faults(&[&[Fault::Pass, Fault::Pass, Fault::Pass][..], &[Fault::Refuse(503); 40]].concat());
    assert!(first.take_rows(&planned).await.is_err());
    bench.faults(&[]);
    assert_eq!(bench.sheets.tabs(ID).len(), 3);
    let again = sink(&bench, &journal);
    let (_, taken) = undo(&again, &journal, "r2").await;
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|open|10"]);
    assert_eq!((taken, bench.sheets.tabs(ID).len()), (1, 2), "what was set aside is sorted out");
}
