//! Values: formats, locales, formulas, names, filters by data.

use reqwest::Method;
use serde_json::json;

use crate::service::{Service, error, ok};

#[tokio::test]
async fn formulas_follow_rows_and_titles() {
    let service = Service::start().await;
    let file = service.small(10, 5).await;
    service.put(&file, "S!A1:B3", json!([[1, "=A1*2"], [2, "=SUM(A$1:A2)"], [3, "=S!A3&\"x\""]])).await;
    assert_eq!(service.values(&file, "S!B1:B3").await, json!([["2"], ["3"], ["3x"]]));
    let rows = json!({"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2});
    let rename = json!({"properties": {"sheetId": 0, "title": "New name"}, "fields": "title"});
    service
        .batch(&file, json!([{"insertDimension": {"range": rows}}, {"updateSheetProperties": rename}]))
        .await;
    assert_eq!(
        service.formulas(&file, "B1:B4").await,
        json!([["=A1*2"], [], ["=SUM(A$1:A3)"], ["='New name'!A4&\"x\""]])
    );
    assert_eq!(service.values(&file, "B3:B4").await, json!([["3"], ["3x"]]));
}

#[tokio::test]
async fn the_locale_decides_how_typing_is_read_and_shown() {
    let service = Service::start().await;
    let file = service.small(10, 5).await;
    let locale =
        json!({"properties": {"locale": "id_ID", "timeZone": "Asia/Jakarta"}, "fields": "locale,timeZone"});
    service.batch(&file, json!([{"updateSpreadsheetProperties": locale}])).await;
    service.put(&file, "A1:C1", json!([["31/12/2025", "1.234,5", "Rp1.500"]])).await;
    let raw = service.get(&format!("{file}/values/A1:C1?valueRenderOption=UNFORMATTED_VALUE")).await;
    assert_eq!(raw["values"], json!([[46022, 1234.5, 1500]]));
    assert_eq!(service.values(&file, "A1:C1").await, json!([["31/12/2025", "1.234,50", "Rp1.500"]]));
    let refused = service.refused(&file, json!([{"updateSpreadsheetProperties": {"properties": {"timeZone": "Mars/Base"}, "fields": "timeZone"}}])).await;
    assert!(refused["message"].as_str().unwrap().ends_with("Invalid time zone: Mars/Base"));
}

#[tokio::test]
async fn number_formats_show_dates_and_keep_numbers() {
    let service = Service::start().await;
    let file = service.small(3, 3).await;
    let cell = json!({"userEnteredValue": {"numberValue": 45_658.25},
        "userEnteredFormat": {"numberFormat": {"type": "DATE_TIME", "pattern": "yyyy-mm-dd hh:mm:ss"}}});
    service.batch(&file, json!([{"updateCells": {"start": {"sheetId": 0}, "fields": "userEnteredValue,userEnteredFormat.numberFormat", "rows": [{"values": [cell]}]}}])).await;
    assert_eq!(service.values(&file, "A1").await, json!([["2025-01-01 06:00:00"]]));
    let ask = |options: &str| format!("{file}/values/A1?valueRenderOption=UNFORMATTED_VALUE{options}");
    assert_eq!(service.get(&ask("")).await["values"], json!([[45658.25]]));
    assert_eq!(
        service.get(&ask("&dateTimeRenderOption=FORMATTED_STRING")).await["values"],
        json!([["2025-01-01 06:00:00"]])
    );
    // Emptying the value leaves the format.
    ok(service.request(Method::POST, &format!("{file}/values/A1:clear"))).await;
    service.put(&file, "A1", json!([["1/2/2025"]])).await;
    assert_eq!(service.values(&file, "A1").await, json!([["2025-01-02 00:00:00"]]));
}

#[tokio::test]
async fn named_ranges_are_read_and_follow() {
    let service = Service::start().await;
    let file = service.small(6, 4).await;
    service.put(&file, "A1:B2", json!([["a", "b"], ["c", "d"]])).await;
    let range = json!({"sheetId": 0, "startRowIndex": 0, "endRowIndex": 2, "startColumnIndex": 0, "endColumnIndex": 2});
    let reply = service
        .batch(&file, json!([{"addNamedRange": {"namedRange": {"name": "Block", "range": range}}}]))
        .await;
    let named = &reply[0]["addNamedRange"]["namedRange"];
    assert!(named["namedRangeId"].as_str().unwrap().bytes().all(|byte| byte.is_ascii_digit()));
    assert_eq!(named["range"].get("sheetId"), None);
    let rows = json!({"sheetId": 0, "dimension": "ROWS", "startIndex": 0, "endIndex": 1});
    service.batch(&file, json!([{"insertDimension": {"range": rows}}])).await;
    let answer = service.get(&format!("{file}/values/Block")).await;
    assert_eq!((&answer["range"], &answer["values"]), (&json!("S!A2:B3"), &json!([["a", "b"], ["c", "d"]])));
    assert_eq!(service.get(&format!("{file}/values/S!Block")).await["range"], "S!A2:B3");
    let again = service
        .refused(&file, json!([{"addNamedRange": {"namedRange": {"name": "block", "range": range}}}]))
        .await;
    assert!(again["message"].as_str().unwrap().starts_with("Invalid requests[0].addNamedRange:"));
}

#[tokio::test]
async fn columns_can_be_written_as_columns() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let path = format!("{file}/values/B2?valueInputOption=RAW&includeValuesInResponse=true");
    let body = json!({"majorDimension": "COLUMNS", "values": [["a", "b", "c"], ["d"]]});
    let answer = ok(service.request(Method::PUT, &path).json(&body)).await;
    assert_eq!(answer["updatedRange"], "S!B2:C4");
    assert_eq!(
        (&answer["updatedRows"], &answer["updatedColumns"], &answer["updatedCells"]),
        (&json!(3), &json!(2), &json!(4))
    );
    assert_eq!(
        answer["updatedData"],
        json!({"range": "S!B2:C4", "majorDimension": "COLUMNS", "values": [["a", "b", "c"], ["d"]]})
    );
    assert_eq!(service.values(&file, "B2:C4").await, json!([["a", "d"], ["b"], ["c"]]));
}

#[tokio::test]
async fn what_no_cell_can_hold_is_refused() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let path = format!("{file}/values/A1?valueInputOption=RAW");
    let refused =
        error(service.request(Method::PUT, &path).json(&json!({"values": [["ok", {"x": 1}]]})), 400).await;
    assert!(
        refused["message"].as_str().unwrap().starts_with("Invalid values[0][1]: struct_value {"),
        "{refused}"
    );
    let row = json!(["1", "2", "3"]);
    for (range, rows, tried) in [
        ("A1", json!([["1", "2", "3", "4", "5", "6"]]), "column [F]"),
        ("'S'!B4", json!([row, row, row]), "row [6]"),
        ("'S'!$A$1:B2", json!([row]), "column [C]"),
        ("A4:C7", json!([row, row, row, row]), "row [6]"),
    ] {
        let path = format!("{file}/values/{range}?valueInputOption=RAW");
        let refused = error(service.request(Method::PUT, &path).json(&json!({"values": rows})), 400).await;
        let text = format!("Requested writing within range [{range}], but tried writing to {tried}");
        assert_eq!(refused["message"], text);
    }
}

#[tokio::test]
async fn data_filters_name_places_in_three_ways() {
    let service = Service::start().await;
    let file = service.small(4, 3).await;
    service.put(&file, "A1:B2", json!([["a", "b"], ["c", "d"]])).await;
    let filters = json!({"dataFilters": [{"a1Range": "S!A1:B1"}, {"gridRange": {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 2}}]});
    let answer = service.post(&format!("{file}/values:batchGetByDataFilter"), filters).await;
    assert_eq!(answer["valueRanges"][0]["valueRange"]["values"], json!([["a", "b"]]));
    assert_eq!(answer["valueRanges"][1]["valueRange"]["range"], "S!A2:C2");
    // Sorted by column, then row; filters of one range share an entry; an empty range is #REF!.
    let filters = json!([{"a1Range": "B1"}, {"a1Range": "A2"}, {"gridRange": {"startRowIndex": 1, "endRowIndex": 1}}, {"a1Range": "S!B1"}]);
    let answer =
        service.post(&format!("{file}/values:batchGetByDataFilter"), json!({"dataFilters": filters})).await;
    let ranges: Vec<_> = answer["valueRanges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (entry["valueRange"]["range"].as_str().unwrap(), entry["dataFilters"].as_array().unwrap().len())
        })
        .collect();
    assert_eq!(ranges, [("S!A2", 1), ("#REF!", 1), ("S!B1", 2)]);
    for (filters, message) in [
        (json!([]), "Must specify at least one dataFilter."),
        (json!([{"a1Range": "A1"}, {}]), "Invalid dataFilter[1]: dataFilter.filter must be specified."),
        (json!([{"gridRange": {"sheetId": 9}}]), "Invalid dataFilter[0]: No grid with id: 9"),
        (
            json!([{"gridRange": {"startColumnIndex": 3}}]),
            "Invalid dataFilter[0]: Range (S!D:) exceeds grid limits. Max rows: 4, max columns: 3",
        ),
    ] {
        let request = service.request(Method::POST, &format!("{file}/values:batchGetByDataFilter"));
        assert_eq!(error(request.json(&json!({"dataFilters": filters})), 400).await["message"], message);
    }
    let clear = json!({"dataFilters": [{"a1Range": "S!B:B"}]});
    let answer = service.post(&format!("{file}/values:batchClearByDataFilter"), clear).await;
    assert_eq!(answer["clearedRanges"], json!(["S!B1:B4"]));
    assert_eq!(service.values(&file, "S").await, json!([["a"], ["c"]]));
    let missing = error(service.request(Method::GET, &format!("{file}/developerMetadata/9")), 404).await;
    assert_eq!(missing["message"], "No developer metadata with ID 9.");
}

#[tokio::test]
async fn cells_are_shown_with_their_format_and_errors_with_their_reason() {
    let service = Service::start().await;
    let file = service.small(3, 4).await;
    service.put(&file, "A1:D1", json!([["x", 1, true, "=A9/0"]])).await;
    service.put(&file, "D1", json!([["=1/0"]])).await;
    let seen = service
        .get(&format!("{file}?fields=sheets.data.rowData.values(effectiveFormat,effectiveValue)"))
        .await;
    let cells = &seen["sheets"][0]["data"][0]["rowData"][0]["values"];
    let sides: Vec<_> =
        (0..3).map(|at| cells[at]["effectiveFormat"]["horizontalAlignment"].clone()).collect();
    assert_eq!(sides, ["LEFT", "RIGHT", "CENTER"]);
    assert_eq!(cells[0]["effectiveFormat"]["textFormat"]["fontFamily"], "Arial");
    let reason = "Function DIVIDE parameter 2 cannot be zero.";
    assert_eq!(
        cells[3]["effectiveValue"]["errorValue"],
        json!({"type": "DIVIDE_BY_ZERO", "message": reason})
    );
    assert_eq!(service.values(&file, "D1").await, json!([["#DIV/0!"]]));
    let raw = service.get(&format!("{file}/values/D1?valueRenderOption=UNFORMATTED_VALUE")).await;
    assert_eq!(raw["values"], json!([[format!("#DIV/0! ({reason})")]]));
}

#[tokio::test]
async fn formulas_are_shown_as_the_dates_and_amounts_they_are_made_of() {
    let service = Service::start().await;
    let file = service.small(4, 4).await;
    service
        .put(
            &file,
            "A1:B4",
            json!([
                ["$1.50", "=A1*2"],
                ["1/2/2020", "=A2+1"],
                ["1/4/2020", "=A3-A2"],
                ["=DATE(2020,1,2)", "=COUNT(A1:A3)"],
            ]),
        )
        .await;
    assert_eq!(
        service.values(&file, "A1:B4").await,
        json!([["$1.50", "$3.00"], ["1/2/2020", "1/3/2020"], ["1/4/2020", "2"], ["1/2/2020", "3"]])
    );
}

#[tokio::test]
async fn colours_are_answered_in_both_spellings_and_false_is_forgotten() {
    let service = Service::start().await;
    let file = service.small(2, 2).await;
    let cell = json!({"userEnteredFormat": {"backgroundColor": {"red": 0.5}, "textFormat": {"bold": false}},
        "dataValidation": {"condition": {"type": "BOOLEAN"}, "strict": false}});
    let repeat = json!({"range": {"sheetId": 0, "endRowIndex": 1, "endColumnIndex": 1}, "cell": cell, "fields": "userEnteredFormat,dataValidation"});
    service.batch(&file, json!([{"repeatCell": repeat}])).await;
    let seen = service
        .get(&format!("{file}?fields=sheets.data.rowData.values(userEnteredFormat,dataValidation)"))
        .await;
    let half = json!({"red": 0.498_039_22});
    assert_eq!(
        seen["sheets"][0]["data"][0]["rowData"][0]["values"][0],
        json!({
            "userEnteredFormat": {"backgroundColor": half, "backgroundColorStyle": {"rgbColor": half}, "textFormat": {"bold": false}},
            "dataValidation": {"condition": {"type": "BOOLEAN"}},
        })
    );
}
