//! Which stamps of a write are on which rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use exporter_core::compare::same;
use exporter_core::{RowKey, Value};

use super::{Fit, Kind, Print, Sight, digest, print};
use crate::attempt::{Attempt, NEW, Neighbours};
use crate::matching::rows::seats;

/// A stamp that was found.
#[derive(Debug, Clone)]
pub struct Stamped {
    /// The row now.
    pub row: usize,
    /// The row before; nothing for one that was empty or not there.
    pub was: Option<usize>,
    /// Whether no other row can be the one that was hit, if the row was not there before.
    pub sure: bool,
    /// What was put into it, by the column of now.
    pub values: BTreeMap<usize, Value>,
}

/// What became of the stamps.
#[derive(Debug, Default)]
pub struct Found {
    /// Those that are on rows.
    pub stamps: Vec<Stamped>,
    /// Empty rows of before that they were meant for, with the rows that were empty and bear them.
    pub homes: Vec<(usize, usize)>,
    /// Rows in which they left nothing.
    pub gone: Vec<usize>,
}

/// A row that looks as if a stamp were on it.
struct Bearer {
    row: usize,
    was: Option<usize>,
    /// With which stamps, the likeliest first; never none.
    fits: Vec<Fit>,
}

impl Sight<'_> {
    /// Sorts the stamps by kind. `places` gives the index of a column that the write named.
    pub(super) fn sort_stamps(&mut self, attempt: &Attempt, places: &BTreeMap<usize, usize>) {
        for stamp in &attempt.stamps {
            // A column that is not there any more took along what was put into it.
            let there: Vec<(usize, &Value)> =
                stamp.values.iter().filter_map(|(named, value)| Some((*places.get(named)?, value))).collect();
            if there.is_empty() {
                continue;
            }
            let prints: BTreeMap<usize, Print> =
                there.iter().map(|(index, value)| (*index, print(value))).collect();
            let kinds = self.by_columns.entry(prints.keys().copied().collect()).or_default();
            let kind = *kinds.entry(digest(prints.values().copied())).or_insert(self.kinds.len());
            if kind == self.kinds.len() {
                for (index, print) in &prints {
                    self.by_value.entry((*index, *print)).or_default().push(kind);
                }
                let columns = &self.columns;
                let values = there.iter().map(|(index, value)| (columns[*index].1, (*value).clone()));
                let values = values.collect();
                self.kinds.push(Kind { prints, values, count: 0, keyless: Vec::new(), rows: HashSet::new() });
            }
            self.kinds[kind].count += 1;
            let keyless = stamp.row.and_then(|row| attempt.keyless.get(&row));
            self.kinds[kind].keyless.extend(keyless.cloned());
            let is_meant = |row: &usize| {
                let cell = |was: usize, value: &Value| {
                    attempt.cells.get(&(*row, was)).is_some_and(|meant| same(meant, value))
                };
                let columns =
                    stamp.values.iter().filter_map(|(named, value)| Some((named, places.get(named)?, value)));
                columns.into_iter().all(|(named, index, value)| {
                    *named >= NEW || self.columns[*index].0.is_some_and(|was| cell(was, value))
                })
            };
            self.kinds[kind].rows.extend(stamp.row.filter(is_meant));
        }
    }

    /// Which stamps are on which rows: each is where it was meant to be, or else where it
    /// explains most. Rows that were not there before bear one only as a whole.
    ///
    /// `missing` are rows of before that are not found, and those that were to be emptied come
    /// first.
    pub fn stamps(&self, rows: &HashMap<usize, usize>, fresh: &[usize], missing: &[usize]) -> Found {
        if self.kinds.is_empty() {
            return Found::default();
        }
        let meant: HashSet<usize> = self.kinds.iter().flat_map(|kind| kind.rows.iter().copied()).collect();
        let filled: BTreeSet<usize> = self.by_columns.keys().flatten().copied().collect();
        let is_touched = |row: usize, other: usize| {
            filled.iter().map(|index| self.columns[*index]).any(|(was, is)| {
                let was = was.map_or(&Value::Empty, |was| self.before.at(row, was));
                !same(was, self.now.at(other, is))
            })
        };
        let mut bearers = Vec::new();
        for (&row, &other) in rows {
            if meant.contains(&row) || is_touched(row, other) {
                let fits = self.fits(&self.was(row), &self.is(other), Some(row));
                // What a stamp explains no better is people's.
                let stamped: Vec<Fit> = fits.into_iter().take_while(|fit| fit.kind.is_some()).collect();
                if !stamped.is_empty() {
                    bearers.push(Bearer { row: other, was: Some(row), fits: stamped });
                }
            }
        }
        for &other in fresh {
            let is = self.is(other);
            let mut fits = self.fits(&vec![0; self.columns.len()], &is, None);
            fits.retain(|fit| {
                let stamp = fit.kind.map(|kind| &self.kinds[kind].prints);
                let is_there = |(index, print): (&usize, &Print)| is[*index] == *print;
                stamp.is_some_and(|stamp| {
                    stamp.iter().all(is_there) && stamp.values().any(|print| *print != 0)
                })
            });
            if !fits.is_empty() {
                bearers.push(Bearer { row: other, was: None, fits });
            }
        }
        let meant = |bearer: &Bearer| self.is_meant(&bearer.fits[0], bearer.was);
        bearers.sort_by_key(|bearer| (!meant(bearer), bearer.fits[0].typed, bearer.fits.len(), bearer.row));
        let choices = |only_best: bool| -> Vec<Vec<usize>> {
            let kinds = |bearer: &Bearer| {
                let fits = bearer.fits.iter().filter(|fit| !only_best || fit.typed == bearer.fits[0].typed);
                fits.filter_map(|fit| fit.kind).collect()
            };
            bearers.iter().map(kinds).collect()
        };
        let mut rooms: Vec<usize> = self.kinds.iter().map(|kind| kind.count).collect();
        let seated = seats(&[choices(true), choices(false)], &rooms);
        let mut found = Found::default();
        for (kind, seated) in seated.into_iter().enumerate() {
            let can = bearers.iter().filter(|bearer| bearer.fits.iter().any(|fit| fit.kind == Some(kind)));
            // Each of them came into a row without a key, and no row is left over that could have it.
            let all = self.kinds[kind].keyless.len() == self.kinds[kind].count;
            let all_sure = all && can.count() == seated.len();
            rooms[kind] -= seated.len();
            let mut homes = self.kinds[kind].rows.iter().filter(|row| self.before.is_blank(**row));
            for one in seated {
                let Bearer { row, was, .. } = bearers[one];
                found.homes.extend(homes.next().filter(|_| was.is_none()).map(|home| (*home, row)));
                let sure = all_sure && self.is_still_among(row, &self.kinds[kind].keyless);
                found.stamps.push(Stamped { row, was, sure, values: self.kinds[kind].values.clone() });
            }
        }
        for &row in missing {
            let was = self.was(row);
            let left = |prints: &BTreeMap<usize, Print>| {
                (0..was.len()).any(|index| *prints.get(&index).unwrap_or(&was[index]) != 0)
            };
            let kind = (0..rooms.len()).find(|kind| rooms[*kind] > 0 && !left(&self.kinds[*kind].prints));
            if let Some(kind) = kind {
                rooms[kind] -= 1;
                found.gone.push(row);
            }
        }
        found
    }

    /// Whether a row without a key stands between keys between which the answer showed one.
    fn is_still_among(&self, row: usize, hit: &[Neighbours]) -> bool {
        let key =
            |row: usize| RowKey::of(self.keys.iter().map(|index| self.now.at(row, self.columns[*index].1)));
        let around = [row.checked_sub(1).and_then(key), key(row + 1)];
        key(row).is_none() && around.iter().any(Option::is_some) && hit.contains(&around)
    }
}
