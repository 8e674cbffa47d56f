//! Tabs by month: each row in the month of its day, wherever a run begins and ends.

use std::sync::Arc;

use exporter_core::testing::MemoryJournal;
use exporter_core::{
    Column, ColumnType, ExportSpec, Journal as _, JournalBatch, NewColumns, Origin, Plan, Sink, SystemClock,
    Table, Value,
};
use exporter_sandbox::person::Act;
use exporter_sheets::SheetsSink;

use crate::bench::{Bench, Fault, ID, client, lines};

fn spec() -> ExportSpec {
    ExportSpec { key: vec!["ID".into()], tab: "Orders {yyyy}-{mm}".into(), ..ExportSpec::new("orders") }
}

/// Orders by id, day and status.
fn orders(rows: &[(&str, &str, &str)]) -> Arc<Table> {
    let day = Column { kind: ColumnType::Date, ..Column::text("Day") };
    let mut table = Table::new(vec![Column::text("ID"), day, Column::text("Status")]);
    for (&(id, day, status), line) in rows.iter().zip(1..) {
        let cells = [id.into(), Value::Date(day.parse().unwrap()), status.into()];
        table.push(cells, Origin { page: 1, line });
    }
    Arc::new(table)
}

/// One run as the pipeline does it: tab by tab.
async fn run(sink: &SheetsSink, name: &str, table: &Arc<Table>) -> Vec<(Plan, Vec<String>)> {
    let mut plans = Vec::new();
    for part in sink.route(table, &spec()).await.unwrap() {
        let mut plan = sink.plan(&part.table, &part.spec).await.unwrap();
        name.clone_into(&mut plan.run);
        sink.apply(&plan).await.unwrap();
        plans.push((plan, part.notes));
    }
    plans
}

fn fresh(bench: &Bench) -> SheetsSink {
    SheetsSink::new(client(&bench.url, ID).unwrap())
}

fn tab(bench: &Bench, month: &str) -> Vec<String> {
    lines(&bench.sheets.rows(ID, &format!("Orders {month}")).unwrap_or_default())
}

#[tokio::test]
async fn a_run_over_the_end_of_a_month_reads_once_and_writes_each_tab_once() {
    let bench = Bench::start().await;
    let first = [("A", "2026-02-27", "open"), ("B", "2026-02-28", "open"), ("C", "2026-03-01", "open")];
    run(&bench.sink, "r1", &orders(&first)).await;
    assert_eq!(bench.sheets.tabs(ID), ["Sheet1", "Orders 2026-02", "Orders 2026-03"]);
    assert_eq!(tab(&bench, "2026-02"), ["ID|Day|Status", "A|2026-02-27|open", "B|2026-02-28|open"]);
    let sink = fresh(&bench);
    sink.check().await.unwrap();
    let before = bench.wire.bodies.lock().unwrap().len();
    // A late edit in February, a new row in March.
    let later = [("B", "2026-02-28", "paid"), ("C", "2026-03-01", "open"), ("D", "2026-03-02", "open")];
    let plans = run(&sink, "r2", &orders(&later)).await;
    assert_eq!(bench.wire.bodies.lock().unwrap().len() - before, 1 + 2, "one read, a write for each tab");
    let counts: Vec<_> = plans.iter().map(|(plan, _)| plan.changes.counts()).collect();
    assert_eq!((counts[0].updated, counts[0].new, counts[1].unchanged, counts[1].new), (1, 0, 1, 1));
    assert_eq!(tab(&bench, "2026-02")[2], "B|2026-02-28|paid");
    assert_eq!(tab(&bench, "2026-03"), ["ID|Day|Status", "C|2026-03-01|open", "D|2026-03-02|open"]);
    let sink = fresh(&bench);
    sink.check().await.unwrap();
    let before = bench.wire.bodies.lock().unwrap().len();
    assert!(run(&sink, "r3", &orders(&later)).await.iter().all(|(plan, _)| plan.changes.is_empty()));
    assert_eq!(bench.wire.bodies.lock().unwrap().len() - before, 1, "nothing to do takes one call");
}

#[tokio::test]
async fn a_row_whose_day_moved_to_another_month_is_not_doubled() {
    for (from, to) in [("2026-02-28", "2026-03-01"), ("2026-03-01", "2026-02-28")] {
        let bench = Bench::start().await;
        run(&bench.sink, "r1", &orders(&[("A", from, "open"), ("B", from, "open")])).await;
        let plans = run(&fresh(&bench), "r2", &orders(&[("A", to, "paid"), ("C", to, "open")])).await;
        let (stays, own) = (&from[..7], &to[..7]);
        assert_eq!(tab(&bench, stays), ["ID|Day|Status", &format!("A|{to}|paid"), &format!("B|{from}|open")]);
        assert_eq!(tab(&bench, own), ["ID|Day|Status", &format!("C|{to}|open")]);
        let notes: Vec<_> = plans.into_iter().flat_map(|(_, notes)| notes).collect();
        let note = format!(
            "`A` stays in the tab `Orders {stays}`, where it is, although its day is in `Orders {own}` now"
        );
        assert_eq!(notes, [note]);
    }
}

#[tokio::test]
async fn a_month_that_people_renamed_or_sorted_is_found() {
    let bench = Bench::start().await;
    run(&bench.sink, "r1", &orders(&[("A", "2026-02-27", "open"), ("B", "2026-02-28", "open")])).await;
    bench.act(&Act::RenameTab { tab: "Orders 2026-02".into(), title: "Februari".into() });
    let sort = Act::Sort { tab: "Februari".into(), column: "A".into(), descending: true, header_rows: 1 };
    bench.act(&sort);
    run(&fresh(&bench), "r2", &orders(&[("A", "2026-03-02", "paid"), ("B", "2026-02-28", "paid")])).await;
    assert_eq!(bench.sheets.tabs(ID), ["Sheet1", "Februari"]);
    let rows = lines(&bench.sheets.rows(ID, "Februari").unwrap());
    assert_eq!(rows, ["ID|Day|Status", "B|2026-02-28|paid", "A|2026-03-02|paid"]);
    // Renamed between the look at the structure and the read.
    let sink = fresh(&bench);
    sink.check().await.unwrap();
    bench.act(&Act::RenameTab { tab: "Februari".into(), title: "Feb".into() });
    run(&sink, "r3", &orders(&[("B", "2026-02-28", "sent")])).await;
    assert_eq!(lines(&bench.sheets.rows(ID, "Feb").unwrap())[1], "B|2026-02-28|sent");
}

#[tokio::test]
async fn a_lost_answer_in_either_month_doubles_nothing() {
    for lost in 1..=2 {
        let bench = Bench::start().await;
        run(&bench.sink, "r1", &orders(&[("A", "2026-02-28", "open")])).await;
        let mut faults = vec![Fault::Pass; 6];
        faults[lost] = Fault::LoseAnswer;
        let sink = fresh(&bench);
        sink.check().await.unwrap();
        bench.faults(&faults);
        run(&sink, "r2", &orders(&[("A", "2026-02-28", "paid"), ("B", "2026-03-01", "open")])).await;
        assert_eq!(tab(&bench, "2026-02"), ["ID|Day|Status", "A|2026-02-28|paid"], "call {lost} was lost");
        assert_eq!(tab(&bench, "2026-03"), ["ID|Day|Status", "B|2026-03-01|open"], "call {lost} was lost");
    }
}

#[tokio::test]
async fn a_run_over_two_months_is_taken_back_in_both() {
    let (bench, journal) = (Bench::start().await, MemoryJournal::default());
    let sink = || fresh(&bench).with_journal(Arc::new(journal.clone()), Arc::new(SystemClock));
    run(&sink(), "r1", &orders(&[("A", "2026-02-28", "open"), ("B", "2026-03-01", "open")])).await;
    run(&sink(), "r2", &orders(&[("A", "2026-02-28", "paid"), ("B", "2026-03-01", "paid")])).await;
    let batches: Vec<JournalBatch> =
        journal.batches_of("r2").await.unwrap().into_iter().map(|(batch, _)| batch).collect();
    assert_eq!(batches.len(), 2);
    for batch in &batches {
        let undo = sink().plan_undo(std::slice::from_ref(batch), &spec()).await.unwrap();
        assert_eq!((undo.cells, undo.rows, undo.left.len()), (1, 0, 0));
        sink().apply(&undo.plan).await.unwrap();
    }
    assert_eq!(tab(&bench, "2026-02")[1], "A|2026-02-28|open");
    assert_eq!(tab(&bench, "2026-03")[1], "B|2026-03-01|open");
}

#[tokio::test]
async fn a_new_month_has_all_columns_of_the_file() {
    let bench = Bench::start().await;
    run(&bench.sink, "r1", &orders(&[("A", "2026-02-28", "open")])).await;
    bench.act(&Act::DeleteColumns { tab: "Orders 2026-02".into(), at: "C".into(), count: 1 });
    assert_eq!(spec().new_columns, NewColumns::Freeze);
    run(&fresh(&bench), "r2", &orders(&[("B", "2026-02-28", "open"), ("C", "2026-03-01", "open")])).await;
    assert_eq!(tab(&bench, "2026-02"), ["ID|Day", "A|2026-02-28", "B|2026-02-28"]);
    assert_eq!(tab(&bench, "2026-03"), ["ID|Day|Status", "C|2026-03-01|open"]);
}
