//! What is stored, as plain data.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use exporter_core::{Driver, ErrorKind, RunReport, RunStatus, Window};
use serde::{Deserialize, Serialize};

/// Why a run was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Somebody typed a command.
    Person,
    /// It was due.
    Schedule,
    /// It is one window of a backfill.
    Backfill,
    /// Somebody asked for it in a chat.
    Chat,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It goes on, or was cut off and nobody has looked since.
    Running,
    /// Every export is well.
    Ok,
    /// At least one export failed.
    Failed,
    /// Nothing could run.
    NothingRan,
    /// The program or the machine stopped in the middle.
    Interrupted,
}

impl From<RunStatus> for RunState {
    fn from(status: RunStatus) -> Self {
        match status {
            RunStatus::Ok => Self::Ok,
            RunStatus::Failed => Self::Failed,
            RunStatus::NothingRan => Self::NothingRan,
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::NothingRan => "nothing ran",
            Self::Interrupted => "interrupted",
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Person => "by hand",
            Self::Schedule => "schedule",
            Self::Backfill => "backfill",
            Self::Chat => "chat",
        })
    }
}

/// A run that begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunStart {
    /// Its id: sortable by time.
    pub id: String,
    /// The panel account it uses, see [`RunRecord::account`].
    pub account: String,
    /// Why it was started.
    pub cause: Cause,
    /// The days asked for.
    pub window: Window,
    /// Whether nothing is to be written.
    pub dry_run: bool,
    /// The tick of the schedule that it is for, where the schedule started it.
    pub tick: Option<DateTime<Utc>>,
    /// When.
    pub started: DateTime<Utc>,
}

/// A run as it is remembered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Its id.
    pub id: String,
    /// The panel account: address and a digest of the user name.
    pub account: String,
    /// Why it was started.
    pub cause: Cause,
    /// The days asked for.
    pub window: Window,
    /// Whether nothing was to be written.
    pub dry_run: bool,
    /// The tick of the schedule that it was for, where the schedule started it.
    #[serde(default)]
    pub tick: Option<DateTime<Utc>>,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended.
    pub finished: Option<DateTime<Utc>>,
    /// How far it is.
    pub state: RunState,
    /// What it came to.
    pub report: Option<RunReport>,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageRecord {
    /// The export; none for what the run does once, such as logging in.
    pub export: Option<String>,
    /// `login`, `download`, `plan`, `write`.
    pub stage: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// When it began.
    pub started: DateTime<Utc>,
    /// How long it took.
    pub seconds: f64,
    /// How the panel was talked to, where that is known.
    pub driver: Option<Driver>,
    /// The class of the error it ended in.
    pub error_kind: Option<ErrorKind>,
    /// The receipt as JSON, or the error in one line.
    pub detail: Option<String>,
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunQuery {
    /// Of this account only.
    pub account: Option<String>,
    /// In this state only.
    pub state: Option<RunState>,
    /// That wrote to the sheet, or would have: no dry runs.
    pub written: bool,
    /// That began at this instant or later.
    pub since: Option<DateTime<Utc>>,
    /// At most so many, the newest first; 0 means all.
    pub limit: u32,
}

impl RunQuery {
    /// The newest run of an account.
    pub fn last(account: &str) -> Self {
        Self { account: Some(account.to_owned()), limit: 1, ..Self::default() }
    }

    /// The newest run of an account in which all was well and the sheet was written: a dry run
    /// says nothing about how old the sheet is.
    pub fn last_good(account: &str) -> Self {
        Self { state: Some(RunState::Ok), written: true, ..Self::last(account) }
    }
}

/// The panel's answer for one export and day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// The export.
    pub export: String,
    /// The day, in the panel's time zone.
    pub day: NaiveDate,
    /// Whether the panel had no rows for the whole window that the day was in.
    pub empty: bool,
    /// The run that asked last.
    pub run: String,
    /// When that run began.
    pub at: DateTime<Utc>,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who or what did it: `command line (user)`, `schedule`, `chat 12345`.
    pub who: String,
    /// What: `run`, `undo`, `configuration changed`, `restore`.
    pub what: String,
    /// Details in words.
    pub detail: String,
}

/// A range of days that is being loaded window by window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// Its number.
    pub id: i64,
    /// The exports.
    pub exports: Vec<String>,
    /// All the days.
    pub window: Window,
    /// When it began: days covered since then are done.
    pub started: DateTime<Utc>,
}

/// What is kept, and what may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Runs, audit lines and delivered messages older than this many days go.
    pub days: u32,
    /// Above this size of the state the oldest runs go as well, with what they wrote; the newest
    /// hundred stay.
    pub max_bytes: u64,
}

impl Default for Retention {
    /// Thirteen months, and 200 MB: some 20 000 runs.
    fn default() -> Self {
        Self { days: 400, max_bytes: 200_000_000 }
    }
}

/// What went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Pruned {
    /// Runs with their stages.
    pub runs: usize,
    /// Lines of the audit log.
    pub audit: usize,
    /// Messages.
    pub messages: usize,
}
