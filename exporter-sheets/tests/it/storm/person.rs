//! A person who works in the tab at the worst moments.

use exporter_sandbox::person::{Act, act};
use exporter_sandbox::sheets::Sheets;

use super::model::{Model, find_header};
use super::rng::Rng;
use crate::bench::ID;

fn letter(column: usize) -> String {
    char::from(b'A' + u8::try_from(column).unwrap()).to_string()
}

/// The tab that people may have renamed.
pub fn tab(sheets: &Sheets) -> Option<String> {
    sheets.tabs(ID).into_iter().find(|title| title.starts_with("orders"))
}

/// Does something, and notes in the model what that makes of the tab.
pub fn meddle(sheets: &Sheets, model: &mut Model, rng: &mut Rng) -> Option<String> {
    let tab = tab(sheets)?;
    let rows = sheets.rows(ID, &tab)?;
    let (header, columns) = find_header(&rows)?;
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: usize, column: usize| rows[row].get(column).cloned().unwrap_or_default();
    let row_of = |id: &str| (0..rows.len()).find(|&row| row != header && cell(row, columns[0]) == id);
    let do_it = |what: &Act| {
        act(sheets, ID, what).unwrap();
        Some(format!("{what:?}"))
    };
    let type_into = |row: usize, column: usize, text: &str| {
        do_it(&Act::Type {
            tab: tab.clone(),
            cell: format!("{}{}", letter(column), row + 1),
            text: text.into(),
        })
    };
    match rng.below(13) {
        0 | 1 => {
            // A note beside one of our rows.
            let ids: Vec<String> = model.synced.keys().filter(|id| row_of(id).is_some()).cloned().collect();
            if ids.is_empty() {
                return None;
            }
            let (id, text) = (rng.pick(&ids).clone(), model.unique("note"));
            model.notes.insert(id.clone(), text.clone());
            type_into(row_of(&id)?, columns[3], &text)
        }
        2 => {
            // A status of ours, in a row that no run is about to change.
            let ids: Vec<String> = model.settled().into_iter().filter(|id| row_of(id).is_some()).collect();
            if ids.is_empty() {
                return None;
            }
            let (id, text) = (rng.pick(&ids).clone(), model.unique("edit"));
            model.edits.insert(id.clone(), text.clone());
            type_into(row_of(&id)?, columns[1], &text)
        }
        3 => {
            // A row of their own below everything, typed in one go.
            let (note, status) = (model.unique("own"), if rng.percent(50) { "open" } else { "" });
            let total = if rng.percent(50) { "77" } else { "" };
            let row = rows.len();
            model.own.push([status.to_owned(), total.to_owned(), note.clone()]);
            for (column, text) in [(columns[1], status), (columns[2], total), (columns[3], note.as_str())] {
                if !text.is_empty() {
                    type_into(row, column, text);
                }
            }
            Some(format!("own row {note}"))
        }
        4..7 => do_it(&Act::Sort {
            tab: tab.clone(),
            column: letter(*rng.pick(&columns)),
            descending: rng.percent(50),
            header_rows: header + 1,
        }),
        7 => do_it(&Act::InsertRows {
            tab: tab.clone(),
            at: 1 + rng.below(rows.len()),
            count: 1 + rng.below(2),
        }),
        8 => {
            // A row of ours that is no longer wanted.
            let ids: Vec<String> = model.synced.keys().filter(|id| row_of(id).is_some()).cloned().collect();
            if ids.is_empty() || !rng.percent(50) {
                return None;
            }
            let id = rng.pick(&ids).clone();
            model.deleted.insert(id.clone());
            model.notes.remove(&id);
            model.edits.remove(&id);
            do_it(&Act::DeleteRows { tab: tab.clone(), at: row_of(&id)? + 1, count: 1 })
        }
        9 => {
            let span = rows.len() - header;
            if span < 4 {
                return None;
            }
            let (at, to) = (header + 2 + rng.below(span - 1), header + 2 + rng.below(span - 1));
            if at == to || at + 1 == to {
                return None;
            }
            do_it(&Act::MoveRows { tab: tab.clone(), at, count: 1, to })
        }
        10 if width < 20 => {
            do_it(&Act::InsertColumns { tab: tab.clone(), at: letter(rng.below(width)), count: 1 })
        }
        11 => {
            let (from, to) = (rng.below(width), rng.below(width));
            if from == to || from + 1 == to {
                return None;
            }
            do_it(&Act::MoveColumn { tab: tab.clone(), from: letter(from), to: letter(to) })
        }
        12 => {
            let title = model.unique("orders");
            do_it(&Act::RenameTab { tab, title })
        }
        _ => None,
    }
}
