//! An error as plain data: what reports store and messages show.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, ErrorKind, Retry, Stage, Turn};

/// An [`Error`] as plain serialisable data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// What a program may branch on.
    pub kind: ErrorKind,
    /// One line: what happened, where, and why.
    pub message: String,
    /// What may be done without a person.
    pub retry: Retry,
    /// Who has to act.
    pub turn: Turn,
    /// In which part of the run.
    pub stage: Option<Stage>,
    /// What a person can do next.
    pub hints: Vec<String>,
    /// Private files that show what was on the screen.
    pub evidence: Vec<PathBuf>,
}

impl From<&Error> for ErrorReport {
    fn from(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            message: error.to_string(),
            retry: error.retry_class(),
            turn: error.turn(),
            stage: error.stage(),
            hints: error.hints().into_iter().map(str::to_owned).collect(),
            evidence: error.evidence_files().map(Path::to_path_buf).collect(),
        }
    }
}
