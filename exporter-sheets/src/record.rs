//! What the journal is told of a write, and what it tells after a crash.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use exporter_core::compare::same;
use exporter_core::{
    BatchState, Changes, Clock, Error, ErrorKind, Journal, JournalBatch, JournalCell, JournalRow,
    LastWritten, Origin, Plan, RowChange, RowKey, RowUpdate, Table, Value,
};

use serde_json::Value as Json;

use crate::attempt::Attempt;
use crate::changes::Change;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::part::Part;
use crate::structure::Marker;

/// After this long a write that was sent can't happen any more: Google gives a request up
/// after three minutes.
const TOO_LATE: chrono::TimeDelta = chrono::TimeDelta::minutes(10);
/// Up to this many cells the whole tab is taken down with a write that changes cells.
const WHOLE: usize = 300_000;

/// The journal and the clock that dates its batches.
#[derive(Clone)]
pub struct Desk {
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// The name of a tab that outlives its title.
pub fn target(spreadsheet: &str, sheet: i64) -> String {
    format!("google-sheets:{spreadsheet}/{sheet}")
}

impl Desk {
    /// What was last written into the rows that a comparison found different. A write that
    /// nobody settled yet counts as far as it can be seen.
    pub async fn last_written(
        &self,
        target: &str,
        changes: &Changes,
        arrived: impl Fn(&JournalBatch, &JournalRow, &JournalCell) -> bool,
    ) -> Result<LastWritten, Error> {
        if changes.updates.is_empty() {
            return Ok(LastWritten::new());
        }
        let mut last = self.journal.last_written(target, &changes.updated_keys()).await?;
        for batch in self.journal.open(target).await? {
            for row in &batch.rows {
                for cell in row.cells.iter().filter(|cell| arrived(&batch, row, cell)) {
                    let name = batch.columns.get(cell.column as usize).cloned().unwrap_or_default();
                    last.entry(row.key.clone()).or_default().insert(name, cell.after.clone());
                }
            }
        }
        Ok(last)
    }

    /// Takes a write of unknown outcome down anew, with what it hits should it happen now.
    pub async fn rebase(&self, batch: &JournalBatch, attempt: &Attempt) -> Result<(), Error> {
        let recovery = serde_json::to_value(needed(attempt)).unwrap_or_default();
        self.journal.begin(&JournalBatch { recovery, ..batch.clone() }).await
    }

    /// Takes a write down before it is sent.
    pub async fn begin(&self, batch: &JournalBatch) -> Result<(), Error> {
        self.journal.begin(batch).await
    }

    /// Says what became of a write.
    pub async fn settle(&self, batch: &JournalBatch, state: BatchState) -> Result<(), Error> {
        self.journal.settle(&batch.id, state).await
    }

    /// Settles the writes that are open up to a marker: each as far as it arrived. Those of
    /// later ones that cannot happen any more are dropped.
    pub async fn close(
        &self,
        target: &str,
        marker: Option<i64>,
        arrived: impl Fn(&JournalBatch, &JournalRow, &JournalCell) -> bool,
    ) -> Result<(), Error> {
        for batch in self.journal.open(target).await? {
            if marker.is_some_and(|marker| marker >= batch.marker) {
                let kept =
                    JournalBatch { recovery: Json::Null, rows: rows(&batch, &arrived), ..batch.clone() };
                let nothing = kept.rows.is_empty() && !batch.rows.is_empty();
                if kept.rows != batch.rows {
                    self.journal.begin(&kept).await?;
                }
                self.settle(&kept, if nothing { BatchState::Dropped } else { BatchState::Committed }).await?;
            } else if self.clock.now() - batch.at > TOO_LATE {
                self.settle(&batch, BatchState::Dropped).await?;
            }
        }
        Ok(())
    }

    /// Takes of the writes that happened and are not settled yet what arrived: later it could
    /// not be told from what people type. How to make up for the rest is kept.
    pub async fn tell(
        &self,
        target: &str,
        markers: &[Marker],
        arrived: impl Fn(&JournalBatch, &JournalRow, &JournalCell) -> bool,
    ) -> Result<(), Error> {
        for mut batch in self.journal.open(target).await? {
            let happened = markers.iter().any(|marker| marker.token == batch.id);
            if happened && !is_told(&batch) {
                let (kept, inserted) = (rows(&batch, &arrived), inserted_rows(&batch));
                batch.rows = kept;
                batch.recovery["rows"] = serde_json::to_value(inserted).unwrap_or_default();
                batch.recovery["told"] = Json::Bool(true);
                self.journal.begin(&batch).await?;
                // The later one took over what was left to be made up for.
                self.close_told(target, batch.marker).await?;
            }
        }
        Ok(())
    }

    /// What the list of changes has got from writes that happened and are not settled yet.
    pub async fn listed(&self, target: &str, markers: &[Marker]) -> Result<Vec<Change>, Error> {
        let open = self.journal.open(target).await?;
        let happened =
            |batch: &&JournalBatch| is_told(batch) || markers.iter().any(|marker| marker.token == batch.id);
        let changes = open.iter().filter(happened).map(|batch| &batch.recovery["changes"]);
        let changes = changes.filter(|changes| changes.is_array());
        let read = |changes: &Json| serde_json::from_value::<Vec<Change>>(changes.clone());
        let changes: Result<Vec<Vec<Change>>, _> = changes.map(read).collect();
        let unreadable = |error| Error::new(ErrorKind::Internal, "the journal cannot be read").source(error);
        Ok(changes.map_err(unreadable)?.concat())
    }

    /// Settles writes before the one of a marker that are known to have happened.
    pub async fn close_told(&self, target: &str, marker: i64) -> Result<(), Error> {
        let is_told = |batch: &JournalBatch| is_told(batch) && batch.marker < marker;
        for batch in self.journal.open(target).await?.iter().filter(|batch| is_told(batch)) {
            let state = if batch.rows.is_empty() { BatchState::Dropped } else { BatchState::Committed };
            self.settle(batch, state).await?;
        }
        Ok(())
    }
}

/// The cells of a batch that arrived.
fn rows(
    batch: &JournalBatch,
    arrived: impl Fn(&JournalBatch, &JournalRow, &JournalCell) -> bool,
) -> Vec<JournalRow> {
    let mut rows = batch.rows.clone();
    for row in &mut rows {
        let all = std::mem::take(&mut row.cells);
        row.cells = all.into_iter().filter(|cell| arrived(batch, row, cell)).collect();
    }
    rows.retain(|row| !row.cells.is_empty());
    rows
}

/// Whether the rows of a batch are those that arrived.
fn is_told(batch: &JournalBatch) -> bool {
    batch.recovery["told"] == true
}

/// What the journal is told of a part of a plan.
pub fn batch(
    attempt: &Attempt,
    part: &Part,
    updates: &[RowUpdate],
    plan: &Plan,
    about: About,
) -> JournalBatch {
    let table = &plan.table;
    let changed = updates.iter().map(|update| updated(attempt, part, update, table));
    let mut rows: Vec<JournalRow> = changed.filter(|row| !row.cells.is_empty()).collect();
    rows.extend(part.inserts.iter().filter_map(|&row| inserted(row, &attempt.identity, table)));
    JournalBatch {
        id: attempt.layout.next.token.clone(),
        run: plan.run.clone(),
        export: plan.export.clone(),
        target: about.target,
        place: plan.target.clone(),
        chunk: about.chunk,
        marker: attempt.layout.next.id,
        at: about.at,
        file: plan.file.clone(),
        columns: attempt.names.clone(),
        rows,
        recovery: serde_json::to_value(needed(attempt)).unwrap_or_default(),
    }
}

/// What of a batch is not in the plan.
pub struct About {
    /// The tab: [`target`].
    pub target: String,
    /// Which part it is.
    pub chunk: u32,
    /// Now.
    pub at: chrono::DateTime<chrono::Utc>,
}

fn updated(attempt: &Attempt, part: &Part, update: &RowUpdate, table: &Table) -> JournalRow {
    let row = update.stored_row as usize - 1;
    let sent = update.cells.iter().filter(|cell| {
        let place = (row, attempt.layout.places[cell.column as usize]);
        // Or it came there with a write that went astray.
        part.cells.contains_key(&place)
            || (!attempt.is_new(place) && same(&cell.after, attempt.before.at(place.0, place.1)))
    });
    JournalRow {
        key: update.key.clone(),
        change: RowChange::Updated,
        origin: table.origin(update.row as usize),
        cells: sent
            .map(|cell| JournalCell {
                column: cell.column,
                before: cell.before.clone(),
                after: cell.after.clone(),
            })
            .collect(),
    }
}

fn inserted(row: u32, identity: &[usize], table: &Table) -> Option<JournalRow> {
    let cells = table.row(row as usize);
    let origin: Origin = table.origin(row as usize);
    Some(JournalRow {
        key: RowKey::of(identity.iter().map(|&column| &cells[column]))?,
        change: RowChange::Inserted,
        origin,
        cells: (0..)
            .zip(cells)
            .map(|(column, value)| JournalCell { column, before: Value::Empty, after: value.clone() })
            .collect(),
    })
}

/// The attempt as it is needed after a crash: a large tab without the cells of rows with a
/// key that were not to change, since they are found again by it.
fn needed(attempt: &Attempt) -> Attempt {
    let header = attempt.layout.header;
    let before = if attempt.stamps.is_empty() {
        // What is only inserted hits nothing.
        attempt.before.only(|row| (row == header).then_some(Vec::new()))
    } else if attempt.before.cells() > WHOLE {
        let mut columns = attempt.key_columns();
        columns.extend(attempt.cells.keys().map(|place| place.1));
        columns.sort_unstable();
        columns.dedup();
        let is_keyed = |row: usize| {
            let key = || attempt.layout.key(&attempt.identity, |place| attempt.before.at(row, place));
            attempt.keyed && row > header && key().is_some()
        };
        attempt.before.only(|row| Some(if is_keyed(row) { columns.clone() } else { Vec::new() }))
    } else {
        attempt.before.clone()
    };
    Attempt {
        layout: attempt.layout.clone(),
        identity: attempt.identity.clone(),
        keyed: attempt.keyed,
        before,
        cells: attempt.cells.clone(),
        restores: attempt.restores.clone(),
        stamps: attempt.stamps.clone(),
        told: attempt.told,
        changes: attempt.changes.clone(),
        keyless: BTreeMap::new(),
        names: Vec::new(),
        rows: Vec::new(),
    }
}

/// The attempt that a batch was, from what the journal kept of it.
pub fn recover(batch: &JournalBatch) -> Option<Attempt> {
    let mut attempt: Attempt = serde_json::from_value(batch.recovery.clone()).ok()?;
    attempt.names.clone_from(&batch.columns);
    if !attempt.told {
        attempt.rows = inserted_rows(batch);
    }
    Some(attempt)
}

/// The rows that a batch was to insert.
fn inserted_rows(batch: &JournalBatch) -> Vec<Vec<Value>> {
    let inserted = batch.rows.iter().filter(|row| row.change == RowChange::Inserted);
    inserted.map(|row| row.cells.iter().map(|cell| cell.after.clone()).collect()).collect()
}

/// Tells whether a cell of a batch came into the tab as the batch meant it: it is there, or
/// the batch happened and people have typed over it since.
pub fn arrived<'a>(
    layout: &'a Layout,
    identity: &[usize],
    table: &'a Table,
    grid: &'a Grid,
) -> impl Fn(&JournalBatch, &JournalRow, &JournalCell) -> bool + use<'a> {
    let identity = identity.to_vec();
    let find = move || -> HashMap<RowKey, usize> {
        let keys = (layout.header + 1..grid.len()).rev();
        keys.filter_map(|row| Some((layout.key(&identity, |place| grid.at(row, place))?, row))).collect()
    };
    // Mostly nobody asks.
    let rows = OnceLock::new();
    move |batch, row, cell| {
        if is_told(batch) {
            return true;
        }
        let name = batch.columns.get(cell.column as usize);
        let column = name.and_then(|name| table.position(name));
        let place = rows.get_or_init(&find).get(&row.key).zip(column.map(|column| layout.places[column]));
        let Some((&row, column)) = place else { return false };
        let there = grid.at(row, column);
        // Of the writes of one marker only one can have happened.
        match layout.markers.iter().find(|marker| marker.id == batch.marker) {
            Some(marker) if marker.token != batch.id => false,
            Some(_) => !same(&cell.before, there),
            None => {
                same(&cell.after, there) && layout.last.as_ref().is_some_and(|last| last.id > batch.marker)
            }
        }
    }
}
