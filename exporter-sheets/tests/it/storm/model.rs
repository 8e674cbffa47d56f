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

/// What must be in the sheet.
#[derive(Debug, Default)]
pub struct Model {
    /// The panel's orders by id; only the youngest are still exported.
    pub panel: BTreeMap<String, Order>,
    /// What the last run that came through exported.
    pub synced: BTreeMap<String, Order>,
    /// What runs exported since then that died or failed: it may be there or not.
    pub maybe: BTreeMap<String, Vec<Order>>,
    /// Ids whose rows people deleted since they were last exported.
    pub deleted: BTreeSet<String>,
    /// Statuses that people typed over ours.
    pub edits: BTreeMap<String, String>,
    /// Notes that people typed beside our rows.
    pub notes: BTreeMap<String, String>,
    /// Rows of people's own: status, total, note.
    pub own: Vec<[String; 3]>,
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
        for _ in 0..rng.below(4) {
            let id = format!("A{:03}", self.panel.len() + 1);
            let total = i64::try_from(rng.below(1000)).unwrap();
            self.panel.insert(id, Order { status: "open".into(), total });
        }
        for id in self.window() {
            // Edited cells stay as people want them; what else happens to them is another test.
            if rng.percent(30) && !self.edits.contains_key(&id) {
                let status = (*rng.pick(&["paid", "sent", "void", "open"])).to_owned();
                self.panel.get_mut(&id).unwrap().status = status;
            }
        }
    }

    /// The ids that are exported.
    pub fn window(&self) -> Vec<String> {
        self.panel.keys().rev().take(7).cloned().collect()
    }

    /// The table that is exported.
    pub fn table(&mut self) -> Arc<Table> {
        let ids = self.window();
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

    /// Ids whose rows no run is about to change.
    pub fn settled(&self) -> Vec<String> {
        let settled = |(id, order): &(&String, &Order)| {
            self.panel[*id] == **order && !self.deleted.contains(*id) && !self.maybe.contains_key(*id)
        };
        self.synced.iter().filter(settled).map(|(id, _)| id.clone()).collect()
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
            let note = self.notes.get(id).cloned().unwrap_or_default();
            let meant = orders.iter().map(|order| {
                let status = self.edits.get(id).unwrap_or(&order.status).clone();
                [status, order.total.to_string(), note.clone()]
            });
            let meant: Vec<_> = meant.collect();
            match seen.get(id) {
                None if self.deleted.contains(id) || synced.is_none() => {}
                None => faults.push(format!("{id} is gone: {meant:?}")),
                Some(there) if !meant.contains(there) => {
                    faults.push(format!("{id} is {there:?} and not {meant:?}"));
                }
                Some(_) => {}
            }
        }
        let mut meant = self.own.clone();
        meant.sort();
        own.sort();
        if own != meant {
            let lost: Vec<_> = meant.iter().filter(|row| !own.contains(row)).collect();
            let more: Vec<_> = own.iter().filter(|row| !meant.contains(row)).collect();
            faults.push(format!("people's own rows: {lost:?} became {more:?}"));
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
