//! Batches: structure, atomicity, objects that follow their cells.

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Service, ok};

fn rows(start: usize, end: usize) -> Value {
    json!({"sheetId": 0, "dimension": "ROWS", "startIndex": start, "endIndex": end})
}

fn row_tag(id: i64, row: usize) -> Value {
    json!({"createDeveloperMetadata": {"developerMetadata": {
        "metadataId": id, "metadataKey": "row", "visibility": "DOCUMENT",
        "location": {"dimensionRange": rows(row, row + 1)}}}})
}

#[tokio::test]
async fn a_refused_batch_leaves_everything_as_it_was() {
    let service = Service::start().await;
    let file = service.small(4, 3).await;
    service.put(&file, "A1:A2", json!([["a"], ["b"]])).await;
    let before = service.get(&format!("{file}?includeGridData=true")).await;
    let refused = service
        .refused(
            &file,
            json!([
                {"insertDimension": {"range": rows(0, 1)}},
                row_tag(1, 2),
                {"addSheet": {"properties": {"title": "T"}}},
                {"deleteSheet": {"sheetId": 99}},
            ]),
        )
        .await;
    assert_eq!(refused["message"], "Invalid requests[3].deleteSheet: No sheet with id: 99");
    assert_eq!(service.get(&format!("{file}?includeGridData=true")).await, before);
}

#[tokio::test]
async fn a_sort_moves_cells_and_not_the_metadata_of_rows() {
    let service = Service::start().await;
    let file = service.small(4, 2).await;
    service.put(&file, "A1:B3", json!([["b", "=A1&1"], ["", 0], ["a", "=A3&1"]])).await;
    service.batch(&file, json!([row_tag(5, 0)])).await;
    let range = json!({"sheetId": 0, "startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 2});
    service.batch(&file, json!([{"sortRange": {"range": range, "sortSpecs": [{"dimensionIndex": 0, "sortOrder": "ASCENDING"}]}}])).await;
    assert_eq!(service.values(&file, "A1:B3").await, json!([["a", "a1"], ["b", "b1"], ["", "0"]]));
    let tag = service.get(&format!("{file}/developerMetadata/5")).await;
    assert_eq!(tag["location"]["dimensionRange"]["startIndex"], 0);
    service.batch(&file, json!([{"moveDimension": {"source": rows(0, 1), "destinationIndex": 3}}])).await;
    let tag = service.get(&format!("{file}/developerMetadata/5")).await;
    assert_eq!(tag["location"]["dimensionRange"]["startIndex"], 2);
    assert_eq!(service.values(&file, "A1:A3").await, json!([["b"], [], ["a"]]));
}

#[tokio::test]
async fn merges_swallow_those_inside_and_split_on_demand() {
    let service = Service::start().await;
    let file = service.small(6, 6).await;
    service.put(&file, "A1:B2", json!([["", "x"], ["y", "z"]])).await;
    let merge = |top: usize, bottom: usize, left: usize, right: usize| {
        let range = json!({"sheetId": 0, "startRowIndex": top, "endRowIndex": bottom, "startColumnIndex": left, "endColumnIndex": right});
        json!({"mergeCells": {"range": range, "mergeType": "MERGE_ALL"}})
    };
    service.batch(&file, json!([merge(0, 2, 0, 2), merge(0, 3, 0, 3)])).await;
    let seen = service.get(&format!("{file}?fields=sheets.merges")).await;
    assert_eq!(
        seen["sheets"][0]["merges"],
        json!([{"startRowIndex": 0, "endRowIndex": 3, "startColumnIndex": 0, "endColumnIndex": 3}])
    );
    assert_eq!(service.values(&file, "A1:C3").await, json!([["x"]]));
    service
        .batch(
            &file,
            json!([{"insertDimension": {"range": rows(0, 1)}}, {"deleteDimension": {"range": rows(2, 4)}}]),
        )
        .await;
    let seen = service.get(&format!("{file}?fields=sheets.merges")).await;
    assert_eq!(seen["sheets"][0]["merges"][0]["startRowIndex"], 1);
    assert_eq!(seen["sheets"][0]["merges"][0]["endRowIndex"], 2);
    let part = json!({"sheetId": 0, "startRowIndex": 1, "endRowIndex": 2, "startColumnIndex": 0, "endColumnIndex": 1});
    for (name, request) in
        [("unmergeCells", json!({"unmergeCells": {"range": part}})), ("mergeCells", merge(0, 2, 1, 4))]
    {
        assert_eq!(
            service.refused(&file, json!([request])).await["message"],
            format!(
                "Invalid requests[0].{name}: You must select all cells in a merged range to merge or unmerge them."
            )
        );
    }
    service.batch(&file, json!([{"unmergeCells": {"range": {"sheetId": 0}}}])).await;
    assert_eq!(service.get(&format!("{file}?fields=sheets.merges")).await, json!({"sheets": [{}]}));
}

#[tokio::test]
async fn a_filter_hides_rows_and_clearing_it_shows_them() {
    let service = Service::start().await;
    let file = service.small(4, 2).await;
    service.put(&file, "A1:A4", json!([["h"], ["x"], ["y"], ["x"]])).await;
    let filter = json!({"range": {"sheetId": 0, "startColumnIndex": 0, "endColumnIndex": 1}, "criteria": {"0": {"hiddenValues": ["x"]}}});
    service.batch(&file, json!([{"setBasicFilter": {"filter": filter}}])).await;
    let hidden = |answer: &Value| -> Vec<bool> {
        let rows = answer["sheets"][0]["data"][0]["rowMetadata"].as_array().unwrap();
        rows.iter().map(|row| row["hiddenByFilter"] == true).collect()
    };
    let path = format!("{file}?fields=sheets(basicFilter,data.rowMetadata)");
    let seen = service.get(&path).await;
    assert_eq!(
        seen["sheets"][0]["basicFilter"]["range"],
        json!({"startRowIndex": 0, "endRowIndex": 4, "startColumnIndex": 0, "endColumnIndex": 1})
    );
    assert_eq!(hidden(&seen), [false, true, false, true]);
    assert_eq!(service.values(&file, "A1:A4").await, json!([["h"], ["x"], ["y"], ["x"]]));
    service.batch(&file, json!([{"clearBasicFilter": {"sheetId": 0}}])).await;
    assert_eq!(hidden(&service.get(&path).await), [false; 4]);
}

#[tokio::test]
async fn groups_nest_and_objects_are_listed() {
    let service = Service::start().await;
    let file = service.small(20, 5).await;
    let reply = service.batch(&file, json!([{"addDimensionGroup": {"range": rows(1, 8)}}, {"addDimensionGroup": {"range": rows(2, 4)}}])).await;
    let groups = &reply[1]["addDimensionGroup"]["dimensionGroups"];
    assert_eq!((&groups[0]["depth"], &groups[1]["depth"]), (&json!(1), &json!(2)));
    assert_eq!(groups[0]["range"], json!({"dimension": "ROWS", "startIndex": 1, "endIndex": 8}));
    service.batch(&file, json!([{"deleteDimensionGroup": {"range": rows(2, 4)}}])).await;
    let seen = service.get(&format!("{file}?fields=sheets.rowGroups.depth")).await;
    assert_eq!(seen, json!({"sheets": [{"rowGroups": [{"depth": 1}]}]}));
    service.batch(&file, json!([{"deleteDimensionGroup": {"range": rows(1, 8)}}])).await;
    let seen = service.get(&format!("{file}?fields=sheets.properties.gridProperties")).await;
    let grid = json!({"rowCount": 20, "columnCount": 5, "rowGroupControlAfter": true});
    assert_eq!(
        seen,
        json!({"sheets": [{"properties": {"gridProperties": grid}}]}),
        "it stays as in the real service"
    );
    let range = json!({"sheetId": 0, "startRowIndex": 5, "endRowIndex": 9});
    let rule = json!({"ranges": [range], "booleanRule": {"condition": {"type": "NOT_BLANK"}, "format": {"backgroundColor": {"red": 0.5}}}});
    service
        .batch(
            &file,
            json!([
                {"addConditionalFormatRule": {"rule": rule, "index": 0}},
                {"addFilterView": {"filter": {"title": "mine", "range": range}}},
                {"insertDimension": {"range": rows(0, 2)}},
            ]),
        )
        .await;
    let seen = service.get(&file).await;
    let sheet = &seen["sheets"][0];
    assert_eq!(sheet["conditionalFormats"][0]["ranges"][0], json!({"startRowIndex": 7, "endRowIndex": 11}));
    assert_eq!(
        sheet["conditionalFormats"][0]["booleanRule"]["format"]["backgroundColor"]["red"],
        json!(0.498_039_22)
    );
    assert_eq!(sheet["filterViews"][0]["range"]["startRowIndex"], 7);
}

#[tokio::test]
async fn rows_and_columns_can_not_all_go() {
    let service = Service::start().await;
    let file = service.small(4, 2).await;
    let refused = service.refused(&file, json!([{"deleteDimension": {"range": rows(0, 4)}}])).await;
    assert_eq!(
        refused["message"],
        "Invalid requests[0].deleteDimension: You can't delete all the rows on the sheet."
    );
    let freeze = json!({"properties": {"sheetId": 0, "gridProperties": {"frozenRowCount": 4}}, "fields": "gridProperties.frozenRowCount"});
    let refused = service.refused(&file, json!([{"updateSheetProperties": freeze}])).await;
    assert_eq!(
        refused["message"],
        "Invalid requests[0].updateSheetProperties: You can't freeze all visible rows on the sheet."
    );
    let refused = service
        .refused(&file, json!([{"insertDimension": {"range": rows(0, 1), "inheritFromBefore": true}}]))
        .await;
    assert!(refused["message"].as_str().unwrap().starts_with("Invalid requests[0].insertDimension:"));
    let refused = service.refused(&file, json!([{"addSheet": {}, "deleteSheet": {"sheetId": 0}}])).await;
    assert!(refused["message"].as_str().unwrap().contains("oneof field 'kind' is already set"));
}

#[tokio::test]
async fn update_cells_clears_short_rows_of_a_range() {
    let service = Service::start().await;
    let file = service.small(3, 3).await;
    service.put(&file, "A1:C2", json!([["a", "b", "c"], ["d", "e", "f"]])).await;
    let range = json!({"sheetId": 0, "startRowIndex": 0, "endRowIndex": 2, "startColumnIndex": 0, "endColumnIndex": 3});
    let rows = json!([{"values": [{"userEnteredValue": {"stringValue": "A"}}]}]);
    service
        .batch(&file, json!([{"updateCells": {"range": range, "fields": "userEnteredValue", "rows": rows}}]))
        .await;
    assert_eq!(service.values(&file, "S").await, json!([["A"]]));
    let refused =
        service.refused(&file, json!([{"updateCells": {"start": {"sheetId": 0}, "rows": rows}}])).await;
    assert!(refused["message"].as_str().unwrap().contains("At least one field must be listed in 'fields'."));
    let refused = service
        .refused(&file, json!([{"updateCells": {"start": {"sheetId": 0}, "rows": rows, "fields": "value"}}]))
        .await;
    assert!(refused["message"].as_str().unwrap().ends_with("Invalid field: value"), "{refused}");
}

#[tokio::test]
async fn a_batch_brings_its_spreadsheet_back() {
    let service = Service::start().await;
    let file = service.small(4, 3).await;
    service.put(&file, "A1:B2", json!([["k", "v"], ["k1", "1"]])).await;
    let body = json!({"requests": [{"insertDimension": {"range": rows(1, 2)}}], "includeSpreadsheetInResponse": true,
        "responseIncludeGridData": true, "responseRanges": ["S!A2:A3"]});
    let answer = service.post(&format!("{file}:batchUpdate"), body).await;
    let updated = &answer["updatedSpreadsheet"];
    assert_eq!(updated["sheets"][0]["properties"]["gridProperties"]["rowCount"], 5);
    let data = &updated["sheets"][0]["data"][0];
    assert_eq!(data["startRow"], 1);
    assert_eq!(data["rowData"][0], json!({}));
    assert_eq!(data["rowData"][1]["values"][0]["formattedValue"], "k1");
    assert_eq!(data["rowMetadata"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn tabs_are_copied_with_what_is_on_them() {
    let service = Service::start().await;
    let (file, other) = (service.small(4, 3).await, service.small(2, 2).await);
    service.put(&file, "A1:A2", json!([["$1.50"], ["=A1*2"]])).await;
    let reply = service
        .batch(
            &file,
            json!([{"duplicateSheet": {"sourceSheetId": 0, "newSheetName": "D", "insertSheetIndex": 1}}]),
        )
        .await;
    assert_eq!(reply[0]["duplicateSheet"]["properties"]["index"], 1);
    assert_eq!(service.values(&file, "D!A1:A2").await, json!([["$1.50"], ["$3.00"]]));
    let target = other.rsplit('/').next().unwrap();
    let copied = ok(service
        .request(Method::POST, &format!("{file}/sheets/0:copyTo"))
        .json(&json!({"destinationSpreadsheetId": target})))
    .await;
    assert_eq!((&copied["title"], &copied["index"]), (&json!("Copy of S"), &json!(1)));
    assert_eq!(service.values(&other, "'Copy%20of%20S'!A1").await, json!([["$1.50"]]));
}

#[tokio::test]
async fn requests_beyond_the_grid_are_refused_in_the_words_of_the_api() {
    let service = Service::start().await;
    let file = service.small(4, 2).await;
    let cells =
        |count: usize| json!([{"values": vec![json!({"userEnteredValue": {"stringValue": "x"}}); count]}]);
    let update = |row: usize| json!({"updateCells": {"start": {"sheetId": 0, "rowIndex": row}, "fields": "*", "rows": cells(1)}});
    let two_rows = json!({"updateCells": {"start": {"rowIndex": 3}, "fields": "*", "rows": [{}, {}]}});
    for (request, message) in [
        (
            json!({"insertDimension": {"range": rows(4, 5)}}),
            "insertDimension: range.startIndex must be less than the grid size (4) if inheritFromBefore is false.",
        ),
        (
            json!({"deleteDimension": {"range": rows(2, 9)}}),
            "deleteDimension: Cannot delete a row that doesn't exist. Tried to delete row index 4 but there are only 4 rows.",
        ),
        (
            json!({"appendCells": {"sheetId": 0, "fields": "*", "rows": cells(3)}}),
            "appendCells: Attempting to write column: 2, beyond the last requested column of: 1",
        ),
        (update(4), "updateCells: GridCoordinate.rowIndex[4] is after last row in grid[4]"),
        (two_rows, "updateCells: Attempting to write row: 4, beyond the last requested row of: 3"),
        (
            json!({"updateNamedRange": {"namedRange": {"namedRangeId": "7", "name": "n"}, "fields": "name"}}),
            "updateNamedRange: No NamedRange with id: 7",
        ),
        (json!({"sortRange": {"range": {"sheetId": 5}}}), "sortRange: No grid with id: 5"),
        (
            json!({"unmergeCells": {"range": {"startRowIndex": -1}}}),
            "unmergeCells: GridRange indexes must be >= 0",
        ),
        (
            json!({"unmergeCells": {"range": {"startRowIndex": 3, "endRowIndex": 2}}}),
            "unmergeCells: endRowIndex[2] cannot be before startRowIndex[3]",
        ),
    ] {
        let refused = service.refused(&file, json!([request])).await;
        assert_eq!(refused["message"], format!("Invalid requests[0].{message}"));
    }
    // With inheritFromBefore rows can be inserted at the very end.
    service
        .batch(&file, json!([{"insertDimension": {"range": rows(4, 6), "inheritFromBefore": true}}]))
        .await;
    let seen = service.get(&format!("{file}?fields=sheets.properties.gridProperties.rowCount")).await;
    assert_eq!(seen["sheets"][0]["properties"]["gridProperties"]["rowCount"], 6);
}
