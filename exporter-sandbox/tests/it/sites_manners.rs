//! The panel in its other manners.

use chrono::{DateTime, Utc};
use exporter_sandbox::panel::{EMAIL, PASSWORD, TOTP_SECRET};
use exporter_sandbox::{Options, Sandbox};

use crate::panel::{Visitor, location};

const FILE: &str = "/koin_pay/export-pdf?start=2026-01-05&end=2026-01-05";

async fn start(name: &str) -> (Sandbox, Visitor) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let visitor = Visitor::new(sandbox.site_url(name).unwrap());
    (sandbox, visitor)
}

async fn shape(visitor: &Visitor, path: &str) -> (u16, String, Vec<u8>) {
    let answer = visitor.get(path).await;
    let place = answer.headers().get("content-disposition").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), place.unwrap_or_default(), answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn renamed_has_other_names_and_the_same_rows() {
    let (sandbox, visitor) = start("renamed").await;
    let login = visitor.text("/login").await;
    assert!(login.contains("name=\"surel\"") && !login.contains("name=\"email\""));
    assert!(login.contains(">Email</label>") && login.contains("type=\"password\""));
    visitor.submit("/login", "/login", &[("surel", EMAIL), ("sandi", PASSWORD)]).await;
    let page = visitor.text("/koin_pay").await;
    assert!(page.contains(">Tanggal awal</label>") && page.contains(">Export PDF</button>"));
    assert!(!page.contains("expot-pdf") && !page.contains("filter-start") && !page.contains("btn "));
    let renamed = shape(&visitor, "/koin_pay/unduh-pdf?dari=2026-01-05&sampai=2026-01-05").await;
    let usual = Visitor::new(sandbox.panel_url());
    usual.log_in(PASSWORD).await;
    assert_eq!(renamed, shape(&usual, FILE).await);
    assert_eq!(visitor.get(FILE).await.status().as_u16(), 404);
}

#[tokio::test]
async fn overlay_covers_its_pages_and_new_tab_shows_its_files() {
    let (sandbox, visitor) = start("overlay").await;
    visitor.log_in(PASSWORD).await;
    let page = visitor.text("/koin_pay").await;
    assert!(page.contains("id=\"cookie-consent\"") && page.contains("Terima semua"), "{page}");
    let tab = Visitor::new(sandbox.site_url("new_tab").unwrap());
    tab.log_in(PASSWORD).await;
    assert!(tab.text("/koin_pay").await.contains("window.open(address, '_blank')"));
    assert!(tab.text("/transaksi/index-export").await.contains("target=\"_blank\""));
    let (status, place, bytes) = shape(&tab, FILE).await;
    assert!(status == 200 && place.starts_with("inline; ") && bytes.starts_with(b"%PDF-"), "{place}");
}

#[tokio::test]
async fn max_days_refuses_the_thirty_second_day() {
    let (_sandbox, visitor) = start("max_days").await;
    visitor.log_in(PASSWORD).await;
    let most = shape(&visitor, "/koin_pay/export-pdf?start=2026-01-01&end=2026-01-31").await;
    assert_eq!(most.0, 200);
    let more = visitor.get("/koin_pay/export-pdf?start=2026-01-01&end=2026-02-01").await;
    assert_eq!(location(&more), format!("{}/dashboard", visitor.url));
    assert!(visitor.text("/dashboard").await.contains("Rentang tanggal maksimal 31 hari."));
}

#[tokio::test]
async fn a_second_login_ends_the_first() {
    let (sandbox, first) = start("single_session").await;
    first.log_in(PASSWORD).await;
    assert_eq!(first.get("/koin_pay").await.status().as_u16(), 200);
    let second = Visitor::new(first.url.clone());
    second.log_in(PASSWORD).await;
    assert_eq!(location(&first.get("/koin_pay").await), format!("{}/login", first.url));
    assert!(first.text("/login").await.contains("di perangkat lain"));
    assert_eq!(second.get("/koin_pay").await.status().as_u16(), 200);
    assert_eq!(sandbox.site_panel("single_session").unwrap().logins(), 2);
}

/// A code as a phone would make it: RFC 6238 by its own words, apart from the sandbox's.
fn code(at: DateTime<Utc>) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345678901234567890");
    assert_eq!(TOTP_SECRET, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "the key above in base 32");
    let tag = ring::hmac::sign(&key, &(at.timestamp() / 30).to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let four = u32::from_be_bytes(tag.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", four % 1_000_000)
}

#[tokio::test]
async fn two_step_asks_for_name_password_and_code() {
    let (sandbox, visitor) = start("two_step").await;
    assert!(!visitor.text("/login").await.contains("type=\"password\""));
    let step = visitor.submit("/login", "/login", &[("email", EMAIL)]).await;
    assert_eq!(location(&step), format!("{}/login/password", visitor.url));
    let wrong = visitor.submit("/login/password", "/login/password", &[("password", "salah")]).await;
    assert_eq!(location(&wrong), format!("{}/login/password", visitor.url));
    assert!(visitor.text("/login/password").await.contains("do not match our records"));
    let step = visitor.submit("/login/password", "/login/password", &[("password", PASSWORD)]).await;
    let challenge = "/two-factor-challenge";
    assert_eq!(location(&step), format!("{}{challenge}", visitor.url));
    assert_eq!(location(&visitor.get("/koin_pay").await), format!("{}/login", visitor.url));
    let code = code(std::time::SystemTime::now().into());
    let entered = visitor.submit(challenge, challenge, &[("code", &code)]).await;
    assert_eq!(location(&entered), format!("{}/koin_pay", visitor.url));
    assert_eq!(sandbox.site_panel("two_step").unwrap().logins(), 1);
}

#[tokio::test]
async fn flaky_fails_every_seventh_time_in_three_ways() {
    let (_sandbox, visitor) = start("flaky").await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut seen = Vec::new();
    for _ in 0..21 {
        let answer = client.get(format!("{}/login", visitor.url)).send().await;
        seen.push(answer.map_or(0, |answer| answer.status().as_u16()));
    }
    // A client may ask again by itself when a connection is cut; then the last is one early.
    let failed: Vec<u16> = seen.iter().copied().filter(|status| *status != 200).collect();
    assert_eq!((seen[6], seen[13]), (503, 0), "{seen:?}");
    assert_eq!(failed.len(), 3, "{seen:?}");
}
