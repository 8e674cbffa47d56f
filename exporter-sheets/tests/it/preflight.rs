//! What is in the way is refused with its cell and what to do, and nothing is written.

use exporter_core::{Error, ErrorKind, ExportSpec, NewColumns, Sink as _};
use exporter_sandbox::person::Act;
use exporter_sheets::SheetsSink;
use serde_json::{Value as Json, json};

use crate::bench::{Bench, ID, client, lines, orders, spec, table};

/// A filled tab `orders` with a column of people's in D.
async fn filled() -> Bench {
    let bench = Bench::start().await;
    bench.run(&orders(&[("A1", "open", 10), ("A2", "open", 20)])).await.unwrap();
    bench.type_text("D1", "Mine");
    bench
}

fn protect(bench: &Bench, range: &str) {
    bench.act(&Act::Protect { tab: "orders".into(), range: range.into() });
}

/// What another process says to a changed row and a new one.
async fn refusal(bench: &Bench) -> Error {
    let before = bench.rows();
    let sink = SheetsSink::new(client(&bench.url, ID).unwrap());
    let later = orders(&[("A1", "paid", 10), ("A3", "open", 30)]);
    let error = sink.plan(&later, &spec()).await.unwrap_err();
    assert_eq!((error.kind(), bench.rows()), (ErrorKind::SheetLayout, before), "{error}");
    assert!(!error.hints().is_empty(), "{error:?}");
    // The look without a table sees it as well.
    let found = sink.inspect(&spec()).await.unwrap();
    let (tab, found) = found.into_iter().next().unwrap();
    assert_eq!((tab.as_str(), found.unwrap_err().to_string()), ("orders", error.to_string()));
    error
}

async fn passes(bench: &Bench) {
    let sink = SheetsSink::new(client(&bench.url, ID).unwrap());
    assert!(sink.inspect(&spec()).await.unwrap().iter().all(|(_, found)| found.is_ok()));
    let plan = sink.plan(&orders(&[("A1", "paid", 10), ("A3", "open", 30)]), &spec()).await.unwrap();
    sink.apply(&plan).await.unwrap();
    assert_eq!(lines(&bench.rows())[1..], ["A1|paid|10", "A2|open|20", "A3|open|30"]);
}

#[tokio::test]
async fn merged_cells_in_our_columns_are_refused_and_elsewhere_let_be() {
    let bench = filled().await;
    bench.act(&Act::Merge { tab: "orders".into(), range: "B2:B3".into() });
    let error = refusal(&bench).await;
    assert_eq!(error.to_string(), "merged cells are in the way of our columns (tab: orders, cell: B2)");
    let bench = filled().await;
    bench.act(&Act::Merge { tab: "orders".into(), range: "D2:E3".into() });
    passes(&bench).await;
}

#[tokio::test]
async fn a_range_that_only_others_may_edit_is_refused() {
    let bench = filled().await;
    protect(&bench, "B3:C3");
    let error = refusal(&bench).await;
    assert_eq!(error.to_string(), "a protected range is in the way of our columns (tab: orders, cell: B3)");
    bench.act(&Act::Unprotect { tab: "orders".into() });
    passes(&bench).await;
}

#[tokio::test]
async fn a_range_of_people_that_new_rows_would_come_into_is_refused() {
    for (range, first) in [("D:D", "D1"), ("D2:D100", "D2")] {
        let bench = filled().await;
        protect(&bench, range);
        let error = refusal(&bench).await;
        let text = format!(
            "new rows or columns would come into a protected range (tab: orders, protected from: {first})"
        );
        assert_eq!(error.to_string(), text);
    }
    let bench = filled().await;
    protect(&bench, "D2:D3");
    passes(&bench).await;
}

#[tokio::test]
async fn a_range_that_we_may_edit_or_that_only_warns_is_fine() {
    for extra in [
        json!({ "editors": { "users": [exporter_sandbox::oauth::SERVICE_ACCOUNT] } }),
        json!({ "warningOnly": true }),
    ] {
        let bench = filled().await;
        let sheet = bench.sheets.spreadsheet(ID).unwrap().tab_named("orders").unwrap().id;
        let mut range = json!({ "range": { "sheetId": sheet, "startColumnIndex": 0, "endColumnIndex": 4 } });
        if let (Json::Object(range), Json::Object(extra)) = (&mut range, extra) {
            range.extend(extra);
        }
        bench.as_owner(&json!({ "addProtectedRange": { "protectedRange": range } })).await;
        passes(&bench).await;
    }
}

#[tokio::test]
async fn a_new_column_in_the_midst_of_a_protected_range_is_refused() {
    let bench = filled().await;
    bench.type_text("E1", "More");
    protect(&bench, "D1:E1");
    let wider = table(
        &["ID", "Status", "Total", "City"],
        [["A1".into(), "open".into(), 10.into(), "x".into()]].into_iter(),
    );
    let sink = SheetsSink::new(client(&bench.url, ID).unwrap());
    let spec = ExportSpec { new_columns: NewColumns::Add, ..spec() };
    // Before the range's first column there is room.
    let plan = sink.plan(&wider, &spec).await.unwrap();
    sink.apply(&plan).await.unwrap();
    assert_eq!(lines(&bench.rows())[0], "ID|Status|Total|City|Mine|More");
    // Between two of them there is none.
    let bench = filled().await;
    protect(&bench, "C9:E9");
    let sink = SheetsSink::new(client(&bench.url, ID).unwrap());
    let error = sink.plan(&wider, &spec).await.unwrap_err();
    assert!(error.to_string().ends_with("(tab: orders, cell: C9)"), "{error}");
}

#[tokio::test]
async fn a_renamed_header_a_missing_key_and_a_double_name_are_refused_by_a_look_too() {
    let bench = filled().await;
    bench.type_text("B1", "Keadaan");
    assert!(refusal(&bench).await.to_string().ends_with("(tab: orders, cell: B1)"));
    bench.type_text("B1", "Status");
    bench.type_text("E1", "Status");
    assert!(refusal(&bench).await.to_string().ends_with("(tab: orders, cells: B1 and E1)"));
    bench.type_text("E1", "");
    bench.act(&Act::DeleteColumns { tab: "orders".into(), at: "A".into(), count: 1 });
    assert!(refusal(&bench).await.to_string().contains("no column `ID`"));
}

#[tokio::test]
async fn what_would_not_fit_into_the_spreadsheet_is_refused_before_it_is_written() {
    let bench = filled().await;
    // Rows of 26 columns each: the last of ten million cells are nearly taken.
    let rows = (10_000_000 - 3 * 26_000) / 26 + 1000 - 1;
    let sheet = bench.sheets.spreadsheet(ID).unwrap().tab_named("Sheet1").unwrap().id;
    let grid = json!({ "properties": { "sheetId": sheet, "gridProperties": { "rowCount": rows } }, "fields": "gridProperties.rowCount" });
    bench.as_owner(&json!({ "updateSheetProperties": grid })).await;
    let sink = SheetsSink::new(client(&bench.url, ID).unwrap());
    let room = sink.room(&[&spec()]).await.unwrap();
    assert!(room.cells > 9_900_000 && room.most == 10_000_000 && room.row == [26], "{room:?}");
    let ids: Vec<String> = (0..3_000).map(|row| format!("N{row}")).collect();
    let many: Vec<_> = ids.iter().map(|id| (id.as_str(), "open", 1)).collect();
    let before = bench.rows();
    let error = sink.plan(&orders(&many), &spec()).await.unwrap_err();
    assert_eq!((error.kind(), bench.rows()), (ErrorKind::SheetFull, before), "{error}");
}
