//! The example panels of `docs/panels/` against the sandbox's sites, in each driver they allow.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use exporter_core::{Driver, ErrorKind, Export, ExportRequest, FixedClock, Secret, Session as _, Window};
use exporter_sandbox::panel::data::Dataset;
use exporter_sandbox::panel::{EMAIL, PASSWORD, TOTP_SECRET};
use exporter_sandbox::{Options, Sandbox, sites};
use exporter_sources::{BrowserKind, Panel, PanelConfig, PanelOptions, preset};

use crate::session_drivers::browser_here;

pub fn day(month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap()
}

/// A description that is shown to operators.
pub fn described(name: &str) -> PanelConfig {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/panels").join(format!("{name}.toml"));
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub struct Bench {
    pub sandbox: Sandbox,
    directory: tempfile::TempDir,
    /// The first that is found, unless given.
    pub browser: Option<BrowserKind>,
}

impl Bench {
    pub async fn start() -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        Self { sandbox, directory: tempfile::tempdir().unwrap(), browser: None }
    }

    fn panel(&self, site: &str, config: &PanelConfig, driver: Driver) -> Arc<Panel> {
        let url = self.sandbox.sites().iter().find(|other| other.name == site).unwrap().url.clone();
        // Codes of a second factor are made from the real time.
        let clock = Arc::new(exporter_core::SystemClock);
        let password = if site == "api" { sites::API_TOKEN } else { PASSWORD };
        let mut options = PanelOptions::new(
            url,
            chrono_tz::Asia::Jakarta,
            Secret::new(EMAIL),
            Secret::new(password),
            self.directory.path().to_path_buf(),
            clock,
        );
        options.totp = Some(Secret::new(TOTP_SECRET));
        options.driver = driver;
        options.browser.kind = self.browser;
        options.deadlines.page = Duration::from_secs(20);
        options.deadlines.download = Duration::from_secs(20);
        options.state = Some(self.directory.path().join(format!("state-{site}")));
        Panel::new(config, options).unwrap()
    }

    /// Every export of a description, with as many rows as the sandbox has for the days.
    pub async fn right(&self, site: &str, config: &PanelConfig, driver: Driver, days: Window) -> Vec<Export> {
        let panel = self.panel(site, config, driver);
        panel.open().await.unwrap_or_else(|error| panic!("{site} by {driver}: {error:?}"));
        let mut exports = Vec::new();
        for source in panel.sources() {
            let name = &source.spec().name;
            let request = ExportRequest { window: days, run: "t".into(), attempt: 1 };
            let export = source.export(&request).await;
            let export = export.unwrap_or_else(|error| panic!("{site} by {driver}: {error:?}"));
            let dataset = Dataset::ALL.into_iter().find(|dataset| dataset.name() == name).unwrap();
            let rows = self.sandbox.panel().rows(dataset, days.first_day(), days.last_day());
            assert!(!rows.is_empty());
            assert_eq!(export.table.len(), rows.len(), "{site} by {driver}: {name}");
            exports.push(export);
        }
        panel.close().await.unwrap();
        exports
    }
}

#[tokio::test]
async fn every_example_runs_over_http() {
    let bench = Bench::start().await;
    let days = Window::inclusive(day(9, 10), day(9, 12)).unwrap();
    for site in ["django", "redmine", "flask_admin", "api", "two_step"] {
        for export in bench.right(site, &described(site), Driver::Http, days).await {
            assert_eq!(export.driver, Driver::Http);
        }
    }
    let long = Window::inclusive(day(8, 1), day(9, 12)).unwrap();
    let joined = bench.right("max_days", &described("max_days"), Driver::Http, long).await;
    assert!(joined[0].notes.iter().any(|note| note.contains("2 parts")), "{:?}", joined[0].notes);
}

#[tokio::test]
async fn every_example_runs_in_the_browser_and_most_then_without_it() {
    if !browser_here() {
        return;
    }
    let bench = Bench::start().await;
    let days = Window::inclusive(day(9, 10), day(9, 12)).unwrap();
    for site in ["django", "datatables", "redmine", "flask_admin", "two_step"] {
        let exports = bench.right(site, &described(site), Driver::Browser, days).await;
        assert!(exports.iter().all(|export| export.driver == Driver::Browser));
        let learned =
            exports.iter().all(|export| export.notes.iter().any(|note| note.starts_with("learned")));
        assert_eq!(learned, site != "datatables", "{site}: {:?}", exports[0].notes);
    }
}

#[tokio::test]
async fn a_panel_with_covers_new_windows_and_one_session_is_driven_all_the_same() {
    if !browser_here() {
        return;
    }
    let bench = Bench::start().await;
    let days = Window::inclusive(day(9, 10), day(9, 12)).unwrap();
    let config = preset("andalan").unwrap();
    for site in ["overlay", "new_tab", "single_session"] {
        bench.right(site, &config, Driver::Browser, days).await;
    }
    bench.right("single_session", &config, Driver::Auto, days).await;
}

/// What the report says about selectors that no longer match, for the export of this name.
fn pasteable(export: &Export) -> String {
    export.notes.iter().filter(|note| note.contains("put this into the configuration")).cloned().collect()
}

#[tokio::test]
async fn a_panel_that_was_redesigned_is_found_through_and_the_new_lines_are_told() {
    let bench = Bench::start().await;
    let days = Window::inclusive(day(9, 10), day(9, 12)).unwrap();
    let config = preset("andalan").unwrap();
    let over_http = bench.right("renamed", &config, Driver::Http, days).await;
    let lines = pasteable(&over_http[0]);
    for line in
        ["[exports.transaksi]\nstart = ['input[name=\"tgl_mulai\"]']", "[exports.transaksi]\ntrigger = ["]
    {
        assert!(lines.contains(line), "{line}: {lines}");
    }
    if browser_here() {
        let in_browser = bench.right("renamed", &config, Driver::Browser, days).await;
        assert!(pasteable(&in_browser[2]).contains("[exports.user]\nstart = ["), "{:?}", in_browser[2].notes);
    }
}

/// One kind of the hostile site's downloads.
async fn hostile(bench: &Bench, kind: &str, driver: Driver) -> Result<Export, ErrorKind> {
    let text = format!(
        "[exports.transaksi]\npage = '/export/{kind}'\nstart = ['#start']\nend = ['#end']\ntrigger = ['.btn']\nfile = '{}'",
        if matches!(kind, "endless" | "gzip_bomb") { "csv" } else { "xlsx" },
    );
    let url = bench.sandbox.sites().iter().find(|site| site.name == "hostile").unwrap().url.clone();
    let clock = Arc::new(exporter_core::SystemClock);
    let place = bench.directory.path().to_path_buf();
    let (user, password) = (Secret::new(EMAIL), Secret::new(PASSWORD));
    let mut options = PanelOptions::new(url, chrono_tz::UTC, user, password, place, clock);
    options.driver = driver;
    options.limit = 4 << 20;
    // Only what stalls is waited for to the end; bombs take the sandbox a while to make.
    options.deadlines.download = Duration::from_secs(if kind == "stalled" { 3 } else { 60 });
    let panel = Panel::new(&toml::from_str(&text).unwrap(), options).unwrap();
    let window = Window::inclusive(day(9, 10), day(9, 12)).unwrap();
    let request = ExportRequest { window, run: "t".into(), attempt: 1 };
    let export = panel.sources()[0].export(&request).await.map_err(|error| error.kind());
    panel.close().await.unwrap();
    export
}

/// The hostile site's downloads, each refused for what it is or kept where it belongs, with
/// nothing left of those that were refused.
async fn hostile_downloads(driver: Driver) -> Bench {
    let bench = Bench::start().await;
    for (kind, error) in [
        ("html_as_xlsx", ErrorKind::WrongFile),
        ("empty", ErrorKind::EmptyFile),
        ("endless", ErrorKind::TooLarge),
        ("stalled", ErrorKind::Timeout),
        ("gzip_bomb", ErrorKind::TooLarge),
        ("zip_bomb", ErrorKind::TooLarge),
        ("too_short", ErrorKind::DownloadIncomplete),
    ] {
        assert_eq!(hostile(&bench, kind, driver).await.unwrap_err(), error, "{kind}");
    }
    for kind in ["traversal", "wrong_type"] {
        let export = hostile(&bench, kind, driver).await.unwrap();
        assert!(export.artifact.unwrap().path.starts_with(bench.directory.path()), "{kind}");
    }
    assert!(!Path::new("/tmp/exporter-was-here.xlsx").exists());
    nothing_is_left(&bench);
    bench
}

/// No part of a download, and no directory of a browser.
fn nothing_is_left(bench: &Bench) {
    let left = std::fs::read_dir(bench.directory.path()).unwrap().flatten();
    let names: Vec<_> = left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let part = |name: &String| name.starts_with(".part-") || name.starts_with(".browser-");
    assert!(!names.iter().any(part), "{names:?}");
}

#[tokio::test]
async fn hostile_downloads_are_refused_and_leave_nothing_outside() {
    let bench = hostile_downloads(Driver::Http).await;
    for kind in ["foreign", "loop"] {
        let refused = hostile(&bench, kind, Driver::Http).await.unwrap_err();
        assert_eq!(refused, ErrorKind::Blocked, "{kind}");
    }
    nothing_is_left(&bench);
}

#[tokio::test]
async fn hostile_downloads_are_refused_in_the_browser_too() {
    if browser_here() {
        hostile_downloads(Driver::Browser).await;
    }
}

#[tokio::test]
async fn a_token_that_is_wrong_and_a_code_that_is_missing_are_told() {
    let bench = Bench::start().await;
    let mut options = PanelOptions::new(
        bench.sandbox.sites().iter().find(|site| site.name == "api").unwrap().url.clone(),
        chrono_tz::UTC,
        Secret::new(""),
        Secret::new("another-token"),
        bench.directory.path().to_path_buf(),
        Arc::new(FixedClock::at("2026-09-12T00:00:00Z".parse().unwrap())),
    );
    options.driver = Driver::Http;
    let panel = Panel::new(&described("api"), options.clone()).unwrap();
    let request = ExportRequest { window: Window::day(day(9, 12)), run: "t".into(), attempt: 1 };
    let error = panel.sources()[0].export(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongPassword, "{error}");
    assert!(!format!("{error:?}").contains("another-token"));

    options.url = bench.sandbox.sites().iter().find(|site| site.name == "two_step").unwrap().url.clone();
    options.username = Secret::new(EMAIL);
    options.password = Secret::new(PASSWORD);
    let panel = Panel::new(&described("two_step"), options).unwrap();
    assert_eq!(panel.open().await.unwrap_err().kind(), ErrorKind::SecondFactor);
}
