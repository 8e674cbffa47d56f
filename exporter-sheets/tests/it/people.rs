//! People work in the tab: their columns, rows and order survive, and ours are found.

use exporter_core::{ErrorKind, Sink as _};
use exporter_sandbox::person::Act;

use crate::bench::{Bench, ID, client, lines, orders};

fn sort(column: &str) -> Act {
    Act::Sort { tab: "orders".into(), column: column.into(), descending: true, header_rows: 1 }
}

#[tokio::test]
async fn columns_of_people_between_and_beside_ours_stay_untouched() {
    let bench = Bench::start().await;
    bench.sheets.add_tab(ID, "orders").unwrap();
    for (cell, text) in [("A1", "Total"), ("B1", "Mine"), ("C1", "ID"), ("D1", "Status"), ("F1", "Check")] {
        bench.type_text(cell, text);
    }
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    bench.type_text("B2", "hello");
    bench.type_text("F3", "=A3*2");
    bench.run(&orders(&[("A1", "paid", 11), ("A2", "paid", 21), ("A3", "new", 30)])).await.unwrap();
    let expected = ["Total|Mine|ID|Status||Check", "11|hello|A1|paid", "21||A2|paid||42", "30||A3|new"];
    assert_eq!(lines(&bench.rows()), expected);
}

#[tokio::test]
async fn rows_that_people_sort_between_two_runs_are_found() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20), ("A3", "open", 30)])).await.unwrap();
    bench.act(&sort("A"));
    bench.run(&orders(&[("A1", "paid", 10)])).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A3|open|30", "A2|open|20", "A1|paid|10"]);
}

#[tokio::test]
async fn rows_sorted_between_plan_and_write_are_put_right() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20), ("A3", "late", 30)])).await.unwrap();
    let later = orders(&[("A1", "paid", 10), ("A4", "open", 40)]);
    let plan = bench.plan(&later).await.unwrap();
    bench.act(&sort("A"));
    let receipt = bench.sink.apply(&plan).await.unwrap();
    assert!(receipt.verified && receipt.notes.iter().any(|note| note.contains("put right")), "{receipt:?}");
    let mut rows = lines(&bench.rows());
    rows[1..].sort();
    assert_eq!(rows, ["ID|Status|Total", "A1|paid|10", "A2|open|20", "A3|late|30", "A4|open|40"]);
    assert!(bench.plan(&later).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn a_row_that_people_typed_is_put_back_when_our_write_hits_it() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    bench.type_text("B4", "mine");
    bench.type_text("C4", "99");
    let plan = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap();
    // By total, largest first: the keyless row comes to where A1 was.
    bench.act(&sort("C"));
    bench.sink.apply(&plan).await.unwrap();
    let mut rows = lines(&bench.rows());
    rows[1..].sort();
    assert_eq!(rows, ["ID|Status|Total", "A1|paid|10", "A2|open|20", "|mine|99"]);
}

#[tokio::test]
async fn rows_inserted_between_plan_and_write_are_put_right() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    let plan = bench.plan(&orders(&[("A1", "paid", 10), ("A3", "x", 30)])).await.unwrap();
    bench.act(&Act::InsertRows { tab: "orders".into(), at: 2, count: 1 });
    bench.sink.apply(&plan).await.unwrap();
    let mut rows: Vec<_> = lines(&bench.rows()).into_iter().filter(|row| !row.is_empty()).collect();
    rows[1..].sort();
    assert_eq!(rows, ["ID|Status|Total", "A1|paid|10", "A2|open|20", "A3|x|30"]);
}

#[tokio::test]
async fn a_plan_from_elsewhere_is_refused_when_the_sheet_has_moved() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    let plan = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap();
    bench.act(&sort("A"));
    let other = exporter_sheets::SheetsSink::new(client(&bench.url, ID).unwrap());
    assert_eq!(other.apply(&plan).await.unwrap_err().kind(), ErrorKind::SheetMoved);
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A2|open|20", "A1|open|10"]);
}

#[tokio::test]
async fn a_missing_key_a_double_name_and_foreign_content_are_refused_with_the_cell() {
    let bench = Bench::start().await;
    let table = orders(&[("A1", "open", 10)]);
    bench.run(&table).await.unwrap();
    bench.type_text("D1", "Status");
    let error = bench.plan(&table).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetLayout);
    assert!(error.to_string().contains("B1 and D1"), "{error}");
    bench.type_text("D1", "");
    bench.type_text("A1", "Number");
    let error = bench.plan(&table).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetLayout);
    assert!(error.to_string().contains("`ID`") && error.to_string().contains("row 1"), "{error}");
}

#[tokio::test]
async fn a_second_exporter_on_the_same_state_writes_nothing() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10)])).await.unwrap();
    let later = orders(&[("A1", "open", 10), ("A2", "open", 20)]);
    let other = exporter_sheets::SheetsSink::new(client(&bench.url, ID).unwrap());
    let theirs = other.plan(&later, &crate::bench::spec()).await.unwrap();
    let ours = bench.plan(&later).await.unwrap();
    bench.sink.apply(&ours).await.unwrap();
    assert_eq!(other.apply(&theirs).await.unwrap_err().kind(), ErrorKind::SheetMoved);
    assert_eq!(bench.rows().len(), 3);
    assert!(other.plan(&later, &crate::bench::spec()).await.unwrap().changes.is_empty());
}
