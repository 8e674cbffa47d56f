//! Acts of a person on a spreadsheet, between two calls of a program: typing, sorting,
//! inserting, deleting, moving, renaming, sharing.
//!
//! A person is the spreadsheet's owner and goes through the same code as the API, so what
//! follows a row for the one follows it for the other.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::range::{GridRange, Rect};
use crate::sheets::{Role, Sheets, a1};

/// What a person does. Rows are numbered from 1 and columns lettered, as people see them.
///
/// In JSON the kind stands in `act`: `{"act": "type", "tab": "Sheet1", "cell": "B2", "text": "x"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Types text into a cell; it is read as Sheets reads typing. Empty text empties it.
    Type {
        /// Title of the tab.
        tab: String,
        /// The cell, for instance `B2`.
        cell: String,
        /// What is typed.
        text: String,
    },
    /// Sorts the rows of a tab by a column, the header rows excepted.
    Sort {
        /// Title of the tab.
        tab: String,
        /// Letter of the column.
        column: String,
        /// From large to small.
        #[serde(default)]
        descending: bool,
        /// Rows at the top that stay; 1 when not given.
        #[serde(default = "one")]
        header_rows: usize,
    },
    /// Inserts empty rows before a row.
    InsertRows {
        /// Title of the tab.
        tab: String,
        /// Number of the row.
        at: usize,
        /// How many; 1 when not given.
        #[serde(default = "one")]
        count: usize,
    },
    /// Deletes rows from a row on.
    DeleteRows {
        /// Title of the tab.
        tab: String,
        /// Number of the first.
        at: usize,
        /// How many; 1 when not given.
        #[serde(default = "one")]
        count: usize,
    },
    /// Drags rows before another row.
    MoveRows {
        /// Title of the tab.
        tab: String,
        /// Number of the first.
        at: usize,
        /// How many; 1 when not given.
        #[serde(default = "one")]
        count: usize,
        /// Number of the row before which they come to stand.
        to: usize,
    },
    /// Inserts empty columns before a column.
    InsertColumns {
        /// Title of the tab.
        tab: String,
        /// Letter of the column.
        at: String,
        /// How many; 1 when not given.
        #[serde(default = "one")]
        count: usize,
    },
    /// Deletes columns from a column on.
    DeleteColumns {
        /// Title of the tab.
        tab: String,
        /// Letter of the first.
        at: String,
        /// How many; 1 when not given.
        #[serde(default = "one")]
        count: usize,
    },
    /// Drags a column before another.
    MoveColumn {
        /// Title of the tab.
        tab: String,
        /// Its letter.
        from: String,
        /// Letter of the column before which it comes to stand.
        to: String,
    },
    /// Renames a tab.
    RenameTab {
        /// Title of the tab.
        tab: String,
        /// New title.
        title: String,
    },
    /// Adds a tab at the end.
    AddTab {
        /// Title of the tab.
        title: String,
    },
    /// Deletes a tab.
    DeleteTab {
        /// Title of the tab.
        tab: String,
    },
    /// Merges cells.
    Merge {
        /// Title of the tab.
        tab: String,
        /// The cells, for instance `A1:B2`.
        range: String,
    },
    /// Protects cells from everybody but the owner.
    Protect {
        /// Title of the tab.
        tab: String,
        /// The cells, for instance `A1:B2`.
        range: String,
    },
    /// Takes every protection of a tab away.
    Unprotect {
        /// Title of the tab.
        tab: String,
    },
    /// Shares the spreadsheet with an account.
    Share {
        /// Address of the account.
        email: String,
        /// What it may do.
        role: Role,
    },
    /// Takes an account's rights away.
    Unshare {
        /// Address of the account.
        email: String,
    },
}

fn one() -> usize {
    1
}

/// Does what `act` says on a spreadsheet; what a person could not do is an error.
pub fn act(sheets: &Sheets, spreadsheet: &str, act: &Act) -> Answer<()> {
    match act {
        Act::Type { tab, cell, text } => {
            sheets.type_text(spreadsheet, &format!("{}!{cell}", a1::quoted(tab)), text)
        }
        Act::Share { email, role } => sheets.share(spreadsheet, email, *role),
        Act::Unshare { email } => sheets.unshare(spreadsheet, email),
        Act::AddTab { title } => sheets.add_tab(spreadsheet, title),
        _ => sheets.as_owner(spreadsheet, |tabs| requests(act, tabs)),
    }
}

/// The same from JSON, as the control path receives it.
pub fn act_json(sheets: &Sheets, spreadsheet: &str, value: &Value) -> Answer<()> {
    let parsed = Act::deserialize(value)
        .map_err(|error| ApiError::invalid(format!("Not an act of a person: {error}")))?;
    act(sheets, spreadsheet, &parsed)
}

/// What a request needs to know of a tab: its id and size.
#[derive(Debug, Clone)]
pub struct TabFacts {
    /// Title.
    pub title: String,
    /// Id.
    pub id: i64,
    /// Rows in use.
    pub used_rows: usize,
    /// Columns of the grid.
    pub columns: usize,
    /// Ids of its protected ranges.
    pub protected: Vec<i64>,
}

fn requests(act: &Act, tabs: &[TabFacts]) -> Answer<Vec<Value>> {
    let find = |title: &str| {
        let found = tabs.iter().find(|tab| tab.title == title);
        found.ok_or_else(|| ApiError::invalid(format!("There is no tab called {title}.")))
    };
    let rows = |tab: &str, at: usize, count: usize| -> Answer<Value> {
        let start = at.checked_sub(1).ok_or_else(|| ApiError::invalid("Rows are numbered from 1."))?;
        Ok(span(find(tab)?.id, "ROWS", start, count))
    };
    let columns = |tab: &str, at: &str, count: usize| -> Answer<Value> {
        Ok(span(find(tab)?.id, "COLUMNS", column(at)?, count))
    };
    let request = match act {
        Act::Sort { tab, column: letter, descending, header_rows } => {
            let tab = find(tab)?;
            let sorting = sort(tab, column(letter)?, *descending, *header_rows);
            return Ok(sorting.into_iter().collect());
        }
        Act::InsertRows { tab, at, count } => {
            json!({ "insertDimension": { "range": rows(tab, *at, *count)? } })
        }
        Act::DeleteRows { tab, at, count } => {
            json!({ "deleteDimension": { "range": rows(tab, *at, *count)? } })
        }
        Act::MoveRows { tab, at, count, to } => {
            let to = to.saturating_sub(1);
            json!({ "moveDimension": { "source": rows(tab, *at, *count)?, "destinationIndex": to } })
        }
        Act::InsertColumns { tab, at, count } => {
            json!({ "insertDimension": { "range": columns(tab, at, *count)? } })
        }
        Act::DeleteColumns { tab, at, count } => {
            json!({ "deleteDimension": { "range": columns(tab, at, *count)? } })
        }
        Act::MoveColumn { tab, from, to } => {
            let (source, to) = (columns(tab, from, 1)?, column(to)?);
            json!({ "moveDimension": { "source": source, "destinationIndex": to } })
        }
        Act::RenameTab { tab, title } => json!({ "updateSheetProperties": {
            "properties": { "sheetId": find(tab)?.id, "title": title },
            "fields": "title",
        }}),
        Act::DeleteTab { tab } => json!({ "deleteSheet": { "sheetId": find(tab)?.id } }),
        Act::Merge { tab, range } => {
            json!({ "mergeCells": { "range": cells(find(tab)?.id, range)?, "mergeType": "MERGE_ALL" } })
        }
        Act::Protect { tab, range } => json!({ "addProtectedRange": {
            "protectedRange": { "range": cells(find(tab)?.id, range)? },
        }}),
        Act::Unprotect { tab } => {
            let ids = find(tab)?.protected.iter();
            return Ok(ids.map(|id| json!({ "deleteProtectedRange": { "protectedRangeId": id } })).collect());
        }
        Act::Type { .. } | Act::Share { .. } | Act::Unshare { .. } | Act::AddTab { .. } => {
            return Ok(Vec::new());
        }
    };
    Ok(vec![request])
}

fn sort(tab: &TabFacts, column: usize, descending: bool, header_rows: usize) -> Option<Value> {
    if tab.used_rows <= header_rows {
        return None;
    }
    let rect = Rect { top: header_rows, bottom: tab.used_rows, left: 0, right: tab.columns };
    let order = if descending { "DESCENDING" } else { "ASCENDING" };
    Some(json!({ "sortRange": {
        "range": GridRange::of(tab.id, rect).write(),
        "sortSpecs": [{ "dimensionIndex": column, "sortOrder": order }],
    }}))
}

fn span(sheet: i64, dimension: &str, start: usize, count: usize) -> Value {
    json!({ "sheetId": sheet, "dimension": dimension, "startIndex": start, "endIndex": start + count })
}

fn column(letters: &str) -> Answer<usize> {
    a1::column_index(letters)
        .ok_or_else(|| ApiError::invalid(format!("{letters} is not the letter of a column.")))
}

fn cells(sheet: i64, range: &str) -> Answer<Value> {
    let range =
        a1::cells(range).ok_or_else(|| ApiError::invalid(format!("Unable to parse range: {range}")))?;
    Ok(GridRange { sheet, ..range }.write())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sheets::{OWNER, Options};

    fn filled() -> (std::sync::Arc<Sheets>, String) {
        let sheets = Sheets::new(&Options::default()).unwrap();
        let id = sheets.create("t", OWNER);
        for (cell, text) in [("A1", "id"), ("B1", "n"), ("A2", "b"), ("B2", "2"), ("A3", "a"), ("B3", "1")] {
            let tab = "Sheet1".to_owned();
            act(&sheets, &id, &Act::Type { tab, cell: cell.to_owned(), text: text.to_owned() }).unwrap();
        }
        (sheets, id)
    }

    fn column_a(sheets: &Sheets, id: &str) -> Vec<String> {
        let rows = sheets.rows(id, "Sheet1").unwrap();
        rows.iter().map(|row| row.first().cloned().unwrap_or_default()).collect()
    }

    #[test]
    fn people_sort_insert_delete_and_move() {
        let (sheets, id) = filled();
        let tab = || "Sheet1".to_owned();
        for (step, left) in [
            (
                Act::Sort { tab: tab(), column: "A".into(), descending: false, header_rows: 1 },
                vec!["id", "a", "b"],
            ),
            (Act::InsertRows { tab: tab(), at: 1, count: 1 }, vec!["", "id", "a", "b"]),
            (Act::MoveRows { tab: tab(), at: 4, count: 1, to: 3 }, vec!["", "id", "b", "a"]),
            (Act::DeleteRows { tab: tab(), at: 1, count: 1 }, vec!["id", "b", "a"]),
            (Act::MoveColumn { tab: tab(), from: "A".into(), to: "C".into() }, vec!["n", "2", "1"]),
            (Act::InsertColumns { tab: tab(), at: "A".into(), count: 1 }, vec!["", "", ""]),
            (Act::DeleteColumns { tab: tab(), at: "A".into(), count: 2 }, vec!["id", "b", "a"]),
        ] {
            act(&sheets, &id, &step).unwrap();
            assert_eq!(column_a(&sheets, &id), left, "{step:?}");
        }
    }

    #[test]
    fn acts_come_as_json_too() {
        let (sheets, id) = filled();
        let rename = json!({"act": "rename_tab", "tab": "Sheet1", "title": "Data"});
        act_json(&sheets, &id, &rename).unwrap();
        assert_eq!(sheets.tabs(&id), ["Data"]);
        let error = act_json(&sheets, &id, &rename).unwrap_err();
        assert_eq!(error.message, "There is no tab called Sheet1.");
        assert!(act_json(&sheets, &id, &json!({"act": "dance"})).is_err());
    }
}
