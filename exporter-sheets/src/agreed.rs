//! Cells that somebody else wrote and that the file says as well: from then on that is what was
//! last written, so that the panel's next change of them is not taken for an edit of people.

use std::collections::HashMap;

use exporter_core::compare::same;
use exporter_core::{
    Error, ExportSpec, JournalBatch, JournalCell, JournalRow, RowChange, RowKey, Table, Value,
};

use crate::grid::Grid;
use crate::layout::{self, Layout};
use crate::record::{self, Desk};

/// Up to this many rows of a file are looked up in the journal. More come with a first load
/// or a backfill only.
const ROWS: usize = 20_000;

/// Takes down the cells of rows that are in the tab already, where file and tab agree on
/// something else than the journal knows. `place` names the tab for people.
pub async fn tell(
    (desk, spreadsheet): (&Desk, &str),
    (layout, grid): (&Layout, &Grid),
    table: &Table,
    spec: &ExportSpec,
    place: &str,
) -> Result<(), Error> {
    if spec.key.is_empty() || table.len() > ROWS || !layout.exists {
        return Ok(());
    }
    let identity = layout::identity(table, spec);
    let found = found(layout, grid, table, &identity);
    let target = record::target(spreadsheet, layout.sheet);
    let keys: Vec<RowKey> = found.keys().cloned().collect();
    let last = desk.journal.last_written(&target, &keys).await?;
    let row = |(key, &(row, stored)): (&RowKey, &(usize, usize))| {
        let written = last.get(key)?;
        let cell = |(column, value): (usize, &Value)| {
            let name = &table.columns()[column].name;
            let before = written.get(name).filter(|last| !same(last, value))?;
            let place = layout.places[column];
            let agreed =
                !layout.is_added(place) && same(value, grid.at(stored, place)) && spec.compares(name);
            let column = u32::try_from(column).ok().filter(|_| agreed)?;
            Some(JournalCell { column, before: before.clone(), after: value.clone() })
        };
        let cells: Vec<JournalCell> = table.row(row).iter().enumerate().filter_map(cell).collect();
        let origin = table.origin(row);
        let key = key.clone();
        (!cells.is_empty()).then_some(JournalRow { key, change: RowChange::Agreed, origin, cells })
    };
    let rows: Vec<JournalRow> = found.iter().filter_map(row).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let batch = JournalBatch {
        id: format!("agreed-{}", layout.next.token),
        run: String::new(),
        export: spec.name.clone(),
        target,
        place: place.to_owned(),
        chunk: 0,
        marker: 0,
        at: desk.clock.now(),
        file: None,
        columns: table.columns().iter().map(|column| column.name.clone()).collect(),
        rows,
        recovery: serde_json::Value::Null,
    };
    desk.journal.agree(&batch).await
}

/// The rows of the file that are in the tab, with their place there; of a key that the file has
/// twice the last row, of one that the tab has twice the first.
fn found(layout: &Layout, grid: &Grid, table: &Table, identity: &[usize]) -> HashMap<RowKey, (usize, usize)> {
    let key = |row| RowKey::of(identity.iter().map(|&column| &table.row(row)[column]));
    let rows: HashMap<RowKey, usize> = (0..table.len()).filter_map(|row| Some((key(row)?, row))).collect();
    let stored = (layout.header + 1..grid.len()).rev();
    let stored = stored.filter_map(|row| Some((layout.key(identity, |place| grid.at(row, place))?, row)));
    stored.filter_map(|(key, at)| rows.get(&key).map(|&row| (key, (row, at)))).collect()
}
