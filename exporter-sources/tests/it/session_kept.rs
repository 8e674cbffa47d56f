//! Sessions kept between runs, and passwords that are not sent twice.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::path::Path;
use std::sync::Arc;

use exporter_core::{Driver, ErrorKind, Secret, Session as _};
use exporter_sources::{Panel, preset};

use crate::session_drivers::{browser_here, options, request};
use crate::stand_in::{Fault, StandIn};

fn panel(url: &str, directory: &Path, driver: Driver, password: &str, again: bool) -> Arc<Panel> {
    let mut options = options(url, driver, directory, password);
    options.state = Some(directory.join("state"));
    options.session_key = Some(Secret::new("a key for tests that is long enough"));
    options.try_refused = again;
    Panel::new(&preset("andalan").unwrap(), options).unwrap()
}

async fn run(url: &str, directory: &Path, driver: Driver) {
    let panel = panel(url, directory, driver, "rahasia", false);
    panel.open().await.unwrap();
    panel.sources()[0].export(&request()).await.unwrap();
    panel.close().await.unwrap();
}

#[tokio::test]
async fn the_next_run_goes_on_with_the_session_until_the_panel_forgets_it() {
    let directory = tempfile::tempdir().unwrap();
    let server = StandIn::start(Fault::None).await;
    run(&server.url, directory.path(), Driver::Http).await;
    run(&server.url, directory.path(), Driver::Http).await;
    if browser_here() {
        run(&server.url, directory.path(), Driver::Browser).await;
    }
    {
        let calls = server.calls.lock().unwrap();
        assert_eq!((calls.logins, calls.logouts), (1, 0));
    }
    server.change(Fault::Restarted);
    run(&server.url, directory.path(), Driver::Http).await;
    assert_eq!(server.calls.lock().unwrap().logins, 2, "renewed without a word");
}

#[tokio::test]
async fn a_refused_password_is_sent_once_for_all_runs() {
    let directory = tempfile::tempdir().unwrap();
    let server = StandIn::start(Fault::None).await;
    let tries = |password: &'static str, again: bool| {
        let panel = panel(&server.url, directory.path(), Driver::Http, password, again);
        async move { panel.open().await.err().map(|error| error.kind()) }
    };
    let wrong = Some(ErrorKind::WrongPassword);
    assert_eq!(tries("keliru-9", false).await, wrong);
    assert_eq!(tries("keliru-9", false).await, wrong);
    assert_eq!(server.calls.lock().unwrap().logins, 1);
    assert_eq!(tries("keliru-9", true).await, wrong);
    assert_eq!(server.calls.lock().unwrap().logins, 2, "asked for by a person");
    assert_eq!(tries("rahasia", false).await, None);
    assert_eq!(server.calls.lock().unwrap().logins, 3);
}
