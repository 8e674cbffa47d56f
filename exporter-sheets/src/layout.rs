//! Where our columns and rows are in a tab that people may have rearranged.

use exporter_core::{Error, ErrorKind, ExportSpec, RowKey, Table, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::structure::{Marker, Structure, Tab};
use crate::{a1, wire};

/// The header is looked for in this many rows from the top.
const HEADER_ROWS: usize = 10;
/// Size of a new tab, as Sheets makes it.
const NEW_GRID: (usize, usize) = (1000, 26);

/// Where a table belongs in its tab. All rows and columns count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Id of the tab, chosen by us when it is missing.
    pub sheet: i64,
    /// Title of the tab.
    pub title: String,
    /// Whether the tab is there.
    pub exists: bool,
    /// Rows and columns of its grid.
    pub grid: (usize, usize),
    /// The header's row.
    pub header: usize,
    /// The sheet's column for each column of the table.
    pub places: Vec<usize>,
    /// Columns of the table whose header cell has to be written.
    pub added: Vec<usize>,
    /// The row below our last row.
    pub end: usize,
    /// Whether nothing at all is below the header.
    pub bare: bool,
    /// The marker of our last commit.
    pub last: Option<Marker>,
    /// The marker of the commit to come.
    pub next: Marker,
}

/// A cell of what was read.
pub fn at(rows: &[Json], row: usize, column: usize) -> Value {
    rows.get(row).and_then(|row| row.get(column)).map(wire::read).unwrap_or_default()
}

impl Layout {
    /// The layout of a tab that is not there yet.
    pub fn new_tab(structure: &Structure, title: &str, table: &Table) -> Self {
        let sheet = new_id(|id| structure.tabs.iter().any(|tab| tab.id == id));
        let rows = NEW_GRID.0.max(table.len() + 1);
        Self {
            sheet,
            title: title.to_owned(),
            exists: false,
            grid: (rows, NEW_GRID.1.max(table.width())),
            header: 0,
            places: (0..table.width()).collect(),
            added: (0..table.width()).collect(),
            end: 1,
            bare: true,
            last: None,
            next: next_marker(None, sheet, &structure.taken),
        }
    }

    /// Finds our columns and rows among what was read.
    ///
    /// # Errors
    /// A header without our key, a name that is there twice, merged or protected cells.
    pub fn find(
        structure: &Structure,
        tab: &Tab,
        rows: &[Json],
        table: &Table,
        spec: &ExportSpec,
    ) -> Result<Self, Error> {
        let width = rows.iter().filter_map(Json::as_array).map(Vec::len).max().unwrap_or(0);
        let header = find_header(tab, rows, table, spec)?;
        let names: Vec<Value> = (0..width).map(|column| at(rows, header, column)).collect();
        let mut free = width;
        let (mut places, mut added) = (Vec::new(), Vec::new());
        for (index, column) in table.columns().iter().enumerate() {
            let found: Vec<usize> = (0..width).filter(|&place| is(&names[place], &column.name)).collect();
            match found[..] {
                [place] => places.push(place),
                [] => {
                    places.push(free);
                    added.push(index);
                    free += 1;
                }
                [first, second, ..] => return Err(twice(tab, &column.name, header, (first, second))),
            }
        }
        let mut layout = Self {
            sheet: tab.id,
            title: tab.title.clone(),
            exists: true,
            grid: (tab.rows, tab.columns),
            header,
            places,
            added,
            end: header + 1,
            bare: rows.len() <= header + 1,
            last: tab.marker.clone(),
            next: next_marker(tab.marker.as_ref(), tab.id, &structure.taken),
        };
        layout.check_in_the_way(tab)?;
        let identity = identity(table, spec);
        let ours = |row: usize| layout.key(&identity, |place| at(rows, row, place)).is_some();
        let last = (header + 1..rows.len()).rev().find(|&row| ours(row));
        layout.end = last.map_or(header + 1, |row| row + 1);
        Ok(layout)
    }

    /// The key of a row whose cells are given by the sheet's column.
    pub fn key(&self, identity: &[usize], cell: impl Fn(usize) -> Value) -> Option<RowKey> {
        let cells: Vec<Value> = identity.iter().map(|&column| cell(self.places[column])).collect();
        RowKey::of(&cells)
    }

    fn check_in_the_way(&self, tab: &Tab) -> Result<(), Error> {
        let blocks = [(&tab.merges, "merged cells are"), (&tab.locked, "a protected range is")];
        for (blocks, what) in blocks {
            let touched = blocks
                .iter()
                .find(|block| self.places.iter().any(|&place| block.touches(self.header, place)));
            if let Some(block) = touched {
                return Err(Error::new(ErrorKind::SheetLayout, format!("{what} in the way of our columns"))
                    .context("tab", tab.title.clone())
                    .context("cell", block.corner())
                    .hint("unmerge the cells, or let our account edit the protected range"));
            }
        }
        Ok(())
    }
}

/// The columns of a table that make up a row's identity.
pub fn identity(table: &Table, spec: &ExportSpec) -> Vec<usize> {
    let columns = 0..table.width();
    let name = |column: usize| table.columns()[column].name.as_str();
    if spec.key.is_empty() {
        columns.filter(|&column| spec.compares(name(column))).collect()
    } else {
        spec.key.iter().filter_map(|key| table.position(key)).collect()
    }
}

fn is(cell: &Value, name: &str) -> bool {
    cell.as_text().is_some_and(|text| text.trim() == name.trim())
        || (!cell.is_empty() && cell.to_string() == name)
}

fn find_header(tab: &Tab, rows: &[Json], table: &Table, spec: &ExportSpec) -> Result<usize, Error> {
    if rows.iter().all(|row| row.as_array().is_none_or(Vec::is_empty)) {
        return Ok(0);
    }
    let has = |row: usize, name: &str| {
        let cells = rows[row].as_array().map_or(0, Vec::len);
        (0..cells).any(|column| is(&at(rows, row, column), name))
    };
    let names: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
    let hits = |row: usize| names.iter().filter(|name| has(row, name)).count();
    let best = (0..rows.len().min(HEADER_ROWS)).rev().max_by_key(|&row| hits(row)).unwrap_or(0);
    let missing = spec.key.iter().find(|key| !has(best, key));
    let lost = hits(best) == 0 || (spec.key.is_empty() && hits(best) * 2 < names.len());
    match missing {
        None if !lost => Ok(best),
        None => Err(Error::new(ErrorKind::SheetLayout, "the tab has other content and no header of ours")
            .context("tab", tab.title.clone())
            .hint("choose another `tab` for this export, or empty this one")),
        Some(key) => Err(Error::new(
            ErrorKind::SheetLayout,
            format!("the tab has no column `{key}`, by which rows are found again"),
        )
        .context("tab", tab.title.clone())
        .context("header", format!("row {}, from {}", best + 1, a1::cell(best, 0)))
        .hint(format!("give the column its name `{key}` back, or choose another `tab` for this export"))),
    }
}

fn twice(tab: &Tab, name: &str, header: usize, (first, second): (usize, usize)) -> Error {
    Error::new(ErrorKind::SheetLayout, format!("two columns are called `{name}`"))
        .context("tab", tab.title.clone())
        .context("cells", format!("{} and {}", a1::cell(header, first), a1::cell(header, second)))
        .hint("rename the one that is not ours")
}

/// The marker after `last`. All who read the same state come to the same id, and an id
/// can be created once: of two commits onto one state only one is taken.
fn next_marker(last: Option<&Marker>, sheet: i64, taken: &[i64]) -> Marker {
    // Ids of different tabs start far apart; 2^30 keeps them within the API's integers.
    let start =
        last.map_or(1 + (sheet.unsigned_abs() % (1 << 15)).cast_signed() * (1 << 14), |last| last.id + 1);
    let id = (start..=i64::from(i32::MAX)).find(|id| !taken.contains(id)).unwrap_or(start);
    Marker { id, token: format!("{:016x}", random()) }
}

fn new_id(taken: impl Fn(i64) -> bool) -> i64 {
    let ids = std::iter::repeat_with(|| (random() % (1 << 31)).cast_signed());
    ids.into_iter().find(|&id| id > 0 && !taken(id)).unwrap_or(1)
}

/// Not for secrets: the standard library's randomly keyed hash.
fn random() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
