//! A spreadsheet: its tabs, named ranges, metadata and formats.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::errors::{Answer, ApiError};
use super::grid::{FormatId, Grid};
use super::locale::Locale;
use super::range::{Dimension, GridRange, Rect};
use super::shift::{Change, Shift};

/// Most cells a spreadsheet may have.
pub const MAX_CELLS: usize = 10_000_000;
/// Most columns a tab may have (ZZZ).
pub const MAX_COLUMNS: usize = 18_278;

/// A spreadsheet. A copy is cheap: tabs and rows are shared until written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spreadsheet {
    /// Id in its address.
    pub id: String,
    /// Title of the document.
    pub title: String,
    /// Locale as the API writes it, for instance `en_US`.
    pub locale: String,
    /// Time zone, an IANA name.
    pub time_zone: String,
    /// Further properties kept as they came (`autoRecalc`, …).
    pub more: Map<String, Value>,
    /// Tabs from left to right.
    pub tabs: Vec<Arc<Tab>>,
    /// Named ranges.
    pub named: Vec<Named>,
    /// Developer metadata of the spreadsheet and its parts.
    pub metadata: Vec<Metadata>,
    /// Formats in use.
    pub formats: Arc<Formats>,
    /// Whether a formula was ever written: without one, moving rows needs no rewriting.
    pub has_formulas: bool,
}

/// A named range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// Id, digits as text.
    pub id: String,
    /// Name.
    pub name: String,
    /// Range as the API writes it.
    pub range: Value,
}

/// What a piece of developer metadata belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// The whole spreadsheet.
    Spreadsheet,
    /// A tab.
    Sheet(i64),
    /// A row of a tab.
    Row(i64, usize),
    /// A column of a tab.
    Column(i64, usize),
}

/// A piece of developer metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Id.
    pub id: i64,
    /// Key.
    pub key: String,
    /// Value; `None` when never given.
    pub value: Option<String>,
    /// `DOCUMENT` or `PROJECT`.
    pub visibility: String,
    /// What it belongs to.
    pub place: Place,
}

/// A tab.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tab {
    /// Id.
    pub id: i64,
    /// Title.
    pub title: String,
    /// Hidden from people.
    pub hidden: bool,
    /// Rows that stay in sight.
    pub frozen_rows: usize,
    /// Columns that stay in sight.
    pub frozen_columns: usize,
    /// Further grid properties (`hideGridlines`, …).
    pub grid_more: Map<String, Value>,
    /// Further properties (`tabColor`, `rightToLeft`, …).
    pub more: Map<String, Value>,
    /// Cells.
    pub grid: Grid,
    /// Merged cells.
    pub merges: Vec<Value>,
    /// Protected ranges, filters, charts and so on: lists by their name in `Sheet`.
    pub objects: Map<String, Value>,
    /// The basic filter.
    pub basic_filter: Option<Value>,
}

/// The formats in use, each stored once.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Formats {
    known: Vec<Value>,
    #[serde(skip)]
    by_text: HashMap<String, FormatId>,
}

impl Formats {
    /// The `CellFormat`; `None` for no format.
    pub fn get(&self, id: FormatId) -> Option<&Value> {
        self.known.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// The number format inside, if any.
    pub fn number(&self, id: FormatId) -> Option<&Value> {
        self.get(id)?.get("numberFormat")
    }

    fn find(&self, text: &str) -> Option<FormatId> {
        self.by_text.get(text).copied()
    }

    fn add(&mut self, format: Value, text: String) -> FormatId {
        self.known.push(format);
        let id = FormatId::try_from(self.known.len()).unwrap_or(0);
        self.by_text.insert(text, id);
        id
    }

    /// Rebuilds what is not stored, after reading from disk.
    pub fn index(&mut self) {
        for (index, format) in self.known.iter().enumerate() {
            let id = FormatId::try_from(index + 1).unwrap_or(0);
            self.by_text.insert(format.to_string(), id);
        }
    }
}

impl Spreadsheet {
    /// A new spreadsheet without tabs.
    pub fn new(id: String, title: String) -> Self {
        Self {
            id,
            title,
            locale: "en_US".to_owned(),
            time_zone: "Etc/GMT".to_owned(),
            more: Map::new(),
            tabs: Vec::new(),
            named: Vec::new(),
            metadata: Vec::new(),
            formats: Arc::default(),
            has_formulas: false,
        }
    }

    /// The tab with this id.
    pub fn tab(&self, id: i64) -> Answer<&Tab> {
        let found = self.tabs.iter().find(|tab| tab.id == id);
        found.map(AsRef::as_ref).ok_or_else(|| no_sheet(id))
    }

    /// The tab with this id, to be written to.
    pub fn tab_mut(&mut self, id: i64) -> Answer<&mut Tab> {
        let found = self.tabs.iter_mut().find(|tab| tab.id == id);
        found.map(Arc::make_mut).ok_or_else(|| no_sheet(id))
    }

    /// The same for requests on the tab itself, which name it otherwise when it is missing.
    pub fn sheet_mut(&mut self, id: i64) -> Answer<&mut Tab> {
        self.tab_mut(id).map_err(|_| ApiError::invalid(format!("No sheet with id: {id}")))
    }

    /// The tab with this title; upper and lower case are the same, as for the API.
    pub fn tab_named(&self, title: &str) -> Option<&Tab> {
        let exact = self.tabs.iter().find(|tab| tab.title == title);
        let lower = || title.to_lowercase();
        exact.or_else(|| self.tabs.iter().find(|tab| tab.title.to_lowercase() == lower())).map(AsRef::as_ref)
    }

    /// The number of this format in the table, added when new; the empty object is none.
    pub fn format_id(&mut self, format: Value) -> FormatId {
        if format.as_object().is_none_or(Map::is_empty) {
            return 0;
        }
        let text = format.to_string();
        match self.formats.find(&text) {
            Some(id) => id,
            None => Arc::make_mut(&mut self.formats).add(format, text),
        }
    }

    /// How dates and numbers are read and written here.
    pub fn language(&self) -> Locale {
        Locale::of(&self.locale)
    }

    /// Cells of all tabs together.
    pub fn cell_count(&self) -> usize {
        self.tabs.iter().map(|tab| tab.grid.cell_count()).sum()
    }

    /// Refuses a tab that would be `more` cells larger than allowed.
    pub fn check_growth(&self, more: usize) -> Answer<()> {
        if self.cell_count().saturating_add(more) > MAX_CELLS {
            return Err(ApiError::invalid(format!(
                "This action would increase the number of cells in the workbook above the limit of \
                 {MAX_CELLS} cells."
            )));
        }
        Ok(())
    }

    /// Inserts, deletes or moves rows or columns: cells, metadata, merges, protected and
    /// named ranges, filters and formulas all follow.
    pub fn shift(&mut self, shift: Shift) -> Answer<()> {
        self.tab_mut(shift.sheet)?.grid.shift(shift.dimension, shift.change);
        self.follow(shift)
    }

    /// Everything but the cells follows a structural change.
    pub fn follow(&mut self, shift: Shift) -> Answer<()> {
        let tab = self.tab_mut(shift.sheet)?;
        tab.follow(&shift);
        self.metadata.retain_mut(|item| match (item.place, shift.dimension) {
            (Place::Row(sheet, index), Dimension::Rows) if sheet == shift.sheet => {
                let moved = shift.change.index(index);
                item.place = Place::Row(sheet, moved.unwrap_or(index));
                moved.is_some()
            }
            (Place::Column(sheet, index), Dimension::Columns) if sheet == shift.sheet => {
                let moved = shift.change.index(index);
                item.place = Place::Column(sheet, moved.unwrap_or(index));
                moved.is_some()
            }
            _ => true,
        });
        self.named.retain_mut(|named| {
            let moved = GridRange::read(&named.range).ok().and_then(|range| shift.range(&range));
            if let Some(range) = moved {
                named.range = range.write();
            }
            moved.is_some()
        });
        if self.has_formulas {
            super::formula::rewrite::shift(self, &shift);
        }
        Ok(())
    }
}

fn no_sheet(id: i64) -> ApiError {
    ApiError::invalid(format!("No grid with id: {id}"))
}

impl Tab {
    /// A new tab.
    pub fn new(id: i64, title: String, rows: usize, columns: usize) -> Self {
        Self {
            id,
            title,
            hidden: false,
            frozen_rows: 0,
            frozen_columns: 0,
            grid_more: Map::new(),
            more: Map::new(),
            grid: Grid::new(rows, columns),
            merges: Vec::new(),
            objects: Map::new(),
            basic_filter: None,
        }
    }

    /// The stored objects of one kind, for instance `protectedRanges`.
    pub fn list(&self, kind: &str) -> &[Value] {
        self.objects.get(kind).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The stored objects of one kind, to be changed.
    pub fn list_mut(&mut self, kind: &str) -> &mut Vec<Value> {
        let list = self.objects.entry(kind).or_insert_with(|| Value::Array(Vec::new()));
        if !list.is_array() {
            *list = Value::Array(Vec::new());
        }
        match list {
            Value::Array(items) => items,
            _ => unreachable!("made a list just above"),
        }
    }

    /// Merged rectangles.
    pub fn merged(&self) -> Vec<Rect> {
        let ranges = self.merges.iter().filter_map(|merge| GridRange::read(merge).ok());
        ranges.map(|range| range.bounded(self)).collect()
    }

    fn follow(&mut self, shift: &Shift) {
        self.merges.retain_mut(|merge| {
            let moved = GridRange::read(merge).ok().and_then(|range| shift.range(&range));
            if let Some(range) = moved {
                *merge = range.write();
            }
            moved.is_some_and(|range| !range.is_one_cell())
        });
        for list in self.objects.values_mut() {
            if let Value::Array(items) = list {
                items.retain_mut(|item| shift.object(item));
            }
        }
        let gone = self.basic_filter.as_mut().is_some_and(|filter| !shift.object(filter));
        if gone {
            self.basic_filter = None;
        }
        self.refreeze(shift);
    }

    /// Frozen rows and columns grow and shrink with what is inserted or deleted in them.
    fn refreeze(&mut self, shift: &Shift) {
        let frozen = match shift.dimension {
            Dimension::Rows => &mut self.frozen_rows,
            Dimension::Columns => &mut self.frozen_columns,
        };
        match shift.change {
            Change::Insert { at, count } if at < *frozen => *frozen += count,
            Change::Delete { start, end } => {
                *frozen -= end.min(*frozen) - start.min(*frozen);
            }
            _ => {}
        }
    }
}
