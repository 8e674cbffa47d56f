//! The sink: read a tab, work out the changes, write them at once, prove them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use exporter_core::{
    Changes, Differ, Error, ErrorKind, ExportSpec, PLAN_VERSION, Plan, Receipt, Sink, Table, Value,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::a1;
use crate::apply::Applier;
use crate::client::{SheetsClient, Tally};
use crate::layout::{self, Layout};
use crate::structure::Structure;
use crate::wire::MAX_CHARACTERS;

/// Most cells of a spreadsheet.
const MAX_CELLS: usize = 10_000_000;

/// Tabs of a spreadsheet as a sink.
#[derive(Debug)]
pub struct SheetsSink {
    client: Arc<SheetsClient>,
    /// What was read for the last plan of each tab, with the plan's token: needed to put
    /// back what a write hit because people moved rows under it.
    snapshots: Mutex<HashMap<String, (String, Vec<Json>)>>,
    /// Calls that `check` made and no plan has told of yet.
    untold_calls: AtomicU32,
}

/// The sink's own part of a plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// Where everything is.
    pub layout: Layout,
    /// What the export is.
    pub spec: ExportSpec,
}

/// A tab compared with a table.
pub struct Compared {
    /// Where everything is.
    pub layout: Layout,
    /// What is to be done.
    pub changes: Changes,
}

impl SheetsSink {
    /// A sink for the spreadsheet of this client.
    pub fn new(client: Arc<SheetsClient>) -> Self {
        Self { client, snapshots: Mutex::default(), untold_calls: AtomicU32::new(0) }
    }

    fn target(&self, tab: &str) -> String {
        format!("spreadsheet {}, tab `{tab}`", self.client.spreadsheet())
    }
}

/// Compares what was read of a tab with a table.
pub fn compare(
    structure: &Structure,
    rows: &[Json],
    table: &Table,
    spec: &ExportSpec,
) -> Result<Compared, Error> {
    let mut differ = Differ::new(table, spec)?;
    let layout = match structure.tab(&spec.tab) {
        None => Layout::new_tab(structure, &spec.tab, table),
        Some(tab) => Layout::find(structure, tab, rows, table, spec)?,
    };
    let mut cells = Vec::with_capacity(table.width());
    for row in layout.header + 1..rows.len() {
        cells.clear();
        cells.extend(layout.places.iter().map(|&place| layout::at(rows, row, place)));
        differ.stored(u32::try_from(row + 1).unwrap_or(u32::MAX), &cells);
    }
    Ok(Compared { layout, changes: differ.finish() })
}

/// The rows of a tab as they are; none for a tab that is not there.
pub async fn read_rows(
    client: &SheetsClient,
    structure: &Structure,
    tab: &str,
    tally: &mut Tally,
) -> Result<Vec<Json>, Error> {
    let Some(tab) = structure.tab(tab) else { return Ok(Vec::new()) };
    match client.values(&a1::quoted(&tab.title), tally).await? {
        Json::Array(rows) => Ok(rows),
        _ => Ok(Vec::new()),
    }
}

#[async_trait]
impl Sink for SheetsSink {
    async fn check(&self) -> Result<(), Error> {
        let mut tally = Tally::default();
        let checked = self.client.structure(&mut tally).await.map(|_| ());
        self.untold_calls.fetch_add(tally.calls, Ordering::Relaxed);
        checked
    }

    async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan, Error> {
        let mut tally = Tally::default();
        let structure = self.client.structure(&mut tally).await?;
        let read = read_rows(&self.client, &structure, &spec.tab, &mut tally).await;
        let rows = match read {
            Ok(rows) => rows,
            Err(error) => {
                // The tab may have been renamed or deleted since the structure was read.
                self.client.forget_structure().await;
                return Err(error);
            }
        };
        let Compared { layout, changes } = compare(&structure, &rows, table, spec)?;
        check_sizes(&structure, &layout, &changes, table)?;
        let token = layout.next.token.clone();
        let mut snapshots = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        snapshots.remove(&spec.tab);
        if !changes.updates.is_empty() {
            snapshots.insert(spec.tab.clone(), (token, rows));
        }
        drop(snapshots);
        let state = State { layout, spec: spec.clone() };
        Ok(Plan {
            version: PLAN_VERSION,
            export: spec.name.clone(),
            run: String::new(),
            file: None,
            target: self.target(&spec.tab),
            table: Arc::clone(table),
            calls: tally.calls + self.untold_calls.swap(0, Ordering::Relaxed),
            expected_calls: u32::from(!changes.is_empty()),
            notes: notes(&state.layout, table, &changes),
            changes,
            state: serde_json::to_value(&state)
                .map_err(|error| Error::new(ErrorKind::Internal, "a plan cannot be stored").source(error))?,
        })
    }

    async fn apply(&self, plan: &Plan) -> Result<Receipt, Error> {
        if plan.changes.is_empty() {
            return Ok(Receipt { verified: true, ..Receipt::default() });
        }
        let state: State = serde_json::from_value(plan.state.clone()).map_err(|error| {
            Error::new(ErrorKind::Config, "this plan was not made for a spreadsheet").source(error)
        })?;
        let token = state.layout.next.token.as_str();
        let kept = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).remove(&state.spec.tab);
        let snapshot = kept.filter(|(of, _)| of == token).map(|(_, rows)| rows);
        Applier::new(&self.client, plan, state).run(snapshot).await
    }
}

/// Decides before anything is written whether the sheet can hold it.
fn check_sizes(
    structure: &Structure,
    layout: &Layout,
    changes: &Changes,
    table: &Table,
) -> Result<(), Error> {
    let updated = changes.updates.iter().map(|update| update.row);
    for row in changes.inserts.iter().copied().chain(updated) {
        let origin = table.origin(row as usize);
        let cells = table.row(row as usize).iter().zip(table.columns());
        for (cell, column) in cells {
            let long = cell.as_text().is_some_and(|text| {
                text.len() > MAX_CHARACTERS && text.encode_utf16().count() > MAX_CHARACTERS
            });
            if long {
                return Err(Error::new(
                    ErrorKind::SheetFull,
                    format!(
                        "a text in column `{}` is longer than the 50,000 characters of a cell",
                        column.name
                    ),
                )
                .context("page", origin.page.to_string())
                .context("row", origin.line.to_string())
                .hint("shorten the text in the panel"));
            }
        }
    }
    let rows = changes.inserts.len();
    let width = layout.grid.1.max(layout.places.iter().max().map_or(0, |last| last + 1));
    let new = if layout.exists {
        let grown = if layout.bare { (layout.end + rows).saturating_sub(layout.grid.0) } else { rows };
        (layout.grid.0 + grown) * width - layout.grid.0 * layout.grid.1
    } else {
        layout.grid.0 * width
    };
    if structure.cells() + new > MAX_CELLS {
        return Err(Error::new(
            ErrorKind::SheetFull,
            "the spreadsheet would have more than 10,000,000 cells",
        )
        .context("cells now", structure.cells().to_string())
        .context("cells to add", new.to_string())
        .hint("start a new spreadsheet, or delete tabs and empty columns that nobody needs"));
    }
    Ok(())
}

fn notes(layout: &Layout, table: &Table, changes: &Changes) -> Vec<String> {
    let mut notes = Vec::new();
    if !layout.exists && !changes.is_empty() {
        notes.push(format!("the tab `{}` is new", layout.title));
    } else if layout.exists && layout.added.len() < table.width() {
        notes.extend(layout.added.iter().map(|&column| {
            let place = a1::cell(layout.header, layout.places[column]);
            format!("the column `{}` is new: {place}", table.columns()[column].name)
        }));
    }
    notes
}

/// The cells that a plan changes, by the sheet's row and column.
pub fn changed_cells(layout: &Layout, changes: &Changes) -> crate::batch::Cells {
    let cells = changes.updates.iter().flat_map(|update| {
        let row = update.stored_row as usize - 1;
        update.cells.iter().map(move |cell| (row, cell))
    });
    cells
        .map(|(row, cell)| ((row, layout.places[cell.column as usize]), cell.after.clone()))
        .collect::<std::collections::BTreeMap<(usize, usize), Value>>()
}
