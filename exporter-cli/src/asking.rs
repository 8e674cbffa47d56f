//! Asking a person for the one-time code that a panel sent them, while the login waits.

pub mod chat;
pub mod desk;
pub mod handover;
pub mod terminal;

use std::time::Duration;

use exporter_core::{Error, ErrorKind, Secret};

use crate::config::Config;

/// How long a login waits for a code, unless told otherwise.
const USUAL: u32 = 5;

/// A code that somebody gave.
#[derive(Debug)]
pub struct Given {
    /// The code.
    pub code: Secret,
    /// Whether the message with it is in the chat still.
    pub left: bool,
}

/// How long a login waits for a code; none where nobody is to be asked.
pub fn patience(config: &Config) -> Option<Duration> {
    minutes(config.panel.code_minutes.unwrap_or(USUAL))
}

/// The same for a run that nobody watches and no service does: only where it is written down.
pub fn patience_unwatched(config: &Config) -> Option<Duration> {
    minutes(config.panel.code_minutes.unwrap_or(0))
}

fn minutes(minutes: u32) -> Option<Duration> {
    (minutes > 0).then(|| Duration::from_mins(minutes.into()))
}

/// Nobody answered in time.
fn missed(patience: Duration) -> Error {
    let minutes = patience.as_secs().div_ceil(60);
    Error::new(ErrorKind::SecondFactor, format!("nobody gave the one-time code within {minutes} minutes"))
        .hint("start another run, and answer with the code that the panel sends then")
}
