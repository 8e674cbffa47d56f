//! A look at the spreadsheet without a table: are the tabs as the next run needs them, and
//! how much room is left.

use exporter_core::tabs;
use exporter_core::{Error, ExportSpec, Table};

use crate::client::Tally;
use crate::layout::Layout;
use crate::look::Look;
use crate::sink::SheetsSink;
use crate::structure::MAX_CELLS;

/// How much a spreadsheet holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Cells of all tabs, empty ones as well: these count.
    pub cells: usize,
    /// The most there can be.
    pub most: usize,
    /// What a new row costs each of the exports that were asked for, in cells.
    pub row: Vec<usize>,
}

impl SheetsSink {
    /// Looks at the tabs of an export that are there already. Each with what is in the way.
    ///
    /// # Errors
    /// Whatever reading the spreadsheet ends in.
    pub async fn inspect(&self, spec: &ExportSpec) -> Result<Vec<(String, Result<(), Error>)>, Error> {
        let mut tally = Tally::default();
        let structure = self.client.structure(&mut tally).await?;
        let mut names: Vec<String> = if tabs::is_pattern(&spec.tab) {
            let named = structure.tabs.iter().filter_map(|tab| tab.name.clone());
            named.filter(|name| tabs::fits(&spec.tab, name)).collect()
        } else {
            structure.tab(&spec.tab).map(|_| spec.tab.clone()).into_iter().collect()
        };
        names.sort_unstable();
        let mut found = Vec::new();
        for tab in names {
            let spec = ExportSpec { tab: tab.clone(), ..spec.clone() };
            let look = Look::afresh(&self.client, &tab, &mut tally).await?;
            found.push((tab, laid_out(&look, &spec)));
        }
        Ok(found)
    }

    /// How full the spreadsheet is.
    ///
    /// # Errors
    /// Whatever reading the spreadsheet ends in.
    pub async fn room(&self, specs: &[&ExportSpec]) -> Result<Room, Error> {
        let structure = self.client.structure(&mut Tally::default()).await?;
        let width = |spec: &&ExportSpec| {
            let ours = structure.tabs.iter().filter(|tab| match &tab.name {
                Some(name) if tabs::is_pattern(&spec.tab) => tabs::fits(&spec.tab, name),
                Some(name) => *name == spec.tab,
                None => tab.title == spec.tab,
            });
            ours.map(|tab| tab.columns).max().unwrap_or(0)
        };
        Ok(Room { cells: structure.cells(), most: MAX_CELLS, row: specs.iter().map(width).collect() })
    }
}

/// Whether a run would find its columns and could add rows.
fn laid_out(look: &Look, spec: &ExportSpec) -> Result<(), Error> {
    let Some(tab) = look.tab(&spec.tab) else { return Ok(()) };
    let mut names: Vec<&str> = tab.tags.iter().map(|(_, name)| name.as_str()).collect();
    names.extend(
        spec.key.iter().map(String::as_str).filter(|key| !tab.tags.iter().any(|(_, name)| name == key)),
    );
    if names.is_empty() {
        return Ok(());
    }
    let layout = Layout::find(&look.structure, tab, &look.grid, &Table::with_names(names), spec)?;
    layout.check_inserts(tab)
}
