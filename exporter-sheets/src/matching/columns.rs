//! Columns of two pictures of a tab, paired by marks, headers and what is in them.

use std::collections::{BTreeMap, HashSet};

use exporter_core::Value;

use crate::attempt::Attempt;
use crate::grid::Grid;
use crate::structure::{Hit, Tab};
use crate::wire::text;

/// Columns by the marks of earlier writes and by their headers; where a header was hit by our
/// tags, and others by what is in them; those that are left in their order.
pub fn match_columns(
    attempt: &Attempt,
    now: &Grid,
    tab: Option<&Tab>,
    (header_now, hit): (usize, &BTreeMap<usize, usize>),
) -> Vec<Option<usize>> {
    let (before, header) = (&attempt.before, attempt.layout.header);
    let used = |grid: &Grid| -> Vec<usize> {
        (0..grid.width())
            .filter(|&column| (0..grid.len()).any(|row| !grid.at(row, column).is_empty()))
            .collect()
    };
    let mut columns = Columns { left: used(before), free: used(now), found: vec![None; before.width()] };
    // A column that the write emptied is there all the same.
    columns.free.extend(hit.keys());
    columns.free.sort_unstable();
    columns.free.dedup();
    let all = columns.left.clone();
    columns.find(|column, free| {
        let is = |mark: &&Hit| mark.column == column;
        let marks = tab.map(|tab| tab.hits.as_slice()).unwrap_or_default();
        let same = |mark: &Hit| {
            marks
                .iter()
                .find(|now| (&now.token, now.named) == (&mark.token, mark.named))
                .map(|now| now.column)
        };
        let place = attempt.layout.hits.iter().filter(is).find_map(same);
        place.filter(|place| free.contains(place))
    });
    let only = |columns: &[usize], grid: &Grid, row: usize, name: &Value| {
        let mut found = columns.iter().filter(|&&column| grid.at(row, column) == name);
        found.next().copied().filter(|_| found.next().is_none())
    };
    columns.find(|column, free| {
        let name = before.at(header, column);
        let unique = !name.is_empty() && only(&all, before, header, name).is_some();
        unique.then(|| only(free, now, header_now, name)).flatten()
    });
    columns.find(|column, free| {
        let ours = attempt.layout.places.iter().position(|place| *place == column)?;
        let tags = tab?.tags.iter().filter(|(_, name)| *name == *attempt.names[ours]);
        let places: Vec<usize> = tags.map(|(place, _)| *place).collect();
        let [place] = places[..] else { return None };
        free.contains(&place).then_some(place)
    });
    // New columns of ours have a header that was not there before.
    columns.free.retain(|&column| {
        let name = now.at(header_now, column);
        !attempt.layout.added.iter().any(|&added| name.as_text() == Some(attempt.names[added].as_str()))
    });
    let contents = |grid: &Grid, column: usize| -> HashSet<String> {
        let cells = (0..grid.len()).map(|row| grid.at(row, column));
        cells.filter(|cell| !cell.is_empty()).map(text).collect()
    };
    columns.find(|column, free| {
        let was = contents(before, column);
        let common = |other: &usize| {
            // What the write put there says nothing.
            let written = hit.get(other).into_iter().flat_map(|named| attempt.written(*named));
            let written: HashSet<String> = written.map(text).collect();
            contents(now, *other)
                .iter()
                .filter(|text| was.contains(*text) && !written.contains(*text))
                .count()
        };
        let best = free.iter().map(|&other| (common(&other), std::cmp::Reverse(other))).max();
        best.filter(|best| best.0 > 0).map(|best| best.1.0)
    });
    columns.free.retain(|&column| contents(now, column).iter().next().is_some());
    if columns.left.len() == columns.free.len() {
        columns.find(|_, free| free.first().copied());
    }
    columns.found
}

/// Columns that are not matched yet, and those that are.
struct Columns {
    left: Vec<usize>,
    free: Vec<usize>,
    found: Vec<Option<usize>>,
}

impl Columns {
    fn find(&mut self, find: impl Fn(usize, &[usize]) -> Option<usize>) {
        for column in std::mem::take(&mut self.left) {
            match find(column, &self.free) {
                Some(found) => {
                    self.found[column] = Some(found);
                    self.free.retain(|other| *other != found);
                }
                None => self.left.push(column),
            }
        }
    }
}
