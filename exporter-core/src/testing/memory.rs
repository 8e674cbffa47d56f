//! The smallest sink that keeps the contract: tabs of rows in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::fit::{self, Fitted};
use crate::{Differ, Error, ErrorKind, ExportSpec, PLAN_VERSION, Plan, Receipt, Sink, Table, Value};

/// A stored tab: names of its columns, and rows of as many cells.
#[derive(Debug, Clone, Default)]
struct Tab {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    /// Grows with every write, so that a plan made before one is refused.
    version: u64,
}

/// Tabs of rows in memory. Clones share them, as two processes share a file.
#[derive(Debug, Clone, Default)]
pub struct MemorySink(Arc<Mutex<BTreeMap<String, Tab>>>);

impl MemorySink {
    fn tabs(&self) -> MutexGuard<'_, BTreeMap<String, Tab>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Header and rows of a tab as people read them.
    pub fn rows(&self, tab: &str) -> Vec<Vec<String>> {
        let tabs = self.tabs();
        let Some(tab) = tabs.get(tab) else { return Vec::new() };
        let rows = tab.rows.iter().map(|row| row.iter().map(ToString::to_string).collect());
        std::iter::once(tab.columns.clone()).chain(rows).collect()
    }
}

/// The stored column of each column of the table; missing ones are added at the end.
fn places(table: &Table, columns: &mut Vec<String>) -> Vec<usize> {
    let mut place = |name: &str| {
        columns.iter().position(|column| column == name).unwrap_or_else(|| {
            columns.push(name.to_owned());
            columns.len() - 1
        })
    };
    table.columns().iter().map(|column| place(&column.name)).collect()
}

#[async_trait]
impl Sink for MemorySink {
    async fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan, Error> {
        let mut tab = self.tabs().get(&spec.tab).cloned().unwrap_or_default();
        let is_there = |column: usize| {
            tab.columns.is_empty() || tab.columns.contains(&table.columns()[column].name.to_string())
        };
        let Fitted { table, notes } = fit::columns(table, spec, is_there);
        let table = &table;
        let places = places(table, &mut tab.columns);
        let mut differ = Differ::new(table, spec)?;
        for (row, number) in tab.rows.iter().zip(0..) {
            differ.stored(number, |column| row.get(places[column]).unwrap_or(&Value::Empty));
        }
        Ok(Plan {
            version: PLAN_VERSION,
            export: spec.name.clone(),
            run: String::new(),
            file: None,
            target: format!("memory, tab `{}`", spec.tab),
            table: Arc::clone(table),
            changes: differ.finish(),
            calls: 0,
            expected_calls: 0,
            notes,
            state: serde_json::json!({ "tab": spec.tab, "version": tab.version }),
        })
    }

    async fn apply(&self, plan: &Plan) -> Result<Receipt, Error> {
        if plan.changes.is_empty() {
            return Ok(Receipt { verified: true, ..Receipt::default() });
        }
        let name = plan.state["tab"].as_str().unwrap_or_default();
        let mut tabs = self.tabs();
        let tab = tabs.entry(name.to_owned()).or_default();
        if plan.state["version"].as_u64() != Some(tab.version) {
            return Err(Error::new(ErrorKind::SheetMoved, "the tab has changed since the plan was made"));
        }
        tab.version += 1;
        let places = places(&plan.table, &mut tab.columns);
        let width = tab.columns.len();
        for row in &mut tab.rows {
            row.resize(width, Value::Empty);
        }
        let mut cells = 0;
        for update in &plan.changes.updates {
            for cell in &update.cells {
                tab.rows[update.stored_row as usize][places[cell.column as usize]] = cell.after.clone();
                cells += 1;
            }
        }
        for &row in &plan.changes.inserts {
            let mut new = vec![Value::Empty; width];
            for (&place, cell) in places.iter().zip(plan.table.row(row as usize)) {
                new[place] = cell.clone();
            }
            tab.rows.push(new);
        }
        Ok(Receipt {
            inserted: plan.changes.inserts.len(),
            updated: plan.changes.updates.len(),
            cells,
            verified: true,
            ..Receipt::default()
        })
    }
}
