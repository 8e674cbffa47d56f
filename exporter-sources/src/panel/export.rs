//! One export of a panel as a source of tables: fetched in pieces where the panel hands
//! out only so many days, joined, kept.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Days;
use exporter_core::{
    Artifact, Error, ErrorKind, Export, ExportRequest, ExportSource, ExportSpec, Session as _, Stage, Table,
    Window,
};

use super::fetch::Fetched;
use super::{Panel, downloads};
use crate::driver::Recipe;

/// One export; its session is its panel's.
pub(super) struct PanelExport {
    panel: Arc<Panel>,
    index: usize,
}

impl PanelExport {
    pub(super) fn new(panel: Arc<Panel>, index: usize) -> Self {
        Self { panel, index }
    }

    fn recipe(&self) -> &Recipe {
        &self.panel.exports[self.index].1
    }

    /// Gives a file its name for keeps.
    fn keep(&self, fetched: &Fetched) -> Result<Option<Artifact>, Error> {
        let options = &self.panel.options;
        let now = options.clock.now().with_timezone(&options.timezone);
        let keep = |download| {
            downloads::keep(download, &fetched.content, &self.recipe().name, &options.downloads, now)
        };
        fetched.download.as_ref().map(keep).transpose()
    }
}

#[async_trait]
impl ExportSource for PanelExport {
    fn spec(&self) -> &ExportSpec {
        &self.panel.exports[self.index].0
    }

    /// Logging in is what can be tried without exporting.
    async fn check(&self) -> Result<(), Error> {
        self.panel.open().await.map(|_| ())
    }

    async fn export(&self, request: &ExportRequest) -> Result<Export, Error> {
        let pieces = pieces(request.window, self.recipe().max_days);
        let mut joined: Option<Export> = None;
        for window in &pieces {
            let request = ExportRequest { window: *window, ..request.clone() };
            let mut fetched = self.panel.fetch(self.spec(), self.recipe(), &request).await?;
            let artifact = self.keep(&fetched)?;
            let mut notes = std::mem::take(&mut fetched.notes);
            notes.extend(fetched.download.into_iter().flat_map(|download| download.notes));
            notes.extend(fetched.content.notes);
            let table = fetched.content.table;
            joined = Some(match joined {
                None => Export { artifact, table, driver: fetched.driver, notes },
                Some(before) => {
                    let notes = before.notes.into_iter().chain(notes).collect();
                    let table = join(before.table, table).map_err(|error| error.at(Stage::Read))?;
                    Export { artifact: artifact.or(before.artifact), table, driver: fetched.driver, notes }
                }
            });
        }
        let mut export =
            joined.ok_or_else(|| Error::new(ErrorKind::Internal, "the span of days has no day"))?;
        if pieces.len() > 1 {
            export.notes.push(format!(
                "fetched in {} parts, because the panel hands out no more at once",
                pieces.len()
            ));
        }
        Ok(export)
    }
}

/// The window in pieces of at most `most` days, in their order.
fn pieces(window: Window, most: Option<u32>) -> Vec<Window> {
    let Some(most) = most.filter(|most| *most > 0) else { return vec![window] };
    let mut pieces = Vec::new();
    let mut first = window.first_day();
    while first < window.until() {
        let last = first.checked_add_days(Days::new(u64::from(most) - 1)).unwrap_or(first);
        let last = last.min(window.last_day());
        // Ends are in order, so that this makes a window.
        pieces.extend(Window::inclusive(first, last));
        match last.succ_opt() {
            Some(next) => first = next,
            None => break,
        }
    }
    pieces
}

/// Both tables as one. A table without rows has no say in the columns.
fn join(mut before: Table, after: Table) -> Result<Table, Error> {
    if after.is_empty() {
        return Ok(before);
    }
    if before.is_empty() {
        return Ok(after);
    }
    let names = |table: &Table| table.columns().iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    if names(&before) != names(&after) {
        return Err(Error::new(ErrorKind::Contradiction, "the parts of the export have different columns")
            .hint("fetch fewer days at once, so that one file holds them all"));
    }
    for index in 0..after.len() {
        before.push(after.row(index).iter().cloned(), after.origin(index));
    }
    Ok(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;
    use exporter_core::{Origin, Value};

    fn window(first: u32, last: u32) -> Window {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        Window::inclusive(day(first), day(last)).unwrap()
    }

    #[test]
    fn a_long_span_is_cut_without_gap_or_overlap() {
        assert_eq!(pieces(window(1, 7), Some(3)), [window(1, 3), window(4, 6), window(7, 7)]);
        assert_eq!(pieces(window(1, 7), Some(7)), [window(1, 7)]);
        assert_eq!(pieces(window(1, 7), None), [window(1, 7)]);
    }

    #[test]
    fn tables_are_joined_only_when_their_columns_agree() {
        let table = |names: [&str; 2], rows: i64| {
            let mut table = Table::with_names(names);
            for row in 0..rows {
                table.push([Value::Integer(row), Value::Empty], Origin { page: 1, line: 1 });
            }
            table
        };
        let both = join(table(["A", "B"], 2), table(["A", "B"], 3)).unwrap();
        assert_eq!(both.len(), 5);
        assert_eq!(join(table(["A", "B"], 2), table(["C", "D"], 0)).unwrap().len(), 2);
        let error = join(table(["A", "B"], 2), table(["A", "C"], 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Contradiction);
    }
}
