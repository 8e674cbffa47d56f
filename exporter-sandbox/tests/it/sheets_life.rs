//! A spreadsheet's life: people between two calls, rivals, restarts, volume.

use exporter_sandbox::person::{Act, act};
use exporter_sandbox::sheets::{Options, Role, Sheets};
use reqwest::Method;
use serde_json::json;

use crate::service::Service;

#[tokio::test]
async fn people_act_between_two_calls() {
    let service = Service::start().await;
    let file = service.small(6, 3).await;
    let id = file.rsplit('/').next().unwrap();
    service.put(&file, "A1:B3", json!([["id", "n"], ["b", 2], ["a", 1]])).await;
    let tag = json!({"createDeveloperMetadata": {"developerMetadata": {"metadataId": 3, "metadataKey": "col",
        "metadataValue": "id", "visibility": "DOCUMENT",
        "location": {"dimensionRange": {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 0, "endIndex": 1}}}}});
    service.batch(&file, json!([tag])).await;
    let tab = || "S".to_owned();
    for step in [
        Act::Sort { tab: tab(), column: "A".to_owned(), descending: false, header_rows: 1 },
        Act::MoveColumn { tab: tab(), from: "A".to_owned(), to: "C".to_owned() },
        Act::Type { tab: tab(), cell: "C2".to_owned(), text: "=A2*10".to_owned() },
        Act::RenameTab { tab: tab(), title: "Orders".to_owned() },
    ] {
        act(&service.sheets, id, &step).unwrap();
    }
    assert_eq!(service.values(&file, "Orders").await, json!([["n", "id"], ["1", "a", "10"], ["2", "b"]]));
    let place =
        service.get(&format!("{file}/developerMetadata/3")).await["location"]["dimensionRange"].clone();
    assert_eq!(place["startIndex"], 1);
    assert_eq!(service.sheets.rows(id, "Orders").unwrap()[1], ["1", "a", "10"]);
}

#[tokio::test]
async fn of_two_rivals_with_one_marker_exactly_one_wins() {
    let service = Service::start().await;
    let file = service.small(50, 2).await;
    let batch = |name: &str| {
        let cell = json!({"userEnteredValue": {"stringValue": name}});
        let body = json!({"requests": [
            {"appendCells": {"sheetId": 0, "fields": "userEnteredValue", "rows": [{"values": [cell]}]}},
            {"createDeveloperMetadata": {"developerMetadata": {"metadataId": 7, "metadataKey": "commit",
                "visibility": "DOCUMENT", "location": {"sheetId": 0}}}},
        ]});
        service.request(Method::POST, &format!("{file}:batchUpdate")).json(&body).send()
    };
    let names: Vec<String> = (0..8).map(|rival| format!("rival {rival}")).collect();
    let (a, b, c, d) = tokio::join!(batch(&names[0]), batch(&names[1]), batch(&names[2]), batch(&names[3]));
    let won = [a, b, c, d].into_iter().filter(|answer| answer.as_ref().unwrap().status().is_success());
    assert_eq!(won.count(), 1);
    assert_eq!(service.values(&file, "S").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_data_directory_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { data: Some(directory.path().to_owned()), ..Options::default() };
    let file = {
        let service = Service::with(options.clone()).await;
        let file = service.small(4, 3).await;
        let id = file.rsplit('/').next().unwrap();
        service.put(&file, "A1:C1", json!([["0042", "50%", "=B1*2"]])).await;
        service.sheets.share(id, "a@example.com", Role::Viewer).unwrap();
        service.sheets.flush().unwrap();
        file
    };
    let service = Service::with(options).await;
    assert_eq!(service.values(&file, "A1:C1").await, json!([["42", "50%", "100%"]]));
    assert_eq!(service.formulas(&file, "C1").await, json!([["=B1*2"]]));
    let seen = service.request_as("a@example.com", Method::GET, &file).send().await.unwrap();
    assert_eq!(seen.status(), 200);
    // Formats read back are found again, not stored twice.
    service.put(&file, "A2", json!([["60%"]])).await;
    let other = service.small(2, 2).await;
    assert_ne!(other, file, "ids must not repeat after a restart");
}

#[test]
fn a_damaged_file_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("spreadsheets");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("x.json"), "{").unwrap();
    let options = Options { data: Some(directory.path().to_owned()), ..Options::default() };
    let error = Sheets::new(&options).unwrap_err();
    assert!(error.to_string().contains("x.json is not a saved spreadsheet"), "{error}");
}

#[tokio::test]
async fn a_tab_of_many_rows_is_read_and_changed() {
    let service = Service::start().await;
    let file = service.small(300_000, 2).await;
    let keys: Vec<_> = (0..20_000).map(|row| json!([format!("k{row}")])).collect();
    service.put(&file, "A280001", json!(keys)).await;
    let range = json!({"sheetId": 0, "dimension": "ROWS", "startIndex": 1, "endIndex": 2});
    service.batch(&file, json!([{"deleteDimension": {"range": range}}])).await;
    assert_eq!(service.values(&file, "A299999:A300000").await, json!([["k19999"]]));
}
