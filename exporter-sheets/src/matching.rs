//! Two pictures of a tab, before a write and now: which row and column of the one is which
//! of the other.
//!
//! Into which columns the write went is known, whatever people did with them since: it left
//! a mark on each. Rows are matched by their keys where nothing was written to those, and else
//! by what is in them, each as it was or with one stamp of the write on it.

mod columns;
mod new_rows;
mod rows;
mod sight;

use std::collections::{BTreeMap, HashMap};

use exporter_core::{RowKey, Value};

use crate::attempt::{Attempt, NEW, SEEN};
use crate::grid::Grid;
use crate::structure::Tab;
use columns::match_columns;
use new_rows::NewRows;
use rows::Rows;
use sight::{Sight, Stamped};

/// Where rows and columns of the earlier picture are now.
#[derive(Debug, Default)]
pub struct Map {
    /// The header's row.
    pub header: usize,
    /// Rows, the header's as well.
    pub rows: HashMap<usize, usize>,
    /// Columns.
    pub columns: Vec<Option<usize>>,
    /// Where the columns are that the write inserted.
    pub inserted: HashMap<usize, usize>,
    /// The columns that the write went into, with the column that it named.
    pub hit: BTreeMap<usize, usize>,
    /// The rows that the write inserted: their index among its rows, and where they are.
    pub new: Vec<(usize, usize)>,
    /// Other rows that are now and were not before.
    pub fresh: Vec<usize>,
    /// What the write put into which rows.
    pub stamps: Vec<Stamped>,
    /// Rows of the earlier picture in which the write left nothing by mistake.
    pub gone: Vec<usize>,
}

impl Map {
    /// Matches what was there before a write with what is there now. `tab` tells of the
    /// marks; `landed` says whether the write happened at all.
    pub fn new(attempt: &Attempt, now: &Grid, tab: Option<&Tab>, landed: bool) -> Self {
        let header = find_header(attempt, now);
        let hits = tab.map(|tab| tab.hits.as_slice()).unwrap_or_default();
        let hit = hits.iter().filter(|hit| landed && hit.token == attempt.layout.next.token);
        let hit: BTreeMap<usize, usize> =
            hit.filter(|hit| hit.named < SEEN).map(|hit| (hit.column, hit.named)).collect();
        let columns = match_columns(attempt, now, tab, (header, &hit));
        let inserted = attempt.layout.added.iter().filter_map(|&added| {
            let place = attempt.layout.places[added];
            let marked = hit.iter().find(|(_, named)| **named == NEW + place).map(|(now, _)| *now);
            Some((place, marked.or_else(|| self::named(now, header, &attempt.names[added]))?))
        });
        let inserted = if attempt.layout.blank { HashMap::new() } else { inserted.collect() };
        let mut map = Self { header, columns, inserted, hit, ..Self::default() };
        map.match_rows(attempt, now, landed);
        map
    }

    /// Where a cell of the write was meant to go.
    pub fn place(&self, attempt: &Attempt, (row, column): (usize, usize)) -> Option<(usize, usize)> {
        if attempt.is_new((row, column)) {
            return Some((*self.rows.get(&row)?, *self.inserted.get(&column)?));
        }
        let column = self.columns.get(column).copied().unwrap_or(Some(column));
        Some((*self.rows.get(&row)?, column?))
    }

    /// The column of the earlier picture that a column is.
    pub fn was(&self, column: usize) -> Option<usize> {
        self.columns.iter().position(|now| *now == Some(column))
    }

    fn match_rows(&mut self, attempt: &Attempt, now: &Grid, landed: bool) {
        let before = &attempt.before;
        let (header, header_now) = (attempt.layout.header, self.header);
        if before.len() > header {
            self.rows.insert(header, header_now);
        }
        let filled = |grid: &Grid, header: usize| -> Vec<usize> {
            (0..grid.len()).filter(|&row| row != header && !grid.is_blank(row)).collect()
        };
        let mut rows = Rows { left: filled(before, header), free: filled(now, header_now) };
        let sight = Sight::new(attempt, now, header_now, &self.columns, &self.hit);
        let alike = |row: usize, other: usize| {
            sight.fit(row, other).map(|fit| (std::cmp::Reverse(fit.typed), fit.equal))
        };
        let keys = attempt.key_columns();
        let keys_now: Option<Vec<usize>> =
            keys.iter().map(|&column| self.columns.get(column).copied().flatten()).collect();
        let keys_now = keys_now.filter(|keys| !keys.is_empty());
        let key_was = |row: usize| key(before, &keys, row).filter(|_| row > header);
        let key_is =
            |row: usize| keys_now.as_ref().and_then(|keys| key(now, keys, row)).filter(|_| row > header_now);
        // A key that nothing was written to is the row's own: another one is another row.
        let sure = keys_now.as_ref().is_some_and(|keys| keys.iter().all(|key| !self.hit.contains_key(key)));
        let (mut found, mut keyed) = (Vec::new(), Vec::new());
        if sure {
            found.extend(rows.pair(key_was, key_is, alike));
            rows.left.retain(|&row| key_was(row).is_none());
            (keyed, rows.free) = rows.free.iter().partition(|&&row| key_is(row).is_some());
        }
        let (rounds, groups) = sight.choices(&rows.left, &rows.free, |row| attempt.empties(row));
        found.extend(rows.seat(&rounds, groups));
        let mut new = NewRows::new(attempt, now);
        if landed {
            new.whole(&mut keyed);
            new.whole(&mut rows.free);
        }
        // A row that was to be emptied is nowhere any more.
        let mut missing: Vec<usize>;
        (missing, rows.left) = rows.left.iter().partition(|&&row| attempt.empties(row));
        let edited = sight.edited(&rows.left, &rows.free);
        rows.take(&edited);
        found.extend(edited);
        if landed {
            new.in_part(&mut keyed);
            new.in_part(&mut rows.free);
        }
        if !sure {
            found.extend(rows.pair(key_was, key_is, alike));
        }
        self.rows.extend(found);
        self.new = new.found;
        self.fresh = rows.free;
        self.fresh.extend(keyed);
        self.fresh.sort_unstable();
        if landed {
            let emptied = missing.len();
            missing.extend(rows.left);
            let found = sight.stamps(&self.rows, &self.fresh, &missing);
            self.rows.extend(found.homes);
            self.stamps = found.stamps;
            self.gone = found.gone;
            self.gone.retain(|row| !missing[..emptied].contains(row));
        }
    }
}

fn key(grid: &Grid, columns: &[usize], row: usize) -> Option<RowKey> {
    RowKey::of(columns.iter().map(|&column| grid.at(row, column)))
}

/// The row that says most of what the header said.
fn find_header(attempt: &Attempt, now: &Grid) -> usize {
    let header = attempt.layout.header;
    let texts: Vec<&Value> =
        attempt.before.row(header).iter().filter(|cell| cell.as_text().is_some()).collect();
    let hits = |row: usize| texts.iter().filter(|text| now.row(row).contains(text)).count();
    let nearest = |row: &usize| std::cmp::Reverse(row.abs_diff(header));
    (0..now.len()).max_by_key(|row| (hits(*row), nearest(row))).unwrap_or(header)
}

/// The one column under a header of this name.
pub fn named(now: &Grid, header: usize, name: &str) -> Option<usize> {
    let mut found =
        (0..now.row(header).len()).filter(|&column| crate::layout::is(now.at(header, column), name));
    found.next().filter(|_| found.next().is_none())
}
