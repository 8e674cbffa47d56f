//! People work in the tab: their columns, rows and order survive, and ours are found.

use std::sync::Arc;

use exporter_core::testing::MemoryJournal;
use exporter_core::{ErrorKind, ExportSpec, NewColumns, Sink as _, SystemClock};
use exporter_sandbox::person::Act;
use exporter_sheets::SheetsSink;

use crate::bench::{Bench, ID, client, lines, orders, spec};

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
async fn a_cell_that_people_changed_to_what_the_panel_says_later_is_ours_again() {
    let mut bench = Bench::start().await;
    let journal = Arc::new(MemoryJournal::default());
    bench.sink =
        SheetsSink::new(client(&bench.url, ID).unwrap()).with_journal(journal, Arc::new(SystemClock));
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    bench.type_text("B2", "paid");
    let plan = bench.plan(&orders(&[("A1", "paid", 10), ("A2", "open", 20)])).await.unwrap();
    assert!(plan.changes.is_empty() && plan.changes.conflicts.is_empty());
    bench.run(&orders(&[("A1", "void", 10), ("A2", "open", 21)])).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|void|10", "A2|open|21"]);
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
    assert_eq!(error.to_string(), "the header of our column `ID` now says `Number` (tab: orders, cell: A1)");
    bench.act(&Act::DeleteColumns { tab: "orders".into(), at: "A".into(), count: 1 });
    let error = exporter_sheets::SheetsSink::new(client(&bench.url, ID).unwrap());
    let error = error.plan(&table, &crate::bench::spec()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetLayout);
    assert!(error.to_string().contains("no column `ID`") && error.to_string().contains("row 1"), "{error}");
}

#[tokio::test]
async fn a_renamed_header_is_refused_with_its_cell_and_a_renamed_tab_is_found() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10)])).await.unwrap();
    bench.type_text("B1", "Keadaan");
    let error = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetLayout);
    assert_eq!(
        error.to_string(),
        "the header of our column `Status` now says `Keadaan` (tab: orders, cell: B1)"
    );
    bench.type_text("B1", "Status");
    bench.act(&Act::RenameTab { tab: "orders".into(), title: "Pesanan 2026".into() });
    bench.run(&orders(&[("A1", "paid", 10), ("A2", "open", 20)])).await.unwrap();
    assert_eq!(bench.sheets.tabs(ID), ["Sheet1", "Pesanan 2026"]);
    let rows = bench.sheets.rows(ID, "Pesanan 2026").unwrap();
    assert_eq!(lines(&rows), ["ID|Status|Total", "A1|paid|10", "A2|open|20"]);
}

#[tokio::test]
async fn columns_moved_between_plan_and_write_are_put_right() {
    for (from, to) in [("B", "A"), ("D", "A"), ("A", "D"), ("C", "B")] {
        let bench = Bench::start().await;
        bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
        for (cell, text) in [("D1", "Mine"), ("D2", "hello"), ("D4", "own row"), ("B4", "note")] {
            bench.type_text(cell, text);
        }
        let plan = bench.plan(&orders(&[("A2", "paid", 20), ("A3", "open", 30)])).await.unwrap();
        bench.act(&Act::MoveColumn { tab: "orders".into(), from: from.into(), to: to.into() });
        let receipt = bench.sink.apply(&plan).await.unwrap();
        assert!(
            receipt.verified && receipt.notes.iter().any(|note| note.contains("put right")),
            "{receipt:?}"
        );
        let rows = bench.rows();
        let column = |name: &str| rows[0].iter().position(|cell| cell == name).unwrap();
        let order = ["ID", "Status", "Total", "Mine"].map(column);
        let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
        let mut seen: Vec<String> =
            rows[1..].iter().map(|row| order.map(|column| cell(row, column)).join("|")).collect();
        seen.sort();
        assert_eq!(
            seen,
            ["A1|open|10|hello", "A2|paid|20|", "A3|open|30|", "|note||own row"],
            "{from} to {to}"
        );
    }
}

#[tokio::test]
async fn an_empty_tab_that_people_fill_meanwhile_keeps_what_they_typed() {
    let bench = Bench::start().await;
    bench.sheets.add_tab(ID, "orders").unwrap();
    let plan = bench.plan(&orders(&[("A1", "open", 10)])).await.unwrap();
    bench.type_text("A1", "mine");
    bench.sink.apply(&plan).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|open|10", "mine"]);
}

#[tokio::test]
async fn a_new_column_pushes_those_of_people_on() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    bench.type_text("D1", "Mine");
    bench.type_text("D2", "hello");
    let rows = [["A1", "paid", "10", "Bogor"], ["A3", "open", "30", "Solo"]];
    let rows = rows.into_iter().map(|[id, status, total, city]| {
        [id.into(), status.into(), exporter_core::Value::Integer(total.parse().unwrap()), city.into()]
    });
    let wider = crate::bench::table(&["ID", "Status", "Total", "City"], rows);
    let spec = ExportSpec { new_columns: NewColumns::Add, ..spec() };
    let plan = bench.sink.plan(&wider, &spec).await.unwrap();
    assert_eq!(plan.notes, ["the column `City` is new: D1"]);
    bench.act(&sort("A"));
    bench.sink.apply(&plan).await.unwrap();
    let mut rows = lines(&bench.rows());
    rows[1..].sort();
    assert_eq!(
        rows,
        ["ID|Status|Total|City|Mine", "A1|paid|10|Bogor|hello", "A2|open|20", "A3|open|30|Solo"]
    );
    assert!(bench.sink.plan(&wider, &spec).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn a_column_that_people_deleted_stays_away_until_they_want_it() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10)])).await.unwrap();
    bench.act(&Act::DeleteColumns { tab: "orders".into(), at: "B".into(), count: 1 });
    let later = orders(&[("A1", "paid", 11), ("A2", "open", 20)]);
    let plan = bench.plan(&later).await.unwrap();
    assert_eq!(
        plan.notes,
        [
            "left out, because the tab has no such column: `Status`; to have it added, set `columns = \"add\"` \
          for the export `orders`, or type its name into the tab's header"
        ]
    );
    bench.sink.apply(&plan).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Total", "A1|11", "A2|20"]);
    // Deleted while we write: nothing of it comes back, and the run may start over.
    let plan = bench.plan(&orders(&[("A1", "paid", 12)])).await.unwrap();
    bench.act(&Act::DeleteColumns { tab: "orders".into(), at: "B".into(), count: 1 });
    let error = bench.sink.apply(&plan).await.unwrap_err();
    assert_eq!((error.kind(), lines(&bench.rows())[0].as_str()), (ErrorKind::SheetMoved, "ID"));
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
