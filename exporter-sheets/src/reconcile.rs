//! What became of a write when people moved rows or columns under it: which cells it hit
//! that were not meant, what belongs there, and what still has to be written.
//!
//! Two pictures of the tab are matched, the one the write was made from and the one that
//! is there now: columns by their headers, rows by their keys, rows without a key by what
//! else is in them. A cell that changed to what was written elsewhere, while the cell it was
//! meant for did not, was hit by mistake.

use std::collections::{HashMap, HashSet};

use exporter_core::compare::same;
use exporter_core::{RowKey, Value};

use crate::attempt::Attempt;
use crate::grid::Grid;
use crate::part::Cells;
use crate::wire;

/// How many pairs of unlike rows are looked at, at most.
const PAIRS: usize = 4_000_000;

/// What is there now, and what has to be done to it.
#[derive(Debug, Default)]
pub struct Settled {
    /// The tab as it is once `cells` are written.
    pub whole: Grid,
    /// Cells to write: what belongs where this or an earlier write hit by mistake.
    pub cells: Cells,
    /// How many cells were hit by mistake.
    pub stray: usize,
}

/// Settles a write by what is there now. `landed` says whether it happened at all.
pub fn settle(attempt: &Attempt, now: Grid, landed: bool) -> Settled {
    let map = Map::new(attempt, &now);
    let mut settled = Settled { whole: now, ..Settled::default() };
    if landed {
        put_back(attempt, &map, &mut settled);
        set_right(attempt, &map, &mut settled);
    }
    // What was to be put back and is not, unless people changed that cell meanwhile. What
    // the table says is found missing by comparing anew.
    for &(row, column) in &attempt.restores {
        let Some(value) = attempt.cells.get(&(row, column)) else { continue };
        let Some((row_now, column_now)) = map.place(attempt, (row, column)) else { continue };
        let there = settled.whole.at(row_now, column_now);
        if same(there, attempt.before.at(row, column)) && !same(value, there) {
            settled.cells.insert((row_now, column_now), value.clone());
            settled.whole.set(row_now, column_now, wire::stored(value));
        }
    }
    settled
}

/// Where rows and columns of the earlier picture are now.
struct Map {
    header: usize,
    rows: HashMap<usize, usize>,
    columns: Vec<Option<usize>>,
    /// Where the columns are that the write inserted.
    inserted: HashMap<usize, usize>,
    /// Rows that are now and were not before.
    fresh: Vec<usize>,
    /// Whether every row of before is still there.
    whole: bool,
}

impl Map {
    fn new(attempt: &Attempt, now: &Grid) -> Self {
        let header = find_header(attempt, now);
        let columns = match_columns(attempt, now, header);
        let inserted = attempt.layout.added.iter().filter_map(|&added| {
            let now = named(now, header, &attempt.names[added])?;
            Some((attempt.layout.places[added], now))
        });
        let inserted = if attempt.layout.blank { HashMap::new() } else { inserted.collect() };
        let mut map =
            Self { header, rows: HashMap::new(), columns, inserted, fresh: Vec::new(), whole: false };
        map.match_rows(attempt, now);
        map
    }

    /// Where a cell of the write was meant to go.
    fn place(&self, attempt: &Attempt, (row, column): (usize, usize)) -> Option<(usize, usize)> {
        if attempt.layout.is_added(column) && !attempt.restores.contains(&(row, column)) {
            return Some((*self.rows.get(&row)?, *self.inserted.get(&column)?));
        }
        let column = self.columns.get(column).copied().unwrap_or(Some(column));
        Some((*self.rows.get(&row)?, column?))
    }

    /// Whether nothing is gone or at another place than before.
    fn is_still(&self) -> bool {
        self.whole
            && self.rows.iter().all(|(before, now)| before == now)
            && self.columns.iter().enumerate().all(|(before, now)| now.is_none_or(|now| now == before))
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
        let alike = |row: usize, other: usize| {
            pairs
                .iter()
                .filter(|&&(column, column_now)| same(now.at(other, column_now), before.at(row, column)))
                .count()
        };
        // By key.
        let keys_before = attempt.key_columns();
        let keys_now: Option<Vec<usize>> =
            keys_before.iter().map(|&column| self.columns.get(column).copied().flatten()).collect();
        if let Some(keys_now) = keys_now.filter(|keys| !keys.is_empty()) {
            let key = |grid: &Grid, columns: &[usize], row: usize| -> Option<RowKey> {
                RowKey::of(columns.iter().map(|&column| grid.at(row, column)))
            };
            let below = |row: &usize| *row > header;
            self.pair(
                &mut left,
                &mut free,
                |row| key(before, &keys_before, row).filter(|_| below(&row)),
                |row| key(now, &keys_now, row).filter(|_| row > header_now),
                alike,
            );
        }
        // By all that is in them.
        let whole = |grid: &Grid, row: usize, columns: &mut dyn Iterator<Item = usize>| {
            columns.map(|column| format!("{:?}", wire::canonical(grid.at(row, column)))).collect::<Vec<_>>()
        };
        self.pair(
            &mut left,
            &mut free,
            |row| Some(whole(before, row, &mut pairs.iter().map(|pair| pair.0))),
            |row| Some(whole(now, row, &mut pairs.iter().map(|pair| pair.1))),
            alike,
        );
        // By all but the cells that the write may have hit.
        if left.len() * free.len() <= PAIRS {
            let written: HashSet<String> = attempt.cells.values().map(text).collect();
            left.retain(|&row| {
                let alike = |other: &usize| {
                    pairs.iter().all(|&(column, column_now)| {
                        let there = now.at(*other, column_now);
                        same(there, before.at(row, column)) || written.contains(&text(there))
                    })
                };
                let found = free.iter().position(alike).map(|index| free.remove(index));
                self.rows.extend(found.map(|found| (row, found)));
                found.is_none()
            });
        }
        (self.fresh, self.whole) = (free, left.is_empty());
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
fn text(value: &Value) -> String {
    format!("{:?}", wire::canonical(value))
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
fn named(now: &Grid, header: usize, name: &str) -> Option<usize> {
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

/// Finds the cells that were hit by mistake and puts back what was in them.
fn put_back(attempt: &Attempt, map: &Map, settled: &mut Settled) {
    // What was written and is not where it was meant to be, by value.
    let mut astray: HashMap<String, usize> = HashMap::new();
    for (&(row, column), value) in &attempt.cells {
        let arrived = map
            .place(attempt, (row, column))
            .is_some_and(|(row, column)| same(value, settled.whole.at(row, column)));
        if !arrived {
            *astray.entry(text(value)).or_default() += 1;
        }
    }
    if astray.is_empty() {
        return;
    }
    let mut found = suspects(attempt, map, &settled.whole, &astray);
    // Those at the very place that was written come first; elsewhere people may have typed
    // the same, unless things moved once more.
    found.sort_by_key(|suspect| !suspect.at_place);
    for suspect in found {
        let name = text(settled.whole.at(suspect.row, suspect.column));
        let Some(count) = astray.get_mut(&name).filter(|count| **count > 0) else { continue };
        if !suspect.at_place && map.is_still() {
            continue;
        }
        *count -= 1;
        settled.stray += 1;
        settled.cells.insert((suspect.row, suspect.column), suspect.before.clone());
        settled.whole.set(suspect.row, suspect.column, suspect.before);
    }
}

/// A cell that changed to a value that was meant for another.
struct Suspect {
    row: usize,
    column: usize,
    before: Value,
    /// Whether the write went to this place.
    at_place: bool,
}

fn suspects(attempt: &Attempt, map: &Map, now: &Grid, astray: &HashMap<String, usize>) -> Vec<Suspect> {
    let mut found = Vec::new();
    let mut look = |row: usize, column: usize, before: &Value, meant: Option<&Value>| {
        let there = now.at(row, column);
        if same(there, before)
            || meant.is_some_and(|meant| same(meant, there))
            || !astray.contains_key(&text(there))
        {
            return;
        }
        let at_place = attempt.cells.get(&(row, column)).is_some_and(|value| same(value, there));
        found.push(Suspect { row, column, before: before.clone(), at_place });
    };
    let meant_for = |row: usize, column: usize| {
        attempt
            .cells
            .get(&(row, column))
            .filter(|_| !attempt.layout.is_added(column) || attempt.restores.contains(&(row, column)))
    };
    for (&row, &row_now) in &map.rows {
        for (column, column_now) in map.columns.iter().enumerate() {
            let Some(column_now) = *column_now else { continue };
            look(row_now, column_now, attempt.before.at(row, column), meant_for(row, column));
        }
    }
    // An empty row that people inserted, with nothing in it but what was written, and a
    // column that was empty.
    let known: HashSet<usize> = map.columns.iter().flatten().copied().collect();
    for &row in &map.fresh {
        let filled: Vec<usize> =
            (0..now.row(row).len()).filter(|&column| !now.at(row, column).is_empty()).collect();
        if filled.iter().all(|&column| {
            attempt.cells.get(&(row, column)).is_some_and(|value| same(value, now.at(row, column)))
        }) {
            for column in filled {
                look(row, column, &Value::Empty, None);
            }
        }
    }
    for (&row, &row_now) in &map.rows {
        for column in (0..now.row(row_now).len()).filter(|column| !known.contains(column)) {
            let meant = map.inserted.iter().find(|(_, now)| **now == column);
            let meant = meant.and_then(|(&place, _)| attempt.cells.get(&(row, place)));
            look(row_now, column, &Value::Empty, meant);
        }
    }
    found.sort_by_key(|suspect| (suspect.row, suspect.column));
    found
}

/// Finds new rows whose cells stand under other headers than they were meant for.
fn set_right(attempt: &Attempt, map: &Map, settled: &mut Settled) {
    let targets: Vec<Option<usize>> = (attempt.layout.places.iter().zip(&attempt.names))
        .map(|(&place, name)| {
            named(&settled.whole, map.header, name).or_else(|| map.columns.get(place).copied().flatten())
        })
        .collect();
    let contents = |cells: &mut dyn Iterator<Item = &Value>| {
        let mut texts: Vec<String> = cells.filter(|cell| !cell.is_empty()).map(text).collect();
        texts.sort_unstable();
        texts
    };
    let mut fresh: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
    for &row in map.fresh.iter().rev() {
        fresh.entry(contents(&mut settled.whole.row(row).iter())).or_default().push(row);
    }
    for meant in &attempt.rows {
        let Some(row) = fresh.get_mut(&contents(&mut meant.iter())).and_then(Vec::pop) else { continue };
        let right = targets
            .iter()
            .zip(meant)
            .all(|(target, value)| target.is_some_and(|column| same(value, settled.whole.at(row, column))));
        if right || targets.contains(&None) {
            continue;
        }
        let filled =
            (0..settled.whole.row(row).len()).filter(|&column| !settled.whole.at(row, column).is_empty());
        let mut cells: Cells = filled.map(|column| ((row, column), Value::Empty)).collect();
        let meant = targets.iter().zip(meant);
        cells.extend(meant.filter_map(|(target, value)| Some(((row, (*target)?), value.clone()))));
        cells.retain(|(row, column), value| !same(value, settled.whole.at(*row, *column)));
        for (&(row, column), value) in &cells {
            settled.whole.set(row, column, wire::stored(value));
        }
        settled.stray += cells.len();
        settled.cells.extend(cells);
    }
}
