//! The other panels: each hands out the rows that the panel has.

use std::io::Read as _;

use chrono::NaiveDate;
use exporter_sandbox::panel::data::{Cell, Dataset};
use exporter_sandbox::panel::{EMAIL, PASSWORD};
use exporter_sandbox::sites::API_TOKEN;
use exporter_sandbox::{Options, Sandbox};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::panel::{Visitor, between};

const DAYS: (&str, &str) = ("2026-01-05", "2026-01-06");

async fn start(name: &str) -> (Sandbox, Visitor) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let visitor = Visitor::new(sandbox.site_url(name).unwrap());
    (sandbox, visitor)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The values of the column that identifies a row.
fn keys(sandbox: &Sandbox, dataset: Dataset) -> Vec<String> {
    let rows = sandbox.panel().rows(dataset, day(DAYS.0), day(DAYS.1));
    let at = dataset.columns().iter().position(|name| *name == dataset.key()).unwrap();
    rows.iter()
        .map(|row| if let Cell::Text(key) = &row[at] { key.clone() } else { panic!("{row:?}") })
        .collect()
}

fn csv_keys(dataset: Dataset, bytes: &[u8], separator: u8) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(bytes);
    let header = reader.headers().unwrap().clone();
    assert_eq!(header.iter().collect::<Vec<_>>(), dataset.columns());
    let at = header.iter().position(|name| name == dataset.key()).unwrap();
    reader.records().map(|record| record.unwrap()[at].to_owned()).collect()
}

fn to(response: &Response) -> &str {
    assert_eq!(response.status(), StatusCode::FOUND);
    response.headers()["location"].to_str().unwrap()
}

#[tokio::test]
async fn every_site_is_listed_and_answers_at_its_address() {
    let (sandbox, _) = start("django").await;
    let visitor = Visitor::new(sandbox.control_url());
    let listed: Vec<Value> = serde_json::from_str(&visitor.text("/sites").await).unwrap();
    assert_eq!(listed.len(), sandbox.sites().len());
    for name in [
        "django",
        "datatables",
        "redmine",
        "flask_admin",
        "api",
        "hostile",
        "renamed",
        "overlay",
        "new_tab",
        "max_days",
        "single_session",
        "framed",
        "two_step",
        "slow",
        "flaky",
    ] {
        let site = listed.iter().find(|site| site["name"] == name).unwrap_or_else(|| panic!("{name}"));
        let visitor = Visitor::new(site["url"].as_str().unwrap().to_owned());
        let status = visitor.get("/").await.status();
        let expected = if name == "api" { StatusCode::UNAUTHORIZED } else { StatusCode::FOUND };
        assert!(status == expected || (name == "redmine" && status == StatusCode::FOUND), "{name}: {status}");
    }
}

#[tokio::test]
async fn django_wants_its_masked_token_and_a_format() {
    let (sandbox, visitor) = start("django").await;
    let list = format!("/admin/toko/koinpay/?tanggal__range__gte={}&tanggal__range__lte={}", DAYS.0, DAYS.1);
    let login = to(&visitor.get(&list).await).to_owned();
    assert!(login.starts_with("/admin/login/?next=%2Fadmin%2Ftoko%2Fkoinpay"), "{login}");
    let token = async |page: &str| between(&visitor.text(page).await, "csrfmiddlewaretoken\" value=\"", "\"");
    let next = list.as_str();
    let form = async |password: &'static str, token: &str| {
        let fields =
            [("csrfmiddlewaretoken", token), ("username", EMAIL), ("password", password), ("next", next)];
        visitor.post("/admin/login/", &fields).await
    };
    assert_eq!(form(PASSWORD, "none").await.status(), StatusCode::FORBIDDEN);
    let wrong = form("salah", &token(&login).await).await;
    assert_eq!(wrong.status(), StatusCode::OK);
    assert!(wrong.text().await.unwrap().contains("Please enter the correct username and password"));
    assert_eq!(to(&form(PASSWORD, &token(&login).await).await), list);

    let page = visitor.text(&list).await;
    let export = between(&page, "<li><a href=\"", "\"").replace("&amp;", "&");
    let token = token(&export).await;
    let wanted = keys(&sandbox, Dataset::KoinPay);
    for (format, kind) in [("0", "text/csv"), ("1", "sheet"), ("2", "application/json")] {
        let file = visitor.post(&export, &[("csrfmiddlewaretoken", &token), ("format", format)]).await;
        assert!(file.headers()["content-type"].to_str().unwrap().contains(kind));
        let bytes = file.bytes().await.unwrap();
        match format {
            "0" => assert_eq!(csv_keys(Dataset::KoinPay, &bytes, b','), wanted),
            "1" => assert!(bytes.starts_with(b"PK")),
            _ => {
                let rows: Vec<Value> = serde_json::from_slice(&bytes).unwrap();
                assert_eq!(rows.iter().map(|row| row["Kode"].as_str().unwrap()).collect::<Vec<_>>(), wanted);
            }
        }
    }
    let without = visitor.post(&export, &[("csrfmiddlewaretoken", &token), ("format", "")]).await;
    assert!(without.text().await.unwrap().contains("This field is required."));
}

#[tokio::test]
async fn datatables_has_rows_as_json_and_no_file() {
    let (sandbox, visitor) = start("datatables").await;
    let csrf = between(&visitor.text("/login").await, "name=\"_csrf\" value=\"", "\"");
    let refused = visitor.get("/laporan/data").await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    visitor.post("/login", &[("_csrf", &csrf), ("username", EMAIL), ("password", PASSWORD)]).await;
    let page = visitor.text("/laporan").await;
    assert!(page.contains("buttons-csv") && page.contains("src=\"/laporan.js\""), "{page}");
    assert!(visitor.text("/laporan.js").await.contains("new Blob("));
    let get = async |part: &str| {
        let path = format!("/laporan/data?draw=3&min={}&max={}&{part}", DAYS.0, DAYS.1);
        serde_json::from_str::<Value>(&visitor.text(&path).await).unwrap()
    };
    let wanted = keys(&sandbox, Dataset::PointTrx);
    let all = get("start=0&length=-1").await;
    assert_eq!((all["draw"].as_i64(), all["recordsTotal"].as_u64()), (Some(3), Some(wanted.len() as u64)));
    let found: Vec<&str> =
        all["data"].as_array().unwrap().iter().map(|row| row[1].as_str().unwrap()).collect();
    assert_eq!(found, wanted);
    assert_eq!(get("start=2&length=3").await["data"][0][1], wanted[2]);
}

#[tokio::test]
async fn redmine_links_to_the_filtered_list_as_files() {
    let (sandbox, visitor) = start("redmine").await;
    let login = visitor.text("/login?back_url=%2Fprojects%2Fuser%2Fissues").await;
    let token = between(&login, "authenticity_token\" value=\"", "\"");
    let fields = [("authenticity_token", token.as_str()), ("username", EMAIL), ("password", PASSWORD)];
    assert_eq!(to(&visitor.post("/login", &fields).await), "/projects");
    let query = format!(
        "set_filter=1&f%5B%5D=created_on&op%5Bcreated_on%5D=%3E%3C&v%5Bcreated_on%5D%5B%5D={}&v%5Bcreated_on%5D%5B%5D={}",
        DAYS.0, DAYS.1
    );
    let page = visitor.text(&format!("/projects/user/issues?{query}")).await;
    let link = between(&page, "<a class=\"csv\" rel=\"nofollow\" href=\"", "\"").replace("&amp;", "&");
    let file = visitor.get(&link).await.bytes().await.unwrap();
    assert_eq!(csv_keys(Dataset::User, &file, b';'), keys(&sandbox, Dataset::User));
    let link = between(&page, "<a class=\"pdf\" rel=\"nofollow\" href=\"", "\"").replace("&amp;", "&");
    assert!(visitor.get(&link).await.bytes().await.unwrap().starts_with(b"%PDF-"));
}

#[tokio::test]
async fn flask_admin_has_both_days_in_one_field() {
    let (sandbox, visitor) = start("flask_admin").await;
    let token = between(&visitor.text("/login").await, "name=\"csrf_token\" type=\"hidden\" value=\"", "\"");
    let fields = [("csrf_token", token.as_str()), ("login", EMAIL), ("password", PASSWORD)];
    assert_eq!(to(&visitor.post("/login?next=%2Fadmin%2Ftransaksi%2F", &fields).await), "/admin/transaksi/");
    let list = format!("/admin/transaksi/?flt0_tanggal_between={}+to+{}", DAYS.0, DAYS.1);
    let page = visitor.text(&list).await;
    let link = between(&page, "<li><a href=\"/admin/transaksi/export", "\"").replace("&amp;", "&");
    let file = visitor.get(&format!("/admin/transaksi/export{link}")).await.bytes().await.unwrap();
    assert_eq!(csv_keys(Dataset::Transaksi, &file, b','), keys(&sandbox, Dataset::Transaksi));
}

#[tokio::test]
async fn the_api_wants_its_token_pages_and_slows_down_who_is_fast() {
    let (sandbox, visitor) = start("api").await;
    assert_eq!(visitor.get("/api/v1/koin_pay").await.status(), StatusCode::UNAUTHORIZED);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| {
        client.get(format!("{}{path}", visitor.url)).bearer_auth(API_TOKEN).send().await.unwrap()
    };
    let wanted = keys(&sandbox, Dataset::KoinPay);
    let mut next = Some(format!("/api/v1/koin_pay?from={}&to={}&per_page=30", DAYS.0, DAYS.1));
    let mut found = Vec::new();
    while let Some(path) = next.take() {
        let page: Value = get(&path).await.json().await.unwrap();
        assert_eq!(page["meta"]["total"], wanted.len());
        found.extend(
            page["data"].as_array().unwrap().iter().map(|row| row["Kode"].as_str().unwrap().to_owned()),
        );
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(found, wanted);
    let mut slowed = None;
    for _ in 0..20 {
        let answer = get("/api/v1/koin_pay").await;
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            slowed = Some(answer.headers()["retry-after"].clone());
            break;
        }
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(slowed.unwrap(), "1");
}

#[tokio::test]
async fn the_api_packs_what_it_sends_where_that_is_understood() {
    let (_sandbox, visitor) = start("api").await;
    let path = format!("{}/api/v1/user.csv?from={}&to={}", visitor.url, DAYS.0, DAYS.1);
    let client = reqwest::Client::builder().no_proxy().no_gzip().build().unwrap();
    let get = client.get(&path).bearer_auth(API_TOKEN);
    let packed = get.try_clone().unwrap().header("Accept-Encoding", "gzip").send().await.unwrap();
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    let mut text = String::new();
    let bytes = packed.bytes().await.unwrap();
    flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, get.send().await.unwrap().text().await.unwrap());
}

#[tokio::test]
async fn the_same_rows_come_as_csv_from_the_api() {
    let (sandbox, visitor) = start("api").await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let path = format!("{}/api/v1/user.csv?from={}&to={}", visitor.url, DAYS.0, DAYS.1);
    let file = client.get(path).bearer_auth(API_TOKEN).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(csv_keys(Dataset::User, &file, b','), keys(&sandbox, Dataset::User));
}

#[tokio::test]
async fn framed_has_its_form_in_a_frame_and_wants_a_kind_and_a_tick() {
    let (sandbox, visitor) = start("framed").await;
    let token = between(&visitor.text("/login").await, "name=\"token\" value=\"", "\"");
    let sent = visitor.post("/login", &[("token", &token), ("user", EMAIL), ("pass", PASSWORD)]).await;
    assert_eq!(to(&sent), "/main");
    assert!(visitor.text("/main").await.contains("src=\"/frame/export\""));
    let page = visitor.text("/frame/export").await;
    assert!(page.contains("<form action=\"/frame/export/file\">") && page.contains("value=\"01.01.2026\""));
    let get = async |more: &str| {
        let days = "/frame/export/file?tgl1=05.01.2026&tgl2=06.01.2026";
        visitor.get(&format!("{days}{more}")).await.bytes().await.unwrap()
    };
    let file = get("&jenis=csv&lengkap=1").await;
    assert_eq!(csv_keys(Dataset::User, &file, b','), keys(&sandbox, Dataset::User));
    let short = String::from_utf8(get("&jenis=csv").await.to_vec()).unwrap();
    assert!(short.starts_with("No,ID,Nama Lengkap,Email\r\n"), "{short}");
    assert!(get("&jenis=xls").await.starts_with(b"PK"));
    assert!(get("&jenis=layar").await.starts_with(b"<!DOCTYPE html>"));
}
