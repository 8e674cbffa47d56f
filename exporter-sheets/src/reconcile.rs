//! After a write during which people may have moved rows or columns: which cells it hit that
//! were not meant, what belongs there, and what still has to be written.
//!
//! A write changes no cell outside the columns that bear its mark, and what it puts there it
//! puts row by row: a stamp for each. So each row is as it was or bears one stamp. Where that is
//! not the one that was meant for it, its cells get back what the newest picture shows that was
//! read before the write happened.

use std::collections::{BTreeSet, HashMap, HashSet};

use exporter_core::Value;
use exporter_core::compare::same;

use crate::attempt::Attempt;
use crate::grid::Grid;
use crate::matching::{Map, named};
use crate::part::Cells;
use crate::structure::Tab;
use crate::wire::{self, text};

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

impl Settled {
    fn put(&mut self, place: (usize, usize), value: Value) {
        self.whole.set(place.0, place.1, wire::stored(&value));
        self.cells.insert(place, value);
    }
}

/// Settles a write by what is there now. `landed` says whether it happened at all.
pub fn settle(attempt: &Attempt, now: Grid, tab: Option<&Tab>, landed: bool) -> Settled {
    let map = Map::new(attempt, &now, tab, landed);
    let mut settled = Settled { whole: now, ..Settled::default() };
    let mut astray = HashSet::new();
    if landed {
        astray = put_back(attempt, &map, &mut settled);
        put_torn_back(attempt, &map, &mut settled, &mut astray);
        set_right(attempt, &map, &mut settled);
        take_from_above(attempt, &map, &mut settled);
    }
    // What was to be put back and is not, unless people changed that cell meanwhile. What
    // the table says is found missing by comparing anew.
    for (&(row, column), value) in &attempt.restores {
        let Some(place) = map.place(attempt, (row, column)) else { continue };
        let there = settled.whole.at(place.0, place.1);
        let untouched = same(there, attempt.before.at(row, column)) || astray.contains(&place);
        if untouched && !same(value, there) {
            settled.put(place, value.clone());
        }
    }
    bring_back(attempt, &map, &mut settled);
    settled
}

/// Puts back what was in the cells that were hit by mistake. Gives the places that were.
fn put_back(attempt: &Attempt, map: &Map, settled: &mut Settled) -> HashSet<(usize, usize)> {
    let meant: HashMap<(usize, usize), &Value> = attempt
        .cells
        .iter()
        .filter_map(|(&place, value)| Some((map.place(attempt, place)?, value)))
        .collect();
    let keys: Vec<usize> =
        attempt.key_columns().iter().filter_map(|&key| map.columns.get(key).copied().flatten()).collect();
    let mut astray = HashSet::new();
    for stamp in &map.stamps {
        let cells = settled.whole.row(stamp.row).iter().enumerate();
        let mut others =
            cells.filter(|(column, cell)| !cell.is_empty() && !stamp.values.contains_key(column));
        // What people typed there nobody had read, and it may say the same: unless it is sure that the
        // write came there, only what makes the row another one goes.
        let unread = stamp.was.is_none() && !stamp.sure && others.next().is_some();
        for (&column, value) in &stamp.values {
            let place = (stamp.row, column);
            if unread && !keys.contains(&column) && !settled.whole.at(map.header, column).is_empty() {
                continue;
            }
            let arrived = meant.get(&place).is_some_and(|meant| same(meant, value));
            // What people typed over it is theirs.
            if arrived || !same(value, settled.whole.at(place.0, place.1)) {
                continue;
            }
            let was = stamp.was.zip(map.was(column));
            let before = was.map_or(&Value::Empty, |(row, column)| attempt.before.at(row, column));
            astray.insert(place);
            if !same(before, value) {
                settled.stray += 1;
                settled.put(place, before.clone());
            }
        }
    }
    astray
}

/// The same in rows that bear no stamp as a whole: people who sort some columns and not others
/// tear it. A cell there that came to hold a value of a stamp that is nowhere else was hit.
fn put_torn_back(attempt: &Attempt, map: &Map, settled: &mut Settled, astray: &mut HashSet<(usize, usize)>) {
    let mut lost: HashMap<(usize, String), usize> = HashMap::new();
    for (&column, &named) in &map.hit {
        for value in attempt.written(named) {
            *lost.entry((column, text(value))).or_default() += 1;
        }
    }
    let found = map.stamps.iter().flat_map(|stamp| &stamp.values);
    let arrived =
        attempt.cells.iter().filter_map(|(&place, value)| Some((map.place(attempt, place)?, value)));
    let arrived: HashMap<(usize, usize), &Value> =
        arrived.filter(|(place, value)| same(value, settled.whole.at(place.0, place.1))).collect();
    let stamped: HashSet<usize> = map.stamps.iter().map(|stamp| stamp.row).collect();
    let in_place = arrived.iter().filter(|(place, _)| !stamped.contains(&place.0));
    for (column, value) in found.chain(in_place.map(|(place, value)| (&place.1, *value))) {
        lost.entry((*column, text(value))).and_modify(|count| *count = count.saturating_sub(1));
    }
    let mut rows: Vec<(usize, usize)> = map.rows.iter().map(|(before, now)| (*now, *before)).collect();
    rows.sort_unstable();
    for (row, row_before) in rows.into_iter().filter(|(row, _)| !stamped.contains(row)) {
        for &column in map.hit.keys().filter(|column| !arrived.contains_key(&(row, **column))) {
            let before = map.was(column).map_or(&Value::Empty, |was| attempt.before.at(row_before, was));
            let there = settled.whole.at(row, column);
            if there.is_empty() || same(before, there) {
                continue;
            }
            if let Some(count) = lost.get_mut(&(column, text(there))).filter(|count| **count > 0) {
                *count -= 1;
                astray.insert((row, column));
                settled.stray += 1;
                settled.put((row, column), before.clone());
            }
        }
    }
}

/// Puts the cells of new rows under the headers that they were meant for.
fn set_right(attempt: &Attempt, map: &Map, settled: &mut Settled) {
    let targets: Vec<Option<usize>> = (attempt.layout.places.iter().zip(&attempt.names))
        .map(|(&place, name)| {
            named(&settled.whole, map.header, name).or_else(|| map.columns.get(place).copied().flatten())
        })
        .collect();
    let stand = where_they_stand(attempt, map, &settled.whole, &targets);
    // Where columns moved, what stands nowhere came to where people have typed since.
    let moved = attempt.layout.places.iter().zip(&targets).any(|(place, target)| *target != Some(*place));
    if !moved && targets.iter().zip(&stand).all(|(target, stands)| stands.is_none() || target == stands) {
        return;
    }
    for &(index, row) in &map.new {
        let meant = &attempt.rows[index];
        // What people typed into the row since is theirs.
        let is_ours = |column: usize| {
            let there = settled.whole.at(row, column);
            let mut ours = stand.iter().zip(meant).filter(|(stands, _)| **stands == Some(column));
            there.is_empty() || ours.any(|(_, value)| same(value, there))
        };
        let wrong = stand.iter().flatten().filter(|column| is_ours(**column));
        let mut cells: Cells = wrong.map(|&column| ((row, column), Value::Empty)).collect();
        let right = targets.iter().zip(meant).filter_map(|(target, value)| Some(((*target)?, value)));
        cells.extend(
            right
                .filter(|(column, _)| is_ours(*column))
                .map(|(column, value)| ((row, column), value.clone())),
        );
        cells.retain(|(row, column), value| !same(value, settled.whole.at(*row, *column)));
        settled.stray += cells.len();
        for (place, value) in cells {
            settled.put(place, value);
        }
    }
}

/// Gives rows in which nothing was left by mistake an empty one, and so rows that were to be
/// brought back in that way and are not.
fn bring_back(attempt: &Attempt, map: &Map, settled: &mut Settled) {
    let owed = attempt.restores.keys().map(|place| place.0);
    let not_back: BTreeSet<usize> =
        owed.filter(|row| attempt.before.is_blank(*row) && !map.rows.contains_key(row)).collect();
    for row in map.gone.iter().copied().chain(not_back) {
        let filled = attempt.before.row(row).iter().enumerate().filter(|(_, cell)| !cell.is_empty());
        let mut cells: Cells = filled.map(|(column, cell)| ((row, column), cell.clone())).collect();
        let owed = attempt.restores.range((row, 0)..=(row, usize::MAX));
        cells.extend(owed.map(|(place, value)| (*place, value.clone())));
        let mut below = map.header + 1..;
        let Some(empty) = below.find(|row| settled.whole.is_blank(*row)) else { return };
        for ((_, column), value) in cells.into_iter().filter(|(_, value)| !value.is_empty()) {
            if let Some(column) = map.columns.get(column).copied().unwrap_or(Some(column)) {
                settled.stray += 1;
                settled.put((empty, column), value);
            }
        }
    }
}

/// Empties new rows that came to stand above the header: they are missing below it, and come anew.
fn take_from_above(attempt: &Attempt, map: &Map, settled: &mut Settled) {
    for &(index, row) in map.new.iter().filter(|(_, row)| *row < map.header) {
        for column in 0..settled.whole.row(row).len() {
            let there = settled.whole.at(row, column);
            if !there.is_empty() && attempt.rows[index].iter().any(|value| same(value, there)) {
                settled.stray += 1;
                settled.put((row, column), Value::Empty);
            }
        }
    }
}

/// For each column of the table the column in which its values stand in the new rows.
fn where_they_stand(
    attempt: &Attempt,
    map: &Map,
    now: &Grid,
    targets: &[Option<usize>],
) -> Vec<Option<usize>> {
    let width = map.new.iter().map(|(_, row)| now.row(*row).len()).max().unwrap_or(0);
    let mut likely: Vec<(usize, bool, usize, usize)> = Vec::new();
    for (index, target) in targets.iter().enumerate() {
        for column in 0..width {
            let stands = |&&(meant, row): &&(usize, usize)| {
                let value = &attempt.rows[meant][index];
                !value.is_empty() && same(value, now.at(row, column))
            };
            let count = map.new.iter().filter(stands).count();
            if count > 0 {
                likely.push((count, *target == Some(column), index, column));
            }
        }
    }
    likely.sort_by_key(|&(count, right, index, column)| (std::cmp::Reverse((count, right)), index, column));
    let mut stand = vec![None; targets.len()];
    for (_, _, index, column) in likely {
        if stand[index].is_none() && !stand.contains(&Some(column)) {
            stand[index] = Some(column);
        }
    }
    stand
}
