//! The exit codes: a contract with scripts and schedulers.

use std::io::Write as _;
use std::process::ExitCode;

use exporter_core::{Error, ErrorKind, RunStatus};

use crate::render;

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

/// Prints what clap has to say: help and version on stdout with success, anything else
/// on stderr as a usage error, with `--json` as a document as well.
pub fn usage(error: &clap::Error) -> ExitCode {
    let wanted =
        matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion);
    // A closed pipe is the reader's choice and no error.
    let _ = error.print();
    let _ = std::io::stdout().flush();
    if wanted {
        return Exit::Ok.into();
    }
    let said = error.to_string();
    let what = said.lines().next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what);
    let hint = "the words of each command: exporter COMMAND --help";
    render::error::document(&Error::new(ErrorKind::Config, what).hint(hint).report());
    Exit::Config.into()
}
