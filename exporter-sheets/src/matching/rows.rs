//! Rows of two pictures of a tab, paired by what they say.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use exporter_core::Value;
use exporter_core::compare::same;

use super::text;
use crate::attempt::Attempt;
use crate::grid::Grid;

/// How many pairs of unlike rows are looked at, at most.
const PAIRS: usize = 4_000_000;

/// Rows that are not matched yet.
pub struct Rows {
    /// Of the earlier picture.
    pub left: Vec<usize>,
    /// Of now.
    pub free: Vec<usize>,
}

impl Rows {
    /// Pairs rows by a name; of several rows of one name those that are most alike.
    pub fn pair<K: Eq + Hash>(
        &mut self,
        name_before: impl Fn(usize) -> Option<K>,
        name_now: impl Fn(usize) -> Option<K>,
        alike: impl Fn(usize, usize) -> usize,
    ) -> Vec<(usize, usize)> {
        let mut named: HashMap<K, Vec<usize>> = HashMap::new();
        for &row in self.free.iter().rev() {
            if let Some(name) = name_now(row) {
                named.entry(name).or_default().push(row);
            }
        }
        let mut found = Vec::new();
        self.left.retain(|&row| {
            let Some(others) = name_before(row).and_then(|name| named.get_mut(&name)) else { return true };
            let likeness = |index: &usize| (alike(row, others[*index]), *index);
            let Some(best) = (0..others.len()).max_by_key(likeness) else { return true };
            found.push((row, others.remove(best)));
            false
        });
        self.take(&found);
        found
    }

    /// Pairs as many rows as can be, each by one of two names: the first where both would do.
    pub fn pair_either<K: Eq + Hash>(
        &mut self,
        names_before: impl Fn(usize) -> [Option<K>; 2],
        name_now: impl Fn(usize) -> Option<K>,
    ) -> Vec<(usize, usize)> {
        let mut ids: HashMap<K, usize> = HashMap::new();
        let mut places: Vec<Place> = Vec::new();
        for &row in &self.free {
            if let Some(name) = name_now(row) {
                let id = *ids.entry(name).or_insert(places.len());
                if id == places.len() {
                    places.push(Place::default());
                }
                places[id].rows.push(row);
            }
        }
        let choices: Vec<Vec<usize>> = (self.left.iter())
            .map(|&row| {
                let names = names_before(row).into_iter().flatten();
                let mut choices: Vec<usize> = names.filter_map(|name| ids.get(&name).copied()).collect();
                choices.dedup();
                choices
            })
            .collect();
        for one in 0..choices.len() {
            seat(one, &choices, &mut places, &mut HashSet::new());
        }
        let found: Vec<(usize, usize)> = (places.into_iter())
            .flat_map(|place| {
                let mut seated = place.seated;
                seated.sort_unstable();
                seated.into_iter().zip(place.rows).map(|(one, row)| (self.left[one], row)).collect::<Vec<_>>()
            })
            .collect();
        let gone: HashSet<usize> = found.iter().map(|pair| pair.0).collect();
        self.left.retain(|row| !gone.contains(row));
        self.take(&found);
        found
    }

    /// Pairs rows in which people changed a cell besides: those most alike first.
    pub fn pair_edited(
        &mut self,
        clean: &Likeness<'_>,
        alike: impl Fn(usize, usize) -> usize,
    ) -> Vec<(usize, usize)> {
        if self.left.len() * self.free.len() > PAIRS {
            return Vec::new();
        }
        let mut likely: Vec<(usize, usize, usize)> = Vec::new();
        for &row in &self.left {
            let others = self.free.iter().filter(|&&other| clean.differences(row, other) <= 1);
            let others = others.filter(|&&other| clean.score(row, other) >= FILLED);
            likely.extend(others.map(|&other| (alike(row, other), row, other)));
        }
        likely.sort_by_key(|&(score, row, other)| (std::cmp::Reverse(score), row, other));
        let (mut rows, mut others, mut found) = (HashSet::new(), HashSet::new(), Vec::new());
        for (_, row, other) in likely {
            if !rows.contains(&row) && !others.contains(&other) {
                rows.insert(row);
                others.insert(other);
                found.push((row, other));
            }
        }
        self.left.retain(|row| !rows.contains(row));
        self.take(&found);
        found
    }

    fn take(&mut self, found: &[(usize, usize)]) {
        let taken: HashSet<usize> = found.iter().map(|pair| pair.1).collect();
        self.free.retain(|row| !taken.contains(row));
    }
}

/// Rows of now that say the same, and which of the earlier ones they are, by index.
#[derive(Default)]
struct Place {
    rows: Vec<usize>,
    seated: Vec<usize>,
}

/// How many earlier rows may have to make way for one.
const LONGEST_WAY: usize = 100;

/// Finds a place for one by its choices; others move to their second choice for it.
fn seat(one: usize, choices: &[Vec<usize>], places: &mut [Place], seen: &mut HashSet<usize>) -> bool {
    for &choice in &choices[one] {
        if seen.len() > LONGEST_WAY || !seen.insert(choice) {
            continue;
        }
        if places[choice].seated.len() < places[choice].rows.len() {
            places[choice].seated.push(one);
            return true;
        }
        for index in 0..places[choice].seated.len() {
            let other = places[choice].seated[index];
            if choices[other].len() > 1 && seat(other, choices, places, seen) {
                places[choice].seated[index] = one;
                return true;
            }
        }
    }
    false
}

/// What an equal cell with something in it counts.
const FILLED: usize = 100;

/// How alike rows are in some columns.
pub struct Likeness<'a> {
    pub before: &'a Grid,
    pub now: &'a Grid,
    pub pairs: &'a [(usize, usize)],
}

impl Likeness<'_> {
    fn equal(&self, row: usize, other: usize) -> impl Iterator<Item = (bool, bool)> {
        self.pairs.iter().map(move |&(column, now_at)| {
            let (was, is) = (self.before.at(row, column), self.now.at(other, now_at));
            (same(is, was), was.is_empty())
        })
    }

    /// What is in cells says more than that nothing is in them.
    pub fn score(&self, row: usize, other: usize) -> usize {
        let equal = self.equal(row, other).filter(|(equal, _)| *equal);
        equal.map(|(_, empty)| if empty { 1 } else { FILLED }).sum()
    }

    fn differences(&self, row: usize, other: usize) -> usize {
        self.equal(row, other).filter(|(equal, _)| !equal).count()
    }
}

/// Finds the rows that a write inserted, whatever columns their cells came to stand in, and
/// takes them off those that are free.
pub fn new_rows(attempt: &Attempt, now: &Grid, free: &mut Vec<usize>) -> Vec<(usize, usize)> {
    fn contents<'v>(cells: impl Iterator<Item = &'v Value>) -> Vec<String> {
        let mut texts: Vec<String> = cells.filter(|cell| !cell.is_empty()).map(text).collect();
        texts.sort_unstable();
        texts
    }
    let meant: Vec<Vec<String>> = attempt.rows.iter().map(|row| contents(row.iter())).collect();
    let mut rows = Rows { left: (0..meant.len()).collect(), free: std::mem::take(free) };
    let is = |row: usize| contents(now.row(row).iter());
    let mut found = rows.pair(|index| Some(meant[index].clone()), |row| Some(is(row)), |_, _| 0);
    // People may have typed into them already.
    if rows.left.len() * rows.free.len() <= PAIRS {
        let mut likely: Vec<(usize, usize, usize)> = Vec::new();
        for &row in &rows.free {
            let there = is(row);
            for &index in &rows.left {
                let common = meant[index].iter().filter(|text| there.contains(text)).count();
                if common * 2 > meant[index].len() {
                    likely.push((common, index, row));
                }
            }
        }
        likely.sort_by_key(|&(common, index, row)| (std::cmp::Reverse(common), index, row));
        for (_, index, row) in likely {
            if rows.left.contains(&index) && rows.free.contains(&row) {
                rows.left.retain(|left| *left != index);
                rows.take(&[(index, row)]);
                found.push((index, row));
            }
        }
    }
    *free = rows.free;
    found
}
