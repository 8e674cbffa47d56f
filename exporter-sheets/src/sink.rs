//! The sink: read a tab, work out the changes, write them at once, prove them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono_tz::Tz;
use exporter_core::tabs::Routed;
use exporter_core::{
    Changes, Clock, Error, ErrorKind, ExportSpec, Journal, PLAN_VERSION, Plan, Receipt, Sink, SystemClock,
    Table, fit,
};

use crate::a1;
use crate::agreed;
use crate::apply::Applier;
use crate::changes::{self, ChangeList};
use crate::client::{SheetsClient, Tally};
use crate::forecast;
use crate::grid::Grid;
use crate::layout::Layout;
use crate::look::{Look, changed_cells};
use crate::part;
use crate::record::{self, Desk};
use crate::structure::{MAX_CELLS, Structure};
use crate::wire::MAX_CHARACTERS;
use crate::work::State;

/// Tabs of a spreadsheet as a sink.
#[derive(Debug)]
pub struct SheetsSink {
    pub(crate) client: Arc<SheetsClient>,
    pub(crate) desk: Option<Desk>,
    changes: Option<ChangeList>,
    pub(crate) clock: Arc<dyn Clock>,
    /// What was read for the last plan of each tab, with the plan's token: needed to put
    /// back what a write hit because people moved rows under it.
    pictures: Mutex<HashMap<String, (String, Grid)>>,
    /// Tabs that were read when rows were routed to them, for the plans to come.
    pub(crate) read_ahead: Mutex<HashMap<String, Grid>>,
    /// Calls that `check` made and no plan has told of yet.
    pub(crate) untold_calls: AtomicU32,
    /// Most bytes of a request.
    pub(crate) bytes: usize,
}

impl SheetsSink {
    /// A sink for the spreadsheet of this client.
    pub fn new(client: Arc<SheetsClient>) -> Self {
        Self {
            client,
            desk: None,
            changes: None,
            clock: Arc::new(SystemClock),
            pictures: Mutex::default(),
            read_ahead: Mutex::default(),
            untold_calls: AtomicU32::new(0),
            bytes: part::MOST_BYTES,
        }
    }

    /// Keeps a journal: edits of people are told from changes in the panel, runs can be
    /// taken back, and a process that died is made up for.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> Self {
        self.desk = Some(Desk { journal, clock: Arc::clone(&clock) });
        self.clock = clock;
        self
    }

    /// Cuts writes into requests of so many bytes, one row at least; 1.8 MB unless told
    /// otherwise. Google recommends 2 MB and takes 10 MB.
    #[must_use]
    pub fn with_request_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// Lists each cell that is changed in a tab of this name, with times in this zone.
    #[must_use]
    pub fn with_changes(mut self, tab: impl Into<String>, zone: Tz) -> Self {
        self.changes = Some(ChangeList { title: tab.into(), zone });
        self
    }

    pub(crate) fn target(&self, tab: &str) -> String {
        format!("spreadsheet {}, tab `{tab}`", self.client.spreadsheet())
    }

    /// Keeps what a plan was made from.
    pub(crate) fn remember(&self, tab: &str, token: String, grid: Grid) {
        self.pictures().insert(tab.to_owned(), (token, grid));
    }

    /// Plans from a look at the tab; `tally` is what it cost.
    async fn plan_from(
        &self,
        look: Look,
        table: &Arc<Table>,
        spec: &ExportSpec,
        tally: Tally,
    ) -> Result<Plan, Error> {
        let spreadsheet = self.client.spreadsheet();
        let (whole, restores) = match &self.desk {
            Some(desk) => look.make_up(&spec.tab, desk, spreadsheet).await?,
            None => (Cow::Borrowed(&look.grid), part::Cells::new()),
        };
        let desk = self.desk.as_ref().map(|desk| (desk, spreadsheet));
        let cut = fit::texts(table, spec, MAX_CHARACTERS);
        let columns = look.columns(&whole, &cut.table, spec)?;
        let table = &columns.table;
        let (layout, mut changes) = look.compare(&whole, table, spec, desk).await?;
        changes.repairs = look.repairs(&restores)?;
        let mut told = Vec::new();
        if let Some(desk) = desk {
            if self.changes.is_some() {
                told = desk.0.listed(&record::target(spreadsheet, layout.sheet), &layout.markers).await?;
            }
            look.tell((&layout, &whole), table, spec, desk, restores.is_empty()).await?;
            if restores.is_empty() {
                agreed::tell(desk, (&layout, &whole), table, spec, &self.target(&spec.tab)).await?;
            }
        }
        let mut cells = restores;
        cells.extend(changed_cells(&layout, &changes));
        check_texts(&changes, table, spec)?;
        if let Some(tab) = look.tab(&spec.tab).filter(|_| !changes.inserts.is_empty()) {
            layout.check_inserts(tab)?;
        }
        let (mut more, mut growth) = (HashMap::new(), 0);
        if let Some(list) = &self.changes {
            list.place(&look.structure)?;
            more = changes::weights(&layout, &changes.updates);
            growth = changes::growth(list, &look.structure, &changes.updates);
        }
        check_cells(&look.structure, &layout, &changes, growth)?;
        let token = layout.next.token.clone();
        let mut notes = notes(&layout, table, &changes);
        notes.extend(cut.notes.into_iter().chain(columns.notes));
        if !changes.repairs.is_empty() {
            notes.push(format!(
                "an interrupted write hit {} cells by mistake: they are put right",
                changes.repairs.len()
            ));
        }
        self.remember(&spec.tab, token, look.grid);
        let state = State { layout, spec: spec.clone(), told };
        Ok(Plan {
            version: PLAN_VERSION,
            export: spec.name.clone(),
            run: String::new(),
            file: None,
            target: self.target(&spec.tab),
            table: Arc::clone(table),
            calls: tally.calls + self.untold_calls.swap(0, Ordering::Relaxed),
            expected_calls: forecast::requests(&cells, &changes.inserts, table, &more, self.bytes),
            notes,
            changes,
            state: serde_json::to_value(&state)
                .map_err(|error| Error::new(ErrorKind::Internal, "a plan cannot be stored").source(error))?,
        })
    }

    fn pictures(&self) -> std::sync::MutexGuard<'_, HashMap<String, (String, Grid)>> {
        self.pictures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sink for SheetsSink {
    async fn check(&self) -> Result<(), Error> {
        let mut tally = Tally::default();
        let checked = self.client.check_rights(&mut tally).await;
        self.untold_calls.fetch_add(tally.calls, Ordering::Relaxed);
        checked
    }

    async fn route(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Vec<Routed>, Error> {
        self.route_by_month(table, spec).await
    }

    async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan, Error> {
        if let Some(list) = &self.changes {
            list.check(&spec.tab)?;
        }
        let mut tally = Tally::default();
        let ahead = self.take_read_ahead(&spec.tab);
        let look = Look::with(&self.client, &spec.tab, ahead, self.desk.as_ref(), &mut tally).await?;
        match self.plan_from(look, table, spec, tally).await {
            // The structure may be older than the cells: people may have changed both since.
            Err(error) if error.kind() == ErrorKind::SheetLayout => {
                let look = Look::afresh(&self.client, &spec.tab, &mut tally).await?;
                self.plan_from(look, table, spec, tally).await
            }
            planned => planned,
        }
    }

    async fn apply(&self, plan: &Plan) -> Result<Receipt, Error> {
        if plan.changes.is_empty() {
            return Ok(Receipt { verified: true, ..Receipt::default() });
        }
        let state: State = serde_json::from_value(plan.state.clone()).map_err(|error| {
            Error::new(ErrorKind::Config, "this plan was not made for a spreadsheet").source(error)
        })?;
        let token = state.layout.next.token.as_str();
        let kept = self.pictures().remove(&state.spec.tab);
        let picture = kept.filter(|(of, _)| of == token).map(|(_, grid)| grid);
        let (desk, list) = (self.desk.as_ref(), self.changes.as_ref());
        Applier::new(&self.client, desk, list, &*self.clock, plan, (state, self.bytes)).run(picture).await
    }
}

/// Decides before anything is written whether cells can hold the texts.
fn check_texts(changes: &Changes, table: &Table, spec: &ExportSpec) -> Result<(), Error> {
    let new = changes.inserts.iter().flat_map(|&row| (0..table.width()).map(move |column| (row, column)));
    let rewritten = changes
        .updates
        .iter()
        .flat_map(|update| update.cells.iter().map(|cell| (update.row, cell.column as usize)));
    for (row, column) in new.chain(rewritten) {
        let row = row as usize;
        if fit::too_long(&table.row(row)[column], MAX_CHARACTERS).is_some() {
            return Err(fit::refused(table, spec, row, column, MAX_CHARACTERS));
        }
    }
    Ok(())
}

/// Decides before anything is written whether the spreadsheet can hold the rows.
/// `beside` is how many cells other tabs grow by.
fn check_cells(
    structure: &Structure,
    layout: &Layout,
    changes: &Changes,
    beside: usize,
) -> Result<(), Error> {
    let rows = changes.inserts.len() + usize::from(layout.blank);
    let width = layout.grid.1.max(layout.places.len()) + if layout.blank { 0 } else { layout.added.len() };
    let new = beside
        + if layout.exists {
            (layout.grid.0 + rows) * width - layout.grid.0 * layout.grid.1
        } else {
            layout.grid.0.max(rows) * width
        };
    if structure.cells() + new > MAX_CELLS {
        return Err(Error::new(
            ErrorKind::SheetFull,
            "the spreadsheet would have more than 10,000,000 cells",
        )
        .context("cells now", structure.cells().to_string())
        .context("cells to add", new.to_string())
        .hint("start a new spreadsheet, or delete tabs and empty columns that nobody needs"));
    }
    Ok(())
}

fn notes(layout: &Layout, table: &Table, changes: &Changes) -> Vec<String> {
    let mut notes = Vec::new();
    if !layout.exists && !changes.is_empty() {
        notes.push(format!("the tab `{}` is new", layout.title));
    } else if layout.exists && layout.added.len() < table.width() {
        notes.extend(layout.added.iter().map(|&column| {
            let place = a1::cell(layout.header, layout.places[column]);
            format!("the column `{}` is new: {place}", table.columns()[column].name)
        }));
    }
    notes
}
