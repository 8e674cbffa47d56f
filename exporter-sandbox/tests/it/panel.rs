//! The panel as a browser without scripts sees it: sessions, tokens, redirects, pages, files.

use std::io::Read as _;
use std::time::Duration;

use chrono::NaiveDate;
use exporter_sandbox::panel::data::{Cell, Dataset};
use exporter_sandbox::panel::{EMAIL, Mode, PASSWORD, WrongFile};
use exporter_sandbox::{Options, Sandbox};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};

/// A visitor with cookies who follows no redirect.
pub struct Visitor {
    pub url: String,
    client: Client,
}

impl Visitor {
    pub fn new(url: String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client =
            Client::builder().no_proxy().cookie_store(true).redirect(Policy::none()).build().unwrap();
        Self { url, client }
    }

    pub async fn get(&self, path: &str) -> Response {
        self.client.get(format!("{}{path}", self.url)).send().await.unwrap()
    }

    pub async fn text(&self, path: &str) -> String {
        self.get(path).await.text().await.unwrap()
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.client.post(format!("{}{path}", self.url)).form(fields).send().await.unwrap()
    }

    /// Sends a form with the token of the page at this path.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Response {
        let token = between(&self.text(page).await, "name=\"_token\" value=\"", "\"");
        self.post(path, &[&[("_token", token.as_str())], fields].concat()).await
    }

    pub async fn log_in(&self, password: &str) -> Response {
        self.submit("/login", "/login", &[("email", EMAIL), ("password", password)]).await
    }
}

/// The text between two others.
pub fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1;
    rest.split_once(after).unwrap().0.to_owned()
}

pub fn location(response: &Response) -> &str {
    assert_eq!(response.status(), StatusCode::FOUND);
    response.headers()["location"].to_str().unwrap()
}

async fn start() -> (Sandbox, Visitor) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let visitor = Visitor::new(sandbox.panel_url());
    (sandbox, visitor)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

const FILES: [(Dataset, &str); 4] = [
    (Dataset::Transaksi, "/transaksi/export?start_date=05%2F01%2F2026&end_date=06%2F01%2F2026"),
    (Dataset::PointTrx, "/point_transaction/export-pdf?start=2026-01-05&end=2026-01-06"),
    (Dataset::User, "/user-front/export-pdf?start=2026-01-05&end=2026-01-06"),
    (Dataset::KoinPay, "/koin_pay/export-pdf?start=2026-01-05&end=2026-01-06"),
];

#[tokio::test]
async fn who_logs_in_comes_to_the_page_that_was_asked_for() {
    let (sandbox, visitor) = start().await;
    assert_eq!(location(&visitor.get("/koin_pay").await), format!("{}/login", visitor.url));
    assert_eq!(location(&visitor.log_in(PASSWORD).await), format!("{}/koin_pay", visitor.url));
    assert_eq!(visitor.get("/koin_pay").await.status(), StatusCode::OK);
    assert_eq!(location(&visitor.get("/login").await), format!("{}/dashboard", visitor.url));
    assert_eq!(sandbox.panel().logins(), 1);

    let out = visitor.submit("/dashboard", "/logout", &[]).await;
    assert_eq!(location(&out), format!("{}/login", visitor.url));
    assert_eq!(location(&visitor.get("/koin_pay").await), format!("{}/login", visitor.url));
    assert_eq!(sandbox.panel().logouts(), 1);
}

#[tokio::test]
async fn the_cookies_are_laravels() {
    let (_sandbox, visitor) = start().await;
    let answer = visitor.get("/login").await;
    let cookies: Vec<&str> =
        answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let [script, session] = cookies[..] else { panic!("{cookies:?}") };
    assert!(script.starts_with("XSRF-TOKEN=") && script.contains("%3D; expires="), "{script}");
    assert!(
        !script.contains("httponly") && script.ends_with("Max-Age=7200; path=/; samesite=lax"),
        "{script}"
    );
    assert!(session.starts_with("laravel_session="), "{session}");
    assert!(session.ends_with("Max-Age=7200; path=/; httponly; samesite=lax"), "{session}");
    assert_eq!(answer.headers()["cache-control"], "no-cache, private");
    let before = session.split(';').next().unwrap().to_owned();
    let after = visitor.log_in(PASSWORD).await;
    let after = after.headers().get_all("set-cookie").iter().nth(1).unwrap().to_str().unwrap().to_owned();
    assert!(!after.starts_with(&before), "a login gives the session a new id");
}

#[tokio::test]
async fn a_wrong_password_is_told_once_and_five_lock_the_form_for_a_minute() {
    let (sandbox, visitor) = start().await;
    let message = "These credentials do not match our records.";
    assert_eq!(location(&visitor.log_in("salah").await), format!("{}/login", visitor.url));
    let page = visitor.text("/login").await;
    assert!(page.contains(message) && page.contains(&format!("value=\"{EMAIL}\"")), "{page}");
    assert!(!visitor.text("/login").await.contains(message), "it is told once");
    for _ in 0..4 {
        visitor.log_in("salah").await;
    }
    visitor.log_in(PASSWORD).await;
    let page = visitor.text("/login").await;
    assert!(page.contains("Too many login attempts. Please try again in "), "{page}");
    assert_eq!((sandbox.panel().logins(), sandbox.panel().failed_logins()), (0, 5));
    sandbox.panel().advance(Duration::from_secs(61));
    visitor.log_in(PASSWORD).await;
    assert_eq!(sandbox.panel().logins(), 1);
}

#[tokio::test]
async fn a_form_without_the_sessions_token_has_expired() {
    let (_sandbox, visitor) = start().await;
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    visitor.get("/login").await;
    for token in [None, Some("0123")] {
        let token = token.map(|token| ("_token", token));
        let sent = visitor.post("/login", &[&fields[..], token.as_slice()].concat()).await;
        assert_eq!(sent.status().as_u16(), 419);
        assert!(sent.text().await.unwrap().contains("Page Expired"));
    }
    let cookie = visitor.get("/login").await;
    let cookie = cookie.headers().get_all("set-cookie").iter().next().unwrap().to_str().unwrap().to_owned();
    let decoded = between(&cookie, "XSRF-TOKEN=", ";").replace("%3D", "=");
    let by_script = visitor.client.post(format!("{}/login", visitor.url)).header("X-XSRF-TOKEN", decoded);
    assert_eq!(
        location(&by_script.form(&fields).send().await.unwrap()),
        format!("{}/dashboard", visitor.url)
    );
}

#[tokio::test]
async fn sessions_end_after_two_idle_hours() {
    let (sandbox, visitor) = start().await;
    visitor.log_in(PASSWORD).await;
    sandbox.panel().advance(Duration::from_mins(119));
    assert_eq!(visitor.get("/koin_pay").await.status(), StatusCode::OK);
    sandbox.panel().advance(Duration::from_mins(119));
    let old = between(&visitor.text("/dashboard").await, "name=\"_token\" value=\"", "\"");
    sandbox.panel().advance(Duration::from_mins(121));
    assert_eq!(location(&visitor.get(FILES[3].1).await), format!("{}/login", visitor.url));
    let late = visitor.post("/logout", &[("_token", &old)]).await;
    assert_eq!(late.status().as_u16(), 419);
    let script = visitor.client.get(format!("{}/koin_pay", visitor.url)).header("Accept", "application/json");
    let refused = script.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert!(refused.text().await.unwrap().contains("Unauthenticated."));
}

#[tokio::test]
async fn each_page_has_its_fields_and_each_button_its_file() {
    let (sandbox, visitor) = start().await;
    visitor.log_in(PASSWORD).await;
    for (path, parts) in [
        ("/transaksi/index-export", ["name=\"start_date\"", "name=\"end_date\"", ">Export</button>"]),
        ("/point_transaction", ["name=\"start\"", "name=\"end\"", "class=\"btn btn-danger expot-pdf\""]),
        (
            "/user-front",
            ["id=\"filter-start\"", "id=\"filter-end\"", "class=\"btn btn-success m3 expot-pdf\""],
        ),
        ("/koin_pay", ["id=\"filter-start\"", "id=\"filter-end\"", "class=\"btn btn-success m3 expot-pdf\""]),
    ] {
        let page = visitor.text(path).await;
        assert!(parts.iter().all(|part| page.contains(part)), "{path}: {page}");
    }
    for (dataset, path) in FILES {
        let file = visitor.get(path).await;
        let name = format!("filename=\"{}_20260106_080000.", dataset.name());
        let disposition = file.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(disposition.starts_with("attachment; ") && disposition.contains(&name), "{disposition}");
        let magic: &[u8] = if dataset == Dataset::Transaksi { b"PK" } else { b"%PDF-" };
        assert!(file.bytes().await.unwrap().starts_with(magic), "{path}");
    }
    assert_eq!(visitor.get("/tidak-ada").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(visitor.post("/koin_pay", &[]).await.status().as_u16(), 419);
    assert_eq!(sandbox.panel().rows(Dataset::User, day("2026-01-05"), day("2026-01-05"))[0].len(), 10);
}

#[tokio::test]
async fn days_that_are_none_lead_back_with_a_word() {
    let (_sandbox, visitor) = start().await;
    visitor.log_in(PASSWORD).await;
    let page = format!("{}/koin_pay", visitor.url);
    for (query, word) in [
        ("start=2026-01-05&end=kemarin", "Tanggal end tidak sah."),
        ("start=2026-01-06&end=2026-01-05", "Tanggal akhir harus setelah tanggal awal."),
    ] {
        let address = format!("{}/koin_pay/export-pdf?{query}", visitor.url);
        let back = visitor.client.get(address).header("Referer", &page).send().await.unwrap();
        assert_eq!(location(&back), page);
        assert!(visitor.text("/koin_pay").await.contains(word));
    }
}

#[tokio::test]
async fn files_can_be_wrong_in_each_way() {
    let (sandbox, visitor) = start().await;
    visitor.log_in(PASSWORD).await;
    let (koin, path) = FILES[3];
    let right = visitor.get(path).await.bytes().await.unwrap();
    let wrong = async |wrong| {
        sandbox.panel().set_wrong_file(koin, Some(wrong));
        let file = visitor.get(path).await;
        assert_eq!(file.headers()["content-type"], "application/pdf", "{wrong:?}");
        file.bytes().await.unwrap()
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(text(&wrong(WrongFile::LoginPage).await).contains("name=\"password\""));
    assert_eq!(wrong(WrongFile::Empty).await.len(), 0);
    assert_eq!(wrong(WrongFile::Truncated).await, right[..right.len() / 2]);
    let silent = text(&wrong(WrongFile::NoText).await);
    assert!(silent.starts_with("%PDF-") && !silent.contains("Tj"), "{silent}");
    let renamed = text(&wrong(WrongFile::RenamedKey).await);
    assert!(renamed.contains("(Nomor Unik)") && !renamed.contains("(Kode)"));
    assert!(text(&wrong(WrongFile::NoRows).await).contains("(Tidak ada data)"));
    sandbox.panel().set_wrong_file(koin, None);
    assert_eq!(visitor.get(path).await.bytes().await.unwrap(), right);
}

#[tokio::test]
async fn what_changes_in_the_panel_is_in_its_files() {
    let (sandbox, visitor) = start().await;
    visitor.log_in(PASSWORD).await;
    let (koin, path) = FILES[3];
    let day = day("2026-01-05");
    let Cell::Text(key) = sandbox.panel().rows(koin, day, day)[0][0].clone() else { panic!("a key is text") };
    sandbox.panel().set_cell(koin, &key, "Status", "Dikembalikan");
    let file = String::from_utf8_lossy(&visitor.get(path).await.bytes().await.unwrap()).into_owned();
    assert_eq!(file.matches("(Dikembalikan)").count(), 1);
    assert!(file.contains("(Menunggu)"));
    sandbox.panel().settle(day, day.succ_opt().unwrap());
    let file = String::from_utf8_lossy(&visitor.get(path).await.bytes().await.unwrap()).into_owned();
    assert!(!file.contains("(Menunggu)") && file.contains("(Dikembalikan)"));
}

#[tokio::test]
async fn the_workbook_holds_the_rows() {
    let (sandbox, visitor) = start().await;
    visitor.log_in(PASSWORD).await;
    let bytes = visitor.get(FILES[0].1).await.bytes().await.unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut sheet = String::new();
    archive.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut sheet).unwrap();
    let rows = sandbox.panel().rows(Dataset::Transaksi, day("2026-01-05"), day("2026-01-06"));
    assert_eq!(sheet.matches("<row ").count(), rows.len() + 1);
}

#[tokio::test]
async fn modes_stand_before_the_site() {
    let (sandbox, visitor) = start().await;
    for (mode, status, word) in [
        (Mode::Maintenance, 503, "pemeliharaan"),
        (Mode::Blocked, 403, "firewall"),
        (Mode::RenamedForm, 200, "name=\"akun\""),
        (Mode::Captcha, 200, "class=\"g-recaptcha\""),
    ] {
        sandbox.panel().set_mode(mode);
        let page = visitor.get("/login").await;
        assert_eq!(page.status().as_u16(), status);
        assert!(page.text().await.unwrap().contains(word));
    }
    sandbox.panel().set_mode(Mode::SecondFactor);
    let asked = visitor.log_in(PASSWORD).await;
    assert_eq!(location(&asked), format!("{}/two-factor-challenge", visitor.url));
    assert!(visitor.text("/two-factor-challenge").await.contains("autocomplete=\"one-time-code\""));
    visitor.submit("/two-factor-challenge", "/two-factor-challenge", &[("code", "12345")]).await;
    assert!(visitor.text("/two-factor-challenge").await.contains("code was invalid"));
    sandbox.panel().set_mode(Mode::PasswordExpired);
    let asked = visitor.log_in(PASSWORD).await;
    assert_eq!(location(&asked), format!("{}/password/expired", visitor.url));
    assert!(visitor.text("/password/expired").await.contains("Your password has expired."));
    assert_eq!(sandbox.panel().logins(), 0);
}
