//! Taking a run back, and edits of people told from changes in the panel.

use std::sync::Arc;

use exporter_core::testing::MemoryJournal;
use exporter_core::{BatchState, ErrorKind, Journal as _, JournalBatch, Plan, Sink as _, SystemClock, Table};
use exporter_sandbox::person::Act;
use exporter_sheets::SheetsSink;

use crate::bench::{Bench, ID, client, lines, orders, spec};

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
    let mut rows = lines(&bench.rows());
    rows[1..].sort();
    assert_eq!(
        rows,
        ["ID|Status|Total|Mine", "", "A1|open|10", "A2|mine|20", "A3|open|30", "A5|new|50|keep"]
    );
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
