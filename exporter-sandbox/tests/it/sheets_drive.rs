//! Files as the Drive API shows them: made, found, copied, shared and deleted.

use exporter_sandbox::sheets::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{Service, error, ok};

const FILES: &str = "/drive/v3/files";
const KIND: &str = "application/vnd.google-apps.spreadsheet";

async fn create(service: &Service, name: &str) -> String {
    let made = service.post(FILES, json!({"name": name, "mimeType": KIND})).await;
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(made, json!({"kind": "drive#file", "id": id, "name": name, "mimeType": KIND}));
    id
}

async fn names(service: &Service, search: &str) -> Value {
    let found = ok(service.request(Method::GET, FILES).query(&[("q", search)])).await;
    found["files"].as_array().unwrap().iter().map(|file| file["name"].clone()).collect()
}

#[tokio::test]
async fn a_file_made_there_is_a_spreadsheet_until_it_is_deleted() {
    let service = Service::start().await;
    let id = create(&service, "Made").await;
    let file = format!("/v4/spreadsheets/{id}");
    let seen = service.get(&format!("{file}?fields=properties.title,sheets.properties(sheetId,title)")).await;
    assert_eq!(
        seen,
        json!({"properties": {"title": "Made"}, "sheets": [{"properties": {"sheetId": 0, "title": "Sheet1"}}]})
    );
    let title = json!({"properties": {"title": "Renamed"}, "fields": "title"});
    service.batch(&file, json!([{"updateSpreadsheetProperties": title}])).await;
    let times = service.get(&format!("{FILES}/{id}?fields=name,createdTime,modifiedTime")).await;
    assert_eq!(times["name"], "Renamed");
    assert!(times["createdTime"].as_str() <= times["modifiedTime"].as_str(), "{times}");
    let gone = service.request(Method::DELETE, &format!("{FILES}/{id}")).send().await.unwrap();
    assert_eq!((gone.status().as_u16(), gone.text().await.unwrap()), (204, String::new()));
    error(service.request(Method::GET, &file), 404).await;
    let missing = error(service.request(Method::GET, &format!("{FILES}/{id}")), 404).await;
    assert_eq!(missing["message"], format!("File not found: {id}."));
    assert_eq!(missing["errors"][0]["reason"], "notFound");
}

#[tokio::test]
async fn files_are_found_by_name_and_only_by_those_who_may_see_them() {
    let service = Service::start().await;
    let id = create(&service, "Bo's report").await;
    create(&service, "Other").await;
    let kind = format!("mimeType=\"{KIND}\"");
    assert_eq!(names(&service, &format!("{kind} and name = \"Bo's report\"")).await, json!(["Bo's report"]));
    assert_eq!(names(&service, "name contains 'oth' and trashed=false").await, json!(["Other"]));
    assert_eq!(names(&service, "'folder' in parents").await, json!([]));
    error(service.request(Method::GET, &format!("{FILES}?q=colour%3D1")), 400).await;
    let robot = "robot@example.com";
    let read = || service.request_as(robot, Method::GET, &format!("{FILES}/{id}"));
    error(read(), 404).await;
    let share = json!({"type": "user", "role": "reader", "emailAddress": robot});
    let shared = service.post(&format!("{FILES}/{id}/permissions"), share).await;
    assert_eq!((&shared["kind"], &shared["role"]), (&json!("drive#permission"), &json!("reader")));
    ok(read()).await;
    let all = service.get(&format!("{FILES}/{id}/permissions?fields=permissions(emailAddress,role)")).await;
    let owner = json!({"emailAddress": "owner@example.com", "role": "owner"});
    assert_eq!(all, json!({"permissions": [owner, {"emailAddress": robot, "role": "reader"}]}));
    error(service.request_as(robot, Method::DELETE, &format!("{FILES}/{id}")), 403).await;
}

#[tokio::test]
async fn a_copy_is_a_file_of_its_own() {
    let service = Service::start().await;
    let id = create(&service, "First").await;
    let file = format!("/v4/spreadsheets/{id}");
    service.put(&file, "A1", json!([["kept"]])).await;
    let asked = format!("{FILES}/{id}/comments?fields=comments/content,comments/anchor,nextPageToken");
    assert_eq!(service.get(&asked).await, json!({"comments": []}));
    let copy = service.post(&format!("{FILES}/{id}/copy"), json!({"name": "Second"})).await;
    let other = format!("/v4/spreadsheets/{}", copy["id"].as_str().unwrap());
    assert_eq!((copy["name"].as_str(), other != file), (Some("Second"), true));
    service.put(&file, "A1", json!([["changed"]])).await;
    assert_eq!(service.values(&other, "A1").await, json!([["kept"]]));
    assert_eq!(
        service.get(&format!("{other}?fields=properties.title")).await["properties"]["title"],
        "Second"
    );
}

#[tokio::test]
async fn a_deleted_file_does_not_come_back_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let options = || Options { data: Some(folder.path().to_owned()), ..Options::default() };
    let service = Service::with(options()).await;
    let (kept, gone) = (create(&service, "Kept").await, create(&service, "Gone").await);
    service.request(Method::DELETE, &format!("{FILES}/{gone}")).send().await.unwrap();
    service.sheets.flush().unwrap();
    drop(service);
    let service = Service::with(options()).await;
    assert_eq!(service.sheets.ids(), [kept]);
}

#[tokio::test]
async fn the_first_tab_is_exported_as_it_is_shown() {
    let service = Service::start().await;
    let id = create(&service, "Report").await;
    let file = format!("/v4/spreadsheets/{id}");
    service.put(&file, "A1:C3", json!([["a", "1,5 \"x\"", ""], ["", "", ""], ["2026-11-21", "=1/4"]])).await;
    let export = |kind: &str| {
        service.request(Method::GET, &format!("{FILES}/{id}/export")).query(&[("mimeType", kind)])
    };
    let answer = export("text/csv").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv");
    assert_eq!(answer.text().await.unwrap(), "a,\"1,5 \"\"x\"\"\"\r\n,\r\n2026-11-21,0.25");
    error(export("application/pdf"), 400).await;
}

#[tokio::test]
async fn an_account_is_shut_out_by_the_id_of_its_permission() {
    let service = Service::start().await;
    let permissions = format!("{FILES}/{}/permissions", create(&service, "Shared").await);
    let robot = "robot@example.com";
    let share = json!({"type": "user", "role": "writer", "emailAddress": robot});
    let id = service.post(&permissions, share).await["id"].as_str().unwrap().to_owned();
    let remove = || service.request(Method::DELETE, &format!("{permissions}/{id}"));
    assert_eq!(remove().send().await.unwrap().status(), 204);
    error(service.request_as(robot, Method::GET, &permissions), 404).await;
    let owner = service.get(&permissions).await["permissions"][0]["id"].as_str().unwrap().to_owned();
    error(service.request(Method::DELETE, &format!("{permissions}/{owner}")), 403).await;
    let missing = error(remove(), 404).await;
    assert_eq!(missing["message"], format!("Permission not found: {id}."));
}

#[tokio::test]
async fn answers_of_this_api_are_never_to_be_kept() {
    let service = Service::start().await;
    let answer = service.request(Method::GET, FILES).send().await.unwrap();
    let header = |name: &str| {
        let values = answer.headers().get_all(name).iter().map(|value| value.to_str().unwrap());
        values.collect::<Vec<_>>()
    };
    assert_eq!(header("cache-control"), ["no-cache, no-store, max-age=0, must-revalidate"]);
    assert_eq!(header("pragma"), ["no-cache"]);
    assert_eq!(header("vary"), ["Origin, X-Origin"]);
}
