//! Routes: learned in a browser, used without one, healed when the panel changes.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::path::Path;
use std::sync::Arc;

use exporter_core::{Driver, Export, FixedClock, Session as _};
use exporter_sources::{Panel, Routes, preset};

use crate::session_drivers::{browser_here, options, request};
use crate::stand_in::{Fault, StandIn};

/// A run over the exports after the first, which all need their page's script.
struct Run<'a> {
    url: &'a str,
    directory: &'a Path,
    /// Days since the first run.
    day: i64,
    with_browser: bool,
}

impl Run<'_> {
    async fn go(&self) -> Vec<Export> {
        let mut options = options(self.url, Driver::Auto, self.directory, "rahasia");
        options.state = Some(self.directory.join("state"));
        let begin: chrono::DateTime<chrono::Utc> = "2026-01-06T20:30:00Z".parse().unwrap();
        options.clock = Arc::new(FixedClock::at(begin + chrono::Duration::days(self.day)));
        if !self.with_browser {
            options.browser.binary = Some("/nowhere/browser".into());
        }
        let panel = Panel::new(&preset("andalan").unwrap(), options).unwrap();
        let mut exports = Vec::new();
        for source in &panel.sources()[1..3] {
            exports.push(source.export(&request()).await.unwrap());
        }
        panel.close().await.unwrap();
        exports
    }
}

fn drivers(exports: &[Export]) -> Vec<Driver> {
    exports.iter().map(|export| export.driver).collect()
}

fn tables(exports: &[Export]) -> Vec<&exporter_core::Table> {
    exports.iter().map(|export| &export.table).collect()
}

#[track_caller]
fn says(export: &Export, words: &str) {
    assert!(export.notes.iter().any(|note| note.contains(words)), "{words}: {:?}", export.notes);
}

#[tokio::test]
async fn what_a_browser_learned_runs_without_one_and_heals() {
    if !browser_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let server = StandIn::start(Fault::OpaqueScript).await;
    let run = Run { url: &server.url, directory: directory.path(), day: 0, with_browser: true };
    let first = run.go().await;
    assert_eq!(drivers(&first), [Driver::Browser; 2]);
    says(&first[0], "GET /point_transaction/pdf?start={{first %Y-%m-%d}}&end={{last %Y-%m-%d}}");

    let second = Run { with_browser: false, ..run }.go().await;
    assert_eq!(drivers(&second), [Driver::Http; 2]);
    assert_eq!(tables(&first), tables(&second));

    // The panel moves its addresses: the same run goes back to the browser and learns.
    server.change(Fault::Moved);
    let healed = run.go().await;
    assert_eq!(drivers(&healed), [Driver::Browser; 2]);
    assert_eq!(tables(&first), tables(&healed));
    says(&healed[0], "no longer works");
    says(&healed[0], "/point_transaction/pdf-baru?");
    assert_eq!(drivers(&Run { with_browser: false, ..run }.go().await), [Driver::Http; 2]);
}

#[tokio::test]
async fn after_a_week_the_browser_is_asked_again_and_is_right() {
    if !browser_here() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let server = StandIn::start(Fault::OpaqueScript).await;
    let run = Run { url: &server.url, directory: directory.path(), day: 0, with_browser: true };
    let first = run.go().await;
    let same = Run { day: 8, ..run }.go().await;
    says(&same[0], "the same table as the browser");
    assert_eq!(drivers(&same), [Driver::Http; 2]);

    server.change(Fault::Crossed);
    let wrong = Run { day: 9, ..run }.go().await;
    assert_ne!(tables(&first)[1], tables(&wrong)[1], "not due yet: nobody notices");
    let compared = Run { day: 17, ..run }.go().await;
    assert_eq!(tables(&first), tables(&compared));
    says(&compared[1], "another table than the browser");
    let routes = Routes::load(&directory.path().join("state")).unwrap();
    assert!(routes.get("user").unwrap().to_string().contains("/user-front/pdf-baru?"));
}
