//! What a plan leaves to the sink: what is to be written, and how a request's share is taken off it.

use std::collections::HashMap;

use exporter_core::compare::same;
use exporter_core::{Changes, ExportSpec, Plan, RowUpdate, Value};
use serde::{Deserialize, Serialize};

use crate::changes::{self, Change};
use crate::grid::Grid;
use crate::layout::Layout;
use crate::look::changed_cells;
use crate::part::{Cells, Part};

/// The sink's own part of a plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// Where everything is.
    pub layout: Layout,
    /// What the export is.
    pub spec: ExportSpec,
    /// What the list of changes has got from writes that are still to be made up for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Change>,
}

/// What is still to be done, and the picture of the tab that it was worked out from.
pub struct Work {
    /// Where everything is.
    pub layout: Layout,
    /// The picture.
    pub grid: Grid,
    /// What the comparison changes.
    pub updates: Vec<RowUpdate>,
    /// Cells to change.
    pub cells: Cells,
    /// What belongs where an earlier write hit by mistake.
    pub restores: Cells,
    /// Rows of the table to insert, by index.
    pub inserts: Vec<u32>,
    /// Whether a write that went astray left in a cell what the table has for it: the journal
    /// has yet to learn that it is ours.
    pub unsaid: bool,
}

impl Work {
    /// What a comparison of the tab with the table leaves to be done.
    pub fn new(layout: Layout, grid: Grid, changes: Changes, restores: Cells) -> Self {
        let mut cells = changed_cells(&layout, &changes);
        let mut restores = restores;
        // A cell that holds the value already could not tell whether a write arrived there.
        let held = |place: &(usize, usize), value: &Value| {
            !layout.is_added(place.1) && same(value, grid.at(place.0, place.1))
        };
        // What belongs there was found out before the table had its say.
        let unsaid = restores.keys().any(|place| cells.get(place).is_some_and(|value| held(place, value)));
        restores.retain(|place, value| match cells.get(place) {
            Some(newer) => !held(place, newer),
            None => !same(value, grid.at(place.0, place.1)),
        });
        cells.retain(|place, value| !held(place, value));
        Self { layout, grid, updates: changes.updates, cells, restores, inserts: changes.inserts, unsaid }
    }

    /// Whether nothing is.
    pub fn is_done(&self) -> bool {
        self.cells.is_empty() && self.restores.is_empty() && self.inserts.is_empty() && !self.unsaid
    }

    /// Takes the next part off it. Keys that an earlier write hit go alone: a row can always
    /// be told by the cells that a write leaves alone.
    pub fn part(&mut self, plan: &Plan, keys: &[usize], (listed, bytes): (bool, usize)) -> Part {
        let more = if listed { changes::weights(&self.layout, &self.updates) } else { HashMap::new() };
        let mut cells = self.restores.clone();
        cells.extend(std::mem::take(&mut self.cells));
        let is_key = |(place, _): &(&(usize, usize), &Value)| keys.contains(&place.1);
        let part = if self.restores.iter().any(|cell| is_key(&cell)) {
            let (mut of_keys, rest) = cells.into_iter().partition(|(place, value)| is_key(&(place, value)));
            let part = Part::take(&mut of_keys, &mut Vec::new(), &plan.table, &more, bytes);
            cells = rest;
            cells.append(&mut of_keys);
            part
        } else {
            Part::take(&mut cells, &mut self.inserts, &plan.table, &more, bytes)
        };
        let (sent, left) = std::mem::take(&mut self.restores)
            .into_iter()
            .partition(|(place, _)| part.cells.contains_key(place));
        (self.restores, self.cells) = (left, cells);
        Part { restores: sent, ..part }
    }
}
