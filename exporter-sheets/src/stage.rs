//! Many new rows at once: they go ahead into a hidden tab of their own, in the short form that
//! cells have there, and one atomic write copies them to where they belong.
//!
//! Sending them ahead may be repeated without harm: each row has its place there. That tab is
//! named in these requests by its title, which no other tab ever had or gets, and it goes with
//! the write that copies its last row. So what comes late finds nothing to hit, and what a
//! process leaves behind that died is one hidden tab: the next write takes it away.

use exporter_core::{Error, Table, Value};
use hyper::body::Bytes;
use serde::Serialize;
use serde_json::json;

use crate::a1;
use crate::client::{Failure, Fate, SheetsClient, Tally};
use crate::layout::{Layout, new_id, runs};
use crate::part::{self, Part};
use crate::structure::{LOAD, MAX_CELLS, Structure, Tab};
use crate::wire::Raw;

/// So many more full requests of the long form make it worth while.
const WORTH: usize = 2;
/// How many requests of the short form one write takes over: what the journal is told of it at
/// once has to fit into memory.
const AHEAD: usize = 2;
/// Most cells of such a tab: they count towards the spreadsheet's ten million.
const MOST_CELLS: usize = 2_000_000;

/// Bytes around a row in the short form: brackets and a comma.
const AROUND_ROW: usize = 3;

/// Sends rows ahead, as long as that goes well.
pub struct Stager<'a> {
    client: &'a SheetsClient,
    /// Most bytes of a request.
    bytes: usize,
    open: Option<Stage>,
    given_up: bool,
}

/// The tab that rows wait in.
struct Stage {
    id: i64,
    title: String,
    rows: usize,
    filled: usize,
}

/// Rows that wait.
#[derive(Debug, Clone, Copy)]
pub struct Staged {
    /// Id of their tab.
    pub sheet: i64,
    /// The first one's row, from 0.
    pub row: usize,
}

impl<'a> Stager<'a> {
    pub fn new(client: &'a SheetsClient, bytes: usize) -> Self {
        Self { client, bytes, open: None, given_up: false }
    }

    /// Sends the rows of a part ahead, and as many of those that are left as one write can take
    /// over, if they are enough for that. The part has them then.
    pub async fn send_ahead(
        &mut self,
        (layout, structure): (&Layout, &Structure),
        table: &Table,
        (part, left): (&mut Part, &mut Vec<u32>),
        tally: &mut Tally,
    ) -> Result<Option<Staged>, Error> {
        let worth = if self.open.is_some() { !left.is_empty() } else { is_worth_it(table, left, self.bytes) };
        let only_rows = part.cells.is_empty() && !part.inserts.is_empty();
        if self.given_up || !only_rows || !worth {
            self.open = None;
            return Ok(None);
        }
        let all: Vec<u32> = part.inserts.iter().chain(&*left).copied().collect();
        let mut requests = Vec::new();
        let mut rest = &all[..];
        while requests.len() < AHEAD && !rest.is_empty() {
            let (now, later) = rest.split_at(rows_of_a_request(table, rest, self.bytes));
            requests.push(now);
            rest = later;
        }
        let sent = all.len() - rest.len();
        let Some(stage) = self.room(layout, structure, (all.len(), sent), tally).await? else {
            return Ok(None);
        };
        let staged = Staged { sheet: stage.id, row: stage.filled };
        match self.put(stage, layout, table, &requests, tally).await {
            Ok(stage) => {
                self.open = Some(stage);
                (*left, part.inserts) = (rest.to_vec(), all[..sent].to_vec());
                Ok(Some(staged))
            }
            // People have changed or taken away that tab: there is another way.
            Err(failure) if failure.fate() == Fate::Refused => {
                self.give_up().await;
                Ok(None)
            }
            Err(failure) => Err(self.client.explain(failure)),
        }
    }

    /// Tabs that nobody waits in any more, of this process or of one that died. `last` says
    /// that no more rows will be sent ahead.
    pub fn outdated(&self, structure: &Structure, name: &str, last: bool) -> Vec<i64> {
        let open = self.open.as_ref().filter(|_| !last).map(|stage| stage.id);
        let loads = structure.tabs.iter().filter(|tab| tab.load.as_deref() == Some(name));
        loads.map(|tab| tab.id).filter(|id| Some(*id) != open).collect()
    }

    /// A write went astray: what waits is sent ahead anew, into another tab.
    pub fn start_over(&mut self) {
        self.open = None;
    }

    async fn give_up(&mut self) {
        (self.open, self.given_up) = (None, true);
        self.client.forget_structure().await;
    }

    /// The tab at hand, or a new one for `all` rows, if it can take `sent` more; nothing when
    /// the spreadsheet has no room for one.
    async fn room(
        &mut self,
        layout: &Layout,
        structure: &Structure,
        (all, sent): (usize, usize),
        tally: &mut Tally,
    ) -> Result<Option<Stage>, Error> {
        if let Some(stage) = self.open.take().filter(|stage| stage.rows - stage.filled >= sent) {
            return Ok(Some(stage));
        }
        let width = layout.places.len();
        let rows = all.min(MOST_CELLS / width.max(1)).max(sent);
        let growth = rows * width + (all + 1) * layout.grid.1.max(width);
        if structure.cells() + growth > MAX_CELLS {
            self.given_up = true;
            return Ok(None);
        }
        match self.open_tab(layout, structure, (rows, width), tally).await {
            Ok(stage) => Ok(Some(stage)),
            Err(failure) if failure.fate() == Fate::Refused => {
                self.give_up().await;
                Ok(None)
            }
            Err(failure) => Err(self.client.explain(failure)),
        }
    }

    async fn put(
        &self,
        mut stage: Stage,
        layout: &Layout,
        table: &Table,
        requests: &[&[u32]],
        tally: &mut Tally,
    ) -> Result<Stage, Failure> {
        let order: Vec<usize> = runs(&layout.places).concat();
        for rows in requests {
            let body =
                stage.body(table, rows, &order).map_err(|error| Failure::NotSent(error.to_string()))?;
            self.client.put(&body, tally).await?;
            stage.filled += rows.len();
        }
        Ok(stage)
    }

    async fn open_tab(
        &self,
        layout: &Layout,
        structure: &Structure,
        (rows, columns): (usize, usize),
        tally: &mut Tally,
    ) -> Result<Stage, Failure> {
        let id = new_id(|id| structure.tabs.iter().any(|tab| tab.id == id));
        let title = format!("exporter load {:.8}", layout.next.token);
        let grid = json!({ "rowCount": rows, "columnCount": columns });
        let properties = json!({ "sheetId": id, "title": title, "hidden": true, "gridProperties": grid });
        let mark = json!({
            "metadataKey": LOAD,
            "metadataValue": layout.name,
            "location": { "sheetId": id },
            "visibility": "DOCUMENT",
        });
        let requests = json!([
            { "addSheet": { "properties": properties } },
            { "createDeveloperMetadata": { "developerMetadata": mark } },
        ]);
        let body = Bytes::from(json!({ "requests": requests }).to_string());
        self.client.make(id, &body, tally).await?;
        let load = Some(layout.name.clone());
        self.client.learn(Tab { id, title: title.clone(), rows, columns, load, ..Tab::default() }).await;
        Ok(Stage { id, title, rows, filled: 0 })
    }
}

/// Whether it is worth while to send rows ahead, when these do not fit into the next request.
pub fn is_worth_it(table: &Table, left: &[u32], bytes: usize) -> bool {
    let mut room = WORTH * bytes;
    left.iter().any(|&row| {
        let weight: usize = table.row(row as usize).iter().map(part::weight).sum();
        let rest = room.checked_sub(weight);
        room = rest.unwrap_or(room);
        rest.is_none()
    })
}

/// How many of these rows one request can take: one at least.
fn rows_of_a_request(table: &Table, rows: &[u32], bytes: usize) -> usize {
    let mut room = bytes;
    let fits = rows.iter().take_while(|&&row| {
        let weight: usize = table.row(row as usize).iter().map(weight).sum();
        let rest = room.checked_sub(weight + AROUND_ROW);
        room = rest.unwrap_or(room);
        rest.is_some()
    });
    fits.count().max(1).min(rows.len())
}

/// How many requests it will take to write rows into a tab: as [`Stager`] does it.
pub fn count(table: &Table, rows: &[u32], bytes: usize) -> u32 {
    let (mut rest, mut requests, mut sent, mut of_write) = (rows, 1_u32, 0, 0);
    let capacity = MOST_CELLS / table.width().max(1);
    while !rest.is_empty() {
        let now = rows_of_a_request(table, rest, bytes);
        (rest, sent, of_write) = (&rest[now..], sent + now, of_write + 1);
        requests += 1;
        if of_write == AHEAD || rest.is_empty() {
            (requests, of_write) = (requests + 1, 0);
        }
        if sent > capacity {
            (requests, sent) = (requests + 1, now);
        }
    }
    requests
}

/// About how many bytes a cell takes in the short form, rather more than less.
fn weight(value: &Value) -> usize {
    match value {
        Value::Empty => 3,
        Value::Text(text) => 3 + part::letters(text),
        _ => 21,
    }
}

/// A `BatchUpdateValuesRequest`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    value_input_option: &'static str,
    data: [Data<'a>; 1],
}

/// A `ValueRange`.
#[derive(Serialize)]
struct Data<'a> {
    range: String,
    values: Vec<Vec<Raw<'a>>>,
}

impl Stage {
    /// Rows of the table, with its columns in the sheet's order, below those that are there.
    fn body(&self, table: &Table, rows: &[u32], order: &[usize]) -> Result<Bytes, serde_json::Error> {
        let (first, last) = (self.filled, self.filled + rows.len() - 1);
        let range = format!(
            "{}!{}:{}",
            a1::quoted(&self.title),
            a1::cell(first, 0),
            a1::cell(last, order.len().saturating_sub(1))
        );
        let cells = |row: &u32| {
            let cells = table.row(*row as usize);
            order.iter().map(|&column| Raw(&cells[column])).collect()
        };
        let data = [Data { range, values: rows.iter().map(cells).collect() }];
        serde_json::to_vec(&Body { value_input_option: "RAW", data }).map(Bytes::from)
    }
}
