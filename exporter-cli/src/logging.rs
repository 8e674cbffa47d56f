//! Logs: on stderr, quiet by default, and never with a secret.

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Libraries that log request bodies at debug level: passwords typed into a form, tokens
/// and cookies. They stay at `info`, whatever the user asks for.
const TALKATIVE: [&str; 7] =
    ["thirtyfour", "yup_oauth2", "google_sheets4", "google_apis_common", "hyper", "hyper_util", "reqwest"];

/// Starts logging to stderr: warnings, or with `debug` everything of ours.
pub fn init(debug: bool) {
    let targets = if debug {
        Targets::new()
            .with_default(LevelFilter::INFO)
            .with_targets(OURS.map(|target| (target, LevelFilter::DEBUG)))
    } else {
        Targets::new().with_default(LevelFilter::WARN)
    };
    let quiet = if debug { LevelFilter::INFO } else { LevelFilter::WARN };
    let targets = targets.with_targets(TALKATIVE.map(|target| (target, quiet)));
    let format = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(debug)
        .without_time();
    // A second call, as in tests, keeps the first subscriber.
    let _ = tracing_subscriber::registry().with(targets).with(format).try_init();
}

const OURS: [&str; 7] = [
    "exporter",
    "exporter_core",
    "exporter_sources",
    "exporter_sheets",
    "exporter_notify",
    "exporter_sandbox",
    "exporter_store",
];
