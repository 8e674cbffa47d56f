//! Both drivers against a panel: what comes, what is said, what is left behind.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exporter_core::{
    Driver, Error, ErrorKind, Export, ExportRequest, FixedClock, Retry, Secret, Session as _, Window,
};
use exporter_sources::{Panel, PanelOptions, preset};

use crate::stand_in::{Fault, StandIn};

pub fn request() -> ExportRequest {
    let day = |d| chrono::NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
    ExportRequest { window: Window::inclusive(day(5), day(6)).unwrap(), run: "t".into(), attempt: 1 }
}

pub fn panel(url: &str, driver: Driver, downloads: &Path, password: &str) -> Arc<Panel> {
    Panel::new(&preset("andalan").unwrap(), options(url, driver, downloads, password)).unwrap()
}

pub fn options(url: &str, driver: Driver, downloads: &Path, password: &str) -> PanelOptions {
    let clock = FixedClock::at("2026-01-06T20:30:00Z".parse().unwrap());
    let zone = chrono_tz::Asia::Jakarta;
    let user = Secret::new("kasir@example.com");
    let mut options =
        PanelOptions::new(url, zone, user, Secret::new(password), downloads.to_path_buf(), Arc::new(clock));
    options.driver = driver;
    options.deadlines.page = Duration::from_secs(20);
    options.deadlines.download = Duration::from_secs(20);
    options
}

/// Whether browser tests run here; where they must, a missing browser fails them.
pub fn browser_here() -> bool {
    let found = Path::new("/usr/bin/chromedriver").is_file() && Path::new("/usr/bin/chromium").is_file();
    let required = std::env::var("EXPORTER_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
    assert!(found || !required, "a browser is required: apt-get install chromium chromium-driver");
    found
}

/// One login, the four exports, logout.
async fn all_four(driver: Driver) -> Vec<Export> {
    let directory = tempfile::tempdir().unwrap();
    let server = StandIn::start(Fault::None).await;
    let panel = panel(&server.url, driver, directory.path(), "rahasia");
    panel.open().await.unwrap();
    let mut exports = Vec::new();
    for source in panel.sources() {
        exports.push(source.export(&request()).await.unwrap());
    }
    panel.close().await.unwrap();
    let calls = server.calls.lock().unwrap();
    assert_eq!((calls.logins, calls.logouts), (1, 1));
    assert_eq!(calls.queries[1..], ["start=2026-01-05&end=2026-01-06"; 3]);
    assert!(
        calls.queries[0].starts_with("start_date=05%2F01%2F2026&end_date=06%2F01%2F2026&x=1"),
        "{calls:?}"
    );
    let name = exports[0].artifact.as_ref().unwrap().path.file_name().unwrap().to_owned();
    assert_eq!(name, "transaksi_20260107_033000.xlsx");
    exports
}

async fn failure(fault: Fault, driver: Driver, password: &str) -> Error {
    let directory = tempfile::tempdir().unwrap();
    let server = StandIn::start(fault).await;
    let panel = panel(&server.url, driver, directory.path(), password);
    let sources = panel.sources();
    let mut last = Ok(());
    for source in &sources[..2] {
        last = source.export(&request()).await.map(|_| ());
        if last.is_err() {
            break;
        }
    }
    panel.close().await.unwrap();
    assert!(server.calls.lock().unwrap().logins <= 1, "a login is tried once");
    last.unwrap_err()
}

/// What each fault is called, in both drivers.
const FAULTS: [(Fault, &str, ErrorKind); 12] = [
    (Fault::None, "keliru-9", ErrorKind::WrongPassword),
    (Fault::SecondFactor, "rahasia", ErrorKind::SecondFactor),
    (Fault::FormRenamed, "rahasia", ErrorKind::LoginFormNotFound),
    (Fault::Blocked, "rahasia", ErrorKind::Blocked),
    (Fault::Down, "rahasia", ErrorKind::PanelDown),
    (Fault::Expires, "rahasia", ErrorKind::SessionExpired),
    (Fault::Maintenance, "rahasia", ErrorKind::Maintenance),
    (Fault::Captcha, "rahasia", ErrorKind::Captcha),
    (Fault::PasswordExpired, "rahasia", ErrorKind::PasswordExpired),
    (Fault::PageExpired, "rahasia", ErrorKind::SessionExpired),
    (Fault::HtmlInstead, "rahasia", ErrorKind::WrongFile),
    (Fault::Empty, "rahasia", ErrorKind::EmptyFile),
];

async fn every_fault(driver: Driver) {
    for (fault, password, kind) in FAULTS {
        let error = failure(fault, driver, password).await;
        assert_eq!(error.kind(), kind, "{fault:?}: {error}");
        assert!(!format!("{error:?}").contains(password), "{error:?}");
    }
}

#[tokio::test]
async fn http_takes_all_four_on_one_login() {
    let exports = all_four(Driver::Http).await;
    let rows: Vec<usize> = exports.iter().map(|export| export.table.len()).collect();
    assert_eq!(rows, [3, 50, 16, 1]);
    assert!(exports.iter().all(|export| export.driver == Driver::Http));
}

#[tokio::test]
async fn http_says_what_went_wrong() {
    every_fault(Driver::Http).await;
    let cut = failure(Fault::Truncated, Driver::Http, "rahasia").await;
    assert_eq!(cut.kind(), ErrorKind::DownloadIncomplete, "{cut}");
    let expired = failure(Fault::Expires, Driver::Http, "rahasia").await;
    assert_eq!(expired.retry_class(), Retry::Relogin);
}

#[tokio::test]
async fn a_panel_that_is_not_there_is_down() {
    let directory = tempfile::tempdir().unwrap();
    let panel = panel("http://127.0.0.1:9", Driver::Http, directory.path(), "rahasia");
    assert_eq!(panel.open().await.unwrap_err().kind(), ErrorKind::PanelDown);
}

#[tokio::test]
async fn the_browser_brings_the_same_tables() {
    if !browser_here() {
        return;
    }
    let browser = all_four(Driver::Browser).await;
    assert!(browser.iter().all(|export| export.driver == Driver::Browser));
    let tables = |exports: &[Export]| exports.iter().map(|export| export.table.clone()).collect::<Vec<_>>();
    assert_eq!(tables(&browser), tables(&all_four(Driver::Http).await));
}

#[tokio::test]
async fn the_browser_says_what_went_wrong() {
    if browser_here() {
        every_fault(Driver::Browser).await;
    }
}

#[tokio::test]
async fn a_failure_in_the_browser_leaves_masked_evidence() {
    if !browser_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let server = StandIn::start(Fault::None).await;
    let panel = panel(&server.url, Driver::Browser, directory.path(), "keliru-9");
    let error = panel.open().await.unwrap_err();
    panel.close().await.unwrap();
    let files: Vec<_> = error.evidence_files().collect();
    let with = |ending: &str| {
        *files.iter().find(|file| file.extension().is_some_and(|found| found == ending)).unwrap()
    };
    let picture = std::fs::read(with("png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 1000, "{} bytes", picture.len());
    let html = std::fs::read_to_string(with("html")).unwrap();
    assert!(html.contains("Email atau password salah."), "{html}");
    let diary = std::fs::read_to_string(with("json")).unwrap();
    assert!(diary.contains("click on button[type"), "{diary}");
    let requests = std::fs::read_to_string(with("har")).unwrap();
    for part in ["\"version\": \"1.2\"", "\"method\": \"POST\"", "\"status\": 200"] {
        assert!(requests.contains(part), "{part}: {requests}");
    }
    for file in files {
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
        let bytes = std::fs::read(file).unwrap();
        for secret in ["keliru-9", "t0k"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
        }
    }
}

#[tokio::test]
async fn a_button_that_does_nothing_is_told_with_a_picture() {
    if !browser_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let server = StandIn::start(Fault::DeadButtons).await;
    let mut options = options(&server.url, Driver::Browser, directory.path(), "rahasia");
    options.deadlines.download = Duration::from_secs(2);
    let panel = Panel::new(&preset("andalan").unwrap(), options).unwrap();
    let error = panel.sources()[1].export(&request()).await.unwrap_err();
    panel.close().await.unwrap();
    assert_eq!(error.kind(), ErrorKind::DownloadNotStarted, "{error}");
    assert_eq!(error.evidence_files().count(), 4, "picture, page, requests, diary");
}

#[tokio::test]
async fn auto_uses_http_while_it_works_and_the_browser_where_it_cannot() {
    let exports = all_four(Driver::Auto).await;
    assert!(exports.iter().all(|export| export.driver == Driver::Http));
    if !browser_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let server = StandIn::start(Fault::OpaqueScript).await;
    let panel = panel(&server.url, Driver::Auto, directory.path(), "rahasia");
    let mut drivers = Vec::new();
    for source in panel.sources() {
        drivers.push(source.export(&request()).await.unwrap().driver);
    }
    panel.close().await.unwrap();
    assert_eq!(drivers, [Driver::Http, Driver::Browser, Driver::Browser, Driver::Browser]);
    let calls = server.calls.lock().unwrap();
    assert_eq!((calls.logins, calls.logouts), (1, 1), "both drivers share one login");
}
