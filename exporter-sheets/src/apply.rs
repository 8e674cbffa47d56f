//! Carrying out a plan: one write, its proof, and the way back to right when people moved
//! rows under it or its answer was lost.

use std::collections::HashMap;
use std::time::Duration;

use exporter_core::compare::same;
use exporter_core::{Changes, Error, ErrorKind, Plan, Receipt, RowKey, Value};
use serde_json::Value as Json;

use crate::batch::{Batch, Cells, answer_fields};
use crate::client::{Failure, SheetsClient, Tally};
use crate::layout::{self, Layout};
use crate::sink::{Compared, State, changed_cells, compare, read_rows};
use crate::structure::Tab;
use crate::{a1, wire};

/// How often moved rows are repaired before we give up.
const ROUNDS: u32 = 5;
/// How often a write of unknown outcome is settled by reading.
const SETTLES: u32 = 4;

/// One plan being carried out.
pub struct Applier<'a> {
    client: &'a SheetsClient,
    plan: &'a Plan,
    state: State,
    identity: Vec<usize>,
    tally: Tally,
    notes: Vec<String>,
}

/// What can be seen of the tab after a write, by the sheet's row and column.
type Seen = HashMap<(usize, usize), Value>;

impl<'a> Applier<'a> {
    pub fn new(client: &'a SheetsClient, plan: &'a Plan, state: State) -> Self {
        let identity = layout::identity(&plan.table, &state.spec);
        Self { client, plan, state, identity, tally: Tally::default(), notes: Vec::new() }
    }

    fn keyed(&self) -> bool {
        !self.state.spec.key.is_empty()
    }

    /// Writes and proves. `snapshot` is what the plan was made from, if this process read it.
    pub async fn run(mut self, snapshot: Option<Vec<Json>>) -> Result<Receipt, Error> {
        let mut before = match snapshot {
            Some(rows) => rows,
            None if self.plan.changes.updates.is_empty() => Vec::new(),
            None => self.reread().await?,
        };
        let mut layout = self.state.layout.clone();
        let mut changes = self.plan.changes.clone();
        let mut cells = changed_cells(&layout, &changes);
        for _ in 0..ROUNDS {
            let seen = self.write(&layout, &changes, &cells).await?;
            let wrong = self.wrong_rows(&layout, &changes, &cells, &seen)?;
            if wrong.is_empty() {
                return Ok(self.receipt());
            }
            let structure = self.client.structure(&mut self.tally).await?;
            let tab = &self.state.spec.tab;
            let now = read_rows(self.client, &structure, tab, &mut self.tally).await?;
            let (whole, restored) = self.put_back(&layout, &before, now, &cells, &wrong);
            let Compared { layout: found, changes: left } =
                compare(&structure, &whole, &self.plan.table, &self.state.spec)?;
            cells = restored;
            cells.extend(changed_cells(&found, &left));
            if cells.is_empty() && left.inserts.is_empty() {
                return Ok(self.receipt());
            }
            (layout, changes, before) = (found, left, whole);
        }
        Err(self.moved("people moved rows each time we wrote"))
    }

    /// Reads the tab for a plan made elsewhere, and refuses it when the sheet has moved.
    async fn reread(&mut self) -> Result<Vec<Json>, Error> {
        let structure = self.client.structure(&mut self.tally).await?;
        let rows = read_rows(self.client, &structure, &self.state.spec.tab, &mut self.tally).await?;
        let now = compare(&structure, &rows, &self.plan.table, &self.state.spec)?;
        let same_place =
            now.layout.places == self.state.layout.places && now.layout.end == self.state.layout.end;
        if same_place && now.changes == self.plan.changes {
            return Ok(rows);
        }
        Err(self.moved("the tab has changed since the plan was made"))
    }

    fn moved(&self, what: &str) -> Error {
        Error::new(ErrorKind::SheetMoved, what.to_owned()).context("tab", self.state.spec.tab.clone())
    }

    fn receipt(self) -> Receipt {
        let changes = &self.plan.changes;
        Receipt {
            inserted: changes.inserts.len(),
            updated: changes.updates.len(),
            cells: changes.updates.iter().map(|update| update.cells.len()).sum(),
            calls: self.tally.calls,
            bytes: self.tally.bytes,
            verified: true,
            notes: self.notes,
        }
    }

    /// Sends the batch until it is known to have happened; gives what is there then.
    async fn write(&mut self, layout: &Layout, changes: &Changes, cells: &Cells) -> Result<Seen, Error> {
        let batch = Batch {
            layout,
            table: &self.plan.table,
            inserts: &changes.inserts,
            cells,
            identity: &self.identity,
            keyed: self.keyed(),
        };
        let body = batch.body();
        let mut unknown: Option<Failure> = None;
        for attempt in 0..SETTLES {
            let failure = match self.client.write(&body, &answer_fields(), &mut self.tally).await {
                Ok(answer) => return self.learn(layout, &answer).await,
                Err(failure) => failure,
            };
            self.client.forget_structure().await;
            if failure.had_no_effect() && unknown.is_none() {
                return Err(self.client.explain(failure));
            }
            // Perhaps it happened. The marker tells; a second one of its id is refused, so
            // sending again can't double anything even when the lost one comes late.
            let structure = self.client.structure(&mut self.tally).await?;
            let marker = structure.tab(&layout.title).and_then(|tab| tab.marker.as_ref());
            match marker {
                Some(marker) if *marker == layout.next => {
                    self.notes.push(
                        "Google's answer was lost; reading the sheet showed that the write had happened"
                            .to_owned(),
                    );
                    let rows = read_rows(self.client, &structure, &layout.title, &mut self.tally).await?;
                    return Ok(Self::seen(&rows));
                }
                Some(marker) if Some(marker) != layout.last.as_ref() => {
                    return Err(self.moved("another exporter wrote to the tab at the same time"));
                }
                _ if failure.had_no_effect() => return Err(self.client.explain(failure)),
                _ => unknown = Some(failure),
            }
            tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
        }
        let why = unknown.map(|failure| self.client.explain(failure).to_string()).unwrap_or_default();
        Err(Error::new(ErrorKind::GoogleDown, format!("the rows could not be written: {why}"))
            .context("tab", self.state.spec.tab.clone())
            .hint("run again later: what is in the sheet by then is found and not written twice"))
    }

    fn seen(rows: &[Json]) -> Seen {
        let mut seen = Seen::new();
        for (row, cells) in rows.iter().enumerate() {
            for (column, cell) in cells.as_array().into_iter().flatten().enumerate() {
                seen.insert((row, column), wire::read(cell));
            }
        }
        seen
    }

    /// Takes the tab's state and the proof out of the answer.
    async fn learn(&self, layout: &Layout, answer: &Json) -> Result<Seen, Error> {
        let sheets = answer["updatedSpreadsheet"]["sheets"].as_array().into_iter().flatten();
        let sheet = sheets.into_iter().find(|sheet| sheet["properties"]["sheetId"] == layout.sheet);
        let sheet = sheet.ok_or_else(|| {
            Error::new(ErrorKind::GoogleDown, "Google's answer does not show what was written")
        })?;
        self.client.learn(Tab::read(sheet)).await;
        let index = |value: &Json| value.as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(0);
        let mut seen = Seen::new();
        for block in sheet["data"].as_array().into_iter().flatten() {
            let (top, left) = (index(&block["startRow"]), index(&block["startColumn"]));
            for (row, cells) in block["rowData"].as_array().into_iter().flatten().enumerate() {
                for (column, cell) in cells["values"].as_array().into_iter().flatten().enumerate() {
                    seen.insert((top + row, left + column), wire::read_effective(cell));
                }
            }
        }
        Ok(seen)
    }

    /// Rows in which cells were changed that are not the rows that were meant.
    fn wrong_rows(
        &self,
        layout: &Layout,
        changes: &Changes,
        cells: &Cells,
        seen: &Seen,
    ) -> Result<Vec<usize>, Error> {
        let at = |row: usize, column: usize| seen.get(&(row, column)).cloned().unwrap_or_default();
        for (column, &place) in layout.places.iter().enumerate() {
            let name = &self.plan.table.columns()[column].name;
            if at(layout.header, place).to_string().trim() != name.trim() {
                return Err(Error::new(
                    ErrorKind::SheetLayout,
                    format!("people moved the column `{name}` while we wrote: check the rows by hand"),
                )
                .context("tab", layout.title.clone())
                .context("cell", a1::cell(layout.header, place))
                .hint("the version history of the spreadsheet shows both states"));
            }
        }
        for (offset, &row) in changes.inserts.iter().enumerate() {
            let meant = self.plan.table.row(row as usize);
            let place = |column: usize| at(layout.end + offset, layout.places[column]);
            let there = if self.keyed() {
                layout.key(&self.identity, |place| at(layout.end + offset, place))
                    == RowKey::of(self.identity.iter().map(|&column| &meant[column]))
            } else {
                self.identity.iter().all(|&column| same(&meant[column], &place(column)))
            };
            if !there {
                return Err(self.moved("new rows are not where they were written"));
            }
        }
        let keys: HashMap<usize, &RowKey> =
            changes.updates.iter().map(|update| (update.stored_row as usize - 1, &update.key)).collect();
        let mut rows: Vec<usize> = cells.keys().map(|&(row, _)| row).collect();
        rows.dedup();
        rows.retain(|row| {
            let key = layout.key(&self.identity, |place| at(*row, place));
            keys.get(row).is_some_and(|meant| Some(*meant) != key.as_ref())
        });
        Ok(rows)
    }

    /// Works out what was in cells that we hit by mistake, from what was read before.
    /// Gives the tab as it should be seen, and the cells to write back.
    fn put_back(
        &mut self,
        layout: &Layout,
        before: &[Json],
        mut now: Vec<Json>,
        written: &Cells,
        wrong: &[usize],
    ) -> (Vec<Json>, Cells) {
        let mut restored = Cells::new();
        for &row in wrong {
            let hit: Vec<usize> =
                written.keys().filter(|place| place.0 == row).map(|place| place.1).collect();
            let old = self.row_before(layout, before, &now, row, &hit);
            // Nothing but what we wrote is there: people inserted an empty row.
            let fresh = old.is_none() && only(&now, row, &hit);
            if old.is_none() && !fresh {
                self.notes.push(format!(
                    "row {} was moved here while we wrote and is not known from before: check {}",
                    row + 1,
                    hit.iter().map(|&column| a1::cell(row, column)).collect::<Vec<_>>().join(", ")
                ));
                continue;
            }
            for column in hit {
                let was = old.and_then(|old| before[old].get(column)).cloned();
                let was = was.unwrap_or_else(|| Json::from(""));
                if same(&written[&(row, column)], &layout::at(&now, row, column)) {
                    restored.insert((row, column), wire::read(&was));
                    set(&mut now, row, column, was);
                }
            }
        }
        self.notes.push(format!("people moved rows while we wrote: {} rows were put right", wrong.len()));
        (now, restored)
    }

    /// The row of `before` that stands in `row` now: of the same key, else alike in all
    /// cells that we did not write.
    fn row_before(
        &self,
        layout: &Layout,
        before: &[Json],
        now: &[Json],
        row: usize,
        hit: &[usize],
    ) -> Option<usize> {
        let key = |rows: &[Json], row: usize| {
            if self.keyed() { layout.key(&self.identity, |place| layout::at(rows, row, place)) } else { None }
        };
        let width = |rows: &[Json], row: usize| rows.get(row).and_then(Json::as_array).map_or(0, Vec::len);
        let wanted = key(now, row);
        let mut found = (layout.header + 1..before.len()).filter(|&old| match &wanted {
            Some(_) => key(before, old) == wanted,
            None => (0..width(before, old).max(width(now, row)))
                .filter(|column| !hit.contains(column))
                .all(|column| layout::at(before, old, column) == layout::at(now, row, column)),
        });
        let first = found.next();
        first.filter(|_| found.next().is_none())
    }
}

/// Whether these cells are the only ones of a row that hold anything.
fn only(rows: &[Json], row: usize, columns: &[usize]) -> bool {
    let cells = rows.get(row).and_then(Json::as_array).map_or(0, Vec::len);
    (0..cells).all(|column| columns.contains(&column) || layout::at(rows, row, column).is_empty())
}

fn set(rows: &mut [Json], row: usize, column: usize, value: Json) {
    if let Some(Json::Array(cells)) = rows.get_mut(row) {
        if cells.len() <= column {
            cells.resize(column + 1, Json::from(""));
        }
        cells[column] = value;
    }
}
