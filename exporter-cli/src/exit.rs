//! The exit codes: a contract with scripts and schedulers.

use std::process::ExitCode;

use exporter_core::{ErrorKind, RunStatus};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All well; no data counts as well.
    Ok = 0,
    /// An export failed; for `table`: the file could not be read.
    Failed = 1,
    /// The configuration or the command line is wrong.
    Config = 2,
    /// Nothing could run: the login failed, the panel is down, or another run goes on.
    NothingRan = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<RunStatus> for Exit {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Ok => Self::Ok,
            RunStatus::Failed => Self::Failed,
            RunStatus::NothingRan => Self::NothingRan,
        }
    }
}

/// Where an error that ends a command before a run leads.
pub fn for_kind(kind: ErrorKind) -> Exit {
    match kind {
        ErrorKind::Config | ErrorKind::SecretMissing | ErrorKind::SheetCredentials => Exit::Config,
        ErrorKind::Busy => Exit::NothingRan,
        _ => Exit::Failed,
    }
}
