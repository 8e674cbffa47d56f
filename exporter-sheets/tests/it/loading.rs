//! Many new rows: they go ahead into a tab of their own, whatever comes in between.

use std::sync::Arc;

use chrono::NaiveDate;
use exporter_core::{Plan, Sink as _, Table, Value};
use exporter_sandbox::person::Act;
use exporter_sheets::SheetsSink;
use serde_json::json;

use crate::bench::{Bench, Fault, ID, client, lines, spec, table};

/// Small enough for a handful of rows to be many.
const BYTES: usize = 500;

fn sink(bench: &Bench) -> SheetsSink {
    SheetsSink::new(client(&bench.url, ID).unwrap()).with_request_bytes(BYTES)
}

/// Orders of these numbers.
fn many(numbers: std::ops::Range<i64>) -> Arc<Table> {
    table(
        &["ID", "Status", "Total"],
        numbers.map(|number| [Value::text(format!("A{number:03}")), "open".into(), Value::Integer(number)]),
    )
}

async fn run(sink: &SheetsSink, table: &Arc<Table>) -> (Plan, u32) {
    let plan = sink.plan(table, &spec()).await.unwrap();
    let receipt = sink.apply(&plan).await.unwrap();
    assert!(receipt.verified);
    (plan, receipt.calls)
}

/// What the tab is to show for these numbers.
fn shown(numbers: std::ops::Range<i64>) -> Vec<String> {
    let rows = numbers.map(|number| format!("A{number:03}|open|{number}"));
    std::iter::once("ID|Status|Total".to_owned()).chain(rows).collect()
}

#[tokio::test]
async fn many_rows_take_few_short_calls_and_leave_no_tab_behind() {
    let bench = Bench::start().await;
    let (plan, calls) = run(&sink(&bench), &many(0..60)).await;
    assert_eq!(lines(&bench.rows()), shown(0..60));
    assert_eq!(calls, plan.expected_calls);
    let sent: usize = bench.wire.bodies.lock().unwrap().iter().map(String::len).sum();
    assert!(!bench.wire.bodies.lock().unwrap().iter().any(|body| body.contains("null")));
    assert_eq!(bench.sheets.tabs(ID), ["Sheet1", "orders"]);
    assert!(sink(&bench).plan(&many(0..60), &spec()).await.unwrap().changes.is_empty());

    let other = Bench::start().await;
    let long = SheetsSink::new(client(&other.url, ID).unwrap()).with_request_bytes(4 * BYTES);
    run(&long, &many(0..20)).await;
    let in_full: usize = other.wire.bodies.lock().unwrap().iter().map(String::len).sum();
    assert!(sent < 3 * in_full, "60 rows in {sent} bytes, 20 in the long form in {in_full}");
}

#[tokio::test]
async fn types_formats_and_columns_of_people_are_as_in_the_long_form() {
    let bench = Bench::start().await;
    let day = NaiveDate::from_ymd_opt(2025, 9, 12).unwrap();
    let at = Value::DateTime(day.and_hms_opt(14, 3, 7).unwrap());
    let texts = ["=1+1", "+62812345", "0042", "1/2", "TRUE", "12:30", "", "'x", "a\"b\\c\n"];
    let row = |text: &&str, id: i64| {
        let half = Value::Decimal("0.5".parse().unwrap());
        [Value::Integer(id), Value::text(text), Value::Date(day), at.clone(), Value::Bool(true), half]
    };
    let names = ["ID", "Text", "Day", "At", "Yes", "Half"];
    let of = |ids: std::ops::Range<i64>| {
        table(&names, texts.iter().cycle().zip(ids).map(|(text, id)| row(text, id)))
    };
    run(&sink(&bench), &of(0..45)).await;
    // A column of people's in between, and our columns in another order.
    bench.act(&Act::InsertColumns { tab: "orders".into(), at: "C".into(), count: 1 });
    bench.type_text("C1", "Catatan");
    bench.type_text("C3", "mine");
    bench.act(&Act::MoveColumn { tab: "orders".into(), from: "G".into(), to: "A".into() });
    run(&sink(&bench), &of(0..90)).await;
    let (raw, seen) = (bench.sheets.raw_rows(ID, "orders").unwrap(), bench.rows());
    assert_eq!(
        (raw.len(), &seen[0]),
        (91, &["Half", "ID", "Text", "Catatan", "Day", "At", "Yes"].map(String::from).to_vec())
    );
    for (number, text) in (1..=90).zip(texts.iter().cycle().take(45).chain(texts.iter().cycle().take(45))) {
        let (raw, seen) = (&raw[number], &seen[number]);
        assert_eq!(
            (&raw[0], raw[1].as_f64(), &raw[6]),
            (&json!(0.5), Some(f64::from(u32::try_from(number).unwrap()) - 1.0), &json!(true))
        );
        assert_eq!(raw[2].as_str().unwrap_or_default(), *text, "row {number}");
        assert_eq!(seen[3..6], [if number == 2 { "mine" } else { "" }, "2025-09-12", "2025-09-12 14:03:07"]);
    }
    assert!(sink(&bench).plan(&of(0..90), &spec()).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn each_call_may_fail_before_or_after_its_effect_or_have_it_late() {
    for call in 0..12 {
        for fault in [Fault::Refuse(503), Fault::Refuse(429), Fault::LoseAnswer, Fault::Hold] {
            let bench = Bench::start().await;
            let mut faults = vec![Fault::Pass; call];
            faults.extend([fault, Fault::Pass, Fault::Pass, Fault::Release]);
            let sink = sink(&bench);
            sink.check().await.unwrap();
            bench.faults(&faults);
            run(&sink, &many(0..60)).await;
            bench.faults(&[Fault::Release]);
            let plan = sink.plan(&many(0..60), &spec()).await.unwrap();
            assert!(plan.changes.is_empty(), "call {call}, {fault:?}: {:?}", plan.changes.counts());
            assert_eq!(lines(&bench.rows()), shown(0..60), "call {call}, {fault:?}");
        }
    }
}

#[tokio::test]
async fn what_a_process_left_behind_goes_with_the_next_write() {
    for calls in 1..6 {
        let bench = Bench::start().await;
        let mut down = vec![Fault::Pass; calls];
        down.extend([Fault::Refuse(503); 30]);
        let first = sink(&bench);
        let plan = first.plan(&many(0..60), &spec()).await.unwrap();
        bench.faults(&down);
        first.apply(&plan).await.unwrap_err();
        bench.faults(&[]);
        drop(first);
        run(&sink(&bench), &many(0..60)).await;
        assert_eq!(lines(&bench.rows()), shown(0..60), "{calls} calls");
        assert_eq!(bench.sheets.tabs(ID), ["Sheet1", "orders"], "{calls} calls");
    }
}

#[tokio::test]
async fn the_tab_may_be_renamed_or_changed_under_our_hands() {
    for call in 2..8 {
        let bench = Bench::start().await;
        let sink = sink(&bench);
        let plan = sink.plan(&many(0..60), &spec()).await.unwrap();
        bench.rename_load_before(call);
        sink.apply(&plan).await.unwrap();
        assert_eq!(lines(&bench.rows()), shown(0..60), "call {call}");
        run(&sink, &many(0..61)).await;
        assert_eq!(bench.sheets.tabs(ID), ["Sheet1", "orders"], "call {call}");
    }
}

#[tokio::test]
async fn without_room_for_a_second_copy_rows_go_the_long_way() {
    let bench = Bench::start().await;
    bench.sheets.add_tab(ID, "orders").unwrap();
    // Room for 42 rows of 26 columns, which is not enough for 40 and their copy.
    let sheet = bench.sheets.spreadsheet(ID).unwrap().tab_named("Sheet1").unwrap().id;
    let properties = json!({ "sheetId": sheet, "gridProperties": { "rowCount": 10_000_000 / 26 - 1_042 } });
    let grow = json!({ "properties": properties, "fields": "gridProperties.rowCount" });
    bench.as_owner(&json!({ "updateSheetProperties": grow })).await;
    run(&sink(&bench), &many(0..40)).await;
    assert_eq!(lines(&bench.rows()), shown(0..40));
    assert!(!bench.wire.bodies.lock().unwrap().iter().any(|body| body.contains("exporter load")));
}

#[tokio::test]
async fn changed_cells_go_in_as_many_parts_as_it_takes() {
    let bench = Bench::start().await;
    let sink = sink(&bench);
    run(&sink, &many(0..150)).await;
    let rows =
        (0..150).map(|number| [Value::text(format!("A{number:03}")), "paid".into(), Value::Integer(number)]);
    let paid = table(&["ID", "Status", "Total"], rows);
    let (plan, _) = run(&sink, &paid).await;
    assert!(plan.expected_calls > 12, "{} calls", plan.expected_calls);
    assert!(bench.rows()[1..].iter().all(|row| row[1] == "paid"));
}
