//! Where our columns and rows are in a tab that people may have rearranged.

use exporter_core::{Error, ErrorKind, ExportSpec, RowKey, Table, Value};
use serde::{Deserialize, Serialize};

use crate::a1;
use crate::grid::Grid;
use crate::structure::{Block, HITS, Hit, Marker, Structure, Tab};

/// The header is looked for in this many rows from the top, empty ones not counted.
const HEADER_ROWS: usize = 10;
/// How long a marker is kept, in seconds: Google gives a request up after three minutes.
const KEPT: i64 = 600;
/// Size of a new tab, as Sheets makes it.
const NEW_GRID: (usize, usize) = (1000, 26);

/// Where a table belongs in its tab. All rows and columns count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Id of the tab, chosen by us when it is missing.
    pub sheet: i64,
    /// Title of the tab.
    pub title: String,
    /// The tab's name in the configuration.
    pub name: String,
    /// Whether the tab is there.
    pub exists: bool,
    /// Whether nothing at all is in it, so that its header is new.
    pub blank: bool,
    /// Rows and columns of its grid.
    pub grid: (usize, usize),
    /// The header's row.
    pub header: usize,
    /// The sheet's column for each column of the table.
    pub places: Vec<usize>,
    /// Columns of the table that are not there yet. They come next to each other, to the
    /// right of our last one, and push people's columns on.
    pub added: Vec<usize>,
    /// Columns of the table that bear no tag yet, or do not bear it alone.
    pub untagged: Vec<usize>,
    /// The columns that earlier writes went into.
    #[serde(default)]
    pub hits: Vec<Hit>,
    /// The row below our last row.
    pub end: usize,
    /// The marker of our last commit.
    pub last: Option<Marker>,
    /// All markers that are kept.
    pub markers: Vec<Marker>,
    /// The marker of the commit to come.
    pub next: Marker,
}

impl Layout {
    /// The layout of a tab that is not there yet.
    pub fn new_tab(structure: &Structure, name: &str, table: &Table) -> Self {
        let sheet = new_id(|id| structure.tabs.iter().any(|tab| tab.id == id));
        Self {
            sheet,
            title: name.to_owned(),
            name: name.to_owned(),
            exists: false,
            blank: true,
            grid: (NEW_GRID.0, NEW_GRID.1.max(table.width())),
            header: 0,
            places: (0..table.width()).collect(),
            added: (0..table.width()).collect(),
            untagged: (0..table.width()).collect(),
            hits: Vec::new(),
            end: 1,
            last: None,
            markers: Vec::new(),
            next: next_marker(None, name, &structure.taken),
        }
    }

    /// Finds our columns and rows among what was read.
    ///
    /// # Errors
    /// A header without our key, a name that is there twice, a header of ours that people
    /// renamed, merged or protected cells.
    pub fn find(
        structure: &Structure,
        tab: &Tab,
        grid: &Grid,
        table: &Table,
        spec: &ExportSpec,
    ) -> Result<Self, Error> {
        let width = grid.width();
        let blank = (0..grid.len()).all(|row| grid.is_blank(row));
        let header = find_header(tab, grid, table, spec)?;
        let names = grid.row(header);
        let mut found = Vec::with_capacity(table.width());
        for column in table.columns() {
            let places: Vec<usize> =
                (0..names.len()).filter(|&place| is(&names[place], &column.name)).collect();
            match places[..] {
                [place] => found.push(Some(place)),
                [] => {
                    renamed(tab, names, header, &column.name)?;
                    found.push(None);
                }
                [first, second, ..] => return Err(twice(tab, &column.name, header, (first, second))),
            }
        }
        let mut free = found.iter().flatten().max().map_or(if blank { 0 } else { width }, |last| last + 1);
        let added: Vec<usize> = (0..found.len()).filter(|&column| found[column].is_none()).collect();
        let places = found.into_iter().map(|place| {
            place.unwrap_or_else(|| {
                free += 1;
                free - 1
            })
        });
        let places: Vec<usize> = places.collect();
        let bears_tag = |column: usize| {
            let mut tagged = tab.tags.iter().filter(|(_, name)| *name == *table.columns()[column].name);
            let right = tagged.next().is_some_and(|(place, _)| *place == places[column]);
            right && tagged.next().is_none() && !added.contains(&column)
        };
        let untagged = (0..table.width()).filter(|&column| !bears_tag(column)).collect();
        let mut layout = Self {
            sheet: tab.id,
            title: tab.title.clone(),
            name: spec.tab.clone(),
            exists: true,
            blank,
            grid: (tab.rows, tab.columns),
            header,
            places,
            added,
            untagged,
            hits: tab.hits.clone(),
            end: header + 1,
            last: tab.marker.clone(),
            markers: tab.markers.clone(),
            next: next_marker(tab.marker.as_ref(), &spec.tab, &structure.taken),
        };
        layout.check_in_the_way(tab)?;
        let identity = identity(table, spec);
        let last = (header + 1..grid.len())
            .rev()
            .find(|&row| layout.key(&identity, |place| grid.at(row, place)).is_some());
        layout.end = last.map_or(header + 1, |row| row + 1);
        Ok(layout)
    }

    /// Where columns of the table are in the sheet.
    pub fn places_of(&self, columns: &[usize]) -> Vec<usize> {
        columns.iter().map(|&column| self.places[column]).collect()
    }

    /// The key of a row whose cells are given by the sheet's column.
    pub fn key<'v>(&self, identity: &[usize], cell: impl Fn(usize) -> &'v Value) -> Option<RowKey> {
        RowKey::of(identity.iter().map(|&column| cell(self.places[column])))
    }

    /// Whether a column of the sheet is one that the commit to come inserts.
    pub fn is_added(&self, place: usize) -> bool {
        self.missing().iter().any(|&column| self.places[column] == place)
    }

    /// Columns of the table that a filled tab has not.
    pub fn missing(&self) -> &[usize] {
        if self.exists && !self.blank { &self.added } else { &[] }
    }

    /// The key under which the commit to come tells which columns it goes into.
    pub fn hit_key(&self) -> &'static str {
        HITS[usize::from(self.next.id % 2 == 1)]
    }

    /// Another attempt at the same commit: a token of its own, so that it can be told which
    /// of them happened.
    pub fn renew_token(&mut self, now: i64) {
        (self.next.token, self.next.at) = (token(), now);
    }

    /// The markers that have been kept for long enough.
    pub fn outdated(&self) -> impl Iterator<Item = &Marker> {
        self.markers.iter().filter(|marker| marker.at < self.next.at - KEPT)
    }

    /// The marker after the one that was just set.
    pub fn advance(&mut self, taken: &[i64]) {
        let last = self.next.clone();
        let next = next_marker(Some(&last), &self.name, taken);
        let outdated: Vec<i64> = self.outdated().map(|marker| marker.id).collect();
        self.markers.retain(|marker| !outdated.contains(&marker.id));
        self.markers.push(last.clone());
        self.last = Some(last);
        self.next = next;
    }

    /// Whether new rows may come below ours: a protected range that reaches over that place
    /// keeps them out, even if it protects none of our columns.
    ///
    /// # Errors
    /// [`ErrorKind::SheetLayout`] with the range's first cell.
    pub fn check_inserts(&self, tab: &Tab) -> Result<(), Error> {
        let added = self.missing().first().map(|&column| self.places[column]);
        let splits =
            |block: &&Block| block.splits(self.end) || added.is_some_and(|place| block.splits_columns(place));
        let Some(block) = tab.locked.iter().find(splits) else { return Ok(()) };
        Err(Error::new(ErrorKind::SheetLayout, "new rows or columns would come into a protected range")
            .context("tab", tab.title.clone())
            .context("protected from", block.corner())
            .hint("let our account edit the protected range, or let the range only warn")
            .hint(format!(
                "our rows end above row {}: a range that ends there is not in the way",
                self.end + 1
            )))
    }

    fn check_in_the_way(&self, tab: &Tab) -> Result<(), Error> {
        // Columns that are inserted push what is there on.
        let there = || self.places.iter().copied().filter(|&place| !self.is_added(place));
        let blocks = [
            (&tab.merges, "merged cells are", "unmerge the cells"),
            (
                &tab.locked,
                "a protected range is",
                "let our account edit the protected range, or let the range only warn",
            ),
        ];
        for (blocks, what, hint) in blocks {
            let touched = blocks.iter().find(|block| there().any(|place| block.touches(self.header, place)));
            if let Some(block) = touched {
                return Err(Error::new(ErrorKind::SheetLayout, format!("{what} in the way of our columns"))
                    .context("tab", tab.title.clone())
                    .context("cell", block.corner())
                    .hint(hint));
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

/// Whether a header cell says this name.
pub fn is(cell: &Value, name: &str) -> bool {
    cell.as_text().is_some_and(|text| text.trim() == name.trim())
        || (!cell.is_empty() && cell.to_string() == name)
}

/// A column that bears our tag for a name, under another header, was renamed by people.
fn renamed(tab: &Tab, names: &[Value], header: usize, name: &str) -> Result<(), Error> {
    let tagged = tab
        .tags
        .iter()
        .find(|(place, tag)| tag == name && names.get(*place).is_none_or(|is| is.to_string() != name));
    let Some((place, _)) = tagged else { return Ok(()) };
    let now = names.get(*place).map(ToString::to_string).unwrap_or_default();
    let cell = a1::cell(header, *place);
    Err(Error::new(ErrorKind::SheetLayout, format!("the header of our column `{name}` now says `{now}`"))
        .context("tab", tab.title.clone())
        .context("cell", cell.clone())
        .hint(format!("type `{name}` into {cell} again; a note or a column beside it can say `{now}`")))
}

fn find_header(tab: &Tab, grid: &Grid, table: &Table, spec: &ExportSpec) -> Result<usize, Error> {
    if (0..grid.len()).all(|row| grid.is_blank(row)) {
        return Ok(0);
    }
    let has = |row: usize, name: &str| grid.row(row).iter().any(|cell| is(cell, name));
    let names: Vec<&str> = table.columns().iter().map(|column| column.name.as_str()).collect();
    let hits = |row: usize| names.iter().filter(|name| has(row, name)).count();
    let top: Vec<usize> = (0..grid.len()).filter(|&row| !grid.is_blank(row)).take(HEADER_ROWS).collect();
    let best = top.into_iter().rev().max_by_key(|&row| hits(row)).unwrap_or(0);
    for key in &spec.key {
        if !has(best, key) && hits(best) > 0 {
            renamed(tab, grid.row(best), best, key)?;
        }
    }
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
fn next_marker(last: Option<&Marker>, name: &str, taken: &[i64]) -> Marker {
    let start = last.map_or_else(|| first_id(name), |last| last.id + 1);
    let id = (start..=i64::from(i32::MAX)).find(|id| !taken.contains(id)).unwrap_or(start);
    Marker { id, token: token(), at: 0 }
}

/// Ids of different tabs start far apart; 2^30 keeps them within the API's integers.
fn first_id(name: &str) -> i64 {
    // FNV-1a, since the standard library's hash differs from process to process.
    let hash = name.to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    1 + (hash % (1 << 15)).cast_signed() * (1 << 14)
}

/// Random, so that no two attempts of anybody share one.
fn token() -> String {
    format!("{:016x}", random())
}

/// An id for a new tab.
pub fn new_id(taken: impl Fn(i64) -> bool) -> i64 {
    let ids = std::iter::repeat_with(|| (random() % (1 << 31)).cast_signed());
    ids.into_iter().find(|&id| id > 0 && !taken(id)).unwrap_or(1)
}

/// Not for secrets: the standard library's randomly keyed hash.
fn random() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// Columns of the table in the sheet's order, cut where people's columns lie between.
pub fn runs(places: &[usize]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_unstable_by_key(|&column| places[column]);
    let follows = |a: &usize, b: &usize| places[*a] + 1 == places[*b];
    order.chunk_by(follows).map(<[usize]>::to_vec).collect()
}
