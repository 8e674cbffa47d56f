//! Firefox, where it is installed: the same panels, the same tables, the same routes.
#![expect(clippy::print_stderr, reason = "who runs the tests is told what was left out")]

use std::path::Path;

use exporter_core::{Driver, ErrorKind, Session as _, Window};
use exporter_sources::{BrowserKind, Panel, preset};

use crate::session_drivers::{options, request};
use crate::sites::{Bench, day, described};
use crate::stand_in::{Fault, StandIn};

/// Whether Firefox and its driver are here. The tests are run without as well: CI does not install
/// them.
pub fn firefox_here() -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let driver = std::env::split_paths(&paths).any(|directory| directory.join("geckodriver").is_file());
    let browser = ["/usr/bin/firefox-esr", "/usr/bin/firefox"].iter().any(|path| Path::new(path).is_file());
    if !(driver && browser) {
        eprintln!("skipped: Firefox or geckodriver is not installed");
    }
    driver && browser
}

#[tokio::test]
async fn firefox_fetches_and_learns_what_chromium_does() {
    if !firefox_here() {
        return;
    }
    let mut bench = Bench::start().await;
    bench.browser = Some(BrowserKind::Firefox);
    let days = Window::inclusive(day(9, 10), day(9, 12)).unwrap();
    // A form that is posted, files of a script, and four exports in one session.
    for (site, config, learns) in [
        ("django", described("django"), true),
        ("datatables", described("datatables"), false),
        ("overlay", preset("andalan").unwrap(), true),
    ] {
        let exports = bench.right(site, &config, Driver::Browser, days).await;
        assert!(exports.iter().all(|export| export.driver == Driver::Browser));
        for export in &exports {
            let learned = export.notes.iter().any(|note| note.starts_with("learned"));
            assert_eq!(learned, learns, "{site}: {:?}", export.notes);
        }
    }
}

#[tokio::test]
async fn firefox_says_what_went_wrong() {
    if !firefox_here() {
        return;
    }
    for (fault, password, kind) in [
        (Fault::None, "keliru-9", ErrorKind::WrongPassword),
        (Fault::Truncated, "rahasia", ErrorKind::DownloadIncomplete),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let server = StandIn::start(fault).await;
        let mut options = options(&server.url, Driver::Browser, directory.path(), password);
        options.browser.kind = Some(BrowserKind::Firefox);
        let panel = Panel::new(&preset("andalan").unwrap(), options).unwrap();
        let error = panel.sources()[0].export(&request()).await.unwrap_err();
        panel.close().await.unwrap();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test]
async fn a_panel_that_is_down_is_told_by_firefox() {
    if !firefox_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    // Nobody listens on the discard port of loopback.
    let mut options = options("http://127.0.0.1:9", Driver::Browser, directory.path(), "rahasia");
    options.browser.kind = Some(BrowserKind::Firefox);
    let panel = Panel::new(&preset("andalan").unwrap(), options).unwrap();
    let error = panel.open().await.unwrap_err();
    panel.close().await.unwrap();
    assert_eq!(error.kind(), ErrorKind::PanelDown, "{error}");
}
