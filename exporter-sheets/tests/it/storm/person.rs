//! A person who works in the tab at the worst moments.

use exporter_sandbox::person::{Act, act};
use exporter_sandbox::sheets::Sheets;

use super::model::{Model, Own, find_header};
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
    let mut person = Person { sheets, model, rng, tab, rows, header, columns };
    match person.rng.below(13) {
        0 | 1 => person.types_a_note(),
        2 => person.edits_a_status(),
        3 => Some(person.types_a_row()),
        8 => person.deletes_a_row(),
        9 => person.moves_a_row(),
        other => person.rearranges(other),
    }
}

struct Person<'a> {
    sheets: &'a Sheets,
    model: &'a mut Model,
    rng: &'a mut Rng,
    tab: String,
    rows: Vec<Vec<String>>,
    header: usize,
    /// Of `ID`, `Status`, `Total` and the notes.
    columns: [usize; 4],
}

impl Person<'_> {
    #[expect(clippy::unnecessary_wraps, reason = "it ends every act")]
    fn does(&self, what: &Act) -> Option<String> {
        act(self.sheets, ID, what).unwrap();
        Some(format!("{what:?}"))
    }

    fn types(&self, row: usize, column: usize, text: &str) -> Option<String> {
        let cell = format!("{}{}", letter(column), row + 1);
        self.does(&Act::Type { tab: self.tab.clone(), cell, text: text.into() })
    }

    /// The row of an order. People know their orders: a row that says something else than
    /// this order's total for the second until a write that went astray is put right is none,
    /// and where two orders have the same total nobody can say.
    fn row_of(&self, id: &str) -> Option<usize> {
        let total = self.model.panel.get(id)?.total;
        if self.model.panel.values().filter(|order| order.total == total).count() > 1 {
            return None;
        }
        let total = total.to_string();
        let is = |row: &usize| {
            let cell = |column: usize| self.rows[*row].get(self.columns[column]).map_or("", String::as_str);
            cell(0) == id && cell(2) == total
        };
        (0..self.rows.len()).filter(|&row| row != self.header).find(is)
    }

    /// One of these ids that is in the sheet, with its row.
    fn one_of(&mut self, ids: impl IntoIterator<Item = String>) -> Option<(String, usize)> {
        let there: Vec<(String, usize)> =
            ids.into_iter().filter_map(|id| self.row_of(&id).map(|row| (id, row))).collect();
        (!there.is_empty()).then(|| self.rng.pick(&there).clone())
    }

    /// A note beside one of our rows.
    fn types_a_note(&mut self) -> Option<String> {
        let ids: Vec<String> = self.model.synced.keys().cloned().collect();
        let (id, row) = self.one_of(ids)?;
        let text = self.model.unique("note");
        self.model.notes.entry(id).or_default().push(text.clone());
        self.types(row, self.columns[3], &text)
    }

    /// A status of ours, whether a run is about to change it or not.
    fn edits_a_status(&mut self) -> Option<String> {
        let ids: Vec<String> = self.model.synced.keys().cloned().collect();
        let (id, row) = self.one_of(ids)?;
        let text = self.model.unique("edit");
        self.model.edits.entry(id).or_default().push(text.clone());
        self.types(row, self.columns[1], &text)
    }

    /// A row of their own below everything, typed in one go.
    fn types_a_row(&mut self) -> String {
        let row = self.rows.len();
        let note = self.model.unique("own");
        let status = if self.rng.percent(50) { "open" } else { "" };
        let total = if self.rng.percent(50) { "77" } else { "" };
        let typed = [status.to_owned(), total.to_owned(), note.clone()];
        self.model.own.push(Own { typed, hit: [false; 3] });
        for (column, text) in self.columns[1..].iter().zip([status, total, &note]) {
            if !text.is_empty() {
                self.types(row, *column, text);
            }
        }
        format!("own row {note}")
    }

    /// A row of ours that is no longer wanted.
    fn deletes_a_row(&mut self) -> Option<String> {
        let ids: Vec<String> = self.model.synced.keys().cloned().collect();
        let (id, row) = self.one_of(ids).filter(|_| self.rng.percent(50))?;
        self.model.notes.remove(&id);
        self.model.edits.remove(&id);
        self.model.deleted.insert(id);
        self.does(&Act::DeleteRows { tab: self.tab.clone(), at: row + 1, count: 1 })
    }

    fn moves_a_row(&mut self) -> Option<String> {
        let span = (self.rows.len() - self.header).checked_sub(1).filter(|span| *span > 2)?;
        let mut row = || self.header + 2 + self.rng.below(span);
        let (at, to) = (row(), row());
        if at == to || at + 1 == to {
            return None;
        }
        self.does(&Act::MoveRows { tab: self.tab.clone(), at, count: 1, to })
    }

    fn rearranges(&mut self, how: usize) -> Option<String> {
        let tab = self.tab.clone();
        let width = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let act = match how {
            4..7 => Act::Sort {
                tab,
                column: letter(*self.rng.pick(&self.columns)),
                descending: self.rng.percent(50),
                header_rows: self.header + 1,
            },
            7 => {
                Act::InsertRows { tab, at: 1 + self.rng.below(self.rows.len()), count: 1 + self.rng.below(2) }
            }
            10 if width < 20 => Act::InsertColumns { tab, at: letter(self.rng.below(width)), count: 1 },
            11 => {
                let (from, to) = (self.rng.below(width), self.rng.below(width));
                if from == to || from + 1 == to {
                    return None;
                }
                Act::MoveColumn { tab, from: letter(from), to: letter(to) }
            }
            12 => Act::RenameTab { tab, title: self.model.unique("orders") },
            _ => return None,
        };
        self.does(&act)
    }
}
