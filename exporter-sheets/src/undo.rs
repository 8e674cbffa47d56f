//! Taking back what a run did: cells get what they held before, rows that it added go away
//! (`aside.rs`). Whatever people touched since stays as it is and is listed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use exporter_core::compare::same;
use exporter_core::{
    Changes, Error, ErrorKind, ExportSpec, JournalBatch, JournalCell, JournalRow, NewColumns, PLAN_VERSION,
    Plan, RowChange, RowKey, Table, Value, tabs,
};

use crate::aside::{Added, rows_by_key};
use crate::client::Tally;
use crate::forecast;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::look::Look;
use crate::part::Cells;
use crate::record;
use crate::sink::SheetsSink;
use crate::structure::Tab;
use crate::work::State;

/// What taking a run back would do to one tab.
#[derive(Debug)]
pub struct Undo {
    /// The tab, as the configuration calls it.
    pub tab: String,
    /// To be applied like any plan; its repairs are what is taken back.
    pub plan: Plan,
    /// Cells that get what they held before.
    pub cells: usize,
    /// Rows that go away, with [`SheetsSink::take_rows`] once the plan is applied.
    pub rows: usize,
    /// What can't be taken back, and why.
    pub left: Vec<String>,
    /// The rows that go away.
    pub(crate) added: Vec<Added>,
    /// The spec with this tab.
    pub(crate) spec: ExportSpec,
}

impl SheetsSink {
    /// Works out how to take batches of one tab back, oldest first as the journal gives them.
    ///
    /// # Errors
    /// The tab is gone or not laid out as it was, or whatever reading it ends in.
    pub async fn plan_undo(&self, batches: &[JournalBatch], spec: &ExportSpec) -> Result<Undo, Error> {
        let mut tally = Tally::default();
        let spec = &self.spec_of(batches, spec, &mut tally).await?;
        let look = Look::at(&self.client, &spec.tab, &mut tally).await?;
        let names = batches.last().map(|batch| batch.columns.as_slice()).unwrap_or_default();
        let table = Arc::new(Table::with_names(names));
        let Some(tab) = look.tab(&spec.tab) else {
            return Err(Error::new(ErrorKind::SheetLayout, format!("the tab `{}` is gone", spec.tab)));
        };
        // What people did away with is not brought back.
        let spec = &ExportSpec { new_columns: NewColumns::Freeze, ..spec.clone() };
        let table = look.columns(&look.grid, &table, spec)?.table;
        let layout = Layout::find(&look.structure, tab, &look.grid, &table, spec)?;
        let mut back = Back::new(&layout, &table, spec, &look.grid);
        for batch in batches.iter().rev() {
            for row in &batch.rows {
                back.take(batch, row);
            }
        }
        let Back { cells, changed, added, left, .. } = back;
        let changes = Changes { repairs: look.repairs(&cells)?, ..Changes::default() };
        let token = layout.next.token.clone();
        let state = State { layout, spec: spec.clone(), told: Vec::new() };
        let state = serde_json::to_value(&state)
            .map_err(|error| Error::new(ErrorKind::Internal, "a plan cannot be stored").source(error))?;
        self.remember(&spec.tab, token, look.grid);
        let plan = Plan {
            version: PLAN_VERSION,
            export: spec.name.clone(),
            run: String::new(),
            file: None,
            target: self.target(&spec.tab),
            calls: tally.calls + self.untold_calls.swap(0, Ordering::Relaxed),
            expected_calls: forecast::requests(&cells, &[], &table, &HashMap::new(), self.bytes),
            table,
            changes,
            notes: Vec::new(),
            state,
        };
        let (tab, rows) = (spec.tab.clone(), added.len());
        Ok(Undo { tab, plan, cells: changed, rows, left, added, spec: spec.clone() })
    }

    /// The spec with the very tab that batches went to, where it has one for each month.
    pub(crate) async fn spec_of(
        &self,
        batches: &[JournalBatch],
        spec: &ExportSpec,
        tally: &mut Tally,
    ) -> Result<ExportSpec, Error> {
        let mut spec = spec.clone();
        if let Some(batch) = batches.first().filter(|_| tabs::is_pattern(&spec.tab)) {
            let structure = self.client.structure(tally).await?;
            let is_it = |tab: &&Tab| record::target(self.client.spreadsheet(), tab.id) == batch.target;
            let tab = structure.tabs.iter().find(is_it).ok_or_else(|| {
                Error::new(ErrorKind::SheetLayout, "the tab is gone")
                    .context("written to", batch.place.clone())
            })?;
            spec.tab = tab.name.clone().unwrap_or_else(|| tab.title.clone());
        }
        Ok(spec)
    }
}

/// The way back, cell by cell, from what is there now.
struct Back<'a> {
    layout: &'a Layout,
    table: &'a Table,
    /// What the tab looks like as far as it was taken back.
    grid: Grid,
    rows_by_key: HashMap<RowKey, Vec<usize>>,
    cells: Cells,
    changed: usize,
    added: Vec<Added>,
    left: Vec<String>,
}

impl<'a> Back<'a> {
    fn new(layout: &'a Layout, table: &'a Table, spec: &ExportSpec, grid: &Grid) -> Self {
        let rows_by_key = rows_by_key(table, layout, spec, grid);
        let grid = grid.clone();
        Self {
            layout,
            table,
            grid,
            rows_by_key,
            cells: Cells::new(),
            changed: 0,
            added: Vec::new(),
            left: Vec::new(),
        }
    }

    fn take(&mut self, batch: &JournalBatch, row: &JournalRow) {
        let rows = self.rows_by_key.get(&row.key).map_or(&[][..], Vec::as_slice);
        let [at] = rows[..] else {
            let what = if rows.is_empty() { "is no longer there" } else { "is there more than once" };
            self.left.push(format!("the row `{}` {what}", row.key));
            return;
        };
        match row.change {
            RowChange::Updated => self.take_cells(batch, row, at),
            RowChange::Inserted => self.take_row(batch, row, at),
            RowChange::Agreed => {}
        }
    }

    fn place(&self, batch: &JournalBatch, column: u32) -> Option<usize> {
        let name = batch.columns.get(column as usize)?;
        Some(self.layout.places[self.table.position(name)?])
    }

    fn set(&mut self, row: usize, column: usize, value: Value) {
        self.grid.set(row, column, value.clone());
        self.cells.insert((row, column), value);
    }

    fn take_cells(&mut self, batch: &JournalBatch, row: &JournalRow, at: usize) {
        for cell in &row.cells {
            let place = self.place(batch, cell.column);
            if let Some(place) = place.filter(|&place| same(&cell.after, self.grid.at(at, place))) {
                self.set(at, place, cell.before.clone());
                self.changed += 1;
            } else {
                let name = batch.columns.get(cell.column as usize).map_or("", |name| name.as_str());
                self.left.push(format!("`{name}` of `{}` was changed since", row.key));
            }
        }
    }

    fn take_row(&mut self, batch: &JournalBatch, row: &JournalRow, at: usize) {
        let places: Vec<Option<usize>> =
            row.cells.iter().map(|cell| self.place(batch, cell.column)).collect();
        let ours = |column: usize| places.contains(&Some(column));
        let as_written = row
            .cells
            .iter()
            .zip(&places)
            .all(|(cell, place)| place.is_some_and(|place| same(&cell.after, self.grid.at(at, place))));
        let cells = self.grid.row(at).len();
        let alone = (0..cells).all(|column| ours(column) || self.grid.at(at, column).is_empty());
        if !as_written || !alone {
            let what = if alone { "was changed since" } else { "has something of people's beside it" };
            self.left.push(format!("the row `{}` {what}", row.key));
            return;
        }
        let name = |cell: &JournalCell| batch.columns.get(cell.column as usize).cloned().unwrap_or_default();
        let cells = row.cells.iter().map(|cell| (name(cell), cell.after.clone())).collect();
        self.added.push(Added { key: row.key.clone(), cells });
    }
}
