//! Writes that go astray in the worst ways: late, with their answer lost, under people's hands,
//! and a tab that is taken away between two calls.

use std::sync::Arc;

use exporter_core::testing::MemoryJournal;
use exporter_core::{ErrorKind, Sink as _, SystemClock, Value};
use exporter_sandbox::oauth::SERVICE_ACCOUNT;
use exporter_sandbox::person::Act;
use exporter_sheets::SheetsSink;

use crate::bench::Fault::{Hold, LoseAnswer, Pass, Refuse, Release};
use crate::bench::{Bench, ID, client, lines, orders, spec, table};

fn tab() -> String {
    "orders".into()
}

fn types(cell: &str, text: &str) -> Act {
    Act::Type { tab: tab(), cell: cell.into(), text: text.into() }
}

fn sort(column: &str) -> Act {
    Act::Sort { tab: tab(), column: column.into(), descending: true, header_rows: 1 }
}

fn move_column(from: &str, to: &str) -> Act {
    Act::MoveColumn { tab: tab(), from: from.into(), to: to.into() }
}

/// Rows from 1 on, to before another one.
fn move_rows(at: usize, count: usize, to: usize) -> Act {
    Act::MoveRows { tab: tab(), at, count, to }
}

/// A sink with a journal: it knows what it wrote last.
fn with_journal(bench: &Bench) -> SheetsSink {
    let journal = Arc::new(MemoryJournal::default());
    SheetsSink::new(client(&bench.url, ID).unwrap()).with_journal(journal, Arc::new(SystemClock))
}

fn sorted(bench: &Bench) -> Vec<String> {
    let mut rows = lines(&bench.rows());
    rows[1..].sort();
    rows
}

#[tokio::test]
async fn an_edit_that_was_read_comes_back_when_a_late_write_hits_it() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20), ("A3", "open", 30)])).await.unwrap();
    let plan = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap();
    // The write is lost; people sort, so that A3 comes to where A1 was, and edit A3. That is
    // read. The second write goes out, and only then the first one has its effect.
    bench.faults(&[Hold, Pass, Release]);
    bench.acts(&[&[], &[sort("A"), types("B2", "edited")]]);
    bench.sink.apply(&plan).await.unwrap();
    assert_eq!(sorted(&bench), ["ID|Status|Total", "A1|paid|10", "A2|open|20", "A3|edited|30"]);
}

#[tokio::test]
async fn an_edit_that_was_read_comes_back_when_a_late_write_arrives_where_it_was_meant_to() {
    let bench = Bench::start().await;
    let sink = with_journal(&bench);
    let first = sink.plan(&orders(&[("A1", "open", 10), ("A2", "open", 20)]), &spec()).await.unwrap();
    sink.apply(&first).await.unwrap();
    let later = orders(&[("A1", "paid", 10), ("A2", "paid", 20)]);
    let plan = sink.plan(&later, &spec()).await.unwrap();
    bench.faults(&[Hold, Pass, Release]);
    bench.acts(&[&[], &[types("B2", "edited")]]);
    sink.apply(&plan).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|edited|10", "A2|paid|20"]);
}

#[tokio::test]
async fn an_edit_of_a_row_whose_answer_was_lost_is_kept() {
    let bench = Bench::start().await;
    let sink = with_journal(&bench);
    let first = sink.plan(&orders(&[("A1", "open", 10)]), &spec()).await.unwrap();
    sink.apply(&first).await.unwrap();
    let later = orders(&[("A1", "open", 10), ("A2", "open", 20)]);
    let plan = sink.plan(&later, &spec()).await.unwrap();
    bench.faults(&[LoseAnswer]);
    bench.acts(&[&[], &[types("B3", "edited")]]);
    sink.apply(&plan).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|open|10", "A2|edited|20"]);
    assert!(sink.plan(&later, &spec()).await.unwrap().changes.updates.is_empty(), "now and later");
}

#[tokio::test]
async fn columns_that_move_before_a_write_whose_answer_is_lost_are_put_right() {
    for (from, to) in [("A", "D"), ("B", "A"), ("C", "A"), ("D", "B")] {
        let bench = Bench::start().await;
        bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
        for (cell, text) in [("D1", "Mine"), ("D2", "hello"), ("D4", "own row"), ("B4", "note")] {
            bench.type_text(cell, text);
        }
        let plan = bench.plan(&orders(&[("A2", "paid", 21), ("A3", "open", 30)])).await.unwrap();
        bench.faults(&[LoseAnswer]);
        // And once more before it is read, so that nothing stands where it was written.
        bench.acts(&[&[move_column(from, to)], &[move_column("D", "A"), sort("B")]]);
        bench.sink.apply(&plan).await.unwrap();
        let rows = bench.rows();
        let order = ["ID", "Status", "Total", "Mine"]
            .map(|name| rows[0].iter().position(|cell| cell == name).unwrap());
        let text =
            |row: &Vec<String>| order.map(|column| row.get(column).map_or("", String::as_str)).join("|");
        let mut seen: Vec<String> = rows[1..].iter().map(text).collect();
        seen.sort();
        let expected = ["A1|open|10|hello", "A2|paid|21|", "A3|open|30|", "|note||own row"];
        assert_eq!(seen, expected, "{from} to {to}");
    }
}

#[tokio::test]
async fn a_row_that_two_writes_could_have_made_is_put_right() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20), ("A3", "open", 11)])).await.unwrap();
    bench.run(&orders(&[("A4", "open", 40)])).await.unwrap();
    let plan = bench.plan(&orders(&[("A1", "paid", 11), ("A2", "paid", 20)])).await.unwrap();
    // A4 and A3 come to where A1 and A2 were: what was meant for A2 makes A3 look as if it had
    // got what was meant for A1.
    bench.acts(&[&[move_rows(2, 2, 6), move_rows(2, 1, 4)]]);
    bench.sink.apply(&plan).await.unwrap();
    assert_eq!(sorted(&bench), ["ID|Status|Total", "A1|paid|11", "A2|paid|20", "A3|open|11", "A4|open|40"]);
}

#[tokio::test]
async fn rows_whose_keys_were_hit_are_told_by_what_was_put_into_them() {
    let bench = Bench::start().await;
    let rows =
        |rows: &[[&str; 4]]| table(&["ID", "A", "B", "C"], rows.iter().map(|row| row.map(Value::text)));
    let first = rows(&[
        ["A1", "w", "b1", "c1"],
        ["A2", "x", "b2", "c2"],
        ["A3", "x", "b3", "c3"],
        ["A4", "x", "b4", "c4"],
        ["A5", "x", "b5", "c5"],
    ]);
    bench.run(&first).await.unwrap();
    let plan = bench.plan(&rows(&[["A2", "y2", "n2", "m2"], ["A4", "y4", "b4", "c4"]])).await.unwrap();
    // The keys come to where a status is written, and A3 and A5 to where A2 and A4 were.
    let delete = Act::DeleteRows { tab: tab(), at: 2, count: 1 };
    bench.acts(&[&[move_column("A", "C"), delete]]);
    bench.sink.apply(&plan).await.unwrap();
    let expected = ["A|ID|B|C", "x|A3|b3|c3", "x|A5|b5|c5", "y2|A2|n2|m2", "y4|A4|b4|c4"];
    assert_eq!(sorted(&bench), expected);
}

#[tokio::test]
async fn a_row_of_people_that_nobody_had_read_does_not_become_one_of_ours() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    let plan = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap();
    // What is meant for a status comes to stand below `ID`, in a row that is new there.
    let column = Act::InsertColumns { tab: tab(), at: "A".into(), count: 1 };
    let row = Act::InsertRows { tab: tab(), at: 2, count: 1 };
    bench.acts(&[&[column, row, types("D2", "77")]]);
    bench.sink.apply(&plan).await.unwrap();
    assert_eq!(sorted(&bench), ["|ID|Status|Total", "|A1|paid|10", "|A2|open|20", "|||77"]);
}

#[tokio::test]
async fn what_comes_into_a_row_of_people_that_nobody_had_read_is_taken_back() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    bench.type_text("D1", "Mine");
    let plan = bench.plan(&orders(&[("A1", "paid", 10), ("A3", "open", 30)])).await.unwrap();
    let row = Act::InsertRows { tab: tab(), at: 2, count: 1 };
    bench.acts(&[&[row, types("C2", "77"), types("D2", "own row")]]);
    bench.sink.apply(&plan).await.unwrap();
    let expected = ["ID|Status|Total|Mine", "A1|paid|10", "A2|open|20", "A3|open|30", "||77|own row"];
    let mut rows = sorted(&bench);
    rows[1..].sort_by_key(|row| row.starts_with('|'));
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn what_people_typed_and_nobody_had_read_is_theirs_though_it_says_the_same() {
    // What was meant for A1 comes to A2; or into an empty row, which people take away.
    let insert = Act::InsertRows { tab: tab(), at: 2, count: 1 };
    let delete = Act::DeleteRows { tab: tab(), at: 2, count: 1 };
    let typed = |row: usize| [types(&format!("B{row}"), "paid"), types(&format!("D{row}"), "own row")];
    for (before, after) in [
        ([&[sort("A")][..], &typed(4)].concat(), vec![]),
        ([&[insert.clone()][..], &typed(5)].concat(), vec![]),
        ([&[insert][..], &typed(5)].concat(), vec![delete]),
    ] {
        let bench = Bench::start().await;
        bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
        bench.type_text("D1", "Mine");
        let plan = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap();
        bench.acts(&[&before, &after]);
        bench.sink.apply(&plan).await.unwrap();
        assert!(sorted(&bench).contains(&"|paid||own row".to_owned()), "{:?}", bench.rows());
    }
}

#[tokio::test]
async fn a_late_write_of_a_process_that_died_is_made_up_for_where_nothing_is_meant_any_more() {
    let bench = Bench::start().await;
    let journal = MemoryJournal::default();
    let sink = || {
        let client = client(&bench.url, ID).unwrap();
        SheetsSink::new(client).with_journal(Arc::new(journal.clone()), Arc::new(SystemClock))
    };
    let first = sink();
    let plan = first.plan(&orders(&[("A1", "open", 10), ("A2", "open", 20)]), &spec()).await.unwrap();
    first.apply(&plan).await.unwrap();
    let later = orders(&[("A1", "paid", 10)]);
    let plan = first.plan(&later, &spec()).await.unwrap();
    // The write is lost. A1 is edited, and read so; then the process ends.
    bench.faults(&[Hold, Pass, Refuse(403)]);
    bench.acts(&[&[], &[types("B2", "edited")]]);
    first.apply(&plan).await.unwrap_err();
    // A2 comes to where A1 was, and the write happens.
    bench.acts(&[&[sort("A")]]);
    bench.faults(&[Release]);
    let second = sink();
    let plan = second.plan(&later, &spec()).await.unwrap();
    second.apply(&plan).await.unwrap();
    assert_eq!(sorted(&bench), ["ID|Status|Total", "A1|edited|10", "A2|open|20"]);
}

#[tokio::test]
async fn what_is_left_to_put_back_when_a_repair_breaks_off_is_put_back_by_the_next_run() {
    let bench = Bench::start().await;
    let journal = MemoryJournal::default();
    // A request holds two short cells, or one long one.
    let sink = || {
        let sink = SheetsSink::new(client(&bench.url, ID).unwrap()).with_request_bytes(100);
        sink.with_journal(Arc::new(journal.clone()), Arc::new(SystemClock))
    };
    let (third, fourth) = ("c".repeat(90), "d".repeat(90));
    let first = orders(&[("A1", "open", 10), ("A2", "open", 20), ("A3", &third, 30), ("A4", &fourth, 40)]);
    let before = sink();
    before.apply(&before.plan(&first, &spec()).await.unwrap()).await.unwrap();
    let later = orders(&[("A1", "paid", 10), ("A2", "paid", 20)]);
    let plan = before.plan(&later, &spec()).await.unwrap();
    bench.faults(&[Pass, Pass, Pass, Refuse(403)]);
    bench.acts(&[&[move_rows(4, 2, 2)]]);
    before.apply(&plan).await.unwrap_err();
    let after = sink();
    after.apply(&after.plan(&later, &spec()).await.unwrap()).await.unwrap();
    let rows = [format!("A3|{third}|30"), format!("A4|{fourth}|40")];
    assert_eq!(sorted(&bench), ["ID|Status|Total", "A1|paid|10", "A2|paid|20", &rows[0], &rows[1]]);
}

#[tokio::test]
async fn a_row_in_which_a_repair_leaves_nothing_comes_back() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    bench.type_text("B5", "mine");
    let plan = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap();
    // `paid` comes into an empty row; when that is emptied again, people's row stands there.
    bench.acts(&[&[Act::InsertRows { tab: tab(), at: 2, count: 1 }], &[], &[move_rows(6, 1, 2)]]);
    bench.sink.apply(&plan).await.unwrap();
    let mut rows = sorted(&bench);
    rows.retain(|row| !row.is_empty());
    assert_eq!(rows, ["ID|Status|Total", "A1|paid|10", "A2|open|20", "|mine"]);
}

#[tokio::test]
async fn a_row_of_people_that_a_repair_makes_look_like_one_it_was_to_empty_comes_back() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    bench.type_text("C5", "mine");
    let paid = table(&["ID", "Status", "Total"], [["A1".into(), "paid".into(), Value::Empty]].into_iter());
    let plan = bench.plan(&paid).await.unwrap();
    // What is meant for A1 comes into an empty row; when that is emptied and A1 gets it, people's
    // row stands where A1 was.
    bench.acts(&[&[Act::InsertRows { tab: tab(), at: 2, count: 1 }], &[], &[move_rows(6, 1, 3)]]);
    bench.sink.apply(&plan).await.unwrap();
    let mut rows = sorted(&bench);
    rows.retain(|row| !row.is_empty());
    assert_eq!(rows, ["ID|Status|Total", "A1|paid", "A2|open|20", "||mine"]);
}

#[tokio::test]
async fn a_new_row_that_came_to_stand_above_the_header_comes_below_it() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10)])).await.unwrap();
    let table = orders(&[("A1", "open", 10), ("A2", "open", 20)]);
    let plan = bench.plan(&table).await.unwrap();
    bench.acts(&[&[Act::InsertRows { tab: tab(), at: 1, count: 3 }]]);
    bench.sink.apply(&plan).await.unwrap();
    let mut rows = lines(&bench.rows());
    rows.retain(|row| !row.is_empty());
    assert_eq!(rows, ["ID|Status|Total", "A1|open|10", "A2|open|20"]);
    assert!(bench.plan(&table).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn a_tab_that_is_renamed_before_the_write_gets_it() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10)])).await.unwrap();
    let plan = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap();
    bench.acts(&[&[Act::RenameTab { tab: tab(), title: "Pesanan".into() }]]);
    assert!(bench.sink.apply(&plan).await.unwrap().verified);
    let rows = bench.sheets.rows(ID, "Pesanan").unwrap();
    assert_eq!(lines(&rows), ["ID|Status|Total", "A1|paid|10"]);
}

#[tokio::test]
async fn a_tab_that_is_deleted_before_the_write_comes_anew_with_what_the_file_has() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    let table = orders(&[("A1", "paid", 10)]);
    let plan = bench.plan(&table).await.unwrap();
    bench.acts(&[&[Act::DeleteTab { tab: tab() }]]);
    let applied = bench.sink.apply(&plan).await;
    assert_eq!(applied.unwrap_err().kind(), ErrorKind::SheetMoved, "it is planned anew");
    bench.run(&table).await.unwrap();
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|paid|10"]);
}

#[tokio::test]
async fn a_range_that_is_protected_before_the_write_is_named() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10)])).await.unwrap();
    let plan = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap();
    bench.acts(&[&[Act::Protect { tab: tab(), range: "B1:B9".into() }]]);
    let error = bench.sink.apply(&plan).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetLayout);
    assert!(error.to_string().contains("protected") && error.to_string().contains("B1"), "{error}");
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|open|10"]);
}

#[tokio::test]
async fn a_spreadsheet_that_is_taken_away_before_the_write_says_with_whom_to_share_it() {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10)])).await.unwrap();
    let plan = bench.plan(&orders(&[("A1", "paid", 10)])).await.unwrap();
    bench.acts(&[&[Act::Unshare { email: SERVICE_ACCOUNT.into() }]]);
    let error = bench.sink.apply(&plan).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SheetNotShared);
    assert_eq!(error.hints(), [format!("share the spreadsheet with {SERVICE_ACCOUNT} as editor")]);
    assert_eq!(lines(&bench.rows()), ["ID|Status|Total", "A1|open|10"]);
}
