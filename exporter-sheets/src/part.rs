//! Large writes in parts: each one request that Google takes, and a commit of its own.

use std::collections::{BTreeMap, HashMap};

use exporter_core::{Table, Value};

/// Cells to write, by the sheet's row and column.
pub type Cells = BTreeMap<(usize, usize), Value>;

/// Most bytes of a request, unless told otherwise: Google recommends 2 MB.
pub const MOST_BYTES: usize = 1_800_000;
/// Most changed cells of a request: each may need two requests inside, of 100,000 at most.
const MOST_CELLS: usize = 20_000;
/// Bytes of a cell around its value: `{"userEnteredValue":{"stringValue":""}},`.
const AROUND: usize = 42;

/// What one atomic request writes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// Cells to change.
    pub cells: Cells,
    /// What belongs where an earlier write hit by mistake, as far as it is among them. The
    /// table may have something newer for such a cell.
    pub restores: Cells,
    /// Rows of the table to insert, by index.
    pub inserts: Vec<u32>,
}

impl Part {
    /// Takes as much as one request holds off what is left to write: changed cells first.
    ///
    /// `more` is what else a changed cell adds to the request, in bytes, and `bytes` how many
    /// one may have.
    pub fn take(
        cells: &mut Cells,
        inserts: &mut Vec<u32>,
        table: &Table,
        more: &HashMap<(usize, usize), usize>,
        bytes: usize,
    ) -> Self {
        let mut part = Self::default();
        let mut room = bytes;
        while part.cells.len() < MOST_CELLS {
            let Some(entry) = cells.first_entry() else { break };
            let weight = weight(entry.get()) + more.get(entry.key()).copied().unwrap_or(0);
            // One cell at least: with what is beside it, it is still below Google's 10 MB.
            let Some(rest) = room.checked_sub(weight).or(part.cells.is_empty().then_some(0)) else {
                return part;
            };
            room = rest;
            let (place, value) = entry.remove_entry();
            part.cells.insert(place, value);
        }
        if !cells.is_empty() {
            return part;
        }
        let fits = inserts.iter().take_while(|&&row| {
            let weight: usize = table.row(row as usize).iter().map(weight).sum();
            let rest = room.checked_sub(weight);
            room = rest.unwrap_or(room);
            rest.is_some()
        });
        // One row at least: 27 cells of 50,000 characters are still below Google's 10 MB.
        let count = fits.count().max(usize::from(part.cells.is_empty())).min(inserts.len());
        part.inserts = inserts.drain(..count).collect();
        part
    }
}

/// About how many bytes of a request a cell takes, rather more than less.
pub fn weight(value: &Value) -> usize {
    let value = match value {
        Value::Empty => return 3,
        Value::Text(text) => letters(text),
        _ => 20,
    };
    AROUND + value
}

/// About how many bytes a text takes in JSON.
pub fn letters(text: &str) -> usize {
    text.bytes().map(|byte| if byte < 0x20 { 6 } else { 1 + usize::from(b"\"\\".contains(&byte)) }).sum()
}

#[cfg(test)]
mod tests {
    use exporter_core::Origin;
    use proptest::prelude::*;

    use super::*;
    use crate::wire;

    fn table(rows: usize, text: &str) -> Table {
        let mut table = Table::with_names(["ID", "Text"]);
        for row in 0..rows {
            table.push([Value::text(row.to_string()), text.into()], Origin::default());
        }
        table
    }

    #[test]
    fn parts_are_cut_by_bytes_and_lose_nothing() {
        let table = table(5_000, &"x".repeat(1_000));
        let mut inserts: Vec<u32> = (0..5_000).collect();
        let mut cells: Cells = (0..100).map(|row| ((row, 0), Value::Integer(1))).collect();
        let (mut seen, mut parts, mut changed) = (Vec::new(), 0, 0);
        while !inserts.is_empty() || !cells.is_empty() {
            let part = Part::take(&mut cells, &mut inserts, &table, &HashMap::new(), MOST_BYTES);
            let bytes: usize = part
                .inserts
                .iter()
                .map(|&row| table.row(row as usize).iter().map(weight).sum::<usize>())
                .sum();
            assert!(bytes <= MOST_BYTES);
            changed += part.cells.len();
            seen.extend(part.inserts);
            parts += 1;
        }
        assert_eq!((seen, parts, changed), ((0..5_000).collect(), 4, 100));
    }

    #[test]
    fn a_row_larger_than_a_part_goes_alone() {
        let table = table(3, &"\u{1}".repeat(400_000));
        let mut inserts = vec![0, 1, 2];
        let part = Part::take(&mut Cells::new(), &mut inserts, &table, &HashMap::new(), MOST_BYTES);
        assert_eq!(part.inserts, [0]);
        assert_eq!(inserts, [1, 2]);
    }

    proptest! {
        #[test]
        fn a_cell_takes_no_more_than_its_weight(text in "\\PC*|[\u{0}-\u{20}\"\\\\]*") {
            let value = Value::text(&text);
            prop_assert!(serde_json::to_string(&wire::CellData(&value)).unwrap().len() < weight(&value) + 1);
        }
    }
}
