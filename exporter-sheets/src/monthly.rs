//! Tabs by month: one call reads all tabs that the rows of a table belong in, and finds the
//! rows that are in another month's tab already.
//!
//! Looked through are the tabs of the months in the table, and of their keys the month before
//! and the month after. A row whose day moved farther than that is not found, and added anew.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use chrono::Months;
use exporter_core::tabs::{self, Routed};
use exporter_core::{Error, ExportSpec, RowKey, Table};

use crate::a1;
use crate::client::{Failure, Fate, Tally};
use crate::grid::Grid;
use crate::layout::{self, Layout};
use crate::record;
use crate::sink::SheetsSink;
use crate::structure::{Structure, Tab};

/// What was read of one tab.
struct Seen {
    /// Its name in the configuration.
    name: String,
    /// The keys in it.
    keys: HashSet<RowKey>,
}

/// What is to be read of one tab.
struct Wanted<'a> {
    name: &'a str,
    tab: &'a Tab,
    /// The sheet's columns with the key; all cells where there are none.
    keys: Vec<usize>,
}

impl Wanted<'_> {
    fn ranges(&self) -> Vec<String> {
        let tab = a1::quoted(&self.tab.title);
        if self.keys.is_empty() {
            return vec![tab];
        }
        let letters = self.keys.iter().map(|&column| a1::letters(column));
        letters.map(|letters| format!("{tab}!{letters}:{letters}")).collect()
    }
}

impl SheetsSink {
    /// Splits a table by month, rows that are stored elsewhere to where they are.
    pub(crate) async fn route_by_month(
        &self,
        table: &Arc<Table>,
        spec: &ExportSpec,
    ) -> Result<Vec<Routed>, Error> {
        if !tabs::is_pattern(&spec.tab) {
            return tabs::route(table, spec, |_, _| None);
        }
        let days: BTreeSet<_> = tabs::days(table, spec)?.into_iter().collect();
        let own: BTreeSet<String> = days.iter().map(|day| tabs::title(&spec.tab, *day)).collect();
        let before = days.first().and_then(|day| day.checked_sub_months(Months::new(1)));
        let after = days.last().and_then(|day| day.checked_add_months(Months::new(1)));
        let near = before.into_iter().chain(after).map(|day| tabs::title(&spec.tab, day));
        let near: BTreeSet<String> = near.filter(|tab| !own.contains(tab)).collect();
        let mut tally = Tally::default();
        let structure = self.client.structure(&mut tally).await?;
        let seen = match self.read_tabs(&structure, table, spec, (&own, &near), &mut tally).await {
            // Renamed or deleted since the structure was read.
            Err(failure) if failure.fate() == Fate::Refused => {
                self.client.forget_structure().await;
                let structure = self.client.structure(&mut tally).await?;
                self.read_tabs(&structure, table, spec, (&own, &near), &mut tally).await
            }
            seen => seen,
        };
        self.untold_calls.fetch_add(tally.calls, Ordering::Relaxed);
        let seen = seen.map_err(|failure| self.client.explain(failure))?;
        let has = |seen: &Seen, key: &RowKey| seen.keys.contains(key);
        let mut parts = tabs::route(table, spec, |key, own| {
            let there = seen.iter().find(|seen| seen.name == own).is_some_and(|seen| has(seen, key));
            let elsewhere = seen.iter().find(|seen| !there && seen.name != own && has(seen, key))?;
            Some(elsewhere.name.clone())
        })?;
        for tab in near {
            if parts.iter().all(|part| part.spec.tab != tab) && self.is_unsettled(&tab, &mut tally).await? {
                let table = Arc::new(table.with_rows(&[]));
                parts.push(Routed { table, spec: ExportSpec { tab, ..spec.clone() }, notes: Vec::new() });
            }
        }
        Ok(parts)
    }

    /// Reads the tabs of the table's months whole, and the keys of those beside them, in one
    /// call. What is whole is kept for the plans to come.
    async fn read_tabs(
        &self,
        structure: &Structure,
        table: &Table,
        spec: &ExportSpec,
        (own, near): (&BTreeSet<String>, &BTreeSet<String>),
        tally: &mut Tally,
    ) -> Result<Vec<Seen>, Failure> {
        let key_columns = |tab: &Tab| -> Vec<usize> {
            let tagged = |key: &String| tab.tags.iter().find(|(_, name)| name == key).map(|tag| tag.0);
            spec.key.iter().map(tagged).collect::<Option<_>>().unwrap_or_default()
        };
        let mut wanted = Vec::new();
        for name in own {
            wanted.extend(structure.tab(name).map(|tab| Wanted { name, tab, keys: Vec::new() }));
        }
        for name in near {
            let found = structure.tab(name).map(|tab| Wanted { name, tab, keys: key_columns(tab) });
            wanted.extend(found.filter(|wanted| !wanted.keys.is_empty()));
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let ranges: Vec<String> = wanted.iter().flat_map(Wanted::ranges).collect();
        let mut grids = self.client.values_of(&ranges, tally).await?.into_iter();
        let mut seen = Vec::new();
        let mut ahead = HashMap::new();
        for wanted in wanted {
            let count = wanted.keys.len().max(1);
            let mut columns: Vec<Grid> = grids.by_ref().take(count).collect();
            let name = wanted.name.to_owned();
            let keys = if wanted.keys.is_empty() {
                let grid = columns.pop().unwrap_or_default();
                let keys = keys_of(structure, wanted.tab, &grid, table, spec);
                ahead.insert(name.clone(), grid);
                keys
            } else {
                let rows = columns.iter().map(Grid::len).max().unwrap_or(0);
                (0..rows)
                    .filter_map(|row| RowKey::of(columns.iter().map(|column| column.at(row, 0))))
                    .collect()
            };
            seen.push(Seen { name, keys });
        }
        *self.read_ahead.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
        Ok(seen)
    }

    /// What was read of a tab when rows were routed to it; once.
    pub(crate) fn take_read_ahead(&self, tab: &str) -> Option<Grid> {
        self.read_ahead.lock().unwrap_or_else(PoisonError::into_inner).remove(tab)
    }

    /// Whether a write to a tab that is not looked at otherwise was cut off.
    async fn is_unsettled(&self, name: &str, tally: &mut Tally) -> Result<bool, Error> {
        let structure = self.client.structure(tally).await?;
        let (Some(desk), Some(tab)) = (&self.desk, structure.tab(name)) else { return Ok(false) };
        let target = record::target(self.client.spreadsheet(), tab.id);
        Ok(!desk.journal.open(&target).await?.is_empty())
    }
}

/// The keys in a tab that was read whole. One that is not laid out as it should be has none:
/// its own plan says what is wrong with it.
fn keys_of(
    structure: &Structure,
    tab: &Tab,
    grid: &Grid,
    table: &Table,
    spec: &ExportSpec,
) -> HashSet<RowKey> {
    let Ok(layout) = Layout::find(structure, tab, grid, table, spec) else { return HashSet::new() };
    let identity = layout::identity(table, spec);
    let rows = layout.header + 1..grid.len();
    rows.filter_map(|row| layout.key(&identity, |place| grid.at(row, place))).collect()
}
