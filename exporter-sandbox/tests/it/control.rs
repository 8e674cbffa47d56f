//! The control path over HTTP, and what a sandbox is started with.

use std::net::TcpListener;

use exporter_sandbox::panel::data::Dataset;
use exporter_sandbox::panel::{EMAIL, PASSWORD};
use exporter_sandbox::telegram::CHAT_ID;
use exporter_sandbox::{Options, SPREADSHEET, Sandbox};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::panel::{Visitor, location};

struct Control {
    sandbox: Sandbox,
    client: Client,
}

impl Control {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        Self { sandbox, client: Client::builder().no_proxy().build().unwrap() }
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.sandbox.control_url());
        let response = self.client.post(url).json(&body).send().await.unwrap();
        (response.status(), response.json().await.unwrap_or_default())
    }

    async fn done(&self, path: &str, body: Value) {
        assert_eq!(self.post(path, body).await.0, StatusCode::NO_CONTENT, "{path}");
    }
}

#[tokio::test]
async fn the_panel_changes() {
    let control = Control::start().await;
    let visitor = Visitor::new(control.sandbox.panel_url());
    control.done("/panel/password", json!({"password": "baru"})).await;
    assert_eq!(location(&visitor.log_in(PASSWORD).await), format!("{}/login", visitor.url));
    assert_eq!(location(&visitor.log_in("baru").await), format!("{}/dashboard", visitor.url));
    control.done("/panel/advance", json!({"seconds": 7300})).await;
    assert_eq!(location(&visitor.get("/koin_pay").await), format!("{}/login", visitor.url));
    visitor.log_in("baru").await;
    control.done("/panel/expire", json!({})).await;
    assert_eq!(location(&visitor.get("/koin_pay").await), format!("{}/login", visitor.url));
    control.done("/panel/mode", json!({"mode": "maintenance"})).await;
    assert_eq!(visitor.get("/login").await.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn the_panels_files_change() {
    let control = Control::start().await;
    let visitor = Visitor::new(control.sandbox.panel_url());
    visitor.log_in(PASSWORD).await;
    let file = async || {
        let bytes = visitor.get("/user-front/export-pdf?start=2026-01-05&end=2026-01-05").await;
        String::from_utf8_lossy(&bytes.bytes().await.unwrap()).into_owned()
    };
    assert!(file().await.contains("(Belum"), "somebody is not verified yet");
    control.done("/panel/settle", json!({"from": "2026-01-05", "to": "2026-01-05"})).await;
    assert!(!file().await.contains("(Belum"));
    control.done("/panel/file", json!({"export": "user", "wrong": "empty"})).await;
    assert_eq!(file().await, "");
    control.done("/panel/file", json!({"export": "user"})).await;
    let cell = json!({"export": "user", "key": "USR-260105000", "column": "Kota", "value": "Ambon"});
    control.done("/panel/cell", cell).await;
    assert!(file().await.contains("(Ambon)"));
    for (path, body, word) in [
        ("/panel/file", json!({"export": "users"}), "there is no export called users"),
        ("/panel/cell", json!({"export": "x", "key": "", "column": "", "value": ""}), "no export called x"),
        ("/panel/cell", json!({"export": "user", "key": "", "column": "Umur", "value": ""}), "called Umur"),
    ] {
        let (status, answer) = control.post(path, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(answer["error"].as_str().unwrap().contains(word), "{answer}");
    }
}

#[tokio::test]
async fn people_write_and_throw_the_bot_out() {
    let control = Control::start().await;
    let (_, said) = control.post("/telegram/say", json!({"from": "Ayu", "text": "/status"})).await;
    assert_eq!(said["message_id"], 1);
    let messages = control.client.get(format!("{}/telegram/messages", control.sandbox.control_url()));
    let messages: Value = messages.send().await.unwrap().json().await.unwrap();
    assert_eq!(messages, json!([{"id": 1, "text": "/status", "edited": false, "file": null}]));
    control.done("/telegram/standing", json!({"standing": {"migrated": -1_002_222}})).await;
    assert!(control.sandbox.telegram().say(-1_002_222, "Ayu", "di sini").is_some());
    control.done("/telegram/chat", json!({"id": 5, "title": "Ayu"})).await;
    control.done("/telegram/limits", json!({"on": false})).await;
    control.done("/telegram/advance", json!({"seconds": 60})).await;
    assert!(control.sandbox.telegram().history(CHAT_ID).len() == 1);
    let (status, answer) = control.post("/telegram/say", json!({"chat": 9, "text": "x"})).await;
    assert_eq!((status, answer["error"].as_str()), (StatusCode::BAD_REQUEST, Some("there is no chat 9")));
}

#[tokio::test]
async fn a_person_types_into_the_spreadsheet() {
    let control = Control::start().await;
    control
        .done("/sheets/person", json!({"act": "type", "tab": "Sheet1", "cell": "B2", "text": "1,5"}))
        .await;
    let rows = control.sandbox.sheets().rows(SPREADSHEET, "Sheet1").unwrap();
    assert_eq!(rows[1][1], "1,5");
    let (status, _) = control.post("/sheets/person", json!({"act": "dance"})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let other = control.sandbox.sheets().create("Lain", "ayu@toko.test");
    let elsewhere = json!({"spreadsheet": other, "act": "add_tab", "title": "Baru"});
    control.done("/sheets/person", elsewhere).await;
    assert_eq!(control.sandbox.sheets().tabs(&other), ["Sheet1", "Baru"]);
    assert_eq!(control.sandbox.sheets().tabs(SPREADSHEET), ["Sheet1"]);
}

#[tokio::test]
async fn what_was_written_outlives_the_sandbox_with_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { data: Some(directory.path().to_owned()), ..Options::default() };
    let sandbox = Sandbox::start(options.clone()).await.unwrap();
    assert_eq!(sandbox.config_path(), directory.path().join("exporter.toml"));
    let act = json!({"act": "type", "tab": "Sheet1", "cell": "A1", "text": "tetap"});
    exporter_sandbox::person::act_json(sandbox.sheets(), SPREADSHEET, &act).unwrap();
    sandbox.stop().await.unwrap();
    let again = Sandbox::start(options).await.unwrap();
    assert_eq!(again.sheets().rows(SPREADSHEET, "Sheet1").unwrap(), [["tetap"]]);
}

#[tokio::test]
async fn options_set_addresses_and_rows() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (panel_addr, sheets_addr, telegram_addr) = (free(), free(), free());
    let options = Options { panel_addr, sheets_addr, telegram_addr, seed: 9, ..Options::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    assert_eq!(sandbox.panel_url(), format!("http://{panel_addr}"));
    assert_eq!(sandbox.token_url(), format!("http://{sheets_addr}/token"));
    assert_eq!(sandbox.telegram_url(), format!("http://{telegram_addr}"));
    let other = Sandbox::start(Options::default()).await.unwrap();
    let day = "2026-01-05".parse().unwrap();
    let rows = |sandbox: &Sandbox| sandbox.panel().rows(Dataset::User, day, day);
    assert_ne!(rows(&sandbox), rows(&other));
    let taken = Sandbox::start(Options { panel_addr, ..Options::default() }).await;
    assert!(taken.is_err(), "an address that is taken is an error");
}

#[tokio::test]
async fn quotas_are_counted_as_they_are_set() {
    let control = Control::start().await;
    let url = format!("{}/v4/spreadsheets/{SPREADSHEET}/values/A1", control.sandbox.sheets_url());
    let refused = async || {
        for _ in 0..70 {
            let answer = control.client.get(&url).bearer_auth("fidelity").send().await.unwrap();
            if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                return true;
            }
        }
        false
    };
    control.done("/sheets/quotas", json!({"quotas": "off"})).await;
    assert!(!refused().await);
    control.done("/sheets/quotas", json!({"quotas": "project"})).await;
    assert!(refused().await);
}

#[tokio::test]
async fn a_closed_shop_has_no_rows_on_any_panel() {
    let control = Control::start().await;
    control.done("/panel/close", json!({"from": "2026-01-05", "to": "2026-01-06"})).await;
    let day = |text: &str| text.parse().unwrap();
    let rows = |last| control.sandbox.panel().rows(Dataset::User, day("2026-01-05"), day(last)).len();
    assert_eq!(rows("2026-01-06"), 0);
    assert!(rows("2026-01-07") > 0);
    let visitor = Visitor::new(control.sandbox.panel_url());
    visitor.log_in(PASSWORD).await;
    let file =
        visitor.get("/koin_pay/export-pdf?start=2026-01-05&end=2026-01-06").await.bytes().await.unwrap();
    assert!(String::from_utf8_lossy(&file).contains("(Tidak ada data)"));
}

#[tokio::test]
async fn the_ready_made_configuration_is_private_and_fits() {
    let control = Control::start().await;
    let path = control.sandbox.config_path();
    let text = std::fs::read_to_string(&path).unwrap();
    for part in [control.sandbox.panel_url(), control.sandbox.sheets_url(), control.sandbox.telegram_url()] {
        assert!(text.contains(&part), "{part}");
    }
    let directory = path.parent().unwrap();
    let secret = |name: &str| std::fs::read_to_string(directory.join("secrets").join(name)).unwrap();
    assert_eq!((secret("panel-email").as_str(), secret("panel-password").as_str()), (EMAIL, PASSWORD));
    #[cfg(unix)]
    for file in ["exporter.toml", "service-account.json", "secrets/telegram-token"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(directory.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

/// The first text in back-ticks that begins so.
fn ticked<'a>(text: &'a str, beginning: &str) -> Option<&'a str> {
    text.split('`').skip(1).step_by(2).find(|part| part.starts_with(beginning))
}

#[tokio::test]
async fn the_documented_calls_work() {
    let control = Control::start().await;
    let page = include_str!("../../../docs/sandbox.md");
    let mut tried = 0;
    for line in page.lines().filter(|line| line.starts_with("| `POST ")) {
        let path = ticked(line, "POST ").unwrap().trim_start_matches("POST ");
        let body = serde_json::from_str(ticked(line, "{").unwrap()).unwrap();
        let (status, answer) = control.post(path, body).await;
        assert!(status.is_success(), "{line}: {status} {answer}");
        tried += 1;
    }
    assert!(tried > 10);
    for site in control.sandbox.sites() {
        assert!(page.contains(&format!("| `{}` |", site.name)), "{} is not documented", site.name);
    }
}

#[tokio::test]
async fn the_first_page_leads_everywhere() {
    let control = Control::start().await;
    let home = Visitor::new(control.sandbox.control_url()).text("/").await;
    let links: Vec<&str> =
        home.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(links.len(), 3 + control.sandbox.sites().len());
    for link in links {
        let status = Visitor::new(link.to_owned()).get("").await.status().as_u16();
        assert!([200, 302, 303, 401].contains(&status), "{link}: {status}");
    }
}
