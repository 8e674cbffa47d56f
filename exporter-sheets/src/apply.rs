//! Carrying out a plan: write, prove, and find the way back to right when people moved
//! rows under a write or its answer was lost.
//!
//! A write is never sent twice. Whatever came of it, the tab is read again and compared
//! again, and what is still to be done goes out as a new write under the same marker id, of
//! which Google takes one: an earlier one that comes late is refused whole.

use std::collections::HashSet;

use exporter_core::{BatchState, Clock, Error, ErrorKind, JournalBatch, Plan, Receipt, RowUpdate};

use crate::agreed;
use crate::attempt::Attempt;
use crate::batch::{Batch, answer_fields};
use crate::changes::{self, Change, ChangeList, Entries};
use crate::client::{Failure, Fate, SheetsClient, Tally};
use crate::grid::Grid;
use crate::layout;
use crate::look::{Look, repaired_cells};
use crate::part::Part;
use crate::reconcile;
use crate::record::{self, About, Desk};
use crate::stage::Stager;
use crate::structure::Tab;
use crate::work::{State, Work};

/// How often we look again at one write before we give up.
const ROUNDS: u32 = 12;
/// How many failures in a row that may pass.
const FAILURES: u32 = 5;

/// One plan being carried out.
pub struct Applier<'a> {
    client: &'a SheetsClient,
    desk: Option<&'a Desk>,
    list: Option<&'a ChangeList>,
    clock: &'a dyn Clock,
    plan: &'a Plan,
    state: State,
    tally: Tally,
    notes: Vec<String>,
    /// Parts sent so far.
    chunk: u32,
    rounds: u32,
    failures: u32,
    /// Whether the last write was refused for what it assumes.
    refused: bool,
    /// Whether a write was not proved by its answer.
    looked_again: bool,
    /// Writes that nobody knows the outcome of.
    lost: Vec<Sent>,
    /// What the list of changes has got.
    told: HashSet<Change>,
    stager: Stager<'a>,
    /// Most bytes of a request.
    bytes: usize,
}

/// A write that was sent.
#[derive(Clone)]
struct Sent {
    attempt: Attempt,
    batch: JournalBatch,
    /// What it tells the list of changes.
    changes: Vec<Change>,
}

impl<'a> Applier<'a> {
    pub fn new(
        client: &'a SheetsClient,
        desk: Option<&'a Desk>,
        list: Option<&'a ChangeList>,
        clock: &'a dyn Clock,
        plan: &'a Plan,
        (mut state, bytes): (State, usize),
    ) -> Self {
        let told = std::mem::take(&mut state.told).into_iter().collect();
        Self {
            client,
            desk,
            list,
            clock,
            plan,
            state,
            tally: Tally::default(),
            notes: Vec::new(),
            chunk: 0,
            rounds: 0,
            failures: 0,
            refused: false,
            looked_again: false,
            lost: Vec::new(),
            told,
            stager: Stager::new(client, bytes),
            bytes,
        }
    }

    /// Writes and proves. `picture` is what the plan was made from, if this process read it.
    pub async fn run(mut self, picture: Option<Grid>) -> Result<Receipt, Error> {
        let grid = match picture {
            Some(grid) => grid,
            None => self.read_strictly().await?,
        };
        let changes = self.plan.changes.clone();
        let restores = repaired_cells(&changes);
        let mut work = Work::new(self.state.layout.clone(), grid, changes, restores);
        // With a write of unknown outcome behind us a last one, even an empty one, makes
        // sure that it can't happen any more.
        while !work.is_done() || !self.lost.is_empty() {
            if self.rounds == ROUNDS {
                return Err(self.moved("people moved rows each time we wrote"));
            }
            self.rounds += 1;
            work = self.step(work).await?;
        }
        self.close(&work).await;
        Ok(self.receipt())
    }

    /// Reads the tab for a plan made elsewhere, and refuses it when the sheet has moved.
    async fn read_strictly(&mut self) -> Result<Grid, Error> {
        let look = Look::at(self.client, &self.state.spec.tab, &mut self.tally).await?;
        let desk = self.desk.map(|desk| (desk, self.client.spreadsheet()));
        let (layout, mut changes) =
            look.compare(&look.grid, &self.plan.table, &self.state.spec, desk).await?;
        changes.repairs.clone_from(&self.plan.changes.repairs);
        let was = &self.state.layout;
        let same_place = layout.places == was.places && layout.end == was.end && layout.last == was.last;
        let repairable = changes.repairs.iter().all(|repair| {
            *look.grid.at(repair.stored_row as usize - 1, repair.stored_column as usize) == repair.before
        });
        if same_place && repairable && changes == self.plan.changes {
            return Ok(look.grid);
        }
        Err(self.moved("the tab has changed since the plan was made"))
    }

    /// One write, and what is to be done after it.
    async fn step(&mut self, mut work: Work) -> Result<Work, Error> {
        let keys = if self.state.spec.key.is_empty() {
            Vec::new()
        } else {
            work.layout.places_of(&layout::identity(&self.plan.table, &self.state.spec))
        };
        let mut part = work.part(self.plan, &keys, (self.list.is_some(), self.bytes));
        let Work { mut layout, grid, updates, cells, restores, mut inserts, .. } = work;
        layout.renew_token(self.clock.now().timestamp());
        let structure = self.client.structure(&mut self.tally).await?;
        let rows = (&mut part, &mut inserts);
        let staged =
            self.stager.send_ahead((&layout, &structure), &self.plan.table, rows, &mut self.tally).await?;
        let outdated = self.stager.outdated(
            &self.client.structure(&mut self.tally).await?,
            &layout.name,
            inserts.is_empty(),
        );
        // What is only inserted hits nothing: a large load needs no picture of what it has loaded.
        let only_rows = part.cells.is_empty() && cells.is_empty() && restores.is_empty();
        let header = |row: usize| (row == layout.header).then(Vec::new);
        let grid = if only_rows && !self.is_to_agree() { grid.only(header) } else { grid };
        let attempt = Attempt::new(layout, grid, &part, &self.plan.table, &self.state.spec);
        let attempt = attempt.owing(restores.clone());
        let entries = self.entries(&attempt, &part, &updates).await?;
        let batch = Batch {
            entries: entries.as_ref(),
            layout: &attempt.layout,
            table: &self.plan.table,
            part: &part,
            identity: &attempt.identity,
            keyed: attempt.keyed,
            before: &attempt.before,
            owing: !attempt.restores.is_empty(),
            staged,
            outdated: &outdated,
        };
        let body = batch
            .body()
            .map_err(|error| Error::new(ErrorKind::Internal, "a write cannot be made").source(error))?;
        let changes = entries.map(|entries| entries.changes).unwrap_or_default();
        let mut sent = self.begin(attempt, &part, &updates, changes).await;
        let answer = self.client.write(&body, &answer_fields(), &mut self.tally).await;
        let failure = match answer {
            Ok(answer) => {
                (self.failures, self.refused) = (0, false);
                self.chunk += 1;
                self.client.forget_tabs(&outdated).await;
                self.drop_lost().await;
                self.told.extend(sent.changes.iter().cloned());
                if self.learn(&mut sent, answer).await {
                    // While a later write has to put something back, the journal keeps what.
                    if restores.is_empty() {
                        self.commit(&sent).await;
                    }
                    self.rounds = 0;
                    if cells.is_empty() && restores.is_empty() {
                        let taken = self.client.taken().await;
                        let (layout, grid) = sent.attempt.into_after(&taken);
                        return Ok(Work { layout, grid, updates, cells, restores, inserts, unsaid: false });
                    }
                    // The rest changes cells: where they are is read anew.
                    return self.look_again(sent, true).await;
                }
                return self.look_again(sent, true).await;
            }
            Err(failure) => failure,
        };
        if staged.is_some() || !outdated.is_empty() {
            self.stager.start_over();
            self.client.forget_structure().await;
        }
        self.after(failure, &sent).await?;
        self.look_again(sent, false).await
    }

    /// Takes a write down before it is sent.
    async fn begin(
        &mut self,
        mut attempt: Attempt,
        part: &Part,
        updates: &[RowUpdate],
        changes: Vec<Change>,
    ) -> Sent {
        attempt.changes = self.told.iter().chain(&changes).cloned().collect();
        let about = About {
            target: record::target(self.client.spreadsheet(), attempt.layout.sheet),
            chunk: self.chunk,
            at: self.clock.now(),
        };
        let batch = record::batch(&attempt, part, updates, self.plan, about);
        if let Some(desk) = self.desk {
            let begun = desk.begin(&batch).await;
            self.excuse(begun);
        }
        Sent { attempt, batch, changes }
    }

    /// What a write tells the list of changes.
    async fn entries(
        &mut self,
        attempt: &Attempt,
        part: &Part,
        updates: &[RowUpdate],
    ) -> Result<Option<Entries>, Error> {
        let Some(list) = self.list else { return Ok(None) };
        let place = list.place(&self.client.structure(&mut self.tally).await?)?;
        let about = changes::About { at: self.clock.now(), run: &self.plan.run, told: &self.told };
        Ok(list.entries(place, (&attempt.layout, &part.cells), updates, &self.plan.table, &about))
    }

    async fn settle(&mut self, sent: &Sent, state: BatchState) {
        if let Some(desk) = self.desk {
            let settled = desk.settle(&sent.batch, state).await;
            self.excuse(settled);
        }
    }

    /// A write came through as it was meant. What an earlier one left to be made up for was
    /// in it.
    async fn commit(&mut self, sent: &Sent) {
        if let Some(desk) = self.desk {
            let closed = desk.close_told(&sent.batch.target, sent.batch.marker).await;
            self.excuse(closed);
        }
        self.settle(sent, BatchState::Committed).await;
    }

    /// The journal only remembers: nothing is left undone because it can't.
    fn excuse(&mut self, result: Result<(), Error>) {
        if let Err(error) = result {
            let note = format!(
                "the journal could not be kept, so that edits of people may be taken for ours: {error}"
            );
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// The marker id is used: what was lost can't happen any more.
    async fn drop_lost(&mut self) {
        for lost in std::mem::take(&mut self.lost) {
            self.settle(&lost, BatchState::Dropped).await;
        }
    }

    /// Takes the tab's structure out of an answer. Whether it proves that all is right.
    async fn learn(&self, sent: &mut Sent, answer: Vec<(Tab, Grid)>) -> bool {
        let mut proved = false;
        for (tab, cells) in answer {
            let ours = tab.id == sent.attempt.layout.sheet;
            if ours {
                proved |= sent.attempt.is_proved_by(&cells);
                sent.attempt.keyless = sent.attempt.hit_without_key(&cells);
            }
            if ours || (tab.list.is_some() && !sent.changes.is_empty()) {
                self.client.learn(tab).await;
            }
        }
        proved
    }

    /// What a failure of a write means; an error when it is the end.
    async fn after(&mut self, failure: Failure, sent: &Sent) -> Result<(), Error> {
        let fate = failure.fate();
        if self.list.is_some() && matches!(fate, Fate::Unknown | Fate::Refused) {
            // Whether the list is there, and under which name.
            self.client.forget_structure().await;
        }
        if fate == Fate::Unknown {
            self.lost.push(sent.clone());
        } else {
            self.settle(sent, BatchState::Dropped).await;
        }
        match fate {
            Fate::Final => return Err(self.client.explain(failure)),
            // Once more with a fresh look at the structure, and no oftener.
            Fate::Refused if self.refused => return Err(self.client.explain(failure)),
            Fate::Refused => self.refused = true,
            Fate::Expired | Fate::Busy | Fate::Unknown => {
                self.failures += 1;
                if self.failures == FAILURES || (fate == Fate::Expired && self.failures > 1) {
                    return Err(self.client.explain(failure).context("tab", self.state.spec.tab.clone()));
                }
                if fate == Fate::Expired {
                    self.client.forget_token().await;
                } else {
                    tokio::time::sleep(self.client.pause(&failure, self.failures)).await;
                }
            }
        }
        Ok(())
    }

    /// Reads and compares anew. `happened` says whether the write is known to have had its
    /// effect.
    async fn look_again(&mut self, sent: Sent, happened: bool) -> Result<Work, Error> {
        self.looked_again = true;
        let look = Look::afresh(self.client, &self.state.spec.tab, &mut self.tally).await?;
        let tab = look.tab(&self.state.spec.tab);
        let marker = tab.and_then(|tab| tab.marker.clone());
        let markers = tab.map(|tab| tab.markers.clone()).unwrap_or_default();
        let mut found = None;
        if !happened {
            let is_ours = |lost: &Sent| markers.iter().any(|marker| marker.token == lost.batch.id);
            if let Some(index) = self.lost.iter().position(is_ours) {
                let landed = self.lost.remove(index);
                self.told.extend(landed.changes.iter().cloned());
                found = Some(landed);
                self.drop_lost().await;
                (self.failures, self.refused) = (0, false);
                self.notes.push(
                    "Google's answer was lost; reading the sheet showed that the write had happened"
                        .to_owned(),
                );
            } else if marker != sent.attempt.layout.last {
                self.drop_lost().await;
                return Err(self.moved("another exporter wrote to the tab at the same time"));
            }
            self.rebase_lost(&look.grid, tab).await;
        }
        let landed = found.is_some() || happened;
        let sent = found.unwrap_or(sent);
        let settled = reconcile::settle(&sent.attempt, look.grid.clone(), tab, landed);
        if settled.stray > 0 {
            self.notes.push(format!(
                "people moved rows or columns while we wrote: {} cells were put right",
                settled.stray
            ));
        }
        let (whole, restores) = (settled.whole, settled.cells);
        let desk = self.desk.map(|desk| (desk, self.client.spreadsheet()));
        let (table, spec) = (&self.plan.table, &self.state.spec);
        let (layout, changes) = look.compare(&whole, table, spec, desk).await?;
        if let Some(desk) = desk.filter(|_| landed) {
            let told = look.tell((&layout, &whole), table, spec, desk, false).await;
            self.excuse(told);
        }
        Ok(Work::new(layout, look.grid, changes, restores))
    }

    /// Writes of unknown outcome had not happened yet when the tab was read: should one still
    /// do, what it hits is what is there now.
    async fn rebase_lost(&mut self, now: &Grid, tab: Option<&Tab>) {
        let mut lost = std::mem::take(&mut self.lost);
        for sent in &mut lost {
            sent.attempt.rebase(now, tab);
            if let Some(desk) = self.desk {
                let rebased = desk.rebase(&sent.batch, &sent.attempt).await;
                self.excuse(rebased);
            }
        }
        self.lost = lost;
    }

    /// Tells the journal what of the writes that went astray is there in the end.
    async fn close(&mut self, work: &Work) {
        let Some(desk) = self.desk else { return };
        let target = record::target(self.client.spreadsheet(), work.layout.sheet);
        let identity = layout::identity(&self.plan.table, &self.state.spec);
        let arrived = record::arrived(&work.layout, &identity, &self.plan.table, &work.grid);
        let closed = desk.close(&target, work.layout.last.as_ref().map(|marker| marker.id), arrived).await;
        self.excuse(closed);
        if self.is_to_agree() {
            // What a write that went astray left in the right cell no batch tells of.
            let tab = (&work.layout, &work.grid);
            let desk = (desk, self.client.spreadsheet());
            let (table, place) = (&self.plan.table, &self.plan.target);
            let agreed = agreed::tell(desk, tab, table, &self.state.spec, place).await;
            self.excuse(agreed);
        }
    }

    /// Whether the journal has to be told at the end what file and tab agree on: a write went, or
    /// may have gone, astray.
    fn is_to_agree(&self) -> bool {
        self.looked_again || !self.plan.changes.repairs.is_empty()
    }

    fn moved(&self, what: &str) -> Error {
        Error::new(ErrorKind::SheetMoved, what.to_owned()).context("tab", self.state.spec.tab.clone())
    }

    fn receipt(self) -> Receipt {
        let changes = &self.plan.changes;
        Receipt {
            inserted: changes.inserts.len(),
            updated: changes.updates.len(),
            cells: changes.updates.iter().map(|update| update.cells.len()).sum(),
            calls: self.tally.calls,
            bytes: self.tally.bytes,
            verified: true,
            notes: self.notes,
        }
    }
}
