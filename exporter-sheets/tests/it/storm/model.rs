//! What the panel holds, what people did, and whether the sheet shows all of it at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use exporter_core::Table;

use super::rng::Rng;
use crate::bench::orders;

/// Our columns and the one of people.
pub const OURS: [&str; 3] = ["ID", "Status", "Total"];
pub const THEIRS: &str = "Catatan";

/// An order in the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub status: String,
    pub total: i64,
}

/// A row of people's own.
#[derive(Debug)]
pub struct Own {
    /// Status, total and note as they were typed.
    pub typed: [String; 3],
    /// Which of them a write hit before anybody had read the row.
    pub hit: [bool; 3],
}

impl Own {
    /// Whether these are its cells, as far as anybody can know.
    fn is(&self, cells: &[String; 3]) -> bool {
        (0..3).all(|column| self.hit[column] || self.typed[column] == cells[column])
    }
}

/// What must be in the sheet.
#[derive(Debug, Default)]
pub struct Model {
    /// The panel's orders by id; only the youngest are still exported.
    pub panel: BTreeMap<String, Order>,
    /// What the last run that came through exported.
    pub synced: BTreeMap<String, Order>,
    /// What runs exported since then that died or failed: it may be there or not.
    pub maybe: BTreeMap<String, Vec<Order>>,
    /// Each order as it ever was exported.
    pub exported: BTreeMap<String, Vec<Order>>,
    /// Ids whose rows people deleted since they were last exported.
    pub deleted: BTreeSet<String>,
    /// Statuses that people typed over ours, the last one last.
    pub edits: BTreeMap<String, Vec<String>>,
    /// Notes that people typed beside our rows, the last one last.
    pub notes: BTreeMap<String, Vec<String>>,
    /// Rows of people's own.
    pub own: Vec<Own>,
    /// What people typed and a call has shown to the exporter since.
    pub shown: BTreeSet<String>,
    /// What people typed and nobody had read when a write hit it: nothing can bring it back.
    pub unseen: BTreeSet<String>,
    /// How many orders more than usual come in and are exported.
    pub busy: usize,
    /// For names that are never the same twice.
    serial: usize,
}

impl Model {
    pub fn unique(&mut self, what: &str) -> String {
        self.serial += 1;
        format!("{what}{}", self.serial)
    }

    /// Time passes in the panel: new orders, others are paid.
    pub fn pass(&mut self, rng: &mut Rng) {
        for _ in 0..rng.below(4 + self.busy) {
            let id = format!("A{:03}", self.panel.len() + 1);
            let total = i64::try_from(rng.below(1000)).unwrap();
            self.panel.insert(id, Order { status: "open".into(), total });
        }
        for id in self.window() {
            if rng.percent(30) {
                let status = (*rng.pick(&["paid", "sent", "void", "open"])).to_owned();
                self.panel.get_mut(&id).unwrap().status = status;
            }
        }
    }

    /// The ids that are exported.
    pub fn window(&self) -> Vec<String> {
        self.panel.keys().rev().take(7 + self.busy).cloned().collect()
    }

    /// The table that is exported.
    pub fn table(&mut self) -> Arc<Table> {
        let ids = self.window();
        for id in &ids {
            self.exported.entry(id.clone()).or_default().push(self.panel[id].clone());
        }
        let rows: Vec<(&str, &str, i64)> = ids
            .iter()
            .rev()
            .map(|id| (id.as_str(), self.panel[id].status.as_str(), self.panel[id].total))
            .collect();
        orders(&rows)
    }

    /// The table came through.
    pub fn came_through(&mut self) {
        for id in self.window() {
            self.maybe.remove(&id);
            self.synced.insert(id.clone(), self.panel[&id].clone());
        }
    }

    /// The table may have come through, whole or in part.
    pub fn may_have_come_through(&mut self) {
        for id in self.window() {
            self.maybe.entry(id.clone()).or_default().push(self.panel[&id].clone());
        }
    }

    /// A call showed these texts to the exporter.
    pub fn show<'a>(&mut self, texts: impl IntoIterator<Item = &'a String>) {
        self.shown.extend(texts.into_iter().cloned());
    }

    /// A write hit these cells of a tab, as it was until then: says how many held what nobody
    /// had read.
    pub fn hit(&mut self, rows: &[Vec<String>], hits: &[(usize, usize)]) -> usize {
        let Some((_, columns)) = find_header(rows) else { return 0 };
        let cell = |row: usize, column: usize| {
            rows.get(row).and_then(|cells| cells.get(column)).map_or("", String::as_str)
        };
        let mut lost = 0;
        for &(row, column) in hits {
            let text = cell(row, column);
            let typed = self.edits.values().chain(self.notes.values()).flatten();
            if typed.clone().any(|typed| typed == text) && !self.shown.contains(text) {
                lost += 1;
                self.unseen.insert(text.to_owned());
            }
            let note = cell(row, columns[3]);
            let own =
                self.own.iter_mut().find(|own| cell(row, columns[0]).is_empty() && own.typed[2] == note);
            if let Some(own) = own.filter(|_| !self.shown.contains(note)) {
                let which = columns[1..].iter().position(|place| *place == column);
                lost += 1;
                if let Some(which) = which {
                    own.hit[which] = true;
                }
            }
        }
        lost
    }

    /// What must stand where people typed these over `first`: the last of them, unless nobody
    /// had read it when it was lost; then the last one before it that somebody had.
    fn typed<'a>(&self, texts: Option<&'a Vec<String>>, first: &'a str) -> &'a str {
        let mut texts = texts.into_iter().flatten().map(String::as_str).rev();
        let Some(last) = texts.next() else { return first };
        if !self.unseen.contains(last) {
            return last;
        }
        texts.find(|text| self.shown.contains(*text)).unwrap_or(first)
    }

    /// What is wrong with the list of changes: a row that tells what never was.
    pub fn faults_of_list(&self, rows: &[Vec<String>]) -> Vec<String> {
        let mut faults = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            let cell = |column: usize| row.get(column).map_or("", String::as_str);
            let is_right = if number == 0 {
                row.join("|") == "When|Tab|Key|Column|Before|After|Run"
            } else {
                let exported = self.exported.get(cell(2)).into_iter().flatten();
                let mut after = exported.map(|order| match cell(3) {
                    "Status" => order.status.clone(),
                    "Total" => order.total.to_string(),
                    _ => String::new(),
                });
                cell(1).starts_with("orders")
                    && after.any(|after| !after.is_empty() && after == cell(5))
                    && cell(4) != cell(5)
                    && cell(6) == "storm"
                    && row.len() == 7
            };
            if !is_right {
                faults.push(format!("row {} of the list of changes: {}", number + 1, row.join("|")));
            }
        }
        faults
    }

    /// What is wrong with the sheet, in sentences; nothing when all is well.
    pub fn faults(&self, rows: &[Vec<String>]) -> Vec<String> {
        let Some((header, columns)) = find_header(rows) else {
            return vec!["the header is gone".to_owned()];
        };
        let mut faults = Vec::new();
        let (mut seen, mut own) = (BTreeMap::new(), Vec::new());
        for (number, row) in rows.iter().enumerate().filter(|(number, _)| *number != header) {
            let cell = |column: usize| row.get(column).cloned().unwrap_or_default();
            let [id, status, total, note] = columns.map(cell);
            for (column, text) in row.iter().enumerate().filter(|(column, _)| !columns.contains(column)) {
                if !text.is_empty() {
                    faults.push(format!(
                        "row {}: `{text}` in column {column}, where nothing belongs",
                        number + 1
                    ));
                }
            }
            if id.is_empty() {
                if [&status, &total, &note].iter().any(|text| !text.is_empty()) {
                    own.push([status, total, note]);
                }
            } else if seen.insert(id.clone(), [status, total, note]).is_some() {
                faults.push(format!("{id} is there twice"));
            }
        }
        let ids: BTreeSet<&String> = seen.keys().chain(self.synced.keys()).collect();
        for id in ids {
            let synced = self.synced.get(id);
            let orders: Vec<&Order> =
                synced.into_iter().chain(self.maybe.get(id).into_iter().flatten()).collect();
            let (edits, notes) = (self.edits.get(id), self.notes.get(id));
            let meant = orders.iter().map(|order| {
                let cells =
                    [self.typed(edits, &order.status), &order.total.to_string(), self.typed(notes, "")];
                cells.map(str::to_owned)
            });
            let meant: Vec<[String; 3]> = meant.collect();
            match seen.get(id) {
                None if self.deleted.contains(id) || synced.is_none() => {}
                None => faults.push(format!("{id} is gone: {meant:?}")),
                Some(there) if !meant.contains(there) => {
                    faults.push(format!("{id} is {there:?} and not {meant:?}"));
                }
                Some(_) => {}
            }
        }
        let mut missing: Vec<&Own> = self.own.iter().collect();
        // Those that nothing hit first: they fit one row only.
        missing.sort_by_key(|own| own.hit);
        missing.retain(|meant| match own.iter().position(|there| meant.is(there)) {
            Some(index) => {
                own.remove(index);
                false
            }
            // Of a row that was hit as a whole before anybody had read it nothing is known.
            None => (0..3).any(|column| !meant.typed[column].is_empty() && !meant.hit[column]),
        });
        if !missing.is_empty() || !own.is_empty() {
            faults.push(format!("people's own rows: {missing:?} became {own:?}"));
        }
        faults
    }
}

/// Where the header is, and the columns of `ID`, `Status`, `Total` and people's notes.
pub fn find_header(rows: &[Vec<String>]) -> Option<(usize, [usize; 4])> {
    rows.iter().enumerate().find_map(|(number, row)| {
        let place = |name: &str| row.iter().position(|cell| cell == name);
        let [id, status, total] = OURS.map(place);
        Some((number, [id?, status?, total?, place(THEIRS)?]))
    })
}
