//! The rows that a write inserted, whatever columns their cells came to stand in.

use exporter_core::Value;

use super::rows::Rows;
use super::sight::PAIRS;
use crate::attempt::Attempt;
use crate::grid::Grid;
use crate::wire::text;

/// The rows that a write inserted, and those of them that were found.
pub struct NewRows<'a> {
    now: &'a Grid,
    meant: Vec<Vec<String>>,
    /// Those that were not found yet, by their index among the write's rows.
    left: Vec<usize>,
    /// Index and row.
    pub found: Vec<(usize, usize)>,
}

impl<'a> NewRows<'a> {
    pub fn new(attempt: &Attempt, now: &'a Grid) -> Self {
        let meant: Vec<Vec<String>> = attempt.rows.iter().map(|row| contents(row.iter())).collect();
        Self { now, left: (0..meant.len()).collect(), meant, found: Vec::new() }
    }

    fn is(&self, row: usize) -> Vec<String> {
        contents(self.now.row(row).iter())
    }

    /// Takes those off rows that say what was meant and nothing else.
    pub fn whole(&mut self, free: &mut Vec<usize>) {
        let mut rows = Rows { left: std::mem::take(&mut self.left), free: std::mem::take(free) };
        let found = rows.pair(|index| Some(self.meant[index].clone()), |row| Some(self.is(row)), |_, _| 0);
        self.found.extend(found);
        (self.left, *free) = (rows.left, rows.free);
    }

    /// Takes those off rows that say most of what was meant: people have typed into them since.
    pub fn in_part(&mut self, free: &mut Vec<usize>) {
        if self.left.len() * free.len() > PAIRS {
            return;
        }
        let mut likely: Vec<(usize, usize, usize)> = Vec::new();
        for &row in &*free {
            let there = self.is(row);
            for &index in &self.left {
                let common = self.meant[index].iter().filter(|text| there.contains(text)).count();
                if common * 2 > self.meant[index].len() {
                    likely.push((common, index, row));
                }
            }
        }
        likely.sort_by_key(|&(common, index, row)| (std::cmp::Reverse(common), index, row));
        for (_, index, row) in likely {
            if self.left.contains(&index) && free.contains(&row) {
                self.left.retain(|left| *left != index);
                free.retain(|free| *free != row);
                self.found.push((index, row));
            }
        }
    }
}

fn contents<'v>(cells: impl Iterator<Item = &'v Value>) -> Vec<String> {
    let mut texts: Vec<String> = cells.filter(|cell| !cell.is_empty()).map(text).collect();
    texts.sort_unstable();
    texts
}
