//! What the service refuses, and in which words: people search for them, and so do programs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Service, error};

fn span(dimension: &str, start: usize, end: usize) -> Value {
    json!({"sheetId": 0, "dimension": dimension, "startIndex": start, "endIndex": end})
}

fn cells(top: usize, bottom: usize, left: usize, right: usize) -> Value {
    json!({"sheetId": 0, "startRowIndex": top, "endRowIndex": bottom,
        "startColumnIndex": left, "endColumnIndex": right})
}

/// Each request alone must be refused with its text.
async fn refuses(service: &Service, file: &str, cases: &[(Value, &str)]) {
    for (request, text) in cases {
        let kind = request.as_object().unwrap().keys().next().unwrap();
        let refused = service.refused(file, json!([request])).await;
        assert_eq!(refused["message"], format!("Invalid requests[0].{kind}: {text}"), "{request}");
        assert_eq!(refused["status"], "INVALID_ARGUMENT");
    }
}

#[tokio::test]
async fn an_id_or_a_name_belongs_to_one_thing() {
    let service = Service::start().await;
    let file = service.small(5, 3).await;
    let marker = json!({"createDeveloperMetadata": {"developerMetadata": {
        "metadataId": 7, "metadataKey": "run", "visibility": "DOCUMENT", "location": {"spreadsheet": true}}}});
    let named = json!({"addNamedRange": {"namedRange": {"name": "Totals", "range": cells(0, 1, 0, 1)}}});
    service.batch(&file, json!([marker, named])).await;
    let sheet = |id: i64| json!({"addSheet": {"properties": {"sheetId": id, "title": "Other"}}});
    refuses(
        &service,
        &file,
        &[
            (
                marker,
                "Cannot add developer metadata with ID [7] because developer metadata with that ID already exists.",
            ),
            (named, "Cannot add named range with name Totals, a named range with that name already exists."),
            (sheet(0), "Sheet with id 0 already exists."),
            (sheet(-1), "Sheet id must be non-negative."),
            (
                json!({"duplicateSheet": {"sourceSheetId": 0, "newSheetId": 0}}),
                "Sheet with id 0 already exists.",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn rows_and_columns_outside_the_grid_are_named() {
    let service = Service::start().await;
    let file = service.small(5, 3).await;
    let freeze = json!({"properties": {"sheetId": 0, "gridProperties": {"frozenRowCount": 1, "frozenColumnCount": 1}},
        "fields": "gridProperties(frozenRowCount,frozenColumnCount)"});
    service.batch(&file, json!([{"updateSheetProperties": freeze}])).await;
    let insert = |start: usize, inherits: bool| json!({"insertDimension": {"range": span("ROWS", start, start + 1), "inheritFromBefore": inherits}});
    let delete = |dimension: &str, end: usize| json!({"deleteDimension": {"range": span(dimension, 1, end)}});
    let notes =
        |rows: Value| json!({"updateCells": {"range": cells(1, 3, 0, 2), "rows": rows, "fields": "note"}});
    let sort = json!({"sheetId": 0, "startRowIndex": 5});
    refuses(
        &service,
        &file,
        &[
            (
                insert(5, false),
                "range.startIndex must be less than the grid size (5) if inheritFromBefore is false.",
            ),
            (insert(6, false), "range.startIndex is larger than current grid size (5)"),
            (insert(6, true), "range.startIndex is larger than current grid size (5)"),
            (delete("ROWS", 5), "Sorry, it is not possible to delete all non-frozen rows."),
            (delete("COLUMNS", 3), "Sorry, it is not possible to delete all non-frozen columns."),
            (
                json!({"sortRange": {"range": sort, "sortSpecs": [{"sortOrder": "ASCENDING"}]}}),
                "range.startRowIndex is larger than current grid size (5)",
            ),
            (
                notes(json!([{"values": [{}, {}, {}]}])),
                "Attempting to write column: 2, beyond the last requested column of: 1",
            ),
            (notes(json!([{}, {}, {}])), "Attempting to write row: 3, beyond the last requested row of: 2"),
            (
                json!({"updateCells": {"start": {"sheetId": 0}, "rows": [{}, {"values": [{}, {}, {}, {}, {}]}],
                    "fields": "note"}}),
                "Attempting to write column: 3, beyond the last requested column of: 2",
            ),
        ],
    )
    .await;
    let asked = json!({"ranges": ["S!A1", "S!A6:B"]});
    let path = format!("{file}/values:batchClear");
    let refused = error(service.request(Method::POST, &path).json(&asked), 400).await;
    assert_eq!(
        refused["message"],
        "Invalid range[1]: Range (S!A6:B) exceeds grid limits. Max rows: 5, max columns: 3"
    );
}

#[tokio::test]
async fn what_would_tear_a_merge_is_refused() {
    let service = Service::start().await;
    let file = service.small(8, 4).await;
    let merge = |range: Value| json!({"mergeCells": {"range": range, "mergeType": "MERGE_ALL"}});
    service.batch(&file, json!([merge(cells(2, 4, 0, 1)), merge(cells(0, 1, 1, 4))])).await;
    let shift = |dimension: &str, start: usize, end: usize, to: usize| json!({"moveDimension": {"source": span(dimension, start, end), "destinationIndex": to}});
    let torn = |what: &str| {
        format!(
            "Sorry, it is not possible to move a {what} to a position that crosses a merged cell. Please unmerge and try again."
        )
    };
    refuses(
        &service,
        &file,
        &[
            (shift("ROWS", 2, 3, 7), &torn("row")),
            (shift("ROWS", 6, 7, 3), &torn("row")),
            (shift("COLUMNS", 2, 3, 0), &torn("column")),
            (
                json!({"sortRange": {"range": cells(1, 6, 0, 1), "sortSpecs": [{"sortOrder": "ASCENDING"}]}}),
                "You can't sort a range containing vertical merges. There is a vertical merge at A3:A4",
            ),
        ],
    )
    .await;
    service.batch(&file, json!([shift("ROWS", 2, 4, 7), shift("ROWS", 0, 1, 3)])).await;
    let seen = service.get(&format!("{file}?fields=sheets.merges.startRowIndex")).await;
    assert_eq!(seen["sheets"][0]["merges"], json!([{"startRowIndex": 5}, {"startRowIndex": 2}]));
}

#[tokio::test]
async fn one_of_a_choice_may_be_given() {
    let service = Service::start().await;
    let file = service.small(3, 3).await;
    let value = json!({"numberValue": 1, "stringValue": "1"});
    let request = json!({"updateCells": {"start": {"sheetId": 0}, "fields": "userEnteredValue",
        "rows": [{"values": [{"userEnteredValue": value}]}]}});
    let refused = service.refused(&file, json!([request])).await;
    let place = "requests[0].update_cells.rows[0].values[0].user_entered_value";
    let text = format!(
        "Invalid value at '{place}' (oneof), oneof field 'value' is already set. Cannot set 'stringValue'"
    );
    assert_eq!(refused["message"], text);
    assert_eq!(refused["details"][0]["fieldViolations"], json!([{"field": place, "description": text}]));
}
