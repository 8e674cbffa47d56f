//! After a write during which people may have moved rows or columns: which cells it hit that
//! were not meant, what belongs there, and what still has to be written.
//!
//! A write changes no cell outside the columns that bear its mark, and puts nothing into
//! them but its own values. So a cell there that changed to such a value was hit, unless it
//! was meant to be; what belongs in it is what the newest picture shows that was read before
//! the write happened.

use std::collections::{BTreeMap, HashMap, HashSet};

use exporter_core::Value;
use exporter_core::compare::same;

use crate::attempt::Attempt;
use crate::grid::Grid;
use crate::matching::{Map, named, text};
use crate::part::Cells;
use crate::structure::Tab;
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
    if landed {
        put_back(attempt, &map, &mut settled);
        set_right(attempt, &map, &mut settled);
    }
    // What was to be put back and is not, unless people changed that cell meanwhile. What
    // the table says is found missing by comparing anew.
    for (&(row, column), value) in &attempt.restores {
        let Some(place) = map.place(attempt, (row, column)) else { continue };
        let there = settled.whole.at(place.0, place.1);
        // The table may have had something newer for it.
        let arrived = attempt.cells.get(&(row, column)).is_some_and(|meant| same(meant, there));
        let astray = !arrived && wrote(attempt, &map, place.1, there);
        let untouched = same(there, attempt.before.at(row, column)) || astray;
        if untouched && !same(value, there) {
            settled.put(place, value.clone());
        }
    }
    settled
}

/// Whether the write put a value into a column.
fn wrote(attempt: &Attempt, map: &Map, column: usize, value: &Value) -> bool {
    let values = map.hit.get(&column).and_then(|named| attempt.written.get(named));
    values.is_some_and(|values| values.iter().any(|written| same(written, value)))
}

/// A cell that changed to a value of the write's.
struct Suspect {
    place: (usize, usize),
    before: Value,
    /// The value, with the column that the write named for it.
    wrote: (usize, String),
}

/// Finds the cells that were hit by mistake and puts back what was in them.
fn put_back(attempt: &Attempt, map: &Map, settled: &mut Settled) {
    // What was written and is not where it was meant to be, by column and value.
    let mut astray: HashMap<(usize, String), usize> = HashMap::new();
    for (column, values) in &attempt.written {
        for value in values {
            *astray.entry((*column, text(value))).or_default() += 1;
        }
    }
    let mut arrived = HashSet::new();
    for (&(row, column), value) in &attempt.cells {
        let Some(place) = map.place(attempt, (row, column)) else { continue };
        let Some(&named) = map.hit.get(&place.1) else { continue };
        if same(value, settled.whole.at(place.0, place.1)) {
            arrived.insert(place);
            astray.entry((named, text(value))).and_modify(|count| *count = count.saturating_sub(1));
        }
    }
    for &row in &map.rebuilt {
        make_whole(attempt, map, row, settled);
    }
    for suspect in suspects(attempt, map, &settled.whole) {
        let Some(count) = astray.get_mut(&suspect.wrote).filter(|count| **count > 0) else { continue };
        if !arrived.contains(&suspect.place) {
            *count -= 1;
            settled.stray += 1;
            settled.put(suspect.place, suspect.before);
        }
    }
}

/// Fills what is empty in a row of which nothing but the write's own values was left.
fn make_whole(attempt: &Attempt, map: &Map, row_before: usize, settled: &mut Settled) {
    let Some(&row) = map.rows.get(&row_before) else { return };
    for &column in map.hit.keys() {
        let Some(column_before) = map.was(column) else { continue };
        let meant = attempt.cells.get(&(row_before, column_before));
        let before = attempt.before.at(row_before, column_before);
        if meant.is_none() && settled.whole.at(row, column).is_empty() && !before.is_empty() {
            settled.stray += 1;
            settled.put((row, column), before.clone());
        }
    }
}

/// Cells in the columns that were hit that are not as they were. Of rows that nobody has
/// read before only those with nothing else in them: they were empty.
fn suspects(attempt: &Attempt, map: &Map, now: &Grid) -> Vec<Suspect> {
    let rows: BTreeMap<usize, usize> = map.rows.iter().map(|(before, now)| (*now, *before)).collect();
    let known = rows.iter().map(|(now, before)| (*now, Some(*before)));
    let is_bare = |row: &usize| {
        let mut filled = (0..now.row(*row).len()).filter(|&column| !now.at(*row, column).is_empty());
        filled.all(|column| wrote(attempt, map, column, now.at(*row, column)))
    };
    let bare = map.fresh.iter().filter(|row| is_bare(row)).map(|row| (*row, None));
    let mut found = Vec::new();
    for (row, row_before) in known.chain(bare) {
        for (&column, &named) in &map.hit {
            let was = row_before.zip(map.was(column)).map(|(row, column)| attempt.before.at(row, column));
            let (before, there) = (was.cloned().unwrap_or_default(), now.at(row, column));
            if !same(there, &before) {
                found.push(Suspect { place: (row, column), before, wrote: (named, text(there)) });
            }
        }
    }
    found
}

/// Puts the cells of new rows under the headers that they were meant for.
fn set_right(attempt: &Attempt, map: &Map, settled: &mut Settled) {
    let targets: Vec<Option<usize>> = (attempt.layout.places.iter().zip(&attempt.names))
        .map(|(&place, name)| {
            named(&settled.whole, map.header, name).or_else(|| map.columns.get(place).copied().flatten())
        })
        .collect();
    let stand = where_they_stand(attempt, map, &settled.whole, &targets);
    if targets.iter().zip(&stand).all(|(target, stands)| stands.is_none() || target == stands) {
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
