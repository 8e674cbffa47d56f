//! Two pictures of a tab, before a write and now: which row and column of the one is which
//! of the other.
//!
//! Columns are matched by their headers, rows by their keys, rows without a key by what else
//! is in them.

use std::collections::{HashMap, HashSet};

use exporter_core::compare::same;
use exporter_core::{RowKey, Value};

use crate::attempt::Attempt;
use crate::grid::Grid;
use crate::wire;

/// How many pairs of unlike rows are looked at, at most.
const PAIRS: usize = 4_000_000;

/// Where rows and columns of the earlier picture are now.
pub struct Map {
    /// The header's row.
    pub header: usize,
    /// Rows, the header's as well.
    pub rows: HashMap<usize, usize>,
    /// Columns.
    pub columns: Vec<Option<usize>>,
    /// Where the columns are that the write inserted.
    pub inserted: HashMap<usize, usize>,
    /// Rows that are now and were not before.
    pub fresh: Vec<usize>,
}

impl Map {
    /// Matches what was there before a write with what is there now.
    pub fn new(attempt: &Attempt, now: &Grid) -> Self {
        let header = find_header(attempt, now);
        let columns = match_columns(attempt, now, header);
        let inserted = attempt.layout.added.iter().filter_map(|&added| {
            let now = named(now, header, &attempt.names[added])?;
            Some((attempt.layout.places[added], now))
        });
        let inserted = if attempt.layout.blank { HashMap::new() } else { inserted.collect() };
        let mut map = Self { header, rows: HashMap::new(), columns, inserted, fresh: Vec::new() };
        map.match_rows(attempt, now);
        map
    }

    /// Where a cell of the write was meant to go.
    pub fn place(&self, attempt: &Attempt, (row, column): (usize, usize)) -> Option<(usize, usize)> {
        if attempt.layout.is_added(column) && !attempt.restores.contains_key(&(row, column)) {
            return Some((*self.rows.get(&row)?, *self.inserted.get(&column)?));
        }
        let column = self.columns.get(column).copied().unwrap_or(Some(column));
        Some((*self.rows.get(&row)?, column?))
    }

    fn match_rows(&mut self, attempt: &Attempt, now: &Grid) {
        let before = &attempt.before;
        let (header, header_now) = (attempt.layout.header, self.header);
        if before.len() > header {
            self.rows.insert(header, self.header);
        }
        let mut left: Vec<usize> =
            (0..before.len()).filter(|&row| row != header && !before.is_blank(row)).collect();
        let mut free: Vec<usize> =
            (0..now.len()).filter(|&row| row != self.header && !now.is_blank(row)).collect();

        let pairs: Vec<(usize, usize)> = self
            .columns
            .iter()
            .enumerate()
            .filter_map(|(column, now)| now.map(|now| (column, now)))
            .collect();
        // What is in cells says more than that nothing is in them.
        let likeness = |value: &Value| if value.is_empty() { 1 } else { 100 };
        let alike = |row: usize, other: usize| -> usize {
            let equal =
                pairs.iter().filter(|&&(column, now_at)| same(now.at(other, now_at), before.at(row, column)));
            equal.map(|&(column, _)| likeness(before.at(row, column))).sum()
        };
        // By key, as far as the write says nothing about it.
        let keys_before = attempt.key_columns();
        let keys_now: Option<Vec<usize>> =
            keys_before.iter().map(|&column| self.columns.get(column).copied().flatten()).collect();
        if let Some(keys_now) = keys_now.filter(|keys| !keys.is_empty()) {
            let doubtful = doubtful_keys(attempt, &keys_before);
            let sure = |key: &RowKey| !doubtful.contains(key);
            self.pair(
                &mut left,
                &mut free,
                |row| key(before, &keys_before, row).filter(|key| row > header && sure(key)),
                |row| key(now, &keys_now, row).filter(|_| row > header_now),
                alike,
            );
        }
        // By all that is in them.
        let whole = |grid: &Grid, row: usize, columns: &mut dyn Iterator<Item = usize>| {
            columns.map(|column| text(grid.at(row, column))).collect::<Vec<_>>()
        };
        self.pair(
            &mut left,
            &mut free,
            |row| Some(whole(before, row, &mut pairs.iter().map(|pair| pair.0))),
            |row| Some(whole(now, row, &mut pairs.iter().map(|pair| pair.1))),
            alike,
        );
        // By all but the cells that the write may have hit, and then one that people changed
        // besides: those most alike first, to what was or to what was to be.
        if left.len() * free.len() <= PAIRS {
            let written: HashSet<String> = attempt.cells.values().map(text).collect();
            let meant = |row: usize, column: usize| {
                attempt.cells.get(&(row, column)).map_or_else(|| before.at(row, column).clone(), wire::stored)
            };
            // A row that was to be emptied is nowhere any more.
            left.retain(|&row| pairs.iter().any(|&(column, _)| !meant(row, column).is_empty()));
            for others in [0, 1] {
                let differs = |row: usize, other: usize, (column, column_now): (usize, usize)| {
                    let there = now.at(other, column_now);
                    !same(there, before.at(row, column)) && !written.contains(&text(there))
                };
                let fits = |row: usize, other: usize| {
                    pairs.iter().filter(|&&pair| differs(row, other, pair)).count() <= others
                };
                let as_meant = |row: usize, other: usize| -> usize {
                    let equal =
                        pairs.iter().map(|&(column, now_at)| (meant(row, column), now.at(other, now_at)));
                    equal.filter(|(meant, there)| same(meant, there)).map(|(meant, _)| likeness(&meant)).sum()
                };
                let mut found: Vec<(usize, usize, usize)> = Vec::new();
                for &row in &left {
                    for &other in free.iter().filter(|&&other| fits(row, other)) {
                        let (was, meant) = (alike(row, other), as_meant(row, other));
                        // A single cell that the write filled itself says nothing.
                        let own = pairs.iter().filter(|&&(column, now_at)| {
                            let there = now.at(other, now_at);
                            same(there, before.at(row, column))
                                && attempt.cells.get(&(other, now_at)).is_some_and(|value| same(value, there))
                        });
                        let own: usize = own.map(|&(column, _)| likeness(before.at(row, column))).sum();
                        if was >= 100 + own || meant >= 200 {
                            found.push((was.max(meant), row, other));
                        }
                    }
                }
                found.sort_by_key(|&(score, row, other)| (std::cmp::Reverse(score), row, other));
                for (_, row, other) in found {
                    if left.contains(&row) && free.contains(&other) {
                        self.rows.insert(row, other);
                        left.retain(|left| *left != row);
                        free.retain(|free| *free != other);
                    }
                }
            }
        }
        self.fresh = free;
    }

    /// Pairs rows by a name, rows of one name in their order.
    fn pair<K: Eq + std::hash::Hash>(
        &mut self,
        left: &mut Vec<usize>,
        free: &mut Vec<usize>,
        name_before: impl Fn(usize) -> Option<K>,
        name_now: impl Fn(usize) -> Option<K>,
        alike: impl Fn(usize, usize) -> usize,
    ) {
        let mut named: HashMap<K, Vec<usize>> = HashMap::new();
        for &row in free.iter().rev() {
            if let Some(name) = name_now(row) {
                named.entry(name).or_default().push(row);
            }
        }
        let mut taken = HashSet::new();
        left.retain(|&row| {
            let Some(others) = name_before(row).and_then(|name| named.get_mut(&name)) else { return true };
            // Of several rows of one name the one that is most alike: a write that went astray
            // may have put the name there.
            let likeness = |index: &usize| (alike(row, others[*index]), *index);
            let Some(best) = (0..others.len()).max_by_key(likeness) else { return true };
            let found = others.remove(best);
            self.rows.insert(row, found);
            taken.insert(found);
            false
        });
        free.retain(|row| !taken.contains(row));
    }
}

/// A value as text by which equal cells are equal.
pub fn text(value: &Value) -> String {
    format!("{:?}", wire::stored(value))
}

fn key(grid: &Grid, columns: &[usize], row: usize) -> Option<RowKey> {
    RowKey::of(columns.iter().map(|&column| grid.at(row, column)))
}

/// Keys that a write puts into cells or takes out of them: after it they may stand in rows
/// that they were not meant for.
fn doubtful_keys(attempt: &Attempt, columns: &[usize]) -> HashSet<RowKey> {
    let written = attempt.cells.keys().filter(|place| columns.contains(&place.1));
    let rows: HashSet<usize> = written.map(|place| place.0).collect();
    let keys = rows.iter().flat_map(|&row| {
        let after = columns.iter().map(|&column| {
            attempt.cells.get(&(row, column)).unwrap_or_else(|| attempt.before.at(row, column))
        });
        [key(&attempt.before, columns, row), RowKey::of(after)]
    });
    keys.flatten().collect()
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

/// Columns by their headers; those without one, or whose header was hit, in their order.
fn match_columns(attempt: &Attempt, now: &Grid, header_now: usize) -> Vec<Option<usize>> {
    let (before, header) = (&attempt.before, attempt.layout.header);
    let used = |grid: &Grid| -> Vec<usize> {
        (0..grid.width())
            .filter(|&column| (0..grid.len()).any(|row| !grid.at(row, column).is_empty()))
            .collect()
    };
    let (mut left, mut free) = (used(before), used(now));
    let mut columns = vec![None; before.width()];
    let only = |columns: &[usize], grid: &Grid, row: usize, name: &Value| {
        let mut found = columns.iter().filter(|&&column| grid.at(row, column) == name);
        found.next().copied().filter(|_| found.next().is_none())
    };
    left.retain(|&column| {
        let name = before.at(header, column);
        let unique = !name.is_empty() && only(&used(before), before, header, name).is_some();
        let found = unique.then(|| only(&free, now, header_now, name)).flatten();
        if let Some(found) = found {
            columns[column] = Some(found);
            free.retain(|other| *other != found);
        }
        found.is_none()
    });
    // New columns of ours have a header that was not there before.
    free.retain(|&column| {
        let name = now.at(header_now, column);
        !attempt.layout.added.iter().any(|&added| name.as_text() == Some(attempt.names[added].as_str()))
    });
    if left.len() == free.len() {
        for (column, now) in left.into_iter().zip(free) {
            columns[column] = Some(now);
        }
    }
    columns
}
