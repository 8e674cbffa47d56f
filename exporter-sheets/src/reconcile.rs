//! What became of a write when people moved rows or columns under it: which cells it hit
//! that were not meant, what belongs there, and what still has to be written.
//!
//! Two pictures of the tab are matched, the one the write was made from and the one that
//! is there now. A cell that changed to what was written elsewhere, while the cell it was
//! meant for did not, was hit by mistake.

use std::collections::{HashMap, HashSet};

use exporter_core::Value;
use exporter_core::compare::same;

use crate::attempt::Attempt;
use crate::grid::Grid;
use crate::matching::{Map, named, text};
use crate::part::Cells;
use crate::wire;

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
    for (&(row, column), value) in &attempt.restores {
        let Some((row_now, column_now)) = map.place(attempt, (row, column)) else { continue };
        let there = settled.whole.at(row_now, column_now);
        if same(there, attempt.before.at(row, column)) && !same(value, there) {
            settled.cells.insert((row_now, column_now), value.clone());
            settled.whole.set(row_now, column_now, wire::stored(value));
        }
    }
    settled
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
    // Those at the very place that was written come first: the others were moved once more.
    found.sort_by_key(|suspect| !suspect.at_place);
    for suspect in found {
        let name = text(settled.whole.at(suspect.row, suspect.column));
        let Some(count) = astray.get_mut(&name).filter(|count| **count > 0) else { continue };
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
            .filter(|_| !attempt.layout.is_added(column) || attempt.restores.contains_key(&(row, column)))
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
        if filled.iter().all(|&column| astray.contains_key(&text(now.at(row, column)))) {
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
