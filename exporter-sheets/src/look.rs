//! Reading a tab and comparing it with a table.

use exporter_core::{BatchState, Changes, Differ, Error, ErrorKind, ExportSpec, Repair, Table, Value};

use crate::a1;
use crate::client::{Fate, SheetsClient, Tally};
use crate::grid::Grid;
use crate::layout::{self, Layout};
use crate::part::Cells;
use crate::reconcile;
use crate::record::{self, Desk};
use crate::structure::{Structure, Tab};

/// After this long a write that was sent can't happen any more: Google gives a request up
/// after three minutes.
const TOO_LATE: chrono::TimeDelta = chrono::TimeDelta::minutes(10);

/// What was read of a tab.
pub struct Look {
    /// The whole spreadsheet's structure.
    pub structure: Structure,
    /// The cells; none for a tab that is not there.
    pub grid: Grid,
}

impl Look {
    /// Reads a tab, wherever people renamed it to.
    pub async fn at(client: &SheetsClient, name: &str, tally: &mut Tally) -> Result<Self, Error> {
        let mut fresh = false;
        loop {
            let structure = client.structure(tally).await?;
            let Some(tab) = structure.tab(name) else {
                return Ok(Self { structure, grid: Grid::default() });
            };
            match client.values(&a1::quoted(&tab.title), tally).await {
                Ok(grid) => return Ok(Self { structure, grid }),
                // Renamed or deleted since the structure was read.
                Err(failure) if failure.fate() == Fate::Refused && !fresh => {
                    client.forget_structure().await;
                    fresh = true;
                }
                Err(failure) => return Err(client.explain(failure)),
            }
        }
    }

    /// The tab, if it is there.
    pub fn tab(&self, name: &str) -> Option<&Tab> {
        self.structure.tab(name)
    }

    /// Compares a picture of the tab with a table; edits of people are kept as the rules of
    /// the export say.
    pub async fn compare(
        &self,
        grid: &Grid,
        table: &Table,
        spec: &ExportSpec,
        desk: Option<(&Desk, &str)>,
    ) -> Result<(Layout, Changes), Error> {
        let mut differ = Differ::new(table, spec)?;
        let layout = match self.tab(&spec.tab) {
            None => Layout::new_tab(&self.structure, &spec.tab, table),
            Some(tab) => Layout::find(&self.structure, tab, grid, table, spec)?,
        };
        let mut cells: Vec<Value> = Vec::with_capacity(table.width());
        for row in layout.header + 1..grid.len() {
            cells.clear();
            cells.extend(layout.places.iter().enumerate().map(|(column, &place)| {
                if layout.added.contains(&column) { Value::Empty } else { grid.at(row, place).clone() }
            }));
            differ.stored(u32::try_from(row + 1).unwrap_or(u32::MAX), &cells);
        }
        let mut changes = differ.finish();
        if let Some((desk, spreadsheet)) = desk {
            let target = record::target(spreadsheet, layout.sheet);
            let last = desk.last_written(&target, &changes).await?;
            changes.keep_edits(table, &last, &spec.edits);
        }
        // Where people moved the rest of a new column away, its updates stand beside it.
        Ok((layout, changes))
    }

    /// Settles writes of processes that died. Gives the tab as it should be seen, and the
    /// cells that have to be put back for that.
    pub async fn settle_open(
        &self,
        table: &Table,
        spec: &ExportSpec,
        desk: &Desk,
        spreadsheet: &str,
    ) -> Result<(Grid, Cells), Error> {
        let (mut whole, mut cells) = (self.grid.clone(), Cells::new());
        let Some(tab) = self.tab(&spec.tab) else { return Ok((whole, cells)) };
        for batch in desk.journal.open(&record::target(spreadsheet, tab.id)).await? {
            let marker = tab.marker.as_ref();
            if marker.is_some_and(|marker| marker.token == batch.id) {
                if let Some(attempt) = record::recover(&batch) {
                    let settled = reconcile::settle(&attempt, whole, true);
                    cells.extend(settled.cells);
                    whole = settled.whole;
                }
                let layout = Layout::find(&self.structure, tab, &whole, table, spec)?;
                let identity = layout::identity(table, spec);
                // Against what really is there: what strayed has not arrived.
                let arrived = record::arrived(&layout, &identity, table, &self.grid);
                desk.commit_arrived(&batch, |row, cell| arrived(&batch, row, cell)).await?;
            } else if marker.is_some_and(|marker| marker.id >= batch.marker)
                || desk.clock.now() - batch.at > TOO_LATE
            {
                desk.settle(&batch, BatchState::Dropped).await?;
            }
        }
        Ok((whole, cells))
    }

    /// Cells to put back as part of a plan.
    pub fn repairs(&self, cells: &Cells) -> Result<Vec<Repair>, Error> {
        let number = |number: usize| {
            u32::try_from(number)
                .map_err(|_| Error::new(ErrorKind::TooLarge, "a sheet of more than 4,294,967,295 rows"))
        };
        let repair = |(&(row, column), after): (&(usize, usize), &Value)| {
            Ok(Repair {
                stored_row: number(row + 1)?,
                stored_column: number(column)?,
                before: self.grid.at(row, column).clone(),
                after: after.clone(),
            })
        };
        cells.iter().map(repair).collect()
    }
}

/// The cells that a comparison changes, by the sheet's row and column.
pub fn changed_cells(layout: &Layout, changes: &Changes) -> Cells {
    let updates = changes.updates.iter().flat_map(|update| {
        let row = update.stored_row as usize - 1;
        update.cells.iter().map(move |cell| (row, cell))
    });
    updates.map(|(row, cell)| ((row, layout.places[cell.column as usize]), cell.after.clone())).collect()
}

/// The cells that a plan puts back.
pub fn repaired_cells(changes: &Changes) -> Cells {
    let cells = changes.repairs.iter();
    cells
        .map(|repair| ((repair.stored_row as usize - 1, repair.stored_column as usize), repair.after.clone()))
        .collect()
}
