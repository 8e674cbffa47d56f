//! An export that a person makes in the browser is one that a run makes afterwards.

use std::path::Path;
use std::process::Stdio;

use exporter_sandbox::panel::{EMAIL, PASSWORD};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr};

use crate::bench::{Bench, command};

/// Somebody at the keyboard, by WebDriver (W3C WebDriver, 12.5 and 13.2).
struct Person {
    host: String,
    session: String,
}

impl Person {
    fn new(address: &str) -> Self {
        let rest = address.trim().strip_prefix("http://").unwrap();
        let (host, path) = rest.split_once('/').unwrap();
        Self { host: host.to_owned(), session: format!("/{path}") }
    }

    async fn does(&self, what: &str, body: Value) -> Value {
        let mut stream = TcpStream::connect(&self.host).await.unwrap();
        let body = body.to_string();
        let request = format!(
            "POST {}{what} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n{body}",
            self.session,
            self.host,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        // The driver keeps its connections: the head says how long the answer is.
        let mut answer = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while answer.read_line(&mut line).await.unwrap() > 2 {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        answer.read_exact(&mut body).await.unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()["value"].clone()
    }

    async fn finds(&self, css: &str) -> String {
        let found = self.does("/element", json!({ "using": "css selector", "value": css })).await;
        let id = found.as_object().and_then(|found| found.values().next()).and_then(Value::as_str);
        format!("/element/{}", id.unwrap_or_else(|| panic!("{css}: {found}")))
    }

    async fn types(&self, css: &str, text: &str) {
        let field = self.finds(css).await;
        self.does(&format!("{field}/clear"), json!({})).await;
        self.does(&format!("{field}/value"), json!({ "text": text })).await;
    }

    async fn clicks(&self, css: &str) {
        let element = self.finds(css).await;
        self.does(&format!("{element}/click"), json!({})).await;
    }

    /// From now on everything is in this frame.
    async fn enters(&self, css: &str) {
        let found = self.does("/element", json!({ "using": "css selector", "value": css })).await;
        self.does("/frame", json!({ "id": found })).await;
    }

    async fn goes_to(&self, url: &str) {
        self.does("/url", json!({ "url": url })).await;
    }
}

/// `exporter record` at work, and the person who does what it watches.
struct Watched {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    person: Person,
}

impl Watched {
    /// Opens a panel; credentials and the configuration to be written are in `directory`.
    async fn start(url: &str, directory: &Path) -> Self {
        let at = |name: &str| directory.join(name).display().to_string();
        std::fs::write(at("user"), EMAIL).unwrap();
        std::fs::write(at("password"), PASSWORD).unwrap();
        let (user, password) = (format!("file:{}", at("user")), format!("file:{}", at("password")));
        let places = ["--username", &user, "--password", &password, "--out", &at("exporter.toml")];
        let words = [&["record", url, "--headless", "--minutes", "1"], &places[..]].concat();
        let mut child = command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let person = loop {
            let line = lines.next_line().await.unwrap().expect("the browser did not open");
            if let Some((_, address)) = line.split_once("drive it at ") {
                break Person::new(address);
            }
        };
        Self { child, lines, person }
    }

    /// Waits for the end, which must be a good one; what it said.
    async fn ends_well(mut self) -> String {
        let mut told = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            told.push_str(&line);
            told.push('\n');
        }
        assert_eq!(self.child.wait().await.unwrap().code(), Some(0), "{told}");
        told
    }
}

#[tokio::test]
async fn what_a_person_did_is_written_down_and_learned() {
    let bench = Bench::start().await;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let (url, out) = (bench.sandbox.panel_url(), at("exporter.toml"));
    let watched = Watched::start(&url, directory.path()).await;
    let person = &watched.person;
    person.types("[name=email]", EMAIL).await;
    person.types("[name=password]", PASSWORD).await;
    person.clicks("button[type=submit]").await;
    person.goes_to(&format!("{url}/transaksi/index-export")).await;
    person.types("[name=start_date]", "10/09/2026").await;
    person.types("[name=end_date]", "12/09/2026").await;
    let buttons =
        "return [...document.querySelectorAll('.btn')].find(b => b.textContent.includes('Export'));";
    let button = person.does("/execute/sync", json!({ "script": buttons, "args": [] })).await;
    let id = button.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
    person.does(&format!("/element/{id}/click"), json!({})).await;

    let told = watched.ends_well().await;
    assert!(told.contains("learned the request"), "{told}");
    let text = std::fs::read_to_string(&out).unwrap();
    for line in [
        "username = ['input[name=\"email\"]'",
        "page = '/transaksi/index-export'",
        "start = ['input[name=\"start_date\"]'",
        "date_format = 'DD/MM/YYYY'",
        "file = 'xlsx'",
        "columns = 27",
        "key = ['Transaksi ID']",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(!text.contains(PASSWORD) && !text.contains(EMAIL), "{text}");

    // With the sheet's part filled in, the first run needs no browser: the request is known.
    let known = std::fs::read_to_string(bench.config()).unwrap();
    let section = |text: &str| text.split("[sheets]").nth(1).unwrap().split("\n[").next().unwrap().to_owned();
    std::fs::write(&out, text.replace(&section(&text), &section(&known))).unwrap();
    let account = "service-account.json";
    std::fs::copy(bench.config().parent().unwrap().join(account), at(account)).unwrap();
    let ended = crate::bench::exporter(&[
        "run",
        "--config",
        &out,
        "--from",
        "2026-09-10",
        "--to",
        "2026-09-12",
        "--dry-run",
        "--json",
    ])
    .await;
    let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!((ended.code, &report["exports"][0]["driver"]), (Some(0), &json!("http")), "{report:#}");
    assert!(
        report["exports"][0]["notes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|note| !note.to_string().contains("forgotten"))
    );
}

#[tokio::test]
async fn what_is_clicked_on_in_a_frame_is_seen_as_well() {
    let bench = Bench::start().await;
    let directory = tempfile::tempdir().unwrap();
    let url = bench.sandbox.sites().iter().find(|site| site.name == "framed").unwrap().url.clone();
    let watched = Watched::start(&url, directory.path()).await;
    let person = &watched.person;
    person.types("[name=user]", EMAIL).await;
    person.types("[name=pass]", PASSWORD).await;
    person.clicks("input[type=submit]").await;
    person.goes_to(&format!("{url}/main")).await;
    person.enters("#isi").await;
    person.types("[name=tgl1]", "10.09.2026").await;
    person.types("[name=tgl2]", "12.09.2026").await;
    person.clicks("option[value=xls]").await;
    person.clicks("[name=lengkap]").await;
    person.clicks("input[type=submit]").await;
    watched.ends_well().await;
    let text = std::fs::read_to_string(directory.path().join("exporter.toml")).unwrap();
    for line in [
        "page = '/main'",
        "frame = ['iframe[name=\"isi\"]'",
        "start = ['input[name=\"tgl1\"]'",
        "date_format = 'DD.MM.YYYY'",
        "file = 'xlsx'",
        "columns = 10",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[tokio::test]
async fn without_a_screen_it_says_so() {
    let ended = crate::bench::exporter(&["record", "http://127.0.0.1:9"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("there is no screen"), "{ended:?}");
}
