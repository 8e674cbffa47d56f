//! The one atomic request that changes a tab.

use std::collections::BTreeMap;

use exporter_core::{Table, Value};
use serde_json::{Value as Json, json};

use crate::layout::Layout;
use crate::structure::{MARKER, TAB_FIELDS};
use crate::{a1, wire};

/// Cells to write, by the sheet's row and column.
pub type Cells = BTreeMap<(usize, usize), Value>;

/// What to answer to a batch: the tab, and the cells of the response ranges.
pub fn answer_fields() -> String {
    format!(
        "updatedSpreadsheet(sheets({TAB_FIELDS},data(startRow,startColumn,rowData(values(effectiveValue)))))"
    )
}

/// Builds the body of the batch: changed cells, new rows, marker.
pub struct Batch<'a> {
    /// Where things are.
    pub layout: &'a Layout,
    /// The table with the rows to insert.
    pub table: &'a Table,
    /// Rows to insert, by index.
    pub inserts: &'a [u32],
    /// Cells to change.
    pub cells: &'a Cells,
    /// Identity of a row, by column of the table.
    pub identity: &'a [usize],
    /// Whether rows have a key.
    pub keyed: bool,
}

impl Batch<'_> {
    /// The body as JSON.
    pub fn body(&self) -> String {
        let mut requests = self.grow();
        requests.extend(self.header());
        requests.extend(blocks(self.layout.sheet, self.cells));
        requests.extend(self.day_formats());
        requests.extend(self.rows());
        requests.extend(self.marker());
        json!({
            "requests": requests,
            "includeSpreadsheetInResponse": true,
            "responseRanges": self.ranges(),
        })
        .to_string()
    }

    /// The tab itself and its grid.
    fn grow(&self) -> Vec<Json> {
        let layout = self.layout;
        if !layout.exists {
            let grid =
                json!({ "rowCount": layout.grid.0, "columnCount": layout.grid.1, "frozenRowCount": 1 });
            let properties =
                json!({ "sheetId": layout.sheet, "title": layout.title, "gridProperties": grid });
            return vec![json!({ "addSheet": { "properties": properties } })];
        }
        let mut requests = Vec::new();
        let mut append = |dimension: &str, needed: usize, there: usize| {
            if needed > there {
                let request =
                    json!({ "sheetId": layout.sheet, "dimension": dimension, "length": needed - there });
                requests.push(json!({ "appendDimension": request }));
            }
        };
        append("COLUMNS", layout.places.iter().max().map_or(0, |last| last + 1), layout.grid.1);
        if layout.bare {
            append("ROWS", layout.end + self.inserts.len(), layout.grid.0);
        }
        requests
    }

    fn header(&self) -> Vec<Json> {
        let layout = self.layout;
        let mut requests: Vec<Json> = layout
            .added
            .iter()
            .map(|&column| {
                let mut cell = wire::cell_data(&Value::text(&self.table.columns()[column].name));
                cell["userEnteredFormat"] = json!({ "textFormat": { "bold": true } });
                let start = start(layout.sheet, layout.header, layout.places[column]);
                let fields = "userEnteredValue,userEnteredFormat.textFormat.bold";
                json!({ "updateCells": { "start": start, "rows": [{ "values": [cell] }], "fields": fields } })
            })
            .collect();
        if layout.exists && layout.added.len() == layout.places.len() {
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
        let formats = self.cells.iter().filter_map(|(&(row, column), value)| {
            wire::number_format(value).map(|format| (row, column, format))
        });
        formats
            .map(|(row, column, format)| repeat_format(self.layout.sheet, (row, row + 1), column, &format))
            .collect()
    }

    fn rows(&self) -> Vec<Json> {
        let layout = self.layout;
        if self.inserts.is_empty() {
            return Vec::new();
        }
        let (first, last) = (layout.end, layout.end + self.inserts.len());
        let mut requests = Vec::new();
        let follows = layout.end > layout.header + 1;
        if !layout.bare {
            let range = json!({ "sheetId": layout.sheet, "dimension": "ROWS", "startIndex": first, "endIndex": last });
            requests.push(json!({ "insertDimension": { "range": range, "inheritFromBefore": follows } }));
        }
        for run in runs(&layout.places) {
            let rows: Vec<Json> = self
                .inserts
                .iter()
                .map(|&row| {
                    let cells = self.table.row(row as usize);
                    let values: Vec<Json> =
                        run.iter().map(|&column| wire::cell_data(&cells[column])).collect();
                    json!({ "values": values })
                })
                .collect();
            let start = start(layout.sheet, first, layout.places[run[0]]);
            requests.push(
                json!({ "updateCells": { "start": start, "rows": rows, "fields": "userEnteredValue" } }),
            );
        }
        // Rows below others take over people's formats; the first ones need ours.
        for (column, &place) in layout.places.iter().enumerate() {
            let values = self.inserts.iter().map(|&row| &self.table.row(row as usize)[column]);
            let format = values.filter(|value| !value.is_empty()).find_map(wire::number_format);
            if let Some(format) = format.filter(|_| !follows || layout.added.contains(&column)) {
                requests.push(repeat_format(layout.sheet, (first, last), place, &format));
            }
        }
        requests
    }

    fn marker(&self) -> Vec<Json> {
        let layout = self.layout;
        let mut requests = vec![json!({ "createDeveloperMetadata": { "developerMetadata": {
            "metadataId": layout.next.id,
            "metadataKey": MARKER,
            "metadataValue": layout.next.token,
            "location": { "sheetId": layout.sheet },
            "visibility": "DOCUMENT",
        } } })];
        if let Some(last) = &layout.last {
            let lookup = json!({ "metadataId": last.id });
            let filter = json!({ "dataFilter": { "developerMetadataLookup": lookup } });
            requests.push(json!({ "deleteDeveloperMetadata": filter }));
        }
        requests
    }

    /// The cells by which the answer proves that everything is where it belongs: header
    /// and keys, or without a key the new rows.
    fn ranges(&self) -> Vec<String> {
        let layout = self.layout;
        let tab = a1::quoted(&layout.title);
        let header = layout.header + 1;
        let mut ranges = vec![format!("{tab}!{header}:{header}")];
        if self.keyed {
            let letters = self.identity.iter().map(|&column| a1::letters(layout.places[column]));
            ranges.extend(letters.map(|letters| format!("{tab}!{letters}:{letters}")));
        } else if let Some(last) = self.inserts.len().checked_sub(1) {
            ranges.push(format!("{tab}!{}:{}", layout.end + 1, layout.end + 1 + last));
        }
        ranges
    }
}

fn start(sheet: i64, row: usize, column: usize) -> Json {
    json!({ "sheetId": sheet, "rowIndex": row, "columnIndex": column })
}

fn repeat_format(sheet: i64, (first, last): (usize, usize), column: usize, format: &Json) -> Json {
    json!({ "repeatCell": {
        "range": {
            "sheetId": sheet,
            "startRowIndex": first,
            "endRowIndex": last,
            "startColumnIndex": column,
            "endColumnIndex": column + 1,
        },
        "cell": { "userEnteredFormat": { "numberFormat": format } },
        "fields": "userEnteredFormat.numberFormat",
    } })
}

/// Columns of the table in the sheet's order, cut where people's columns lie between.
fn runs(places: &[usize]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_unstable_by_key(|&column| places[column]);
    let follows = |a: &usize, b: &usize| places[*a] + 1 == places[*b];
    order.chunk_by(follows).map(<[usize]>::to_vec).collect()
}

/// Changed cells as few rectangles: neighbours in a row, then equal spans in rows below.
fn blocks(sheet: i64, cells: &Cells) -> Vec<Json> {
    struct Block {
        row: usize,
        column: usize,
        rows: Vec<Vec<Json>>,
    }
    let mut blocks: Vec<Block> = Vec::new();
    let list: Vec<(&(usize, usize), &Value)> = cells.iter().collect();
    for run in list.chunk_by(|((row, column), _), (next, _)| (*row, column + 1) == **next) {
        let (row, column) = *run[0].0;
        let values: Vec<Json> = run.iter().map(|(_, value)| wire::cell_data(value)).collect();
        let above = blocks.last_mut().filter(|block| {
            block.column == column
                && block.rows[0].len() == values.len()
                && block.row + block.rows.len() == row
        });
        match above {
            Some(block) => block.rows.push(values),
            None => blocks.push(Block { row, column, rows: vec![values] }),
        }
    }
    let request = |block: Block| {
        let rows: Vec<Json> = block.rows.into_iter().map(|values| json!({ "values": values })).collect();
        let start = start(sheet, block.row, block.column);
        json!({ "updateCells": { "start": start, "rows": rows, "fields": "userEnteredValue" } })
    };
    blocks.into_iter().map(request).collect()
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
        let blocks = blocks(7, &cells);
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
