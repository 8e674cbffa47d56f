//! What became of a row under a write: it is as it was, or one stamp of the write is on it,
//! and people may have typed over some cells besides.
//!
//! A stamp is all that a write puts into one row. It lands on one row whole, and no row gets
//! two, so that a row is told by all of its cells, those that were written over as well.

mod stamps;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use exporter_core::Value;

use crate::attempt::{Attempt, Neighbours};
use crate::grid::Grid;
use crate::wire::text;

pub use stamps::Stamped;

/// How many pairs of unlike rows are looked at, at most.
pub const PAIRS: usize = 1_000_000;
/// How many cells of a row people may have typed over since the write.
const TYPED: usize = 2;
/// How many kinds of stamps that share a value are tried on a row with cells typed over.
const TRIED: usize = 32;

/// A cell as a number by which equal cells are equal; 0 is an empty one.
type Print = u64;

/// What each may choose.
type Choices = Vec<Vec<usize>>;

/// Stamps that fill the same columns with the same values.
struct Kind {
    /// By the index of the column.
    prints: BTreeMap<usize, Print>,
    values: BTreeMap<usize, Value>,
    count: usize,
    /// Those of them that surely came into rows without a key, by the keys around these.
    keyless: Vec<Neighbours>,
    /// The rows before that they are meant for, if the columns are those that were meant as well.
    rows: HashSet<usize>,
}

/// How a row of now can be one of before.
#[derive(Debug, Clone, Copy)]
pub struct Fit {
    /// Cells that nothing but people's typing explains.
    pub typed: usize,
    /// Cells with something in them that are as they were.
    pub equal: usize,
    /// Cells with something in them that a stamp put there.
    put: usize,
    /// The kind of stamp that is on it.
    kind: Option<usize>,
}

/// Two pictures and the stamps between them.
pub struct Sight<'a> {
    before: &'a Grid,
    now: &'a Grid,
    /// The header's rows, before and now.
    headers: (usize, usize),
    /// The columns that tell rows apart, as they were and as they are; those that came since and
    /// were written into were empty.
    columns: Vec<(Option<usize>, usize)>,
    /// Those of the key, by their index, if all of them are there.
    keys: Vec<usize>,
    kinds: Vec<Kind>,
    /// Kinds by the columns that they fill, and the prints there.
    by_columns: BTreeMap<Vec<usize>, HashMap<u64, usize>>,
    by_value: HashMap<(usize, Print), Vec<usize>>,
}

impl<'a> Sight<'a> {
    /// `header` is its row now; `columns` says where each column of before is, `hit` which of now the write went
    /// into and as what it named them.
    pub fn new(
        attempt: &'a Attempt,
        now: &'a Grid,
        header: usize,
        columns: &[Option<usize>],
        hit: &BTreeMap<usize, usize>,
    ) -> Self {
        let was = |column: usize| columns.iter().position(|is| *is == Some(column));
        let width = now.width().max(hit.keys().last().map_or(0, |last| last + 1));
        let width = columns.iter().flatten().map(|column| column + 1).max().unwrap_or(0).max(width);
        let columns: Vec<(Option<usize>, usize)> = (0..width)
            .map(|column| (was(column), column))
            .filter(|(was, column)| was.is_some() || hit.contains_key(column))
            .collect();
        let index_of = |column: usize| columns.iter().position(|(_, is)| *is == column);
        let index_was = |column: usize| columns.iter().position(|(was, _)| *was == Some(column));
        let found: Option<Vec<usize>> = attempt.key_columns().into_iter().map(index_was).collect();
        let places: BTreeMap<usize, usize> =
            hit.iter().filter_map(|(now, named)| Some((*named, index_of(*now)?))).collect();
        let mut sight = Self {
            before: &attempt.before,
            now,
            headers: (attempt.layout.header, header),
            columns,
            keys: found.unwrap_or_default(),
            kinds: Vec::new(),
            by_columns: BTreeMap::new(),
            by_value: HashMap::new(),
        };
        sight.sort_stamps(attempt, &places);
        sight
    }

    fn was(&self, row: usize) -> Vec<Print> {
        let cell = |column: usize| print(self.before.at(row, column));
        self.columns.iter().map(|(was, _)| was.map_or(0, cell)).collect()
    }

    fn is(&self, row: usize) -> Vec<Print> {
        self.columns.iter().map(|(_, is)| print(self.now.at(row, *is))).collect()
    }

    /// Which of these rows of now each of those of before can be when nobody typed anything, in
    /// rounds: as it was, with the stamp that was meant for it, with another one. Those that were
    /// to be `emptied` may be gone, so that the others come before them; and last come those rows
    /// of now that an empty one with a stamp on it explains as well. Rows of now that say the same
    /// come together.
    pub fn choices(
        &self,
        left: &[usize],
        free: &[usize],
        emptied: impl Fn(usize) -> bool,
    ) -> (Vec<Choices>, Vec<Vec<usize>>) {
        let (mut groups, mut prints, mut known) = (Vec::<Vec<usize>>::new(), Vec::new(), HashMap::new());
        for &row in free {
            let is = self.is(row);
            let group = *known.entry(digest(is.iter().copied())).or_insert(groups.len());
            if group == groups.len() {
                groups.push(Vec::new());
                prints.push(is);
            }
            groups[group].push(row);
        }
        let was: Vec<Vec<Print>> = left.iter().map(|row| self.was(*row)).collect();
        let plain: Choices = was
            .iter()
            .map(|was| known.get(&digest(was.iter().copied())).copied().into_iter().collect())
            .collect();
        let (mut meant, mut all) = (plain.clone(), plain.clone());
        let bare: Vec<bool> = prints.iter().map(|is| self.is_bare(is)).collect();
        for (filled, kinds) in &self.by_columns {
            let rest = |prints: &[Print]| {
                digest((0..prints.len()).filter(|index| !filled.contains(index)).map(|index| prints[index]))
            };
            let mut alike: HashMap<u64, Vec<(usize, usize)>> = HashMap::new();
            for (group, prints) in prints.iter().enumerate() {
                if let Some(&kind) = kinds.get(&digest(filled.iter().map(|&index| prints[index]))) {
                    alike.entry(rest(prints)).or_default().push((group, kind));
                }
            }
            for (one, was) in was.iter().enumerate().filter(|_| !alike.is_empty()) {
                for &(group, kind) in alike.get(&rest(was)).into_iter().flatten() {
                    let is_meant = self.kinds[kind].rows.contains(&left[one]);
                    meant[one].extend(is_meant.then_some(group));
                    all[one].push(group);
                }
            }
        }
        // Of what is as likely the nearest: people sort and move less than they leave alone.
        let far = |row: usize, group: usize| {
            let place = |row: usize, header: usize| row.cast_signed() - header.cast_signed();
            let was = place(row, self.headers.0);
            groups[group].iter().map(|now| place(*now, self.headers.1).abs_diff(was)).min()
        };
        for (&row, choices) in left.iter().zip(&mut all) {
            choices.sort_by_key(|group| far(row, *group));
        }
        let mut rounds = Vec::new();
        for bare_too in [false, true] {
            let mut add = |round: &Choices, emptied_too: bool| {
                let of = |(row, choices): (&usize, &Vec<usize>)| -> Vec<usize> {
                    let choices = choices.iter().filter(|group| bare_too || !bare[**group]);
                    choices.filter(|_| emptied_too || !emptied(*row)).copied().collect()
                };
                rounds.push(left.iter().zip(round).map(of).collect());
            };
            for emptied_too in [false, true] {
                add(&plain, emptied_too);
                add(&meant, emptied_too);
            }
            // Rather than that one of the others is nowhere, one that was to be emptied is.
            add(&all, false);
            add(&all, true);
        }
        (rounds, groups)
    }

    /// Whether a row is what a stamp makes of an empty one.
    fn is_bare(&self, is: &[Print]) -> bool {
        let fits = self.fits(&vec![0; is.len()], is, None);
        fits.iter().any(|fit| fit.kind.is_some() && fit.typed == 0)
    }

    /// How a row of now can be one of before. Nothing if it can't: people type over no key.
    pub fn fit(&self, row: usize, other: usize) -> Option<Fit> {
        self.fit_of(&self.was(row), &self.is(other), Some(row))
    }

    fn fit_of(&self, was: &[Print], is: &[Print], row: Option<usize>) -> Option<Fit> {
        self.fits(was, is, row).into_iter().next()
    }

    /// The ways in which a row of now can be one of before, the likeliest first.
    fn fits(&self, was: &[Print], is: &[Print], row: Option<usize>) -> Vec<Fit> {
        let mut tried: Vec<usize> = Vec::new();
        for (filled, kinds) in &self.by_columns {
            tried.extend(kinds.get(&digest(filled.iter().map(|&index| is[index]))));
        }
        let changed = (0..was.len()).filter(|&index| was[index] != is[index]);
        let partly = changed.filter_map(|index| self.by_value.get(&(index, is[index])));
        tried.extend(partly.flat_map(|kinds| kinds.iter().take(TRIED)));
        tried.sort_unstable();
        tried.dedup();
        let plain = self.fit_with(was, is, None);
        let stamped = tried.into_iter().filter_map(|kind| self.fit_with(was, is, Some(kind)));
        let mut fits: Vec<Fit> = plain.into_iter().chain(stamped).collect();
        fits.sort_by_key(|fit| (fit.typed, !self.is_meant(fit, row), fit.kind.is_some()));
        fits
    }

    fn is_meant(&self, fit: &Fit, row: Option<usize>) -> bool {
        fit.kind.zip(row).is_some_and(|(kind, row)| self.kinds[kind].rows.contains(&row))
    }

    fn fit_with(&self, was: &[Print], is: &[Print], kind: Option<usize>) -> Option<Fit> {
        let stamp = kind.map(|kind| &self.kinds[kind].prints);
        let mut fit = Fit { typed: 0, equal: 0, put: 0, kind };
        for index in 0..was.len() {
            let put = stamp.and_then(|stamp| stamp.get(&index));
            if *put.unwrap_or(&was[index]) != is[index] {
                if self.keys.contains(&index) {
                    return None;
                }
                fit.typed += 1;
            } else if is[index] != 0 {
                *if put.is_none() { &mut fit.equal } else { &mut fit.put } += 1;
            }
        }
        Some(fit)
    }

    /// Pairs rows in which people typed besides: those first of which least is unexplained.
    pub fn edited(&self, left: &[usize], free: &[usize]) -> Vec<(usize, usize)> {
        if left.len() * free.len() > PAIRS {
            return Vec::new();
        }
        let is: Vec<Vec<Print>> = free.iter().map(|row| self.is(*row)).collect();
        let mut likely = Vec::new();
        for &row in left {
            let was = self.was(row);
            for (other, is) in free.iter().zip(&is) {
                let fit = self.fit_of(&was, is, Some(row));
                // What was meant for the row speaks for it as well.
                let speaks = |fit: &Fit| fit.equal + if self.is_meant(fit, Some(row)) { fit.put } else { 0 };
                let is_likely = |fit: &Fit| fit.typed <= TYPED && speaks(fit) >= fit.typed.max(1);
                if let Some(fit) = fit.filter(is_likely) {
                    likely.push((fit.typed, std::cmp::Reverse(fit.equal), row, *other));
                }
            }
        }
        likely.sort_unstable();
        let (mut rows, mut others, mut found) = (HashSet::new(), HashSet::new(), Vec::new());
        for (_, _, row, other) in likely {
            if !rows.contains(&row) && !others.contains(&other) {
                rows.insert(row);
                others.insert(other);
                found.push((row, other));
            }
        }
        found
    }
}

fn print(value: &Value) -> Print {
    if value.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    text(value).hash(&mut hasher);
    hasher.finish()
}

fn digest(prints: impl Iterator<Item = Print>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for print in prints {
        print.hash(&mut hasher);
    }
    hasher.finish()
}
