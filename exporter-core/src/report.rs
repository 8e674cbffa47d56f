//! What a run comes to, as plain data: printed, sent, stored and tested alike.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Agreement, Driver, ErrorReport, PlanCounts, Window};

/// Version of [`RunReport`]'s shape; it grows when a field changes its meaning.
pub const REPORT_VERSION: u32 = 1;

/// How an export ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportStatus {
    /// The rows are in the sink.
    Ok,
    /// The panel had no rows for the window.
    NoData,
    /// It failed; the sink holds what it held before.
    Failed,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Every export is well.
    Ok,
    /// At least one export failed, and at least one was tried after a login.
    Failed,
    /// Nothing could run: the login failed or the panel is down.
    NothingRan,
}

/// How an export went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportReport {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: ExportStatus,
    /// Rows in the file.
    pub rows: usize,
    /// Rows added, updated, unchanged and duplicate: flattened as `new`, `updated`, …
    #[serde(flatten)]
    pub counts: PlanCounts,
    /// The driver that fetched the file, if one did.
    pub driver: Option<Driver>,
    /// How many attempts it took.
    pub attempts: u32,
    /// How long it took, download and writing together.
    pub seconds: f64,
    /// Calls to the sheet's service.
    pub sheets_calls: u32,
    /// The file as stored, if it is kept.
    pub file: Option<String>,
    /// Whether file and sheet agree; none where nothing was to be written.
    #[serde(default)]
    pub agreement: Option<Agreement>,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Why it failed.
    pub error: Option<ErrorReport>,
}

/// How a run went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunReport {
    /// Shape of this report: [`REPORT_VERSION`].
    pub version: u32,
    /// The run's id: sortable by time.
    pub id: String,
    /// How it ended.
    pub status: RunStatus,
    /// The days asked for.
    pub window: Window,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// When it began.
    pub started: DateTime<Utc>,
    /// How long it took.
    pub seconds: f64,
    /// Calls to the sheet's service, over all exports.
    pub sheets_calls: u32,
    /// The exports in their configured order.
    pub exports: Vec<ExportReport>,
    /// Why nothing could run.
    pub error: Option<ErrorReport>,
    /// What a reader should know about the run as a whole, for instance that a
    /// notifier failed.
    pub notes: Vec<String>,
}
