//! The list of changes: a tab with a row for each cell of ours that a write changed, put
//! there by the very request that changes the cell, so that it is told once or not at all.
//!
//! New rows come below the heading. Nothing in the list is read or found again: people may
//! sort it, delete rows and columns of it, move its columns and rename it.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use compact_str::CompactString;
use exporter_core::{ColumnType, Error, ErrorKind, RowKey, RowUpdate, Table, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::a1;
use crate::layout::{Layout, new_id};
use crate::part::{Cells, weight};
use crate::structure::{LIST, Structure, TAG, Tab};
use crate::wire::{CellData, number_format, text};

/// The headings of the list.
const NAMES: [&str; 7] = ["When", "Tab", "Key", "Column", "Before", "After", "Run"];
/// Rows of a new list.
const NEW_ROWS: usize = 1000;
/// About how many bytes of a request a row of the list takes beside key and values.
const AROUND: usize = 500;

/// Which tab lists changes, and in which time zone.
#[derive(Debug, Clone)]
pub struct ChangeList {
    /// The tab's name in the configuration.
    pub title: String,
    /// The time zone of its times.
    pub zone: Tz,
}

/// Where the list is.
#[derive(Debug)]
pub struct Place {
    sheet: i64,
    title: String,
    /// The tab's name in the configuration; nothing for one that is there.
    new: Option<String>,
    /// The row that new ones come before.
    top: usize,
    /// The sheet's column of each of [`NAMES`], if people left it there.
    columns: [Option<usize>; NAMES.len()],
}

/// A change that a write makes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Change {
    key: RowKey,
    column: CompactString,
    /// What was in the cell, as text by which equal cells are equal.
    before: String,
    /// What comes into it, likewise.
    after: String,
}

/// What a write adds to the list.
#[derive(Debug)]
pub struct Entries {
    place: Place,
    rows: Vec<[Value; NAMES.len()]>,
    /// The changes that the rows tell of.
    pub changes: Vec<Change>,
}

/// What all changes of a write have in common.
pub struct About<'a> {
    /// When it is sent.
    pub at: DateTime<Utc>,
    /// The run.
    pub run: &'a str,
    /// The changes that are in the list already: they were sent to where people had moved
    /// other rows meanwhile, and are sent once more.
    pub told: &'a HashSet<Change>,
}

impl ChangeList {
    /// Checks that an export does not go into the list itself.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it does.
    pub fn check(&self, tab: &str) -> Result<(), Error> {
        if tab.to_lowercase() != self.title.to_lowercase() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Config, format!("an export goes to the tab `{tab}`, which lists changes"))
            .hint("choose another name for `changes` under [sheets], or another `tab` for the export"))
    }

    /// Finds the list.
    ///
    /// # Errors
    /// A tab of that name that is no list of ours, one without any of its columns, or a
    /// protected range where new rows come.
    pub fn place(&self, structure: &Structure) -> Result<Place, Error> {
        let ours = structure.tabs.iter().find(|tab| tab.list.as_deref() == Some(&*self.title));
        if let Some(tab) = ours {
            return Self::found(tab);
        }
        let refused = |tab: &Tab| {
            Error::new(
                ErrorKind::SheetLayout,
                format!("the tab `{}` is there and is not our list of changes", tab.title),
            )
            .hint("choose another name for `changes` under [sheets], or rename that tab")
        };
        let same = |tab: &&Tab| tab.title.to_lowercase() == self.title.to_lowercase();
        match structure.tabs.iter().find(same) {
            Some(tab) => Err(refused(tab)),
            None => Ok(Place {
                sheet: new_id(|id| structure.tabs.iter().any(|tab| tab.id == id)),
                title: self.title.clone(),
                new: Some(self.title.clone()),
                top: 1,
                columns: std::array::from_fn(Some),
            }),
        }
    }

    fn found(tab: &Tab) -> Result<Place, Error> {
        let top = tab.frozen.clamp(1, tab.rows.max(1));
        let columns = NAMES.map(|name| tab.tags.iter().find(|(_, tag)| tag == name).map(|tag| tag.0));
        let locked = tab.locked.iter().find(|block| {
            columns.iter().flatten().any(|&column| block.covers(top, column)) || block.splits(top)
        });
        let refused = |what: &str, cell: String| {
            Err(Error::new(ErrorKind::SheetLayout, what.to_owned())
                .context("tab", tab.title.clone())
                .context("cell", cell)
                .hint("mend it, or delete the whole tab: it is made anew"))
        };
        match locked {
            Some(block) => refused("a protected range is in the way of the list of changes", block.corner()),
            None if columns.iter().all(Option::is_none) => {
                refused("the list of changes has none of its columns any more", a1::cell(0, 0))
            }
            None => Ok(Place { sheet: tab.id, title: tab.title.clone(), new: None, top, columns }),
        }
    }

    /// What a write that changes these cells adds to the list; nothing if nothing.
    pub fn entries(
        &self,
        place: Place,
        (layout, cells): (&Layout, &Cells),
        updates: &[RowUpdate],
        table: &Table,
        about: &About<'_>,
    ) -> Option<Entries> {
        let at = Value::DateTime(about.at.with_timezone(&self.zone).naive_local());
        let (mut rows, mut changes) = (Vec::new(), Vec::new());
        for update in updates {
            for cell in &update.cells {
                let column = &table.columns()[cell.column as usize];
                let change = Change {
                    key: update.key.clone(),
                    column: column.name.clone(),
                    before: text(&cell.before),
                    after: text(&cell.after),
                };
                let place = (update.stored_row as usize - 1, layout.places[cell.column as usize]);
                if !cells.contains_key(&place) || about.told.contains(&change) {
                    continue;
                }
                rows.push([
                    at.clone(),
                    Value::text(&layout.title),
                    Value::text(update.key.to_string()),
                    Value::text(&column.name),
                    shown(&cell.before, column.kind),
                    shown(&cell.after, column.kind),
                    Value::text(about.run),
                ]);
                changes.push(change);
            }
        }
        (!rows.is_empty()).then_some(Entries { place, rows, changes })
    }
}

impl Entries {
    /// The requests that add the rows, after those that make the list where it is missing.
    pub fn requests(&self) -> Vec<Json> {
        let Place { sheet, top, columns, new, title } = &self.place;
        let mut requests = Vec::new();
        let count = self.rows.len();
        if let Some(name) = new {
            let grid = json!({ "rowCount": NEW_ROWS.max(count + 1), "columnCount": NAMES.len(), "frozenRowCount": 1 });
            let properties = json!({ "sheetId": sheet, "title": title, "gridProperties": grid });
            requests.push(json!({ "addSheet": { "properties": properties } }));
            requests.extend(self.headings());
            requests.push(metadata(LIST, name, &json!({ "sheetId": sheet })));
        } else {
            let range =
                json!({ "sheetId": sheet, "dimension": "ROWS", "startIndex": top, "endIndex": top + count });
            requests.push(json!({ "insertDimension": { "range": range, "inheritFromBefore": false } }));
        }
        for (index, column) in columns.iter().enumerate() {
            let Some(column) = column else { continue };
            let cells = self.rows.iter().map(|row| {
                let value = serde_json::to_value(CellData(&row[index])).unwrap_or_default();
                let format = number_format(&row[index]).map(|format| json!({ "numberFormat": format }));
                json!({ "values": [merged(value, format)] })
            });
            requests.push(json!({ "updateCells": {
                "start": { "sheetId": sheet, "rowIndex": top, "columnIndex": column },
                "rows": cells.collect::<Vec<_>>(),
                "fields": "userEnteredValue,userEnteredFormat.numberFormat",
            } }));
        }
        requests
    }

    fn headings(&self) -> Vec<Json> {
        let sheet = self.place.sheet;
        let heading = |name: &str| json!({ "userEnteredValue": { "stringValue": name }, "userEnteredFormat": { "textFormat": { "bold": true } } });
        let cells: Vec<Json> = NAMES.iter().map(|name| heading(name)).collect();
        let mut requests = vec![json!({ "updateCells": {
            "start": { "sheetId": sheet, "rowIndex": 0, "columnIndex": 0 },
            "rows": [{ "values": cells }],
            "fields": "userEnteredValue,userEnteredFormat.textFormat.bold",
        } })];
        requests.extend(NAMES.iter().enumerate().map(|(column, name)| {
            let range = json!({ "sheetId": sheet, "dimension": "COLUMNS", "startIndex": column, "endIndex": column + 1 });
            metadata(TAG, name, &json!({ "dimensionRange": range }))
        }));
        requests
    }

    /// A range whose answer tells of the list's tab.
    pub fn range(&self) -> String {
        format!("{}!1:1", a1::quoted(&self.place.title))
    }
}

/// About how many bytes each changed cell adds to a request by its row in the list.
pub fn weights(layout: &Layout, updates: &[RowUpdate]) -> HashMap<(usize, usize), usize> {
    let cells = updates.iter().flat_map(|update| {
        update.cells.iter().map(move |cell| {
            let place = (update.stored_row as usize - 1, layout.places[cell.column as usize]);
            (place, AROUND + update.key.as_str().len() + weight(&cell.before) + weight(&cell.after))
        })
    });
    cells.collect()
}

/// How many cells the list grows by.
pub fn growth(list: &ChangeList, structure: &Structure, updates: &[RowUpdate]) -> usize {
    let rows: usize = updates.iter().map(|update| update.cells.len()).sum();
    let tab = structure.tabs.iter().find(|tab| tab.list.as_deref() == Some(&*list.title));
    match tab {
        _ if rows == 0 => 0,
        Some(tab) => rows * tab.columns,
        None => NEW_ROWS.max(rows + 1) * NAMES.len(),
    }
}

/// A value as people read it: a day comes back from a sheet as its number.
fn shown(value: &Value, kind: ColumnType) -> Value {
    let dated = matches!(kind, ColumnType::Date | ColumnType::DateTime);
    let (Value::Integer(serial), true) = (value, dated) else {
        return match value {
            Value::Date(_) | Value::DateTime(_) => Value::text(value.to_string()),
            other => other.clone(),
        };
    };
    let first = chrono::NaiveDate::from_ymd_opt(1899, 12, 30);
    let day =
        first.zip(TimeDelta::try_days(*serial)).and_then(|(first, days)| first.checked_add_signed(days));
    day.map_or_else(|| value.clone(), |day| Value::text(day.to_string()))
}

fn merged(mut cell: Json, format: Option<Json>) -> Json {
    if let (Json::Object(cell), Some(format)) = (&mut cell, format) {
        cell.insert("userEnteredFormat".to_owned(), format);
    }
    cell
}

fn metadata(key: &str, value: &str, location: &Json) -> Json {
    json!({ "createDeveloperMetadata": { "developerMetadata": {
        "metadataKey": key,
        "metadataValue": value,
        "location": location,
        "visibility": "DOCUMENT",
    } } })
}
