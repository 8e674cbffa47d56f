//! Comparing a table with what is stored, in one pass over the stored rows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use foldhash::fast::RandomState;

use super::{CellChange, Changes, Duplicate, RowUpdate, StoredTwice};
use crate::compare::same;
use crate::key::{self, Canonical, key_positions};
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
    index: Index<'a>,
    changes: Changes,
    /// Scratch space for the key of the stored row at hand.
    key: String,
}

/// The rows of the table by identity. Keys stay where they are in the table if they can.
#[derive(Default)]
struct Index<'a> {
    rows: HashMap<Cow<'a, str>, Match, RandomState>,
    /// Without a key: the next row of the same identity, by row.
    next: Vec<Option<u32>>,
    /// The first and the last key in the order of their bytes. Ids mostly grow with time, and
    /// what came in is of some days: most stored rows are told by this alone.
    ends: Option<(String, String)>,
}

/// The rows of the table with one identity.
#[derive(Default)]
struct Match {
    /// The first row not yet found in the store. The only one with a key.
    waiting: Option<u32>,
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
        let count = u32::try_from(table.len())
            .map_err(|_| Error::new(ErrorKind::TooLarge, "more than 4,294,967,295 rows"))?;
        let mut differ = Self {
            table,
            keyed,
            identity,
            compared,
            index: Index::default(),
            changes: Changes { counted: Counted::new(table, spec, keyed), ..Changes::default() },
            key: String::new(),
        };
        differ.index.rows.reserve(table.len());
        if keyed {
            (0..count).try_for_each(|row| differ.add(row))?;
        } else {
            differ.index.next = vec![None; table.len()];
            // From the last one on, so that each comes before those that are there.
            (0..count).rev().for_each(|row| differ.add_alike(row));
        }
        differ.index.ends = differ.index.ends();
        Ok(differ)
    }

    /// The columns of the table that make up a row's identity, by index.
    pub fn identity(&self) -> &[usize] {
        &self.identity
    }

    /// The identity of a row of the table.
    fn key_of(&mut self, row: u32) -> Option<Cow<'a, str>> {
        let cells = self.table.row(row as usize);
        match key::canonical(&self.identity, |column| &cells[column], &mut self.key)? {
            Canonical::Cell(text) => Some(Cow::Borrowed(text)),
            Canonical::Made(text) => Some(Cow::Owned(text.to_owned())),
        }
    }

    fn add(&mut self, row: u32) -> Result<(), Error> {
        let key = self.key_of(row).ok_or_else(|| self.keyless(row))?;
        let (table, counted) = (self.table, &mut self.changes.counted);
        counted.file(table.row(row as usize), true);
        match self.index.rows.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(Match { waiting: Some(row), found: None });
            }
            Entry::Occupied(mut entry) => {
                let Some(lost) = entry.get_mut().waiting.replace(row) else { return Ok(()) };
                counted.file(table.row(lost as usize), false);
                self.changes.duplicates.push(Duplicate {
                    key: RowKey::from_canonical(entry.key()),
                    dropped: table.origin(lost as usize),
                    kept: table.origin(row as usize),
                });
            }
        }
        Ok(())
    }

    /// Adds a row before those of the same identity. An empty one is none.
    fn add_alike(&mut self, row: u32) {
        let Some(key) = self.key_of(row) else { return };
        self.changes.counted.file(self.table.row(row as usize), true);
        let first = &mut self.index.rows.entry(key).or_default().waiting;
        self.index.next[row as usize] = first.replace(row);
    }

    fn keyless(&self, row: u32) -> Error {
        let origin = self.table.origin(row as usize);
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

    /// Looks at a stored row: `cell` gives its cells by the table's columns.
    pub fn stored<'v>(&mut self, stored_row: u32, cell: impl Fn(usize) -> &'v Value) {
        let Some(key) = key::canonical(&self.identity, &cell, &mut self.key) else { return };
        let (key, counted) = (key.as_str(), &mut self.changes.counted);
        let Index { rows, next, ends } = &mut self.index;
        let among = ends.as_ref().is_some_and(|(first, last)| &**first <= key && key <= &**last);
        let Some(matched) = (if among { rows.get_mut(key) } else { None }) else {
            counted.alone(&cell, key);
            return;
        };
        if let (true, Some(first)) = (self.keyed, matched.found) {
            let key = RowKey::from_canonical(key);
            self.changes.stored_twice.push(StoredTwice { key, first, other: stored_row });
            return;
        }
        // Without a key each stored row takes one of the rows that are equal to it.
        let Some(row) = matched.waiting else { return };
        (matched.waiting, matched.found) = (next.get(row as usize).copied().flatten(), Some(stored_row));
        counted.stored(&cell);
        let incoming = self.table.row(row as usize);
        let changed = self.compared.iter().filter(|&&column| !same(&incoming[column], cell(column)));
        let changed: Vec<CellChange> = changed
            .map(|&column| CellChange {
                column: u32::try_from(column).unwrap_or(u32::MAX),
                before: cell(column).clone(),
                after: incoming[column].clone(),
            })
            .collect();
        if changed.is_empty() {
            self.changes.unchanged += 1;
        } else {
            let key = RowKey::from_canonical(key);
            self.changes.updates.push(RowUpdate { row, stored_row, key, cells: changed });
        }
    }

    /// What is to be done: rows that no stored row matched are new, in the file's order.
    pub fn finish(self) -> Changes {
        let Self { index, mut changes, .. } = self;
        for matched in index.rows.into_values() {
            let waiting = |row: &u32| index.next.get(*row as usize).copied().flatten();
            changes.inserts.extend(std::iter::successors(matched.waiting, waiting));
        }
        changes.inserts.sort_unstable();
        changes.counted.finish();
        changes
    }
}

impl Index<'_> {
    fn ends(&self) -> Option<(String, String)> {
        let keys = || self.rows.keys().map(AsRef::as_ref);
        Some((keys().min().map(str::to_owned)?, keys().max().map(str::to_owned)?))
    }
}

#[cfg(test)]
mod tests;
