//! Comparing a table with what is stored, in one pass over the stored rows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::quality::RandomState;

use super::{CellChange, Changes, Duplicate, RowUpdate, StoredTwice};
use crate::compare::same;
use crate::key::key_positions;
use crate::{Counted, Error, ErrorKind, ExportSpec, RowKey, Table, Value};

/// Compares a table with stored rows that are shown to it one by one, in order.
///
/// Only the table is indexed, so memory grows with what came in and not with what is
/// stored. With a key, rows are matched by it; without one, whole rows (ignored columns
/// aside) are matched as a multiset, so rows are only ever added.
pub struct Differ<'a> {
    table: &'a Table,
    keyed: bool,
    /// Columns that make up the identity of a row.
    identity: Vec<usize>,
    /// Columns to compare once a row is found: none without a key.
    compared: Vec<usize>,
    index: HashMap<RowKey, Matches, RandomState>,
    changes: Changes,
    /// Scratch space for the key of the stored row at hand.
    key: String,
}

/// The rows of the table with one identity.
struct Matches {
    /// Rows not yet found in the store, by index, in order. One at most with a key.
    waiting: Vec<u32>,
    /// The stored row that the first match took.
    found: Option<u32>,
}

impl<'a> Differ<'a> {
    /// Indexes the table by the spec's key.
    ///
    /// # Errors
    /// A key column that is not in the table, or a row whose key cells are all empty:
    /// it could be neither found again nor told from others.
    pub fn new(table: &'a Table, spec: &ExportSpec) -> Result<Self, Error> {
        let key = key_positions(table, &spec.key)?;
        let keyed = !key.is_empty();
        let comparable = |column: &usize| spec.compares(&table.columns()[*column].name);
        let identity: Vec<usize> = if keyed { key } else { (0..table.width()).filter(comparable).collect() };
        let compared = if keyed {
            (0..table.width()).filter(|column| !identity.contains(column)).filter(comparable).collect()
        } else {
            Vec::new()
        };
        let mut differ = Self {
            table,
            keyed,
            identity,
            compared,
            index: HashMap::with_capacity_and_hasher(table.len(), RandomState::default()),
            changes: Changes { counted: Counted::new(table, spec, keyed), ..Changes::default() },
            key: String::new(),
        };
        for row in 0..table.len() {
            differ.add(row)?;
        }
        Ok(differ)
    }

    /// The columns of the table that make up a row's identity, by index.
    pub fn identity(&self) -> &[usize] {
        &self.identity
    }

    fn add(&mut self, row: usize) -> Result<(), Error> {
        let cells = self.table.row(row);
        let key = RowKey::of(self.identity.iter().map(|&column| &cells[column]));
        let Some(key) = key else {
            return if self.keyed { Err(self.keyless(row)) } else { Ok(()) };
        };
        self.changes.counted.file(cells, true);
        let row = u32::try_from(row)
            .map_err(|_| Error::new(ErrorKind::TooLarge, "more than 4,294,967,295 rows"))?;
        match self.index.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(Matches { waiting: vec![row], found: None });
            }
            Entry::Occupied(mut entry) if self.keyed => {
                let lost = std::mem::replace(&mut entry.get_mut().waiting[0], row);
                self.changes.counted.file(self.table.row(lost as usize), false);
                self.changes.duplicates.push(Duplicate {
                    key: entry.key().clone(),
                    dropped: self.table.origin(lost as usize),
                    kept: self.table.origin(row as usize),
                });
            }
            Entry::Occupied(mut entry) => entry.get_mut().waiting.push(row),
        }
        Ok(())
    }

    fn keyless(&self, row: usize) -> Error {
        let origin = self.table.origin(row);
        let names: Vec<_> =
            self.identity.iter().map(|&column| self.table.columns()[column].name.as_str()).collect();
        Error::new(
            ErrorKind::MissingKey,
            format!("a row of the file has nothing in its key column `{}`", names.join("`, `")),
        )
        .context("page", origin.page.to_string())
        .context("row", origin.line.to_string())
        .hint("set another `key` for this export, or none to compare whole rows")
    }

    /// Looks at a stored row: `cells` in the order of the table's columns.
    pub fn stored(&mut self, stored_row: u32, cells: &[Value]) {
        let identity = self.identity.iter().map(|&column| cells.get(column).unwrap_or(&Value::Empty));
        if !RowKey::write(identity, &mut self.key) {
            return;
        }
        let Some(matches) = self.index.get_mut(self.key.as_str()) else {
            self.changes.counted.alone(cells, &self.key);
            return;
        };
        let key = || RowKey::from_canonical(&self.key);
        if let (true, Some(first)) = (self.keyed, matches.found) {
            self.changes.stored_twice.push(StoredTwice { key: key(), first, other: stored_row });
            return;
        }
        // Without a key each stored row takes one of the rows that are equal to it.
        let Some(row) = (!matches.waiting.is_empty()).then(|| matches.waiting.remove(0)) else {
            return;
        };
        matches.found = Some(stored_row);
        self.changes.counted.stored(cells);
        let incoming = self.table.row(row as usize);
        let changed: Vec<CellChange> = self
            .compared
            .iter()
            .filter(|&&column| !same(&incoming[column], cells.get(column).unwrap_or(&Value::Empty)))
            .map(|&column| CellChange {
                column: u32::try_from(column).unwrap_or(u32::MAX),
                before: cells.get(column).cloned().unwrap_or_default(),
                after: incoming[column].clone(),
            })
            .collect();
        if changed.is_empty() {
            self.changes.unchanged += 1;
        } else {
            self.changes.updates.push(RowUpdate { row, stored_row, key: key(), cells: changed });
        }
    }

    /// What is to be done: rows that no stored row matched are new, in the file's order.
    pub fn finish(self) -> Changes {
        let mut changes = self.changes;
        changes.inserts = self.index.into_values().flat_map(|matches| matches.waiting).collect();
        changes.inserts.sort_unstable();
        changes
    }
}

#[cfg(test)]
mod tests;
