//! Reading a tab and comparing it with a table.

use std::borrow::Cow;
use std::sync::Arc;

use exporter_core::fit::{self, Fitted};
use exporter_core::{Changes, Differ, Error, ErrorKind, ExportSpec, NewColumns, Repair, Table, Value};

use crate::a1;
use crate::client::{Fate, SheetsClient, Tally};
use crate::grid::Grid;
use crate::layout::{self, Layout};
use crate::part::Cells;
use crate::reconcile;
use crate::record::{self, Desk};
use crate::structure::{Structure, Tab};

/// How often a tab may be renamed under our eyes before we give up.
const RENAMED: u32 = 3;

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
        let mut renamed = 0;
        loop {
            let structure = client.structure(tally).await?;
            let Some(tab) = structure.tab(name) else {
                return Ok(Self { structure, grid: Grid::default() });
            };
            match client.values(&a1::quoted(&tab.title), tally).await {
                Ok(grid) => return Ok(Self::apart(structure, grid)),
                // Renamed or deleted since the structure was read.
                Err(failure) if failure.fate() == Fate::Refused && renamed < RENAMED => {
                    client.forget_structure().await;
                    renamed += 1;
                }
                Err(failure) => return Err(client.explain(failure)),
            }
        }
    }

    /// Reads a tab for a plan, unless its cells were read `ahead`. While a write of unknown
    /// outcome is about, cells and markers have to be of one moment.
    pub async fn with(
        client: &SheetsClient,
        name: &str,
        ahead: Option<Grid>,
        desk: Option<&Desk>,
        tally: &mut Tally,
    ) -> Result<Self, Error> {
        if let (Some(desk), Some(tab)) = (desk, client.structure(tally).await?.tab(name)) {
            let target = record::target(client.spreadsheet(), tab.id);
            if !desk.journal.open(&target).await?.is_empty() {
                return Self::afresh(client, name, tally).await;
            }
        }
        match ahead {
            Some(grid) => Ok(Self::apart(client.structure(tally).await?, grid)),
            None => Self::at(client, name, tally).await,
        }
    }

    /// Structure and cells that were read one after the other: columns may have moved between.
    fn apart(mut structure: Structure, grid: Grid) -> Self {
        structure.tabs.iter_mut().for_each(|tab| tab.hits.clear());
        Self { structure, grid }
    }

    /// Reads a tab and its structure in one call, as they are at one moment: cells and marker
    /// belong together.
    pub async fn afresh(client: &SheetsClient, name: &str, tally: &mut Tally) -> Result<Self, Error> {
        let mut renamed = 0;
        loop {
            let structure = client.structure(tally).await?;
            let Some(tab) = structure.tab(name) else {
                if renamed > 0 {
                    return Ok(Self { structure, grid: Grid::default() });
                }
                client.forget_structure().await;
                renamed += 1;
                continue;
            };
            match client.picture(&a1::quoted(&tab.title), tally).await {
                Ok((now, grid)) if now.id == tab.id => {
                    return Ok(Self { structure: client.structure(tally).await?, grid });
                }
                Err(failure) if failure.fate() != Fate::Refused || renamed == RENAMED => {
                    return Err(client.explain(failure));
                }
                // Renamed, deleted or made anew since the structure was read.
                _ => {
                    client.forget_structure().await;
                    renamed += 1;
                }
            }
        }
    }

    /// The tab, if it is there.
    pub fn tab(&self, name: &str) -> Option<&Tab> {
        self.structure.tab(name)
    }

    /// The table as far as the tab has its columns, or may get them.
    pub fn columns(&self, grid: &Grid, table: &Arc<Table>, spec: &ExportSpec) -> Result<Fitted, Error> {
        let added = match self.tab(&spec.tab) {
            Some(tab) => Layout::find(&self.structure, tab, grid, table, spec)?.missing().to_vec(),
            None => Vec::new(),
        };
        Ok(fit::columns(table, spec, |column| !added.contains(&column)))
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
        // The plan was made from a tab that had all of them.
        if let (NewColumns::Freeze, Some(&column)) = (spec.new_columns, layout.missing().first()) {
            let name = &table.columns()[column].name;
            return Err(Error::new(
                ErrorKind::SheetMoved,
                format!("our column `{name}` is not in the tab any more"),
            )
            .context("tab", layout.title));
        }
        let places: Vec<Option<usize>> = (layout.places.iter().enumerate())
            .map(|(column, &place)| (!layout.added.contains(&column)).then_some(place))
            .collect();
        for row in layout.header + 1..grid.len() {
            differ.stored(u32::try_from(row + 1).unwrap_or(u32::MAX), |column| {
                places[column].map_or(&Value::Empty, |place| grid.at(row, place))
            });
        }
        let mut changes = differ.finish();
        if let Some((desk, spreadsheet)) = desk {
            let target = record::target(spreadsheet, layout.sheet);
            let identity = layout::identity(table, spec);
            let arrived = record::arrived(&layout, &identity, table, grid);
            let last = desk.last_written(&target, &changes, arrived).await?;
            changes.keep_edits(table, &last, &spec.edits);
        }
        Ok((layout, changes))
    }

    /// Finds out what writes of processes that died have left behind. Gives the tab as it
    /// should be seen, and the cells that have to be put back for that.
    pub async fn make_up(
        &self,
        name: &str,
        desk: &Desk,
        spreadsheet: &str,
    ) -> Result<(Cow<'_, Grid>, Cells), Error> {
        let (mut whole, mut cells) = (Cow::Borrowed(&self.grid), Cells::new());
        let Some(tab) = self.tab(name) else { return Ok((whole, cells)) };
        let open = desk.journal.open(&record::target(spreadsheet, tab.id)).await?;
        let landed = |id: &str| tab.markers.iter().any(|marker| marker.token == id);
        // What was still to be made up for, a later write took over: the last one that happened
        // tells all, or else the last one that was to happen.
        let last = open.iter().rposition(|batch| landed(&batch.id));
        let telling = last.unwrap_or(open.len().saturating_sub(1));
        for (index, batch) in open.iter().enumerate().skip(last.unwrap_or(0)) {
            let Some(mut attempt) = record::recover(batch) else { continue };
            let landed = landed(&batch.id);
            if index == telling {
                let settled = reconcile::settle(&attempt, self.grid.clone(), Some(tab), landed);
                (whole, cells) = (Cow::Owned(settled.whole), settled.cells);
            }
            if !landed {
                attempt.rebase(&self.grid, Some(tab));
                desk.rebase(batch, &attempt).await?;
            }
        }
        Ok((whole, cells))
    }

    /// Tells the journal what of the open writes arrived, as far as a picture of the tab shows
    /// it. Those are settled that nothing is left to make up for.
    pub async fn tell(
        &self,
        (layout, whole): (&Layout, &Grid),
        table: &Table,
        spec: &ExportSpec,
        (desk, spreadsheet): (&Desk, &str),
        done: bool,
    ) -> Result<(), Error> {
        let identity = layout::identity(table, spec);
        let arrived = record::arrived(layout, &identity, table, whole);
        let target = record::target(spreadsheet, layout.sheet);
        if done {
            desk.close(&target, layout.last.as_ref().map(|marker| marker.id), arrived).await
        } else {
            desk.tell(&target, &layout.markers, arrived).await
        }
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
