//! Downloads that are not what they seem.

use exporter_sandbox::panel::{EMAIL, PASSWORD};
use exporter_sandbox::sites::HOSTILE_KINDS;
use exporter_sandbox::{Options, Sandbox};
use reqwest::Response;

use crate::panel::Visitor;

async fn start() -> (Sandbox, Visitor) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let visitor = Visitor::new(sandbox.site_url("hostile").unwrap());
    visitor.submit("/login", "/login", &[("email", EMAIL), ("password", PASSWORD)]).await;
    (sandbox, visitor)
}

async fn get(visitor: &Visitor, kind: &str) -> Response {
    visitor.get(&format!("/file/{kind}?start=2026-01-05&end=2026-01-05")).await
}

#[tokio::test]
async fn each_kind_has_a_page_with_a_button() {
    let (_sandbox, visitor) = start().await;
    for kind in HOSTILE_KINDS {
        let page = visitor.text(&format!("/export/{kind}")).await;
        assert!(page.contains(&format!("action=\"/file/{kind}\"")) && page.contains(">Export</button>"));
    }
    assert_eq!(Visitor::new(visitor.url.clone()).get("/file/empty").await.status().as_u16(), 302);
}

#[tokio::test]
async fn names_types_and_contents_lie() {
    let (_sandbox, visitor) = start().await;
    let html = get(&visitor, "html_as_xlsx").await;
    assert!(html.headers()["content-type"].to_str().unwrap().ends_with("spreadsheetml.sheet"));
    assert!(html.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(get(&visitor, "empty").await.bytes().await.unwrap().len(), 0);
    let place = get(&visitor, "traversal").await.headers()["content-disposition"].clone();
    assert!(place.to_str().unwrap().contains("filename=\"../../"));
    let lies = get(&visitor, "wrong_type").await;
    assert_eq!(lies.headers()["content-type"], "text/html; charset=UTF-8");
    assert!(lies.bytes().await.unwrap().starts_with(b"PK"));
}

#[tokio::test]
async fn bodies_end_early_late_or_never() {
    let (_sandbox, visitor) = start().await;
    let short = get(&visitor, "too_short").await;
    assert!(short.content_length().unwrap() > 1000);
    assert!(short.bytes().await.is_err(), "the connection is cut before the end");
    let mut stalled = get(&visitor, "stalled").await;
    let (whole, mut got) = (stalled.content_length().unwrap(), 0);
    while got < whole / 2 {
        got += stalled.chunk().await.unwrap().unwrap().len() as u64;
    }
    assert_eq!(got, whole / 2);
    let more = tokio::time::timeout(std::time::Duration::from_millis(50), stalled.chunk()).await;
    assert!(more.is_err(), "nothing more comes");
    let mut endless = get(&visitor, "endless").await;
    let mut got = 0;
    while got < 20_000_000 {
        got += endless.chunk().await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn bombs_are_small_on_the_way_and_large_inside() {
    let (_sandbox, visitor) = start().await;
    let bytes = get(&visitor, "zip_bomb").await.bytes().await.unwrap();
    assert!(bytes.len() < 4_000_000, "{}", bytes.len());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let sizes: u64 = (0..archive.len()).map(|part| archive.by_index(part).unwrap().size()).sum();
    assert!(sizes > 1 << 30, "{sizes}");
}

#[tokio::test]
async fn redirects_lead_elsewhere_or_nowhere() {
    let (_sandbox, visitor) = start().await;
    let foreign = get(&visitor, "foreign").await;
    let place = foreign.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(place, format!("{}/elsewhere", visitor.url.replace("127.0.0.1", "localhost")));
    let file = Visitor::new(visitor.url.clone()).get("/elsewhere").await.bytes().await.unwrap();
    assert!(file.starts_with(b"PK"), "whoever follows gets a file");
    let again = get(&visitor, "loop").await.headers()["location"].to_str().unwrap().to_owned();
    let next = visitor.get(&again).await;
    assert_eq!(next.headers()["location"].to_str().unwrap(), again);
}
