//! Logs: on stderr, quiet by default, and never with a secret.

mod rotate;
mod tail;
#[cfg(feature = "otel")]
mod traces;

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Mutex;

use exporter_core::{Error, ErrorKind, Event, Listener};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::load;
use crate::render::progress;
pub use rotate::Rotating;
pub use tail::end;

/// Libraries that log request bodies at debug level: passwords typed into a form, tokens
/// and cookies. They stay at `info`, whatever the user asks for.
const TALKATIVE: [&str; 7] =
    ["thirtyfour", "yup_oauth2", "google_sheets4", "google_apis_common", "hyper", "hyper_util", "reqwest"];

/// Starts logging to stderr: warnings, or with `debug` everything of ours. With a file,
/// that one gets what happens in every run as well.
pub fn init(debug: bool, file: Option<(Rotating, bool)>) {
    let (text, json) = match file {
        Some((file, true)) => (None, Some(file)),
        Some((file, false)) => (Some(file), None),
        None => (None, None),
    };
    let level = if debug { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let text = text.map(|file| {
        let layer = tracing_subscriber::fmt::layer().with_writer(Mutex::new(file)).with_ansi(false);
        layer.with_filter(targets(LevelFilter::WARN, level))
    });
    let json = json.map(|file| {
        let layer = tracing_subscriber::fmt::layer().json().with_writer(Mutex::new(file));
        layer.flatten_event(true).with_filter(targets(LevelFilter::WARN, level))
    });
    let shown = if debug {
        targets(LevelFilter::INFO, LevelFilter::DEBUG)
    } else {
        targets(LevelFilter::WARN, LevelFilter::WARN)
    };
    let stderr = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(debug)
        .without_time()
        // It would complain on stderr, which is what cannot be written.
        .log_internal_errors(false)
        .with_filter(shown);
    let last = tracing_subscriber::fmt::layer()
        .with_writer(|| tail::Tail)
        .with_ansi(false)
        .with_filter(targets(LevelFilter::WARN, LevelFilter::INFO));
    let registry = tracing_subscriber::registry().with(text).with(json).with(stderr).with(last);
    // A second call, as in tests, keeps the first subscriber.
    #[cfg(not(feature = "otel"))]
    let _ = registry.try_init();
    #[cfg(feature = "otel")]
    match traces::layer(targets(LevelFilter::OFF, LevelFilter::INFO)) {
        Ok(traces) => {
            let _ = registry.with(traces).try_init();
        }
        Err(error) => {
            let _ = registry.try_init();
            tracing::warn!(error, "no traces are sent; look at the variables OTEL_EXPORTER_OTLP_…");
        }
    }
}

/// What is still to be sent before the program ends, is sent.
pub fn flush() {
    #[cfg(feature = "otel")]
    traces::flush();
}

/// Others at one level, ours at another, the talkative never below `info`.
fn targets(others: LevelFilter, ours: LevelFilter) -> Targets {
    Targets::new()
        .with_default(others)
        .with_targets(OURS.map(|target| (target, ours)))
        .with_targets(TALKATIVE.map(|target| (target, others.min(LevelFilter::INFO))))
}

/// Where `[log]` of a configuration wants its lines, and whether as JSON. A configuration
/// that cannot be read is told by the command itself.
///
/// # Errors
/// [`ErrorKind::Io`] when the file cannot be written.
pub fn file_of(config: &Path) -> Result<Option<(Rotating, bool)>, Error> {
    let Ok(loaded) = load(config) else { return Ok(None) };
    let Some(log) = loaded.config.log else { return Ok(None) };
    let path = loaded.directory.join(&log.file);
    let full = u64::from(log.max_megabytes.max(1)) * 1_000_000;
    let file = Rotating::open(&path, full, log.keep).map_err(|error| {
        Error::new(ErrorKind::Io, format!("the log {} cannot be written", path.display()))
            .source(error)
            .hint("set `[log] file` to a file in a directory that exporter may write to")
    })?;
    Ok(Some((file, log.json)))
}

/// Writes down what happens in a run.
pub struct Diary;

impl Listener for Diary {
    fn event(&self, event: &Event) {
        if let Some((export, what)) = progress::sentence(&event.fact) {
            tracing::info!(run = event.run, export, "{what}");
        }
    }
}

const OURS: [&str; 8] = [
    "exporter",
    "exporter_core",
    "exporter_sources",
    "exporter_sheets",
    "exporter_notify",
    "exporter_sandbox",
    "exporter_store",
    "exporter_schedule",
];
