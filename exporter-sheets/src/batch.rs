//! The one atomic request that changes a tab.

use std::collections::BTreeSet;

use exporter_core::{Table, Value};
use hyper::body::Bytes;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::attempt::{NEW, SEEN};
use crate::changes::Entries;
use crate::grid::Grid;
use crate::layout::{Layout, runs};
use crate::part::{Cells, Part};
use crate::stage::Staged;
use crate::structure::{CELLS, Hit, MARKER, TAB_FIELDS, TAG};
use crate::wire::CellData;
use crate::{a1, wire};

/// Most columns that are marked to be found again: a tab holds 30,000 characters of metadata.
const MARKED: usize = 200;
/// Rows of a new tab, as Sheets makes it.
const NEW_ROWS: usize = 1000;

/// What to answer to a batch: the tab, and the cells of the response ranges.
pub fn answer_fields() -> String {
    format!("updatedSpreadsheet(sheets({TAB_FIELDS},{CELLS}))")
}

/// Builds the body of the batch.
pub struct Batch<'a> {
    /// Where things are.
    pub layout: &'a Layout,
    /// The table with the rows to insert.
    pub table: &'a Table,
    /// What to write.
    pub part: &'a Part,
    /// Identity of a row, by column of the table.
    pub identity: &'a [usize],
    /// Whether rows have a key.
    pub keyed: bool,
    /// What was read.
    pub before: &'a Grid,
    /// What the list of changes gets.
    pub entries: Option<&'a Entries>,
    /// Whether it, or a later write, puts something back.
    pub owing: bool,
    /// Where the rows to insert wait, if they went ahead.
    pub staged: Option<Staged>,
    /// Tabs in which nothing waits any more once this is done.
    pub outdated: &'a [i64],
}

impl Batch<'_> {
    /// The body as JSON.
    ///
    /// Nothing in it can hit what people typed since the tab was read, cells to change
    /// aside: rows and columns are inserted, never written over. Those cells come first,
    /// where they were read.
    ///
    /// # Errors
    /// None that a table could cause.
    pub fn body(&self) -> Result<Bytes, serde_json::Error> {
        let (new, there): (Cells, Cells) = self.cells().partition(|(place, _)| self.is_new(*place));
        let mut requests = blocks(self.layout.sheet, &there);
        if self.layout.last.is_some() && !self.part.cells.is_empty() {
            requests.extend(small(vec![forget(self.layout.sheet, self.layout.hit_key(), None)]));
        }
        requests.extend(small(self.hits(&there, 0)));
        requests.extend(small(self.seen(&there)));
        requests.extend(small(self.day_formats()));
        requests.extend(small(self.grow()));
        requests.extend(small(self.header()));
        requests.extend(blocks(self.layout.sheet, &new));
        requests.extend(small(self.hits(&new, NEW)));
        match self.staged {
            Some(staged) => requests.extend(small(self.copies(staged))),
            None => requests.extend(self.rows()),
        }
        requests.extend(small(self.formats()));
        requests.extend(small(self.tags()));
        requests.extend(self.entries.into_iter().flat_map(|entries| small(entries.requests())));
        requests.extend(small(
            self.outdated.iter().map(|id| json!({ "deleteSheet": { "sheetId": id } })).collect(),
        ));
        requests.extend(small(commit(self.layout)));
        let body = Body { requests, include_spreadsheet_in_response: true, response_ranges: self.ranges() };
        serde_json::to_vec(&body).map(Bytes::from)
    }

    fn cells(&self) -> impl Iterator<Item = ((usize, usize), Value)> {
        self.part.cells.iter().map(|(place, value)| (*place, value.clone()))
    }

    /// Whether a cell is in a column that this batch inserts.
    fn is_new(&self, place: (usize, usize)) -> bool {
        self.layout.is_added(place.1) && !self.part.restores.contains_key(&place)
    }

    /// What says which columns were written into, whatever people do with them afterwards.
    fn hits(&self, cells: &Cells, offset: usize) -> Vec<Json> {
        let layout = self.layout;
        let columns: BTreeSet<usize> = cells.keys().map(|&(_, column)| column).collect();
        let value = |column: usize| Hit::value(&layout.next.token, offset + column);
        columns
            .iter()
            .map(|&column| on_column(layout.sheet, column, layout.hit_key(), &value(column)))
            .collect()
    }

    /// While something is out of its place, columns without a header matter as well: each is
    /// marked, so that it is found again after the next write.
    fn seen(&self, cells: &Cells) -> Vec<Json> {
        let layout = self.layout;
        if !self.owing || cells.is_empty() {
            return Vec::new();
        }
        let hit: BTreeSet<usize> = cells.keys().map(|&(_, column)| column).collect();
        let others = (0..self.before.width().min(MARKED)).filter(|column| !hit.contains(column));
        let value = |column: usize| Hit::value(&layout.next.token, SEEN + column);
        others.map(|column| on_column(layout.sheet, column, layout.hit_key(), &value(column))).collect()
    }

    /// The tab itself, new columns and new rows.
    fn grow(&self) -> Vec<Json> {
        let layout = self.layout;
        let rows = self.part.inserts.len();
        if !layout.exists {
            let count = NEW_ROWS.max(rows + 1);
            let grid = json!({ "rowCount": count, "columnCount": layout.grid.1, "frozenRowCount": 1 });
            let properties =
                json!({ "sheetId": layout.sheet, "title": layout.title, "gridProperties": grid });
            return vec![json!({ "addSheet": { "properties": properties } })];
        }
        let mut requests = Vec::new();
        let mut insert = |dimension: &str, first: usize, count: usize, before: bool| {
            if count > 0 {
                let range = json!({ "sheetId": layout.sheet, "dimension": dimension, "startIndex": first, "endIndex": first + count });
                requests.push(json!({ "insertDimension": { "range": range, "inheritFromBefore": before } }));
            }
        };
        if layout.blank {
            // Whatever people type meanwhile moves below.
            insert("ROWS", 0, rows + 1, false);
            let more = layout.places.len().saturating_sub(layout.grid.1);
            insert("COLUMNS", layout.grid.1, more, true);
            return requests;
        }
        if let Some(&first) = layout.added.first() {
            insert("COLUMNS", layout.places[first], layout.added.len(), true);
        }
        insert("ROWS", layout.end, rows, self.follows());
        requests
    }

    /// Whether new rows come below rows of ours, whose formats they take over.
    fn follows(&self) -> bool {
        self.layout.end > self.layout.header + 1
    }

    fn header(&self) -> Vec<Json> {
        let layout = self.layout;
        let mut requests: Vec<Json> = layout
            .added
            .iter()
            .map(|&column| {
                let cell = json!({
                    "userEnteredValue": { "stringValue": self.table.columns()[column].name.as_str() },
                    "userEnteredFormat": { "textFormat": { "bold": true } },
                });
                let start = start(layout.sheet, layout.header, layout.places[column]);
                let fields = "userEnteredValue,userEnteredFormat.textFormat.bold";
                json!({ "updateCells": { "start": start, "rows": [{ "values": [cell] }], "fields": fields } })
            })
            .collect();
        if layout.exists && layout.blank {
            let grid = json!({ "frozenRowCount": layout.header + 1 });
            requests.push(json!({ "updateSheetProperties": {
                "properties": { "sheetId": layout.sheet, "gridProperties": grid },
                "fields": "gridProperties.frozenRowCount",
            } }));
        }
        requests
    }

    /// Days need a format where text or nothing was before.
    fn day_formats(&self) -> Vec<Json> {
        let was_number = |row: usize, column: usize| {
            matches!(self.before.at(row, column), Value::Integer(_) | Value::Decimal(_))
        };
        let formats = self.part.cells.iter().filter(|(place, _)| !self.is_new(**place));
        let formats = formats.filter(|((row, column), _)| !was_number(*row, *column)).filter_map(
            |(&(row, column), value)| wire::number_format(value).map(|format| (row, column, format)),
        );
        formats
            .map(|(row, column, format)| {
                repeat_format(self.layout.sheet, (row, row + 1), column, Some(&format))
            })
            .collect()
    }

    /// The new rows, where room was made for them.
    fn rows(&self) -> impl Iterator<Item = Request<'_>> {
        let (layout, inserts) = (self.layout, &self.part.inserts);
        let runs = if inserts.is_empty() { Vec::new() } else { runs(&layout.places) };
        runs.into_iter().map(move |run| {
            let rows = inserts.iter().map(|&row| {
                let cells = self.table.row(row as usize);
                Row { values: run.iter().map(|&column| CellData(&cells[column])).collect() }
            });
            update(layout.sheet, (layout.end, layout.places[run[0]]), rows.collect())
        })
    }

    /// The new rows, from where they wait; below rows of ours with the formats of these.
    fn copies(&self, staged: Staged) -> Vec<Json> {
        let (layout, count) = (self.layout, self.part.inserts.len());
        let mut requests = Vec::new();
        let mut first = 0;
        for run in runs(&layout.places) {
            let place = layout.places[run[0]];
            let block = |sheet: i64, row: usize, rows: usize, column: usize| {
                json!({
                    "sheetId": sheet,
                    "startRowIndex": row,
                    "endRowIndex": row + rows,
                    "startColumnIndex": column,
                    "endColumnIndex": column + run.len(),
                })
            };
            let mut copy = |source: Json, kind: &str| {
                let destination = block(layout.sheet, layout.end, count, place);
                let body = json!({ "source": source, "destination": destination, "pasteType": kind });
                requests.push(json!({ "copyPaste": body }));
            };
            copy(block(staged.sheet, staged.row, count, first), "PASTE_NORMAL");
            if self.follows() {
                copy(block(layout.sheet, layout.end - 1, 1, place), "PASTE_FORMAT");
            }
            first += run.len();
        }
        requests
    }

    /// The formats of the new rows.
    fn formats(&self) -> Vec<Json> {
        let (layout, inserts) = (self.layout, &self.part.inserts);
        if inserts.is_empty() {
            return Vec::new();
        }
        let (first, last) = (layout.end, layout.end + inserts.len());
        let mut requests = Vec::new();
        // Rows below others take over people's formats; the first ones need ours, and a new
        // column must not look like its neighbour.
        for (column, &place) in layout.places.iter().enumerate() {
            let values = inserts.iter().map(|&row| &self.table.row(row as usize)[column]);
            let format = values.filter(|value| !value.is_empty()).find_map(wire::number_format);
            let new = layout.exists && !layout.blank && layout.added.contains(&column);
            if new || (format.is_some() && !self.follows()) {
                requests.push(repeat_format(layout.sheet, (first, last), place, format.as_ref()));
            }
        }
        requests
    }

    /// What says which column is ours, wherever people move it. A write that went astray may
    /// have left one on a wrong column: it goes.
    fn tags(&self) -> Vec<Json> {
        let layout = self.layout;
        let name = |column: usize| self.table.columns()[column].name.as_str();
        let old = layout.untagged.iter().filter(|_| layout.last.is_some());
        let mut requests: Vec<Json> =
            old.map(|&column| forget(layout.sheet, TAG, Some(name(column)))).collect();
        let new = layout.untagged.iter();
        requests.extend(new.map(|&column| on_column(layout.sheet, layout.places[column], TAG, name(column))));
        requests
    }

    /// The cells by which the answer proves that everything is where it belongs: the
    /// header, and the keys of the rows that were written, or without a key the new rows.
    fn ranges(&self) -> Vec<String> {
        let layout = self.layout;
        let tab = a1::quoted(&layout.title);
        let header = layout.header + 1;
        let mut ranges = vec![format!("{tab}!{header}:{header}")];
        ranges.extend(self.entries.map(Entries::range));
        let mut spans = Vec::new();
        if let (Some(((first, _), _)), Some(((last, _), _))) =
            (self.part.cells.first_key_value(), self.part.cells.last_key_value())
        {
            // And the rows above and below: among them a row without a key is found again.
            let below = (last + 2).min(layout.grid.0.max(last + 1));
            spans.push(((*first).max(1), below));
        }
        if !self.part.inserts.is_empty() {
            spans.push((layout.end + 1, layout.end + self.part.inserts.len()));
        }
        for (first, last) in spans {
            if self.keyed {
                let letters = self.identity.iter().map(|&column| a1::letters(layout.places[column]));
                ranges.extend(letters.map(|letters| format!("{tab}!{letters}{first}:{letters}{last}")));
            } else {
                ranges.push(format!("{tab}!{first}:{last}"));
            }
        }
        ranges
    }
}

/// Sets the marker of a commit, and takes those away that have been kept for long enough.
pub fn commit(layout: &Layout) -> Vec<Json> {
    let mut requests = vec![json!({ "createDeveloperMetadata": { "developerMetadata": {
        "metadataId": layout.next.id,
        "metadataKey": MARKER,
        "metadataValue": layout.next.value(&layout.name),
        "location": { "sheetId": layout.sheet },
        "visibility": "DOCUMENT",
    } } })];
    requests.extend(layout.outdated().map(|marker| {
        let lookup = json!({ "metadataId": marker.id });
        json!({ "deleteDeveloperMetadata": { "dataFilter": { "developerMetadataLookup": lookup } } })
    }));
    requests
}

/// A `BatchUpdateSpreadsheetRequest`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    requests: Vec<Request<'a>>,
    include_spreadsheet_in_response: bool,
    response_ranges: Vec<String>,
}

/// A `Request`: cells are borrowed from the table, because there may be very many.
#[derive(Serialize)]
#[serde(untagged)]
enum Request<'a> {
    Cells {
        #[serde(rename = "updateCells")]
        update: UpdateCells<'a>,
    },
    Small(Json),
}

#[derive(Serialize)]
struct UpdateCells<'a> {
    start: Json,
    rows: Vec<Row<'a>>,
    fields: &'static str,
}

/// A `RowData`.
#[derive(Serialize)]
struct Row<'a> {
    values: Vec<CellData<'a>>,
}

fn small<'a>(requests: Vec<Json>) -> impl Iterator<Item = Request<'a>> {
    requests.into_iter().map(Request::Small)
}

/// Values of cells from a row and column on.
fn update(sheet: i64, (row, column): (usize, usize), rows: Vec<Row<'_>>) -> Request<'_> {
    let start = start(sheet, row, column);
    Request::Cells { update: UpdateCells { start, rows, fields: "userEnteredValue" } }
}

fn start(sheet: i64, row: usize, column: usize) -> Json {
    json!({ "sheetId": sheet, "rowIndex": row, "columnIndex": column })
}

/// Sets a column's number format in some rows, or takes it away.
fn repeat_format(sheet: i64, (first, last): (usize, usize), column: usize, format: Option<&Json>) -> Json {
    let cell =
        format.map_or_else(|| json!({}), |format| json!({ "userEnteredFormat": { "numberFormat": format } }));
    json!({ "repeatCell": {
        "range": {
            "sheetId": sheet,
            "startRowIndex": first,
            "endRowIndex": last,
            "startColumnIndex": column,
            "endColumnIndex": column + 1,
        },
        "cell": cell,
        "fields": "userEnteredFormat.numberFormat",
    } })
}

/// Puts metadata on a column.
fn on_column(sheet: i64, column: usize, key: &str, value: &str) -> Json {
    let range =
        json!({ "sheetId": sheet, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1 });
    json!({ "createDeveloperMetadata": { "developerMetadata": {
        "metadataKey": key,
        "metadataValue": value,
        "location": { "dimensionRange": range },
        "visibility": "DOCUMENT",
    } } })
}

/// Takes metadata of a key, or of a key and a value, off the columns of a tab.
fn forget(sheet: i64, key: &str, value: Option<&str>) -> Json {
    let mut lookup = json!({
        "metadataKey": key,
        "metadataLocation": { "sheetId": sheet },
        "locationMatchingStrategy": "INTERSECTING_LOCATION",
    });
    if let Some(value) = value {
        lookup["metadataValue"] = json!(value);
    }
    json!({ "deleteDeveloperMetadata": { "dataFilter": { "developerMetadataLookup": lookup } } })
}

/// Changed cells as few rectangles: neighbours in a row, then equal spans in rows below.
fn blocks(sheet: i64, cells: &Cells) -> Vec<Request<'_>> {
    struct Block<'a> {
        row: usize,
        column: usize,
        rows: Vec<Row<'a>>,
    }
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let list: Vec<(&(usize, usize), &Value)> = cells.iter().collect();
    for run in list.chunk_by(|((row, column), _), (next, _)| (*row, column + 1) == **next) {
        let (row, column) = *run[0].0;
        let values: Vec<CellData<'_>> = run.iter().map(|(_, value)| CellData(value)).collect();
        let above = blocks.last_mut().filter(|block| {
            block.column == column
                && block.rows[0].values.len() == values.len()
                && block.row + block.rows.len() == row
        });
        match above {
            Some(block) => block.rows.push(Row { values }),
            None => blocks.push(Block { row, column, rows: vec![Row { values }] }),
        }
    }
    blocks.into_iter().map(|block| update(sheet, (block.row, block.column), block.rows)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_go_together() {
        let cells: Cells = [((1, 1), 1), ((1, 2), 2), ((2, 1), 3), ((2, 2), 4), ((4, 2), 5)]
            .into_iter()
            .map(|(place, number)| (place, Value::Integer(number)))
            .collect();
        let blocks = serde_json::to_value(blocks(7, &cells)).unwrap();
        let blocks = blocks.as_array().unwrap();
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0]["updateCells"]["rows"].as_array().unwrap().len(), 2);
        assert_eq!(blocks[1]["updateCells"]["start"], json!({"sheetId": 7, "rowIndex": 4, "columnIndex": 2}));
    }

    #[test]
    fn runs_end_where_a_column_of_people_is() {
        assert_eq!(runs(&[0, 1, 3]), [vec![0, 1], vec![2]]);
        assert_eq!(runs(&[2, 0, 1]), [vec![1, 2, 0]]);
    }
}
