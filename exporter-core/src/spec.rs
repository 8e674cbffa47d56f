//! What the pipeline and the sinks have to know about one export.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ColumnType, EditRules};

/// One dataset of a panel, as far as table and destination are concerned.
/// How it is downloaded is its source's own business.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ExportSpec {
    /// The name, for instance `transaksi`; unique in a run.
    pub name: String,
    /// Where it goes in the sink: the tab of a spreadsheet. With `{yyyy}` and `{mm}` in it
    /// there is one tab each month: see [`crate::tabs`].
    pub tab: String,
    /// The column whose day says which month's tab a row goes to; the only one with days
    /// unless given.
    pub tab_date: Option<String>,
    /// The columns that identify a row; none means that whole rows are compared as a
    /// multiset and only added.
    pub key: Vec<String>,
    /// Columns that are written with a new row but never compared, such as the running
    /// number `No`.
    pub ignore: Vec<String>,
    /// Declared types by column name; the other columns are inferred.
    pub types: BTreeMap<String, ColumnType>,
    /// What becomes of cells of ours that people edited.
    pub edits: EditRules,
    /// How many columns the file must have, where that is known.
    pub columns: Option<usize>,
    /// What becomes of columns that the file has and the tab has not.
    pub new_columns: NewColumns,
    /// What becomes of texts that are too long for a cell.
    pub long_texts: LongTexts,
}

/// What becomes of a column that the file has and a filled tab has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NewColumns {
    /// It is left out and the report names it: people decide what their tab looks like.
    #[default]
    Freeze,
    /// It is added to the right of ours. To set this is the consent, given once for all runs.
    Add,
}

/// What becomes of a text that is longer than a cell can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LongTexts {
    /// The table is refused, before anything is written.
    #[default]
    Refuse,
    /// It is cut, ends in a mark that says so, and the report names it.
    Truncate,
}

impl ExportSpec {
    /// A spec with this name, whose tab has the same name.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { tab: name.clone(), name, ..Self::default() }
    }

    /// Whether this column takes part in the comparison of rows.
    pub fn compares(&self, column: &str) -> bool {
        !self.ignore.iter().any(|ignored| ignored == column)
    }
}
