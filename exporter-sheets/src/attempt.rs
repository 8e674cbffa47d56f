//! A write that was sent: what it meant, what was there before, and whether its answer
//! proves that everything went where it was meant to go.

use compact_str::CompactString;
use exporter_core::compare::same;
use exporter_core::{ExportSpec, RowKey, Table, Value};
use serde::{Deserialize, Serialize};

use crate::grid::Grid;
use crate::layout::{Layout, is};
use crate::part::{Cells, Part};
use crate::wire;

/// A write that was sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// Where everything was.
    pub layout: Layout,
    /// The columns of the table that make up a row's identity.
    pub identity: Vec<usize>,
    /// Whether that is a key.
    pub keyed: bool,
    /// What was there; nothing that matters is left out. In the journal as one text: a tree
    /// of JSON with each cell in it takes ten times the memory.
    #[serde(with = "as_text")]
    pub before: Grid,
    /// Cells that were to change. As a list: keys of JSON are text.
    #[serde(with = "as_list")]
    pub cells: Cells,
    /// What belongs in those of them that an earlier write hit by mistake.
    #[serde(with = "as_list")]
    pub restores: Cells,
    /// Names of the table's columns.
    #[serde(skip)]
    pub names: Vec<CompactString>,
    /// The rows that were to be inserted.
    #[serde(skip)]
    pub rows: Vec<Vec<Value>>,
}

impl Attempt {
    /// A part about to be sent.
    pub fn new(layout: Layout, before: Grid, part: &Part, table: &Table, spec: &ExportSpec) -> Self {
        Self {
            identity: crate::layout::identity(table, spec),
            keyed: !spec.key.is_empty(),
            layout,
            before,
            cells: part.cells.clone(),
            restores: part.restores.clone(),
            names: table.columns().iter().map(|column| column.name.clone()).collect(),
            rows: part.inserts.iter().map(|&row| table.row(row as usize).to_vec()).collect(),
        }
    }

    /// The sheet's columns that hold the key, before the write.
    pub fn key_columns(&self) -> Vec<usize> {
        if !self.keyed {
            return Vec::new();
        }
        self.identity.iter().map(|&column| self.layout.places[column]).collect()
    }

    /// Whether every header, every changed row and every new row is where it was meant to
    /// be. A row without a key cannot be told from another by it: that is no proof.
    pub fn is_proved_by(&self, seen: &Grid) -> bool {
        let at = |row: usize, column: usize| seen.at(row, column);
        let headers = self.layout.places.iter().zip(&self.names);
        let headers_right = headers.into_iter().all(|(&place, name)| {
            let cell = at(self.layout.header, place);
            is(cell, name) || (name.trim().is_empty() && cell.to_string().trim().is_empty())
        });
        headers_right && self.changed_rows().all(|row| self.is_meant(row, at)) && self.new_rows_are_there(at)
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
        let new =
            |place: &(usize, usize)| self.layout.is_added(place.1) && !self.restores.contains_key(place);
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
