//! Telling people: the trait and what is told, as plain data.

use std::path::PathBuf;

use async_trait::async_trait;
use chrono::{NaiveDate, NaiveDateTime};
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

    /// Delivers one message, or of a long one the part whose turn it is; what comes back says
    /// whether more follow.
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
    /// Whether it arrives without a sound.
    #[serde(default)]
    pub silent: bool,
    /// Whether it stays at the top of the chat, where the service can do that.
    #[serde(default)]
    pub pin: bool,
    /// The service's id of an earlier message that this one takes the place of, where the
    /// service can do that; otherwise it is a new message.
    #[serde(default)]
    pub replaces: Option<String>,
    /// How many of its parts have arrived, where it is too long for one.
    #[serde(default)]
    pub part: usize,
}

impl Message {
    /// A message that is sent as a new one, with a sound.
    pub fn new(store: impl Into<String>, run: impl Into<String>, body: MessageBody) -> Self {
        Self {
            store: store.into(),
            run: run.into(),
            body,
            silent: false,
            pin: false,
            replaces: None,
            part: 0,
        }
    }
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
    /// How far a run is: replaces itself as the run goes on.
    Progress {
        /// The days it fetches.
        window: Window,
        /// Its exports in order.
        exports: Vec<ExportProgress>,
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
    /// What failed before and was told goes on failing: once a day.
    StillFailing {
        /// The export; none when nothing can run.
        export: Option<String>,
        /// Since when, in the panel's time zone.
        since: NaiveDateTime,
        /// In how many runs.
        runs: u32,
        /// Why.
        error: Box<ErrorReport>,
    },
    /// What failed before and was told is well again.
    Recovered {
        /// The export; none when nothing could run.
        export: Option<String>,
        /// Since when it had failed, in the panel's time zone.
        since: NaiveDateTime,
        /// In how many runs.
        runs: u32,
    },
    /// The program or the machine stopped in the middle of a run.
    Interrupted {
        /// The days it was fetching.
        window: Window,
        /// When it began, in the panel's time zone.
        began: NaiveDateTime,
    },
    /// How things stand: replaces itself after each run. Its age is an alarm of its own.
    Standing {
        /// When the last run in which all was well ended, in the panel's time zone.
        last_good: Option<NaiveDateTime>,
        /// When the next run is due, in the panel's time zone.
        next_run: Option<NaiveDateTime>,
        /// The exports that fail; empty strings never occur.
        failing: Vec<String>,
        /// Whether the schedule is paused: nothing is due then.
        #[serde(default)]
        paused: bool,
        /// Since when a run goes on, in the panel's time zone, where that is known.
        #[serde(default)]
        running: Option<NaiveDateTime>,
    },
    /// The last runs, newest first: an answer to somebody who wrote to us.
    History {
        /// The runs.
        runs: Vec<PastRun>,
    },
    /// What somebody asked for cannot be done.
    NotDone {
        /// Why.
        error: Box<ErrorReport>,
    },
    /// Something about the machine or its surroundings that will stop runs some day.
    Warning {
        /// What.
        topic: Topic,
        /// What is wrong with it, and what to do.
        error: Box<ErrorReport>,
        /// Since when, in the panel's time zone, where it was told before.
        since: Option<NaiveDateTime>,
    },
    /// What was warned of is well again.
    AllClear {
        /// What.
        topic: Topic,
        /// Since when it was not, in the panel's time zone.
        since: NaiveDateTime,
    },
    /// How a day went.
    Daily {
        /// All of it.
        daily: Box<Daily>,
    },
    /// A panel sent somebody a code, and the login waits for it.
    CodeWanted {
        /// The panel's host.
        panel: String,
        /// Until when it waits, in the panel's time zone.
        until: NaiveDateTime,
        /// Whether the code that was given before was not the right one.
        again: bool,
    },
    /// The login waits for the code no more: takes the question's place.
    CodeOver {
        /// The panel's host.
        panel: String,
        /// Whether a code was given.
        given: bool,
        /// Whether the message with the code could not be taken out of the chat.
        left: bool,
    },
    /// An answer to somebody who wrote to us.
    Answer {
        /// What is answered.
        answer: Answer,
    },
    /// Something to say in words: an answer to a question, a warning.
    Note {
        /// The words.
        text: String,
    },
}

/// What is watched besides the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Room on the disk.
    Disk,
    /// Memory.
    Memory,
    /// Browsers whose run is gone.
    Leftovers,
    /// Log, state and downloads that grow.
    Files,
    /// The machine's clock.
    Clock,
    /// Certificates of those that are talked to.
    Certificate,
    /// Keys that end.
    Credentials,
    /// Copies of the state.
    Backup,
}

/// How a day went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Daily {
    /// The day, in the panel's time zone.
    pub day: NaiveDate,
    /// Runs that ended.
    pub runs: usize,
    /// Those of them in which something failed.
    pub failed: usize,
    /// What was written, by export.
    pub exports: Vec<DailyExport>,
    /// The exports that fail still; `*` stands for the whole run.
    pub failing: Vec<String>,
    /// Days of exports that are missing in the sheet.
    pub missing: usize,
    /// When the next run is due, in the panel's time zone.
    pub next_run: Option<NaiveDateTime>,
}

/// What a day's runs wrote for one export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyExport {
    /// Its name.
    pub name: String,
    /// Rows added.
    pub new: usize,
    /// Rows changed.
    pub updated: usize,
}

/// How far one export is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportProgress {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: ProgressState,
}

/// How far an export is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProgressState {
    /// Its turn has not come.
    Waiting,
    /// It is being fetched.
    Working,
    /// An attempt failed and it is tried again.
    Again {
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How many attempts there are at most.
        attempts: u32,
        /// Why, in one line.
        error: String,
    },
    /// It is over, well or not.
    Over {
        /// How it went.
        report: Box<ExportReport>,
    },
}

/// How a message arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Delivery {
    /// The service's own id of the message, where it gives one.
    pub id: Option<String>,
    /// Whether another part of the message follows this one.
    #[serde(default)]
    pub more: bool,
    /// Whether markup was refused and plain text sent instead.
    pub plain: bool,
    /// What the operator should know, for instance that the chat has moved.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The receiver has another id from now on: the old one, and the new one.
    #[serde(default)]
    pub moved: Option<(String, String)>,
}

/// One of the last runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRun {
    /// When it began, in the panel's time zone.
    pub began: NaiveDateTime,
    /// The days it fetched.
    pub window: Window,
    /// How it ended.
    pub end: RunEnd,
    /// Whether it wrote nothing on purpose.
    pub dry_run: bool,
    /// Rows added.
    pub new: usize,
    /// Rows changed.
    pub updated: usize,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnd {
    /// Every export is well.
    Well,
    /// Something failed.
    Badly,
    /// It goes on.
    GoesOn,
    /// The program or the machine stopped in the middle.
    CutOff,
}

/// What is answered to somebody who wrote to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// What can be asked for.
    Help,
    /// It is no command of ours; what can be asked for.
    Unknown,
    /// It is being done.
    Accepted,
    /// It is done when the run that goes on is over.
    Queued,
    /// That is what goes on or waits already.
    Already,
    /// Nothing is started by itself from now on.
    Paused,
    /// Runs are started again when they are due.
    Resumed,
    /// There has been no run.
    NoRuns,
    /// No login waits for a code.
    NoCode,
}
