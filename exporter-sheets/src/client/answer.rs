//! Answers with cells, read straight into a [`Grid`]: no tree of JSON in between, which
//! takes several times the memory of the cells themselves.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::grid::Grid;
use crate::structure::Tab;
use crate::wire::{Effective, Row, Unformatted};

/// The answer of `values.batchGet`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Values {
    value_ranges: Vec<ValueRange>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ValueRange {
    values: Vec<Row<Unformatted>>,
}

impl Values {
    /// The cells of each range, from its first one.
    pub fn grids(self) -> Vec<Grid> {
        let cells = |range: ValueRange| {
            let mut grid = Grid::default();
            grid.lay((0, 0), range.values.into_iter().map(Row::into_values));
            grid
        };
        self.value_ranges.into_iter().map(cells).collect()
    }
}

/// The answer of a write: the spreadsheet as it is then.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Written {
    /// As far as it was asked for.
    pub updated_spreadsheet: Spreadsheet,
}

/// A spreadsheet with the cells that were asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Spreadsheet {
    sheets: Vec<Sheet>,
}

/// A tab: its structure stays JSON, its cells do not.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sheet {
    #[serde(flatten)]
    structure: Map<String, Json>,
    data: Vec<Block>,
}

/// A rectangle of cells.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Block {
    start_row: usize,
    start_column: usize,
    column_metadata: Json,
    row_data: Vec<RowData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RowData {
    values: Row<Effective>,
}

impl Spreadsheet {
    /// The tabs and their cells, by the tab's rows and columns.
    pub fn tabs(self) -> Vec<(Tab, Grid)> {
        self.sheets.into_iter().map(Sheet::tab).collect()
    }
}

impl Sheet {
    fn tab(self) -> (Tab, Grid) {
        let (mut structure, mut grid, mut columns) = (self.structure, Grid::default(), Vec::new());
        for block in self.data {
            let place = (block.start_row, block.start_column);
            grid.lay(place, block.row_data.into_iter().map(|row| row.values.into_values()));
            columns.push(json!({ "startColumn": place.1, "columnMetadata": block.column_metadata }));
        }
        structure.insert("data".to_owned(), Json::Array(columns));
        (Tab::read(&Json::Object(structure)), grid)
    }
}

#[cfg(test)]
mod tests {
    use exporter_core::Value;

    use super::*;

    #[test]
    fn values_become_cells_whatever_is_left_out() {
        let text = r#"{"valueRanges":[{"range":"A!A1:C9","values":[["a",1,0.5],[],["",true]]},{}]}"#;
        let grids = serde_json::from_str::<Values>(text).unwrap().grids();
        let (grid, nothing) = (&grids[0], &grids[1]);
        assert_eq!(nothing.len(), 0);
        assert_eq!((grid.len(), grid.width()), (3, 3));
        assert_eq!((grid.at(0, 1), grid.at(2, 1)), (&Value::Integer(1), &Value::Bool(true)));
    }

    #[test]
    fn blocks_of_a_tab_lie_where_they_belong_and_its_tags_are_kept() {
        let text = r#"{"sheets":[{"properties":{"sheetId":7,"title":"T"},"data":[
            {"rowData":[{"values":[{"effectiveValue":{"stringValue":"ID"}},{}]}],
             "columnMetadata":[{"developerMetadata":[{"metadataId":1,"metadataKey":"exporter.column","metadataValue":"ID"}]}]},
            {"startRow":4,"startColumn":1,"rowData":[{},{"values":[{"effectiveValue":{"numberValue":2}},{"effectiveValue":{"errorValue":{"type":"REF"}}}]}]}
        ]}]}"#;
        let (tab, grid) = serde_json::from_str::<Spreadsheet>(text).unwrap().tabs().remove(0);
        assert_eq!((tab.id, tab.title.as_str(), tab.tags), (7, "T", vec![(0, "ID".to_owned())]));
        assert_eq!((grid.at(0, 0), grid.at(5, 1)), (&Value::text("ID"), &Value::Integer(2)));
        assert_eq!((grid.len(), grid.width()), (6, 2), "what is empty at the end of a row is none of it");
    }
}
