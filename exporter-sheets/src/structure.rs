//! What a spreadsheet is made of: its tabs, their sizes, merges, protection and our markers.

use exporter_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::a1;

/// Most cells of a spreadsheet.
pub const MAX_CELLS: usize = 10_000_000;

/// Key of the developer metadata that marks our last commit to a tab.
pub const MARKER: &str = "exporter.commit";
/// Key of the developer metadata that says which column of ours a column is.
pub const TAG: &str = "exporter.column";

/// Key of the developer metadata that says that a tab is our list of changes.
pub const LIST: &str = "exporter.changes";
/// Keys of the developer metadata that says into which columns a write went: it follows them
/// wherever people move them, so that it is known afterwards what a write hit. Writes take
/// turns with them: those of the last two are kept, and the older ones tell columns without
/// a header apart.
pub const HITS: [&str; 2] = ["exporter.write.0", "exporter.write.1"];

/// Key of the developer metadata that says of which tab a tab holds rows that were set aside.
pub const ASIDE: &str = "exporter.aside";

/// Key of the developer metadata that says for which tab of the configuration rows wait in a tab.
pub const LOAD: &str = "exporter.load";

/// Fields of a tab that [`Tab::read`] looks at. Of `data` only what hangs on columns: no cell.
pub const TAB_FIELDS: &str = "properties(sheetId,title,gridProperties(rowCount,columnCount,frozenRowCount)),\
     developerMetadata(metadataId,metadataKey,metadataValue),merges,\
     protectedRanges(range,warningOnly,requestingUserCanEdit,unprotectedRanges)";
/// Our tags, within `data`.
pub const TAG_FIELDS: &str =
    "startColumn,columnMetadata(developerMetadata(metadataId,metadataKey,metadataValue))";

/// Cells of a tab and our tags.
pub const CELLS: &str = "data(startRow,startColumn,\
     columnMetadata(developerMetadata(metadataId,metadataKey,metadataValue)),\
     rowData(values(effectiveValue)))";

/// A spreadsheet's tabs and the ids of developer metadata that are taken.
#[derive(Debug, Clone, Default)]
pub struct Structure {
    /// The tabs from left to right.
    pub tabs: Vec<Tab>,
    /// Ids of all developer metadata of tabs.
    pub taken: Vec<i64>,
}

/// A tab.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tab {
    /// Its id.
    pub id: i64,
    /// Its title, as people spell it.
    pub title: String,
    /// Rows of its grid.
    pub rows: usize,
    /// Columns of its grid.
    pub columns: usize,
    /// How many rows at its top stay in view.
    pub frozen: usize,
    /// The name in the configuration of the list of changes that it is.
    pub list: Option<String>,
    /// The id of the tab whose rows it holds, set aside by an undo.
    pub aside: Option<i64>,
    /// The name in the configuration of the tab that rows wait here for.
    pub load: Option<String>,
    /// The marker of our last commit, if we have written to it.
    pub marker: Option<Marker>,
    /// All markers that are kept, oldest first.
    pub markers: Vec<Marker>,
    /// The tab of the configuration that this one is, whatever people call it now.
    pub name: Option<String>,
    /// Our columns by their tags: the sheet's column, the name that we gave it.
    pub tags: Vec<(usize, String)>,
    /// The columns that our last writes went into.
    pub hits: Vec<Hit>,
    /// Merged cells.
    pub merges: Vec<Block>,
    /// Cells that we may not edit.
    pub locked: Vec<Block>,
}

/// The mark of a commit: its id can be created once, so a late commit can't happen twice.
///
/// A marker is kept for as long as a request that was sent can still happen: were it deleted
/// with the next commit, an earlier request of the same id would be taken after all. Its value
/// is the token, the time in Unix seconds, and the name of the tab in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Developer metadata id.
    pub id: i64,
    /// Whose commit it was: random, so that ours can be told from another exporter's.
    pub token: String,
    /// When it was sent, in Unix seconds.
    pub at: i64,
}

/// A column that a write went into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// Where the column is.
    pub column: usize,
    /// The token of the write.
    pub token: String,
    /// The column that the write named.
    pub named: usize,
}

/// A rectangle of cells: first and after the last, `usize::MAX` for open ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Rows.
    pub rows: (usize, usize),
    /// Columns.
    pub columns: (usize, usize),
}

impl Block {
    /// A `GridRange` of the API.
    fn read(range: &Json) -> Self {
        let bound = |name: &str, open: usize| {
            range[name].as_u64().and_then(|bound| usize::try_from(bound).ok()).unwrap_or(open)
        };
        Self {
            rows: (bound("startRowIndex", 0), bound("endRowIndex", usize::MAX)),
            columns: (bound("startColumnIndex", 0), bound("endColumnIndex", usize::MAX)),
        }
    }

    /// Whether it has a cell at or below a row in this column.
    pub fn touches(&self, from_row: usize, column: usize) -> bool {
        self.rows.1 > from_row && self.columns.0 <= column && column < self.columns.1
    }

    /// Whether it has this very cell.
    pub fn covers(&self, row: usize, column: usize) -> bool {
        self.rows.0 <= row && row < self.rows.1 && self.columns.0 <= column && column < self.columns.1
    }

    /// Whether rows that are inserted before this one would come into its midst.
    pub fn splits(&self, row: usize) -> bool {
        self.rows.0 < row && row < self.rows.1
    }

    /// Whether columns that are inserted before this one would come into its midst.
    pub fn splits_columns(&self, column: usize) -> bool {
        self.columns.0 < column && column < self.columns.1
    }

    /// Its first cell.
    pub fn corner(&self) -> String {
        a1::cell(self.rows.0, self.columns.0)
    }
}

impl Structure {
    /// Reads the answer of `spreadsheets.get`.
    ///
    /// # Errors
    /// An answer without tabs.
    pub fn read(answer: &Json) -> Result<Self, Error> {
        let sheets = answer["sheets"].as_array().ok_or_else(|| {
            Error::new(ErrorKind::GoogleDown, "Google's answer about the spreadsheet names no tabs")
        })?;
        let ids = |sheet: &Json| -> Vec<i64> {
            let columns = columns(sheet).flat_map(|(_, column)| metadata(column));
            metadata(sheet).chain(columns).filter_map(|item| item["metadataId"].as_i64()).collect()
        };
        Ok(Self {
            tabs: sheets.iter().map(Tab::read).collect(),
            taken: sheets.iter().flat_map(ids).collect(),
        })
    }

    /// The tab that the configuration calls `name`: by our marker wherever people renamed
    /// it, else by its title; titles differ in more than case.
    pub fn tab(&self, name: &str) -> Option<&Tab> {
        let marked = || self.tabs.iter().filter(|tab| tab.name.as_deref() == Some(name));
        let titled = |tab: &&Tab| tab.title.to_lowercase() == name.to_lowercase();
        marked()
            .find(titled)
            .or_else(|| marked().next())
            .or_else(|| self.tabs.iter().find(|tab| tab.title == name && tab.name.is_none()))
            .or_else(|| self.tabs.iter().find(|tab| titled(tab) && tab.name.is_none()))
    }

    /// Cells of all tabs together.
    pub fn cells(&self) -> usize {
        self.tabs.iter().map(|tab| tab.rows * tab.columns).sum()
    }

    /// Takes over what a write told about a tab.
    pub fn update(&mut self, tab: Tab) {
        self.taken.extend(tab.marker.as_ref().map(|marker| marker.id));
        match self.tabs.iter_mut().find(|known| known.id == tab.id) {
            Some(known) => *known = tab,
            None => self.tabs.push(tab),
        }
    }
}

impl Tab {
    /// Reads a `Sheet` of the API.
    pub fn read(sheet: &Json) -> Self {
        let properties = &sheet["properties"];
        let grid = &properties["gridProperties"];
        let count = |name: &str| {
            grid[name].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
        };
        let list = |name: &str| sheet[name].as_array().into_iter().flatten();
        let mut markers: Vec<(Marker, Option<&str>)> =
            metadata(sheet).filter(|item| item["metadataKey"] == MARKER).map(Marker::read).collect();
        markers.sort_by_key(|(marker, _)| marker.id);
        let newest = markers.last();
        let locked = list("protectedRanges")
            .filter(|range| range["requestingUserCanEdit"] != true && range["warningOnly"] != true);
        let on_columns = |keys: &'static [&str]| {
            columns(sheet).flat_map(move |(column, item)| {
                let ours =
                    metadata(item).filter(move |item| keys.iter().any(|key| item["metadataKey"] == *key));
                ours.map(move |item| (column, item["metadataValue"].as_str().unwrap_or_default()))
            })
        };
        Self {
            id: properties["sheetId"].as_i64().unwrap_or_default(),
            title: properties["title"].as_str().unwrap_or_default().to_owned(),
            rows: count("rowCount"),
            columns: count("columnCount"),
            frozen: count("frozenRowCount"),
            list: metadata(sheet)
                .find(|item| item["metadataKey"] == LIST)
                .and_then(|item| item["metadataValue"].as_str().map(str::to_owned)),
            aside: metadata(sheet)
                .find(|item| item["metadataKey"] == ASIDE)
                .and_then(|item| item["metadataValue"].as_str()?.parse().ok()),
            load: metadata(sheet)
                .find(|item| item["metadataKey"] == LOAD)
                .and_then(|item| item["metadataValue"].as_str().map(str::to_owned)),
            marker: newest.map(|(marker, _)| marker.clone()),
            name: newest.and_then(|(_, name)| name.map(str::to_owned)),
            markers: markers.iter().map(|(marker, _)| marker.clone()).collect(),
            tags: on_columns(&[TAG]).map(|(column, name)| (column, name.to_owned())).collect(),
            hits: on_columns(&HITS).filter_map(|(column, value)| Hit::read(column, value)).collect(),
            merges: list("merges").map(Block::read).collect(),
            locked: locked.map(|range| Block::read(&range["range"])).collect(),
        }
    }
}

impl Hit {
    fn read(column: usize, value: &str) -> Option<Self> {
        let (token, named) = value.split_once(' ')?;
        Some(Self { column, token: token.to_owned(), named: named.parse().ok()? })
    }

    /// What the metadata on a column says.
    pub fn value(token: &str, named: usize) -> String {
        format!("{token} {named}")
    }
}

impl Marker {
    /// Reads a marker, and the name of the tab in the configuration.
    fn read(item: &Json) -> (Self, Option<&str>) {
        let mut parts = item["metadataValue"].as_str().unwrap_or_default().splitn(3, ' ');
        let token = parts.next().unwrap_or_default().to_owned();
        let at = parts.next().and_then(|at| at.parse().ok()).unwrap_or(0);
        (Self { id: item["metadataId"].as_i64().unwrap_or_default(), token, at }, parts.next())
    }

    /// What the metadata of this marker says.
    pub fn value(&self, name: &str) -> String {
        format!("{} {} {name}", self.token, self.at)
    }
}

fn metadata(of: &Json) -> impl Iterator<Item = &Json> {
    of["developerMetadata"].as_array().into_iter().flatten()
}

/// What hangs on the columns of a `Sheet`, with each one's index. The blocks of an answer
/// may show a column more than once.
fn columns(sheet: &Json) -> impl Iterator<Item = (usize, &Json)> {
    let mut seen = Vec::new();
    let blocks = sheet["data"].as_array().into_iter().flatten();
    let columns = blocks.flat_map(|block| {
        let first = block["startColumn"].as_u64().and_then(|first| usize::try_from(first).ok()).unwrap_or(0);
        (first..).zip(block["columnMetadata"].as_array().into_iter().flatten())
    });
    columns.filter(move |(column, _)| {
        let new = !seen.contains(column);
        seen.push(*column);
        new
    })
}
