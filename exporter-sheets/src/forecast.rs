//! How many requests a plan will take.

use std::collections::HashMap;

use exporter_core::Table;

use crate::part::{Cells, Part};
use crate::stage;

/// How many requests it takes to change these cells and insert these rows; `more` is what the list
/// of changes adds to a row, `bytes` the most of a request.
pub fn requests(
    cells: &Cells,
    inserts: &[u32],
    table: &Table,
    more: &HashMap<(usize, usize), usize>,
    bytes: usize,
) -> u32 {
    let (mut cells, mut inserts, mut parts) = (cells.clone(), inserts.to_vec(), 0);
    while !cells.is_empty() || !inserts.is_empty() {
        let part = Part::take(&mut cells, &mut inserts, table, more, bytes);
        if part.cells.is_empty() && stage::is_worth_it(table, &inserts, bytes) {
            return parts + stage::count(table, &[part.inserts, inserts].concat(), bytes);
        }
        parts += 1;
    }
    parts
}
