//! The vocabulary of exporter as types: tables, plans, receipts, reports; the traits
//! [`ExportSource`], [`Sink`] and [`Notifier`]; and the pipeline that knows only them.
//!
//! Nothing here speaks HTTP, drives a browser, or knows Google, Telegram or SQL: a test
//! of the workspace checks that from the dependency tree.

mod agreement;
mod artifact;
mod asker;
pub mod checks;
mod clock;
pub mod compare;
mod error;
mod event;
pub mod fit;
mod journal;
pub mod key;
pub mod layers;
mod notifier;
mod outbox;
mod pipeline;
mod plan;
mod report;
mod secret;
mod sink;
mod source;
mod spec;
mod table;
pub mod tabs;
#[cfg(feature = "testing")]
pub mod testing;
mod value;
mod window;

pub use agreement::{Agreement, Counted, Total};
pub use artifact::{Artifact, FileKind};
pub use asker::{Asker, Question};
pub use clock::{AheadClock, Clock, FixedClock, SystemClock};
pub use error::{Error, ErrorKind, ErrorReport, Result, Retry, Stage, Turn};
pub use event::{Event, Events, Fact, Listener};
pub use journal::{
    BatchState, Journal, JournalBatch, JournalCell, JournalEntry, JournalRow, LastWritten, RowChange,
};
pub use key::RowKey;
pub use notifier::{
    Answer, Daily, DailyExport, Delivery, ExportProgress, Message, MessageBody, Notifier, PastRun,
    ProgressState, RunEnd, Topic,
};
pub use outbox::{Fate, Letter, Mail, Mark, Outbox, Waiting};
pub use pipeline::{Job, Outcome, Pipeline, RetryPolicy};
pub use plan::{
    CellChange, Changes, Conflict, Differ, Duplicate, EditRules, OnEdit, PLAN_VERSION, Plan, PlanCounts,
    Repair, RowUpdate, StoredTwice,
};
pub use report::{ExportReport, ExportStatus, REPORT_VERSION, RunReport, RunStatus};
pub use secret::Secret;
pub use sink::{Receipt, Sink};
pub use source::{Driver, Export, ExportRequest, ExportSource, Session};
pub use spec::{ExportSpec, LongTexts, NewColumns};
pub use table::{Column, Origin, Table};
pub use value::{ColumnType, Value};
pub use window::Window;
