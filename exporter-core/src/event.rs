//! Events: the one source for log, progress, metrics and messages.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Clock, Driver, ErrorReport, ExportReport, PlanCounts, Receipt, RunReport, Window};

/// One fact of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// In which run.
    pub run: String,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Fact {
    /// The run began.
    RunStarted {
        /// The days asked for.
        window: Window,
        /// The exports, in order.
        exports: Vec<String>,
    },
    /// Logging in began.
    LoginStarted,
    /// We are in.
    LoggedIn {
        /// The driver that did it.
        driver: Driver,
    },
    /// Logging in failed.
    LoginFailed {
        /// Which attempt, from 1.
        attempt: u32,
        /// How many attempts there are at most.
        attempts: u32,
        /// Why.
        error: Box<ErrorReport>,
    },
    /// The shared session broke; this export gets one of its own.
    SessionRenewed {
        /// The export that needed it.
        export: String,
    },
    /// An attempt at an export began.
    ExportStarted {
        /// Its name.
        export: String,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// The file is here and read.
    Exported {
        /// Its name.
        export: String,
        /// Bytes of the file, where there is one.
        bytes: Option<u64>,
        /// Rows in the table.
        rows: usize,
        /// Columns in the table.
        columns: usize,
    },
    /// What would change is known.
    Planned {
        /// The export's name.
        export: String,
        /// How much of what.
        counts: PlanCounts,
    },
    /// It is in the sink.
    Written {
        /// The export's name.
        export: String,
        /// What was done.
        receipt: Receipt,
    },
    /// An attempt failed.
    ExportFailed {
        /// The export's name.
        export: String,
        /// Which attempt, from 1.
        attempt: u32,
        /// How many attempts there are at most.
        attempts: u32,
        /// Why.
        error: Box<ErrorReport>,
        /// Whether it is tried again.
        again: bool,
    },
    /// An export is over, well or not.
    ExportFinished {
        /// All of it.
        report: Box<ExportReport>,
    },
    /// Logging out failed; nothing depends on it.
    LogoutFailed {
        /// Why.
        error: Box<ErrorReport>,
    },
    /// The run is over.
    RunFinished {
        /// All of it.
        report: Box<RunReport>,
    },
}

/// Somebody who wants to know. Called in order, on the run's own task: it must not block.
pub trait Listener: Send + Sync {
    /// Takes note of an event.
    fn event(&self, event: &Event);
}

/// Stamps facts with time and run, and hands them to every listener.
#[derive(Clone)]
pub struct Events {
    run: Arc<str>,
    clock: Arc<dyn Clock>,
    listeners: Arc<[Arc<dyn Listener>]>,
}

impl Events {
    /// Events of this run for these listeners.
    pub fn new(run: &str, clock: Arc<dyn Clock>, listeners: Vec<Arc<dyn Listener>>) -> Self {
        Self { run: run.into(), clock, listeners: listeners.into() }
    }

    /// The run's id.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// The clock that stamps the events.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Tells every listener.
    pub fn emit(&self, fact: Fact) {
        let event = Event { at: self.clock.now(), run: self.run.to_string(), fact };
        for listener in self.listeners.iter() {
            listener.event(&event);
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("run", &self.run).finish_non_exhaustive()
    }
}
