//! The exit codes: a contract with scripts and schedulers.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// All well.
    Ok = 0,
    /// The file could not be read.
    Failed = 1,
    /// The command line is wrong.
    Config = 2,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Prints what clap has to say: help and version on stdout with success, anything else
/// on stderr as a usage error.
pub fn usage(error: &clap::Error) -> ExitCode {
    let wanted =
        matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion);
    // A closed pipe is the reader's choice and no error.
    let _ = error.print();
    if wanted { Exit::Ok.into() } else { Exit::Config.into() }
}
