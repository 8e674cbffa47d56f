//! Telling people: the trait and what is told, as plain data.

use std::path::PathBuf;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorReport, ExportReport, RunReport, Window};

/// A way to tell people.
///
/// # Behavior
/// - No data in a message can break its markup, and a message is never lost to markup:
///   where it is refused, the plain text is sent.
/// - A notifier that fails never fails the run.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Tries address and credentials without telling anybody.
    async fn check(&self) -> Result<(), Error>;

    /// Delivers one message.
    async fn notify(&self, message: &Message) -> Result<Delivery, Error>;
}

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Which of the receiver's shops or companies this is about.
    pub store: String,
    /// The run it belongs to.
    pub run: String,
    /// What happened.
    pub body: MessageBody,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MessageBody {
    /// A run began.
    RunStarted {
        /// The days it fetches.
        window: Window,
        /// The names of its exports.
        exports: Vec<String>,
    },
    /// An export is in the sheet, or there was nothing to export.
    ExportDone {
        /// What was done.
        report: Box<ExportReport>,
    },
    /// An attempt at an export failed.
    ExportFailed {
        /// The export's name.
        export: String,
        /// Which attempt, from 1.
        attempt: u32,
        /// How many attempts there are at most.
        attempts: u32,
        /// Why.
        error: Box<ErrorReport>,
        /// A masked picture of the page, if there is one.
        screenshot: Option<PathBuf>,
    },
    /// A run is over.
    Summary {
        /// All of it.
        report: Box<RunReport>,
    },
    /// Nothing could run: login, configuration, panel, our own fault.
    SystemError {
        /// Why.
        error: Box<ErrorReport>,
        /// A masked picture of the page, if there is one.
        screenshot: Option<PathBuf>,
    },
}

/// How a message arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Delivery {
    /// The service's own id of the message, where it gives one.
    pub id: Option<String>,
    /// Whether markup was refused and plain text sent instead.
    pub plain: bool,
    /// What the operator should know, for instance that the chat has moved.
    #[serde(default)]
    pub notes: Vec<String>,
}
