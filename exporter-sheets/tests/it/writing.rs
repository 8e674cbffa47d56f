//! First fill, second run, exact changes, types, wide and missing tabs.

use std::sync::Arc;

use chrono::NaiveDate;
use exporter_core::{ErrorKind, ExportSpec, LongTexts, Origin, Sink as _, Table, Value};
use serde_json::json;

use crate::bench::{Bench, Fault, ID, lines, orders, spec, table};

#[tokio::test]
async fn a_first_fill_takes_two_calls_and_a_second_run_finds_nothing() {
    let bench = Bench::start().await;
    let table = orders(&[("A1", "paid", 10), ("A2", "open", 20)]);
    let (plan, receipt) = bench.run(&table).await.unwrap();
    assert_eq!((plan.changes.inserts.len(), plan.calls, receipt.calls), (2, 1, 1));
    assert!(receipt.verified && receipt.bytes > 0);
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|paid|10", "A2|open|20"]);
    let (plan, receipt) = bench.run(&table).await.unwrap();
    assert!(plan.changes.is_empty(), "{:?}", plan.changes);
    assert_eq!((plan.changes.unchanged, plan.calls, receipt.calls), (2, 1, 0));
}

#[tokio::test]
async fn exactly_the_changed_cells_are_written_and_new_rows_come_below() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "paid", 10), ("A2", "open", 20), ("A3", "open", 30)])).await.unwrap();
    let later = orders(&[("A2", "paid", 20), ("A3", "open", 31), ("A4", "open", 40)]);
    let (plan, receipt) = bench.run(&later).await.unwrap();
    assert_eq!((receipt.inserted, receipt.updated, receipt.cells), (1, 2, 2));
    assert_eq!((plan.calls, receipt.calls), (1, 1));
    let expected = ["ID|Status|Total", "A1|paid|10", "A2|paid|20", "A3|open|31", "A4|open|40"];
    assert_eq!(lines(&bench.rows()), expected);
    assert!(bench.plan(&later).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn four_tabs_share_one_look_at_the_structure() {
    let bench = Bench::start().await;
    for tab in ["a", "b", "c", "d"] {
        let spec = ExportSpec { tab: tab.into(), ..spec() };
        let plan = bench.sink.plan(&orders(&[("1", "x", 1)]), &spec).await.unwrap();
        bench.sink.apply(&plan).await.unwrap();
    }
    assert_eq!(bench.client.calls(), 1 + 4);
    for tab in ["a", "b", "c", "d"] {
        let spec = ExportSpec { tab: tab.into(), ..spec() };
        assert!(bench.sink.plan(&orders(&[("1", "x", 1)]), &spec).await.unwrap().changes.is_empty());
    }
    assert_eq!(bench.client.calls(), 1 + 4 + 4);
}

#[tokio::test]
async fn text_stays_text_and_days_are_days() {
    let bench = Bench::start().await;
    let day = NaiveDate::from_ymd_opt(2025, 9, 12).unwrap();
    let texts = ["=1+1", "+62812345", "0042", "1/2", "TRUE", "12:30"];
    let rows = texts.iter().map(|text| {
        [
            Value::text(text),
            Value::Date(day),
            Value::DateTime(day.and_hms_opt(14, 3, 7).unwrap()),
            Value::Bool(true),
        ]
    });
    let table = table(&["ID", "Day", "At", "Yes"], rows);
    bench.run(&table).await.unwrap();
    let raw = bench.sheets.raw_rows(ID, "orders").unwrap();
    for (row, text) in raw[1..].iter().zip(texts) {
        assert_eq!((&row[0], row[1].as_f64(), &row[3]), (&json!(text), Some(45912.0), &json!(true)));
    }
    assert_eq!(lines(&bench.rows())[1], "=1+1|2025-09-12|2025-09-12 14:03:07|TRUE");
    assert!(bench.plan(&table).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn empty_cells_stay_empty_and_can_become_so() {
    let bench = Bench::start().await;
    let names = ["ID", "Note", "Total"];
    let first = table(
        &names,
        [["1".into(), Value::Empty, Value::Integer(5)], ["2".into(), "x".into(), Value::Empty]].into_iter(),
    );
    bench.run(&first).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Note|Total", "1||5", "2|x"]);
    let second = table(&names, [["2".into(), Value::Empty, Value::Integer(7)]].into_iter());
    bench.run(&second).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Note|Total", "1||5", "2||7"]);
    for body in &*bench.wire.bodies.lock().unwrap() {
        assert!(!body.contains("null"), "{body}");
    }
}

#[tokio::test]
async fn twenty_seven_columns_and_many_rows_widen_the_grid() {
    let bench = Bench::start().await;
    bench.sheets.add_tab(ID, "orders").unwrap();
    let names: Vec<String> = (0..27).map(|column| format!("c{column}")).collect();
    let mut wide = Table::with_names(&names);
    for row in 0..1500_i64 {
        wide.push((0..27).map(|column| Value::Integer(row * 27 + column)), Origin { page: 1, line: 1 });
    }
    let wide = Arc::new(wide);
    let spec = ExportSpec { key: vec!["c0".into()], ..spec() };
    let plan = bench.sink.plan(&wide, &spec).await.unwrap();
    bench.sink.apply(&plan).await.unwrap();
    let rows = bench.rows();
    assert_eq!((rows.len(), rows[0].len(), rows[1500][26].as_str()), (1501, 27, "40499"));
    assert!(bench.sink.plan(&wide, &spec).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn without_a_key_rows_are_only_added() {
    let bench = Bench::start().await;
    let spec = ExportSpec { key: Vec::new(), ..spec() };
    let run = async |table: &Arc<Table>| {
        let plan = bench.sink.plan(table, &spec).await.unwrap();
        bench.sink.apply(&plan).await.unwrap().inserted
    };
    assert_eq!(run(&orders(&[("A", "x", 1), ("A", "x", 1)])).await, 2);
    assert_eq!(run(&orders(&[("A", "x", 1), ("A", "x", 1), ("A", "x", 1), ("B", "y", 2)])).await, 2);
    assert_eq!(bench.rows().len(), 5);
}

#[tokio::test]
async fn a_text_too_long_for_a_cell_is_refused_before_anything_is_written() {
    let bench = Bench::start().await;
    let long = "x".repeat(50_001);
    let error = bench.plan(&orders(&[("A", &long, 1)])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetFull);
    let text = "the text in `Status` of `A` is longer than the 50000 characters of a cell";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[tokio::test]
async fn a_text_too_long_for_a_cell_is_cut_where_that_is_wanted_and_is_then_unchanged() {
    let bench = Bench::start().await;
    let spec = ExportSpec { long_texts: LongTexts::Truncate, ..spec() };
    let table = orders(&[("A", &"é".repeat(60_000), 1), ("B", &"x".repeat(50_000), 2)]);
    let plan = bench.sink.plan(&table, &spec).await.unwrap();
    let note = "the text in `Status` of `A` was cut to 50000 characters from 60000";
    assert!(plan.notes.iter().any(|other| other == note), "{:?}", plan.notes);
    bench.sink.apply(&plan).await.unwrap();
    let rows = bench.rows();
    assert!(rows[1][1].ends_with("é… [cut: 60000 characters]"));
    assert_eq!(rows[2][1].len(), 50_000);
    assert!(bench.sink.plan(&table, &spec).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn a_large_first_load_goes_in_parts_and_is_taken_up_where_it_stopped() {
    let bench = Bench::start().await;
    let names: Vec<String> = (0..27).map(|column| format!("c{column}")).collect();
    let mut large = Table::with_names(&names);
    for row in 0..3_000_u32 {
        let cells = (0..27).map(|column| Value::text(format!("row {row} column {column}")));
        large.push(cells, Origin { page: 1, line: row + 2 });
    }
    let large = Arc::new(large);
    let spec = ExportSpec { key: vec!["c0".into()], ..spec() };
    let plan = bench.sink.plan(&large, &spec).await.unwrap();
    // The second part meets a service that is down for good.
    let mut down = vec![Fault::Refuse(503); 12];
    down[0] = Fault::Pass;
    bench.faults(&down);
    assert_eq!(bench.sink.apply(&plan).await.unwrap_err().kind(), ErrorKind::GoogleDown);
    bench.faults(&[]);
    let there = bench.rows().len() - 1;
    assert!(there > 0 && there < 3_000, "{there} rows are there");
    let rest = bench.sink.plan(&large, &spec).await.unwrap();
    assert_eq!((rest.changes.inserts.len(), rest.changes.unchanged), (3_000 - there, there));
    let receipt = bench.sink.apply(&rest).await.unwrap();
    assert_eq!(receipt.calls, rest.expected_calls);
    let rows = bench.rows();
    assert_eq!((rows.len(), rows[3_000][26].as_str()), (3_001, "row 2999 column 26"));
    assert!(bench.wire.bodies.lock().unwrap().iter().all(|body| body.len() < 2_000_000));
    assert!(bench.sink.plan(&large, &spec).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn answers_are_asked_for_packed_and_read_all_the_same() {
    let bench = Bench::start().await;
    let rows = |status: &'static str| {
        table(&["ID", "Status"], (0..400_i64).map(move |id| [Value::text(format!("T{id}")), status.into()]))
    };
    bench.run(&rows("open")).await.unwrap();
    let (plan, _) = bench.run(&rows("open")).await.unwrap();
    assert_eq!(plan.changes.unchanged, 400, "a packed answer of many rows is read whole");
    for head in bench.wire.heads.lock().unwrap().iter() {
        let says = |name: &str| head.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        // Google packs only for who says so twice.
        assert_eq!(says("accept-encoding"), "gzip");
        assert!(says("user-agent").contains("gzip"), "{head:?}");
    }
}
