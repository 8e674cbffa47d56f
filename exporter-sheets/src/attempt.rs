//! A write that was sent: what it meant, what was there before, and whether its answer
//! proves that everything went where it was meant to go.

use std::collections::BTreeMap;

use compact_str::CompactString;
use exporter_core::compare::same;
use exporter_core::{ExportSpec, RowKey, Table, Value};
use serde::{Deserialize, Serialize};

use crate::changes::Change;
use crate::grid::Grid;
use crate::layout::{Layout, is};
use crate::part::{Cells, Part};
use crate::wire;

/// Added to a column that a write inserts: it is another one than that which stood there.
/// A sheet has fewer columns.
pub const NEW: usize = 100_000;
/// Added to a column that a write marks and does not write into: it is to be found again.
pub const SEEN: usize = 200_000;

/// What a write puts into the cells of one row: all of it goes into one row, whichever one
/// people have there by then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    /// The row that is meant, while it is there.
    pub row: Option<usize>,
    /// The values by the columns that the write names; [`NEW`] and more are columns that it
    /// inserts itself.
    pub values: BTreeMap<usize, Value>,
}

/// The keys of the rows above and below one.
pub type Neighbours = [Option<RowKey>; 2];

/// A write that was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// Where everything was.
    pub layout: Layout,
    /// The columns of the table that make up a row's identity.
    pub identity: Vec<usize>,
    /// Whether that is a key.
    pub keyed: bool,
    /// The newest picture in which it had not happened yet; nothing that matters is left out.
    /// In the journal as one text: a tree of JSON with each cell in it takes ten times the
    /// memory.
    #[serde(with = "as_text")]
    pub before: Grid,
    /// Cells of that picture that are to change. As a list: keys of JSON are text.
    #[serde(with = "as_list")]
    pub cells: Cells,
    /// What belongs in those of them that an earlier write hit by mistake.
    #[serde(with = "as_list")]
    pub restores: Cells,
    /// What it puts into cells, row by row.
    #[serde(default)]
    pub stamps: Vec<Stamp>,
    /// Whether the journal's rows of it are those that arrived: it was found to have happened.
    #[serde(default)]
    pub told: bool,
    /// What the list of changes has got with it, and with earlier ones that were still to be made
    /// up for.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// The rows at which its answer showed no key, with the keys above and below: what it put there
    /// came into a row of people's or an empty one. Nothing without an answer.
    #[serde(skip)]
    pub keyless: BTreeMap<usize, Neighbours>,
    /// Names of the table's columns.
    #[serde(skip)]
    pub names: Vec<CompactString>,
    /// The rows that were to be inserted.
    #[serde(default)]
    pub rows: Vec<Vec<Value>>,
}

impl Attempt {
    /// A part about to be sent.
    pub fn new(layout: Layout, before: Grid, part: &Part, table: &Table, spec: &ExportSpec) -> Self {
        let mut attempt = Self {
            identity: crate::layout::identity(table, spec),
            keyed: !spec.key.is_empty(),
            layout,
            before,
            cells: part.cells.clone(),
            restores: part.restores.clone(),
            stamps: Vec::new(),
            told: false,
            changes: Vec::new(),
            keyless: BTreeMap::new(),
            names: table.columns().iter().map(|column| column.name.clone()).collect(),
            rows: part.inserts.iter().map(|&row| table.row(row as usize).to_vec()).collect(),
        };
        let mut rows: BTreeMap<usize, BTreeMap<usize, Value>> = BTreeMap::new();
        for (&place, value) in &attempt.cells {
            let column = if attempt.is_new(place) { NEW + place.1 } else { place.1 };
            rows.entry(place.0).or_default().insert(column, value.clone());
        }
        attempt.stamps = rows.into_iter().map(|(row, values)| Stamp { row: Some(row), values }).collect();
        attempt
    }

    /// What it puts into a column that it names.
    pub fn written(&self, named: usize) -> impl Iterator<Item = &Value> {
        self.stamps.iter().filter_map(move |stamp| stamp.values.get(&named))
    }

    /// With what belongs in other cells and is left for a later write.
    pub fn owing(mut self, restores: Cells) -> Self {
        self.restores.extend(restores);
        self
    }

    /// Whether a cell is in a column that the write inserts itself.
    pub fn is_new(&self, place: (usize, usize)) -> bool {
        self.layout.is_added(place.1) && !self.restores.contains_key(&place)
    }

    /// Whether it leaves nothing in a row.
    pub fn empties(&self, row: usize) -> bool {
        let mut cells = self.before.row(row).iter().enumerate().filter(|(_, cell)| !cell.is_empty());
        cells.all(|(column, _)| {
            let place = (row, column);
            !self.is_new(place) && self.cells.get(&place).is_some_and(Value::is_empty)
        }) && self.cells.range((row, 0)..=(row, usize::MAX)).all(|(_, value)| value.is_empty())
    }

    /// The sheet's columns that hold the key, before the write.
    pub fn key_columns(&self) -> Vec<usize> {
        if self.keyed { self.layout.places_of(&self.identity) } else { Vec::new() }
    }

    /// Whether every header, every changed row and every new row is where it was meant to
    /// be. A row without a key cannot be told from another by it: that is no proof.
    pub fn is_proved_by(&self, seen: &Grid) -> bool {
        let at = |row: usize, column: usize| seen.at(row, column);
        // A column of people's is known by its header only.
        let theirs = self.restores.keys().filter(|place| !self.layout.places.contains(&place.1));
        let theirs_right = theirs.into_iter().all(|&(_, column)| {
            let header = self.before.at(self.layout.header, column);
            !header.is_empty() && header == at(self.layout.header, column)
        });
        self.headers_are_right(seen)
            && theirs_right
            && self.changed_rows().all(|row| self.is_meant(row, at))
            && self.new_rows_are_there(at)
    }

    /// The rows that it changed where an answer, of the moment after it, shows no key.
    pub fn hit_without_key(&self, seen: &Grid) -> BTreeMap<usize, Neighbours> {
        // What is below the new rows has moved on.
        let stays = |row: &usize| *row < self.layout.end || self.rows.is_empty();
        let is_key = |row: usize, column: usize| self.cells.contains_key(&(row, column));
        let keys = self.key_columns();
        let key = |row: usize| self.layout.key(&self.identity, |place| seen.at(row, place));
        let is_keyless =
            |row: &usize| !keys.iter().any(|&column| is_key(*row, column)) && key(*row).is_none();
        if !self.keyed || !self.headers_are_right(seen) {
            return BTreeMap::new();
        }
        let rows = self.changed_rows().filter(stays).filter(is_keyless);
        rows.map(|row| (row, [row.checked_sub(1).and_then(key), key(row + 1)])).collect()
    }

    fn headers_are_right(&self, seen: &Grid) -> bool {
        self.layout.places.iter().zip(&self.names).all(|(&place, name)| {
            let cell = seen.at(self.layout.header, place);
            is(cell, name) || (name.trim().is_empty() && cell.to_string().trim().is_empty())
        })
    }

    fn changed_rows(&self) -> impl Iterator<Item = usize> {
        let mut last = None;
        self.cells.keys().map(|&(row, _)| row).filter(move |row| last.replace(*row) != Some(*row))
    }

    /// Whether the row that was hit is the one that was meant. A key that is written itself
    /// says nothing about the row below it.
    fn is_meant<'v>(&'v self, row: usize, at: impl Fn(usize, usize) -> &'v Value) -> bool {
        let after =
            |place: usize| self.cells.get(&(row, place)).unwrap_or_else(|| self.before.at(row, place));
        let meant = self.layout.key(&self.identity, after);
        let key_is_written = self.key_columns().iter().any(|&column| self.cells.contains_key(&(row, column)));
        self.keyed
            && !key_is_written
            && meant.is_some()
            && meant == self.layout.key(&self.identity, |place| at(row, place))
    }

    fn new_rows_are_there<'v>(&self, at: impl Fn(usize, usize) -> &'v Value) -> bool {
        let mut rows = self.rows.iter().zip(self.layout.end..);
        rows.all(|(meant, row)| {
            let there = |column: usize| at(row, self.layout.places[column]);
            if self.keyed {
                let key = RowKey::of(self.identity.iter().map(|&column| &meant[column]));
                key == RowKey::of(self.identity.iter().map(|&column| there(column)))
            } else {
                self.identity.iter().all(|&column| same(&meant[column], there(column)))
            }
        })
    }

    /// The picture to go on from once it happened as it was meant. `taken` are the ids of
    /// developer metadata that are in use.
    pub fn into_after(mut self, taken: &[i64]) -> (Layout, Grid) {
        let Layout { header, places, added, blank, end, .. } = &self.layout;
        let mut grid = std::mem::take(&mut self.before);
        let new = |place: &(usize, usize)| self.is_new(*place);
        for (&(row, column), value) in self.cells.iter().filter(|(place, _)| !new(place)) {
            grid.set(row, column, wire::stored(value));
        }
        if let Some(&first) = added.first().filter(|_| !blank) {
            grid.insert_columns(places[first], added.len());
        }
        for &column in added {
            grid.set(*header, places[column], Value::text(&self.names[column]));
        }
        for (&(row, column), value) in self.cells.iter().filter(|(place, _)| new(place)) {
            grid.set(row, column, wire::stored(value));
        }
        grid.insert_rows(*end, self.rows.len());
        for (row, cells) in (*end..).zip(&self.rows) {
            for (&place, value) in places.iter().zip(cells) {
                grid.set(row, place, wire::stored(value));
            }
        }
        let mut layout = self.layout;
        layout.end += self.rows.len();
        (layout.exists, layout.blank) = (true, false);
        layout.added.clear();
        layout.hits.clear();
        layout.untagged.clear();
        layout.advance(taken);
        (layout, grid)
    }
}

/// A grid as the text of its JSON.
mod as_text {
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    use crate::grid::Grid;

    pub fn serialize<S: Serializer>(grid: &Grid, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&serde_json::to_string(grid).map_err(ser::Error::custom)?)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Grid, D::Error> {
        serde_json::from_str(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Cells as a list of row, column, value.
mod as_list {
    use exporter_core::Value;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::part::Cells;

    pub fn serialize<S: Serializer>(cells: &Cells, serializer: S) -> Result<S::Ok, S::Error> {
        let list: Vec<(usize, usize, &Value)> =
            cells.iter().map(|(&(row, column), value)| (row, column, value)).collect();
        list.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cells, D::Error> {
        let list = Vec::<(usize, usize, Value)>::deserialize(deserializer)?;
        Ok(list.into_iter().map(|(row, column, value)| ((row, column), value)).collect())
    }
}
