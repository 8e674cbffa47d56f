//! The one error: kind × retry class × whose turn × stage, with context and hints.

mod advice;
mod kind;
mod report;

use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use kind::ErrorKind;
pub use report::ErrorReport;

/// Shorthand for a result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What may be done about an error without a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Trying again cannot help.
    Never,
    /// The same step may be tried again after this pause.
    After(Duration),
    /// The session is gone: log in again, then repeat the step.
    Relogin,
    /// It was tried as often as the policy allows; do not start over.
    GaveUp,
}

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The operator: configuration, password, sharing of the sheet.
    User,
    /// The panel: it is down, slow or has changed.
    Panel,
    /// Google: it is down or over quota.
    Google,
    /// We: a defect in exporter.
    Us,
}

/// The part of a run in which something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reading and checking the configuration.
    Config,
    /// Opening the session.
    Login,
    /// From the export's page to a complete file.
    Download,
    /// From the file to a table.
    Read,
    /// Checks before anything is planned.
    Check,
    /// Reading the sheet and working out the changes.
    Plan,
    /// Writing the changes.
    Apply,
    /// Telling people.
    Notify,
}

/// An error of any part of exporter.
///
/// `Display` is one line for a log, `Debug` a paragraph for a person; neither may hold
/// a secret. The boxed inside keeps `Result`s small.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    retry: Retry,
    stage: Option<Stage>,
    message: String,
    context: Vec<(&'static str, String)>,
    hints: Vec<String>,
    evidence: Vec<PathBuf>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of this kind, with one sentence that says what happened and where.
    /// Retry class and whose turn it is follow from the kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            retry: kind.retry(),
            stage: None,
            message: message.into(),
            context: Vec::new(),
            hints: Vec::new(),
            evidence: Vec::new(),
            source: None,
        }))
    }

    /// Adds a fact, shown after the message as `name: value`.
    #[must_use]
    pub fn context(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.context.push((name, value.into()));
        self
    }

    /// Adds what a person can do next, as a sentence or a command.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hints.push(hint.into());
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Sets the retry class where it differs from the kind's own, for instance a
    /// pause that the server asked for.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Says in which stage it happened, unless that is known already.
    #[must_use]
    pub fn at(mut self, stage: Stage) -> Self {
        self.0.stage.get_or_insert(stage);
        self
    }

    /// Adds a private file that shows what was on the screen; secrets are masked in it.
    #[must_use]
    pub fn evidence(mut self, file: impl Into<PathBuf>) -> Self {
        self.0.evidence.push(file.into());
        self
    }

    /// What a caller may branch on.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What may be done about it without a person.
    pub fn retry_class(&self) -> Retry {
        self.0.retry
    }

    /// Who has to act.
    pub fn turn(&self) -> Turn {
        self.0.kind.turn()
    }

    /// Where in a run it happened, once somebody said so.
    pub fn stage(&self) -> Option<Stage> {
        self.0.stage
    }

    /// What happened, without context and cause.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What a person can do next; where nobody said so, what helps with every error of its kind.
    pub fn hints(&self) -> Vec<&str> {
        if self.0.hints.is_empty() {
            return vec![self.0.kind.advice()];
        }
        self.0.hints.iter().map(String::as_str).collect()
    }

    /// Files that show what happened.
    pub fn evidence_files(&self) -> impl Iterator<Item = &Path> {
        self.0.evidence.iter().map(PathBuf::as_path)
    }

    /// The error as plain data, for reports and messages.
    pub fn report(&self) -> ErrorReport {
        ErrorReport::from(self)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if !self.0.context.is_empty() {
            f.write_str(" (")?;
            for (index, (name, value)) in self.0.context.iter().enumerate() {
                let comma = if index > 0 { ", " } else { "" };
                write!(f, "{comma}{name}: {value}")?;
            }
            f.write_str(")")?;
        }
        let mut source = self.0.source.as_deref().map(|source| source as &dyn StdError);
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        write!(f, "\n  kind: {}, retry: {:?}, turn: {:?}", self.0.kind, self.0.retry, self.turn())?;
        if let Some(stage) = self.0.stage {
            write!(f, ", stage: {stage:?}")?;
        }
        for hint in self.hints() {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Files and sockets: the caller adds which one as context.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::new(ErrorKind::Io, "reading or writing failed").source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_with_context_and_causes() {
        let cause = std::io::Error::other("connection reset");
        let error = Error::new(ErrorKind::PanelDown, "the panel does not answer")
            .context("url", "https://panel.example")
            .hint("open the panel in a browser")
            .source(cause)
            .at(Stage::Login)
            .at(Stage::Download);
        assert_eq!(
            error.to_string(),
            "the panel does not answer (url: https://panel.example): connection reset"
        );
        assert_eq!(error.stage(), Some(Stage::Login));
        assert_eq!(error.turn(), Turn::Panel);
        assert!(format!("{error:?}").ends_with("hint: open the panel in a browser"));
    }

    #[test]
    fn nobody_is_left_without_a_next_step() {
        let bare = Error::new(ErrorKind::CorruptFile, "the file is cut off");
        assert_eq!(bare.hints(), [ErrorKind::CorruptFile.advice()]);
        assert_eq!(bare.report().hints, [ErrorKind::CorruptFile.advice()]);
        let own = bare.hint("fetch it again");
        assert_eq!(own.hints(), ["fetch it again"], "who knows better is not drowned");
    }
}
