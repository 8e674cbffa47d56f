//! The plan: what a sink would do, as plain serialisable data.

mod diff;
mod edits;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Counted, Origin, RowKey, Table, Value};

pub use diff::Differ;
pub use edits::{EditRules, OnEdit};

/// Version of [`Plan`]'s shape.
pub const PLAN_VERSION: u32 = 1;

/// What a sink would do with a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Shape of this plan: [`PLAN_VERSION`].
    pub version: u32,
    /// The export's name.
    pub export: String,
    /// The run that it is for; empty until a run takes it up.
    #[serde(default)]
    pub run: String,
    /// The file that the table was read from, where it is kept.
    #[serde(default)]
    pub file: Option<String>,
    /// The destination, for people: spreadsheet and tab.
    pub target: String,
    /// The table itself; the other fields refer to its rows by index.
    pub table: Arc<Table>,
    /// What to do with which row.
    pub changes: Changes,
    /// Calls that planning made.
    pub calls: u32,
    /// Calls that applying is expected to make.
    pub expected_calls: u32,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// The sink's own: what it read and will check again before it writes.
    pub state: serde_json::Value,
}

/// Rows of a table compared with what is stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Changes {
    /// Rows that are not there yet, by index.
    pub inserts: Vec<u32>,
    /// Rows that are there with other values.
    pub updates: Vec<RowUpdate>,
    /// How many rows are there as they are.
    pub unchanged: usize,
    /// Rows whose key a later row of the same table has too: the last one wins.
    pub duplicates: Vec<Duplicate>,
    /// Rows that are stored more than once: the first is updated, none is deleted.
    pub stored_twice: Vec<StoredTwice>,
    /// Cells that people edited and that are kept as they are.
    #[serde(default)]
    pub conflicts: Vec<Conflict>,
    /// Cells that an interrupted write hit by mistake, and what belongs there.
    #[serde(default)]
    pub repairs: Vec<Repair>,
    /// Rows and sums of the file and of what is stored.
    #[serde(default)]
    pub counted: Counted,
}

/// A cell of somebody else's that a write hit because rows were moved under it, and that a
/// process which died could not put back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Repair {
    /// The sink's row number.
    pub stored_row: u32,
    /// The sink's column, from 0.
    pub stored_column: u32,
    /// What is there.
    pub before: Value,
    /// What belongs there.
    pub after: Value,
}

/// A cell of ours that people edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// The row of the table, by index.
    pub row: u32,
    /// Where the row is stored: the sink's row number.
    pub stored_row: u32,
    /// Its key.
    pub key: RowKey,
    /// The column of the table, by index.
    pub column: u32,
    /// What we wrote last.
    pub last: Value,
    /// What people made of it.
    pub stored: Value,
    /// What the file says.
    pub incoming: Value,
}

/// A stored row that gets new values in some cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowUpdate {
    /// The row of the table, by index.
    pub row: u32,
    /// Where the row is stored: the sink's row number.
    pub stored_row: u32,
    /// Its key.
    pub key: RowKey,
    /// The cells that change.
    pub cells: Vec<CellChange>,
}

/// A cell that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellChange {
    /// The column of the table, by index.
    pub column: u32,
    /// What is stored.
    pub before: Value,
    /// What the file says.
    pub after: Value,
}

/// A row of the file whose key another row of the file has too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Duplicate {
    /// The key they share.
    pub key: RowKey,
    /// Where the row that lost stands in the file.
    pub dropped: Origin,
    /// Where the row that won stands.
    pub kept: Origin,
}

/// A key that more than one stored row has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredTwice {
    /// The key.
    pub key: RowKey,
    /// The row that is updated: the sink's row number.
    pub first: u32,
    /// Another row with that key, left alone.
    pub other: u32,
}

/// How much of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlanCounts {
    /// Rows to add.
    pub new: usize,
    /// Rows to update.
    pub updated: usize,
    /// Rows that are there as they are.
    pub unchanged: usize,
    /// Rows of the file that repeat a key of the file.
    pub duplicates: usize,
    /// Cells that people edited and that are kept as they are.
    #[serde(default)]
    pub conflicts: usize,
}

impl std::ops::AddAssign for PlanCounts {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.duplicates += other.duplicates;
        self.conflicts += other.conflicts;
    }
}

impl Changes {
    /// How much of what.
    pub fn counts(&self) -> PlanCounts {
        PlanCounts {
            new: self.inserts.len(),
            updated: self.updates.len(),
            unchanged: self.unchanged,
            duplicates: self.duplicates.len(),
            conflicts: self.conflicts.len(),
        }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.inserts.is_empty() && self.updates.is_empty() && self.repairs.is_empty()
    }
}
