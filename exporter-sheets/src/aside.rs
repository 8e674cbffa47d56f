//! Taking rows away that a run added, without ever losing another one.
//!
//! A request deletes rows by position, and people may sort in that very second. So the rows are
//! cut into a tab of their own by the request that deletes them, with formats and formulas;
//! only when that tab shows exactly the rows that were meant is it deleted. What was not meant
//! goes back. A process that dies in between leaves that tab, and the next undo puts back what
//! is in it before it begins anew.

use std::collections::HashMap;

use compact_str::CompactString;
use exporter_core::compare::same;
use exporter_core::{Error, ErrorKind, ExportSpec, JournalBatch, RowKey, Table, Value};
use hyper::body::Bytes;
use serde_json::{Value as Json, json};

use crate::a1;
use crate::batch::{answer_fields, commit};
use crate::client::{Failure, Fate, Tally};
use crate::grid::Grid;
use crate::layout::{self, Layout, new_id};
use crate::look::Look;
use crate::sink::SheetsSink;
use crate::structure::{ASIDE, Structure, Tab};
use crate::undo::Undo;

/// How often people may move rows under it before it is given up.
const ROUNDS: usize = 4;

/// A row that a run added, as it was written.
#[derive(Debug, Clone)]
pub struct Added {
    /// Its key.
    pub key: RowKey,
    /// Its cells by the names of their columns.
    pub cells: Vec<(CompactString, Value)>,
}

/// A row to take away: where it is, and what must be in it.
struct Target {
    row: usize,
    cells: HashMap<usize, Value>,
}

impl Target {
    /// Whether a row holds what was written and nothing else; formulas count as themselves.
    fn is(&self, grid: &Grid, row: usize) -> bool {
        let width = grid.row(row).len().max(self.cells.keys().max().map_or(0, |last| last + 1));
        (0..width).all(|column| same(self.cells.get(&column).unwrap_or(&Value::Empty), grid.at(row, column)))
    }
}

impl SheetsSink {
    /// Takes away the rows that an undo is to take away, as far as nobody touched them; gives
    /// how many went.
    ///
    /// # Errors
    /// Whatever reading or writing ends in. Nothing is lost then: the same undo once more
    /// finishes it.
    pub async fn take_rows(&self, undo: &Undo) -> Result<usize, Error> {
        let (mut tally, mut taken) = (Tally::default(), 0);
        if undo.added.is_empty() {
            return Ok(0);
        }
        for _ in 0..ROUNDS {
            self.client.forget_structure().await;
            let look = Look::afresh(&self.client, &undo.tab, &mut tally).await?;
            let Some(tab) = look.tab(&undo.tab) else { break };
            if let Some(left) = aside_of(&look.structure, tab.id) {
                self.put_back(tab, left, None, &mut tally).await?;
                continue;
            }
            let mut layout = Layout::find(&look.structure, tab, &look.grid, &undo.plan.table, &undo.spec)?;
            let targets = targets_of(undo, &layout, &look.grid);
            if targets.is_empty() {
                break;
            }
            layout.renew_token(self.clock.now().timestamp());
            let id = new_id(|id| look.structure.tabs.iter().any(|tab| tab.id == id));
            let title = format!("exporter undo {}", &layout.next.token[..6]);
            let requests = cut(&layout, tab, &targets, (id, &title));
            match self.send(requests, &mut tally).await {
                Ok(()) => {}
                // Sorted out by the next look: the rows are there, or in their own tab.
                Err(failure) if failure.fate() == Fate::Unknown || failure.fate() == Fate::Refused => {
                    continue;
                }
                Err(failure) => return Err(self.client.explain(failure)),
            }
            let aside = Tab { id, title, aside: Some(tab.id), rows: targets.len(), ..Tab::default() };
            let right = self.put_back(tab, &aside, Some(&targets), &mut tally).await?;
            taken += right;
            if right == targets.len() {
                break;
            }
        }
        self.client.forget_structure().await;
        Ok(taken)
    }

    /// Puts rows back that an undo has set aside and could not finish with. To be done before
    /// a way back is planned anew.
    ///
    /// # Errors
    /// Whatever reading or writing ends in.
    pub async fn put_back_rows(&self, batches: &[JournalBatch], spec: &ExportSpec) -> Result<(), Error> {
        let mut tally = Tally::default();
        let spec = self.spec_of(batches, spec, &mut tally).await?;
        let structure = self.client.structure(&mut tally).await?;
        if let Some(tab) = structure.tab(&spec.tab)
            && let Some(left) = aside_of(&structure, tab.id)
        {
            self.put_back(tab, left, None, &mut tally).await?;
        }
        self.client.forget_structure().await;
        Ok(())
    }

    /// Puts back what does not belong into a tab of rows set aside, and deletes that tab; gives
    /// how many rows did belong there. Without `targets` none does.
    async fn put_back(
        &self,
        tab: &Tab,
        aside: &Tab,
        targets: Option<&[Target]>,
        tally: &mut Tally,
    ) -> Result<usize, Error> {
        let range = a1::quoted(&aside.title);
        let cells =
            self.client.formulas(&range, tally).await.map_err(|failure| self.client.explain(failure))?;
        let meant = |row: usize| targets.is_some_and(|targets| targets[row].is(&cells, row));
        let (right, wrong): (Vec<usize>, Vec<usize>) = (0..aside.rows).partition(|&row| meant(row));
        let mut requests = Vec::new();
        // From the last one on, so that those before stay where they were.
        for &row in wrong.iter().filter(|&&row| !cells.is_blank(row)) {
            let at =
                targets.map_or(tab.frozen.max(1), |targets| targets[row].row).min(tab.rows.saturating_sub(1));
            let at = at.max(1);
            let rows =
                json!({ "sheetId": tab.id, "dimension": "ROWS", "startIndex": at, "endIndex": at + 1 });
            requests.push(json!({ "insertDimension": { "range": rows, "inheritFromBefore": true } }));
            requests.push(paste((aside.id, row), (tab.id, at)));
        }
        requests.push(json!({ "deleteSheet": { "sheetId": aside.id } }));
        for _ in 0..ROUNDS {
            let Err(failure) = self.send(requests.clone(), tally).await else { return Ok(right.len()) };
            self.client.forget_structure().await;
            let structure = self.client.structure(tally).await?;
            if structure.tabs.iter().all(|tab| tab.id != aside.id) {
                return Ok(right.len());
            }
            if !matches!(failure.fate(), Fate::Busy | Fate::Unknown) {
                return Err(self.client.explain(failure).hint(still_there(&aside.title)));
            }
            tokio::time::sleep(self.client.pause(&failure, 1)).await;
        }
        Err(Error::new(ErrorKind::OutcomeUnknown, "rows that are to be taken away are set aside")
            .context("tab", aside.title.clone())
            .hint(still_there(&aside.title)))
    }

    async fn send(&self, requests: Vec<Json>, tally: &mut Tally) -> Result<(), Failure> {
        let body = json!({ "requests": requests, "includeSpreadsheetInResponse": false });
        let body = Bytes::from(body.to_string());
        self.client.write(&body, &answer_fields(), tally).await.map(|_| ())
    }
}

/// The rows that are still as the run wrote them, from the top.
fn targets_of(undo: &Undo, layout: &Layout, grid: &Grid) -> Vec<Target> {
    let rows = rows_by_key(&undo.plan.table, layout, &undo.spec, grid);
    let place = |name: &str| undo.plan.table.position(name).map(|column| layout.places[column]);
    let target = |added: &Added| {
        let [row] = rows.get(&added.key)?[..] else { return None };
        let cells = added.cells.iter().map(|(name, value)| Some((place(name)?, value.clone())));
        let target = Target { row, cells: cells.collect::<Option<_>>()? };
        target.is(grid, row).then_some(target)
    };
    let mut targets: Vec<Target> = undo.added.iter().filter_map(target).collect();
    targets.sort_unstable_by_key(|target| target.row);
    targets
}

/// The rows of each key.
pub fn rows_by_key(
    table: &Table,
    layout: &Layout,
    spec: &ExportSpec,
    grid: &Grid,
) -> HashMap<RowKey, Vec<usize>> {
    let identity = layout::identity(table, spec);
    let mut rows: HashMap<RowKey, Vec<usize>> = HashMap::new();
    for row in layout.header + 1..grid.len() {
        if let Some(key) = layout.key(&identity, |place| grid.at(row, place)) {
            rows.entry(key).or_default().push(row);
        }
    }
    rows
}

/// The tab with rows of this one, left by a process that died.
fn aside_of(structure: &Structure, sheet: i64) -> Option<&Tab> {
    structure.tabs.iter().find(|tab| tab.aside == Some(sheet))
}

fn still_there(title: &str) -> String {
    format!(
        "nothing is lost: run the same undo once more, or copy the rows out of the tab `{title}` and delete it"
    )
}

/// Cuts rows into a tab of their own and deletes them, with the marker of a commit.
fn cut(layout: &Layout, tab: &Tab, targets: &[Target], (id, title): (i64, &str)) -> Vec<Json> {
    let grid = json!({ "rowCount": targets.len(), "columnCount": tab.columns });
    let properties = json!({ "sheetId": id, "title": title, "gridProperties": grid });
    let mut requests = vec![json!({ "addSheet": { "properties": properties } })];
    requests.push(json!({ "createDeveloperMetadata": { "developerMetadata": {
        "metadataKey": ASIDE,
        "metadataValue": tab.id.to_string(),
        "location": { "sheetId": id },
        "visibility": "DOCUMENT",
    } } }));
    if tab.rows <= layout.header + 1 + targets.len() {
        // Google keeps one row below those that are frozen.
        requests.push(json!({ "appendDimension": { "sheetId": tab.id, "dimension": "ROWS", "length": 1 } }));
    }
    for (place, target) in targets.iter().enumerate().rev() {
        requests.push(paste((tab.id, target.row), (id, place)));
        let range = json!({ "sheetId": tab.id, "dimension": "ROWS", "startIndex": target.row, "endIndex": target.row + 1 });
        requests.push(json!({ "deleteDimension": { "range": range } }));
    }
    requests.extend(commit(layout));
    requests
}

/// Moves a whole row, however many columns there are by then.
fn paste((from, row): (i64, usize), (to, at): (i64, usize)) -> Json {
    json!({ "cutPaste": {
        "source": { "sheetId": from, "startRowIndex": row, "endRowIndex": row + 1 },
        "destination": { "sheetId": to, "rowIndex": at, "columnIndex": 0 },
        "pasteType": "PASTE_NORMAL",
    } })
}
