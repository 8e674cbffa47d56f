//! Headers, encodings, parameters and limits of the Sheets stand-in.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use exporter_sandbox::sheets::{Options, Quotas};
use reqwest::Method;
use serde_json::json;

use crate::service::{Service, error, ok};

#[tokio::test]
async fn answers_are_indented_json_in_the_order_of_the_api() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let response = service.request(Method::GET, &file).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json; charset=UTF-8");
    let text = response.text().await.unwrap();
    let at =
        |name: &str| text.find(&format!("\n  \"{name}\"")).unwrap_or_else(|| panic!("no {name} in {text}"));
    assert!(text.starts_with("{\n  \"spreadsheetId\": "));
    assert!(at("properties") < at("sheets") && at("sheets") < at("spreadsheetUrl"));
    let response = service.request(Method::GET, &format!("{file}?prettyPrint=false")).send().await.unwrap();
    assert!(!response.text().await.unwrap().trim().contains('\n'));
}

#[tokio::test]
async fn errors_are_json_and_unknown_addresses_are_pages() {
    let service = Service::start().await;
    let response = service.request(Method::GET, "/v4/spreadsheets/none").send().await.unwrap();
    assert_eq!(response.status(), 404);
    assert_eq!(
        response.text().await.unwrap(),
        "{\n  \"error\": {\n    \"code\": 404,\n    \"message\": \"Requested entity was not found.\",\n    \"status\": \"NOT_FOUND\"\n  }\n}\n"
    );
    let response = service.request(Method::GET, "/v4/nothing").send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["content-type"]),
        (404, &"text/html; charset=UTF-8".parse().unwrap())
    );
}

#[tokio::test]
async fn bodies_go_packed_both_ways() {
    let service = Service::start().await;
    let file = service.small(100, 2).await;
    let values: Vec<_> = (0..100).map(|row| json!([row.to_string(), "some text"])).collect();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(json!({"values": values}).to_string().as_bytes()).unwrap();
    let path = format!("{file}/values/S!A1?valueInputOption=RAW");
    let request = service
        .request(Method::PUT, &path)
        .header("content-encoding", "gzip")
        .header("content-type", "application/json")
        .body(packer.finish().unwrap());
    assert_eq!(ok(request).await["updatedCells"], 200);
    // reqwest would unpack it silently: ask by hand.
    let address = service.url.strip_prefix("http://").unwrap().to_owned();
    let text = format!(
        "GET {file}/values/S HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer fidelity\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n"
    );
    let raw = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).unwrap();
        raw
    })
    .await
    .unwrap();
    let head = String::from_utf8_lossy(&raw[..400]).to_lowercase();
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert_eq!(service.values(&file, "S!A100:B100").await, json!([["99", "some text"]]));
}

#[tokio::test]
async fn parameters_are_checked() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let ask = |rest: &str| service.request(Method::GET, &format!("{file}{rest}"));
    let unknown = error(ask("/values/A1?valueRender=X"), 400).await;
    assert_eq!(
        unknown["message"],
        "Invalid JSON payload received. Unknown name \"valueRender\": Cannot bind query parameter. Field 'valueRender' could not be found in request message."
    );
    let wrong = error(ask("/values/A1?valueRenderOption=X"), 400).await;
    assert_eq!(
        wrong["message"],
        "Invalid value at 'value_render_option' (type.googleapis.com/google.apps.sheets.v4.ValueRenderOption), \"X\""
    );
    let mask = error(ask("?fields=sheets.nothing"), 400).await;
    assert_eq!(mask["message"], "Request contains an invalid argument.");
    assert_eq!(
        mask["details"][0]["fieldViolations"][0]["description"],
        "Error expanding 'fields' parameter. Cannot find matching fields for path 'sheets.nothing'."
    );
    let body = service.request(Method::POST, &format!("{file}:batchUpdate")).body("{\"requests\": [");
    assert!(
        error(body, 400).await["message"].as_str().unwrap().starts_with("Invalid JSON payload received.")
    );
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let time_limit = Some(Duration::from_millis(80));
    let service = Service::with(Options { time_limit, ..Options::default() }).await;
    let file = service.small(5, 5).await;
    let address = service.url.strip_prefix("http://").unwrap().to_owned();
    let text = format!(
        "PUT {file}/values/A1?valueInputOption=RAW HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer fidelity\r\ncontent-length: 20\r\nconnection: close\r\n\r\n{{\"valu"
    );
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
    .await
    .unwrap();
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    assert!(answer.contains("DEADLINE_EXCEEDED"));
    assert_eq!(service.values(&file, "A1").await, json!(null));
}

#[tokio::test]
async fn writes_have_a_quota_of_their_own() {
    let service = Service::with(Options { quotas: Quotas::Project, ..Options::default() }).await;
    let file = service.small(5, 5).await;
    for _ in 1..60 {
        service.put(&file, "A1", json!([["x"]])).await;
    }
    let path = format!("{file}/values/A1?valueInputOption=RAW");
    let refused = error(service.request(Method::PUT, &path).json(&json!({"values": [["y"]]})), 429).await;
    assert_eq!(refused["status"], "RESOURCE_EXHAUSTED");
    let metadata = &refused["details"][0]["metadata"];
    assert_eq!(metadata["quota_metric"], "sheets.googleapis.com/write_requests");
    assert_eq!(metadata["quota_limit_value"], "60");
    assert_eq!(service.values(&file, "A1").await, json!([["x"]]), "reads are counted apart");
}

#[tokio::test]
async fn too_many_requests_or_characters_are_refused() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    let requests = vec![json!({"clearBasicFilter": {"sheetId": 0}}); 100_001];
    let refused = service.refused(&file, json!(requests)).await;
    assert_eq!(refused["message"], "Cannot exceed 100000 requests in a single batch.");
    let cell = json!({"userEnteredValue": {"stringValue": "x".repeat(50_001)}});
    let write = json!({"updateCells": {"start": {"sheetId": 0}, "fields": "userEnteredValue", "rows": [{"values": [cell]}]}});
    let refused = service.refused(&file, json!([write])).await;
    assert_eq!(
        refused["message"],
        "Invalid requests[0].updateCells: Your input contains more than the maximum of 50000 characters in a single cell."
    );
}

#[tokio::test]
async fn the_page_shows_a_tab_as_text() {
    let service = Service::start().await;
    let file = service.small(5, 5).await;
    service.put(&file, "A1:B2", json!([["<b>name</b>", "n"], ["x", 1234.5]])).await;
    let id = file.rsplit('/').next().unwrap();
    let response =
        service.anonymous(Method::GET, &format!("/spreadsheets/d/{id}/edit")).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/html; charset=UTF-8");
    let page = response.text().await.unwrap();
    assert!(page.contains("<td>&lt;b&gt;name&lt;/b&gt;</td>"), "{page}");
    assert!(page.contains("<td class=\"n\">1234.5</td>"), "{page}");
}
