//! The journal: what we wrote where, taken down before it is written.
//!
//! It serves four questions: what did we last write into a cell (so that an edit by people
//! is told from a change in the panel), what did a run do (to take it back), where does a
//! row come from, and which batch was in flight when a process died.
//!
//! The destination is the truth; the journal only remembers. A journal that was lost costs
//! those answers and nothing else: no row is lost or doubled without it.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::{Error, Origin, RowKey, Value};

/// Remembers what was written.
///
/// # Behavior
/// - `begin` is durable when it returns: the batch is sent only then. The same id again
///   replaces the batch, which keeps its place among the others.
/// - A batch is [`BatchState::Open`] from `begin` until `settle`. Settling a batch that is
///   not known is no error: the journal may have been lost in between.
/// - `last_written` counts committed batches only, in the order of their first `begin`, cell by
///   cell: a batch that changes one cell of a row leaves what is known of the others.
/// - Batches of different targets never mix.
/// - [`JournalBatch::recovery`] comes back from `open` unchanged; a settled batch may give
///   null there.
/// - `batches_of` and `entries_of` give open and dropped batches as well, with
///   their state: whoever takes something back has to look at it.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Takes down a batch before it is sent.
    async fn begin(&self, batch: &JournalBatch) -> Result<(), Error>;

    /// Takes down, at once and as committed, cells that somebody else wrote and that the file
    /// says as well ([`RowChange::Agreed`]): from now on that is what was last written.
    async fn agree(&self, batch: &JournalBatch) -> Result<(), Error>;

    /// Says what became of a batch, by its id.
    async fn settle(&self, id: &str, state: BatchState) -> Result<(), Error>;

    /// The open batches of a target, oldest first.
    async fn open(&self, target: &str) -> Result<Vec<JournalBatch>, Error>;

    /// What was last written into the rows of these keys; keys that were never written are
    /// left out.
    async fn last_written(&self, target: &str, keys: &[RowKey]) -> Result<LastWritten, Error>;

    /// All batches of a run, oldest first; none for a run that wrote nothing.
    async fn batches_of(&self, run: &str) -> Result<Vec<(JournalBatch, BatchState)>, Error>;

    /// All that was written into the rows of this key, in any target, oldest first.
    async fn entries_of(&self, key: &RowKey) -> Result<Vec<JournalEntry>, Error>;

    /// Which of these keys a committed batch of this export has written.
    async fn written(&self, export: &str, keys: &[RowKey]) -> Result<HashSet<RowKey>, Error>;
}

/// What was last written, by key and name of the column.
pub type LastWritten = HashMap<RowKey, BTreeMap<CompactString, Value>>;

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// It was sent or was about to be; nobody knows yet what became of it.
    Open,
    /// It is in the destination, verified.
    Committed,
    /// It is certain never to get there.
    Dropped,
}

/// One atomic write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalBatch {
    /// Unique for ever: the random token of the commit marker.
    pub id: String,
    /// The run that wrote it.
    pub run: String,
    /// The export's name.
    pub export: String,
    /// Where it went, in a form that outlives a new title:
    /// `google-sheets:SPREADSHEET/SHEET-ID`.
    pub target: String,
    /// Where it went, for people: spreadsheet and tab.
    pub place: String,
    /// Which part of a large write it is, from 0.
    pub chunk: u32,
    /// The number of the commit marker; a later write has a larger one.
    pub marker: i64,
    /// When it was taken down.
    pub at: DateTime<Utc>,
    /// The file that the rows come from, where one is kept.
    pub file: Option<String>,
    /// Names of the columns; the cells refer to them by index.
    pub columns: Vec<CompactString>,
    /// The rows, each key at most once.
    pub rows: Vec<JournalRow>,
    /// The sink's own: what it needs to put things right after a crash. It may be large,
    /// and may be forgotten once the batch is settled.
    #[serde(default)]
    pub recovery: serde_json::Value,
}

/// A row of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalRow {
    /// Its key; without a key, the whole row.
    pub key: RowKey,
    /// What happened to it.
    pub change: RowChange,
    /// Where in its file it stood.
    pub origin: Origin,
    /// The cells that were written: all of a new row, the changed ones otherwise.
    pub cells: Vec<JournalCell>,
}

/// What happened to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowChange {
    /// It was added.
    Inserted,
    /// Cells of it were changed.
    Updated,
    /// Cells of it were changed by somebody else, to what the file says as well. No run did
    /// that, so there is nothing to take back.
    Agreed,
}

/// A cell of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalCell {
    /// The column, by its index in [`JournalBatch::columns`].
    pub column: u32,
    /// What was there.
    pub before: Value,
    /// What was written.
    pub after: Value,
}

/// One write into one row, with all that says where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The batch that it belongs to.
    pub batch: String,
    /// What became of that batch.
    pub state: BatchState,
    /// The run.
    pub run: String,
    /// The export's name.
    pub export: String,
    /// Where the row is, for people.
    pub place: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The file that the row came from, where one is kept.
    pub file: Option<String>,
    /// Where in that file it stood.
    pub origin: Origin,
    /// Whether the row was added or changed.
    pub change: RowChange,
    /// What was written: name of the column, before, after.
    pub cells: Vec<(CompactString, Value, Value)>,
}

impl JournalBatch {
    /// One row of this batch with all that is known about it.
    pub fn entry(&self, row: &JournalRow, state: BatchState) -> JournalEntry {
        let name = |column: u32| self.columns.get(column as usize).cloned().unwrap_or_default();
        JournalEntry {
            batch: self.id.clone(),
            state,
            run: self.run.clone(),
            export: self.export.clone(),
            place: self.place.clone(),
            at: self.at,
            file: self.file.clone(),
            origin: row.origin,
            change: row.change,
            cells: row
                .cells
                .iter()
                .map(|cell| (name(cell.column), cell.before.clone(), cell.after.clone()))
                .collect(),
        }
    }
}
