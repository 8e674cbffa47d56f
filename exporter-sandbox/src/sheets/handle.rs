//! The service's state and the handle by which tests and the control path reach it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::{Actor, Role, Sharing, Tokens};
use super::batch::{self, Context, sheet};
use super::clock::Moment;
use super::drive;
use super::errors::{Answer, ApiError};
use super::ids::Ids;
use super::model::{Spreadsheet, Tab};
use super::persist::Saver;
use super::quota::{Counter, Quotas};
use super::range::Dimension;
use super::values::read;
use super::values::write::{self, InputOption, Writer};
use super::view::{Rendering, ValueRender, View};
use crate::oauth::Accounts;
use crate::person::TabFacts;

/// The account that owns what nobody else does; its token is `fidelity`.
pub const OWNER: &str = "owner@example.com";

const STATIC_TOKEN: &str = "fidelity";

/// How a stand-in is set up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Seed of all ids.
    pub seed: u64,
    /// Limits per minute.
    pub quotas: Quotas,
    /// A fixed moment instead of the system's clock.
    pub now: Option<DateTime<Utc>>,
    /// Directory where spreadsheets outlive the process.
    pub data: Option<PathBuf>,
    /// Longest time for one request; 180 s when not given.
    pub time_limit: Option<Duration>,
}

/// The stand-in. Clones of the `Arc` around it are the same service.
#[derive(Debug)]
pub struct Sheets {
    state: Mutex<State>,
    pub(super) time_limit: Duration,
    now: Option<DateTime<Utc>>,
    saver: Option<Saver>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub files: BTreeMap<String, File>,
    pub tokens: Tokens,
    pub accounts: Accounts,
    pub ids: Ids,
    pub quotas: Quotas,
    pub counter: Counter,
}

/// A spreadsheet with the accounts it is shared with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct File {
    pub spreadsheet: Arc<Spreadsheet>,
    pub sharing: Sharing,
    /// When it was made, in milliseconds since 1970.
    #[serde(default)]
    pub created: i64,
    /// When it was last changed.
    #[serde(default)]
    pub modified: i64,
}

impl Sheets {
    /// A service; what the data directory holds is read back.
    pub fn new(options: &Options) -> io::Result<Arc<Self>> {
        let files = match &options.data {
            Some(directory) => super::persist::load(directory)?,
            None => BTreeMap::new(),
        };
        let saver = options.data.as_deref().map(Saver::start).transpose()?;
        let mut tokens = Tokens::default();
        tokens.add(STATIC_TOKEN.to_owned(), OWNER.to_owned(), None);
        // Ids must not repeat those of an earlier process on the same directory.
        let seed = options.seed.wrapping_add(0x51_7cc1 * files.len() as u64);
        let state = State {
            files,
            tokens,
            accounts: Accounts::default(),
            ids: Ids::new(seed),
            quotas: options.quotas,
            counter: Counter::default(),
        };
        Ok(Arc::new(Self {
            state: Mutex::new(state),
            time_limit: options.time_limit.unwrap_or(Duration::from_mins(3)),
            now: options.now,
            saver,
        }))
    }

    /// The moment that a request sees.
    pub fn moment(&self) -> Moment {
        self.now.map_or_else(Moment::now, Moment)
    }

    /// The state. A panic in another request leaves whole states only, since drafts are
    /// swapped in at the end, so a poisoned lock is still good.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates a spreadsheet with one tab, `Sheet1`, and gives its id.
    pub fn create(&self, title: &str, owner: &str) -> String {
        let id = self.lock().ids.text(44);
        self.create_with_id(&id, title, owner);
        id
    }

    /// The same under a chosen id; one that is there already stays as it is.
    pub fn create_with_id(&self, id: &str, title: &str, owner: &str) {
        let mut state = self.lock();
        if !state.files.contains_key(id) {
            let mut spreadsheet = Spreadsheet::new(id.to_owned(), title.to_owned());
            spreadsheet.tabs.push(Arc::new(Tab::new(0, "Sheet1".to_owned(), 1000, 26)));
            let now = self.moment().0.timestamp_millis();
            state.files.insert(id.to_owned(), drive::new_file(spreadsheet, owner, now));
        }
        drop(state);
        self.saved(id);
    }

    /// Deletes a spreadsheet, on disk as well.
    pub(super) fn delete(&self, id: &str) {
        self.lock().files.remove(id);
        if let Some(saver) = &self.saver {
            saver.remove(id);
        }
    }

    /// Shares a spreadsheet with an account.
    pub fn share(&self, id: &str, email: &str, role: Role) -> Answer<()> {
        let mut state = self.lock();
        let file = state.files.get_mut(id).ok_or_else(ApiError::not_found)?;
        file.sharing.insert(email.to_owned(), role);
        drop(state);
        self.saved(id);
        Ok(())
    }

    /// Takes an account's rights away: it gets 403 from now on.
    pub fn unshare(&self, id: &str, email: &str) -> Answer<()> {
        let mut state = self.lock();
        let file = state.files.get_mut(id).ok_or_else(ApiError::not_found)?;
        file.sharing.remove(email);
        drop(state);
        self.saved(id);
        Ok(())
    }

    /// Makes a token stand for an account without asking the token endpoint.
    pub fn add_token(&self, token: &str, email: &str) {
        self.lock().tokens.add(token.to_owned(), email.to_owned(), None);
    }

    /// A new token for an account that lives `seconds`.
    pub(crate) fn issue_token(&self, email: &str, seconds: i64) -> String {
        let ends = self.moment().0.timestamp() + seconds;
        let mut state = self.lock();
        let token = format!("ya29.c.{}", state.ids.text(48));
        state.tokens.add(token.clone(), email.to_owned(), Some(ends));
        token
    }

    /// Ends all tokens of an account: its next call gets 401.
    pub fn revoke_tokens(&self, email: &str) {
        self.lock().tokens.revoke(email);
    }

    /// Lets the token endpoint refuse (or accept again) an account.
    pub fn disable_account(&self, email: &str, disabled: bool) {
        self.lock().accounts.disable(email, disabled);
    }

    /// Turns limits on or off.
    pub fn set_quotas(&self, quotas: Quotas) {
        let mut state = self.lock();
        state.quotas = quotas;
        state.counter = Counter::default();
    }

    /// A spreadsheet as it is now; later changes don't show in it.
    pub fn spreadsheet(&self, id: &str) -> Option<Arc<Spreadsheet>> {
        self.lock().files.get(id).map(|file| Arc::clone(&file.spreadsheet))
    }

    /// Ids of all spreadsheets.
    pub fn ids(&self) -> Vec<String> {
        self.lock().files.keys().cloned().collect()
    }

    /// Titles of the tabs from left to right.
    pub fn tabs(&self, id: &str) -> Vec<String> {
        let spreadsheet = self.spreadsheet(id);
        spreadsheet.map_or_else(Vec::new, |spreadsheet| {
            spreadsheet.tabs.iter().map(|tab| tab.title.clone()).collect()
        })
    }

    /// A tab's rows as people see them; `None` when there is no such tab.
    pub fn rows(&self, id: &str, tab: &str) -> Option<Vec<Vec<String>>> {
        let rows = self.values(id, tab, ValueRender::Formatted)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Some(rows.iter().map(|row| row.iter().map(text).collect()).collect())
    }

    /// A tab's rows as JSON values: numbers, booleans and text.
    pub fn raw_rows(&self, id: &str, tab: &str) -> Option<Vec<Vec<Value>>> {
        self.values(id, tab, ValueRender::Unformatted)
    }

    fn values(&self, id: &str, tab: &str, value: ValueRender) -> Option<Vec<Vec<Value>>> {
        let spreadsheet = self.spreadsheet(id)?;
        let view = View::new(&spreadsheet, self.moment());
        let tab = spreadsheet.tab_named(tab)?;
        let how = Rendering { value, dates_as_text: false };
        let mut answer = read::value_range(&view, tab, &tab.grid.used(), Dimension::Rows, how);
        let lists = match answer["values"].take() {
            Value::Array(lists) => lists,
            _ => Vec::new(),
        };
        let row = |list| if let Value::Array(row) = list { row } else { Vec::new() };
        Some(lists.into_iter().map(row).collect())
    }

    /// Changes a spreadsheet all or nothing: a failed change leaves it as it was.
    pub(super) fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Spreadsheet, &mut Ids) -> Answer<T>,
    ) -> Answer<T> {
        let mut state = self.lock();
        let State { files, ids, .. } = &mut *state;
        let file = files.get_mut(id).ok_or_else(ApiError::not_found)?;
        let mut draft = (*file.spreadsheet).clone();
        let result = change(&mut draft, ids)?;
        file.modified = self.moment().0.timestamp_millis();
        let old = std::mem::replace(&mut file.spreadsheet, Arc::new(draft));
        drop(state);
        // Freeing a million rows takes a moment: after the lock.
        drop(old);
        self.saved(id);
        Ok(result)
    }

    /// Adds a tab with a title, for tests and people.
    pub fn add_tab(&self, id: &str, title: &str) -> Answer<()> {
        self.change(id, |spreadsheet, ids| {
            sheet::new_tab(spreadsheet, &json!({ "title": title }), ids).map(|_| ())
        })
    }

    /// Types into a cell as the owner, read as typing is.
    pub(crate) fn type_text(&self, id: &str, cell: &str, text: &str) -> Answer<()> {
        let now = self.moment();
        let body = json!({ "values": [[text]] });
        self.change(id, |spreadsheet, _| {
            let writer = Writer { option: InputOption::UserEntered, actor: &owner(), now };
            write::update(spreadsheet, cell, &body, writer).map(|_| ())
        })
    }

    /// Applies requests as the owner; what they are may depend on the tabs there are.
    pub(crate) fn as_owner(
        &self,
        id: &str,
        requests: impl FnOnce(&[TabFacts]) -> Answer<Vec<Value>>,
    ) -> Answer<()> {
        let now = self.moment();
        self.change(id, |spreadsheet, ids| {
            let requests = requests(&facts(spreadsheet))?;
            if requests.is_empty() {
                return Ok(());
            }
            let mut context = Context { spreadsheet, actor: &owner(), now, ids };
            batch::apply(&mut context, &requests).map(|_| ())
        })
    }

    /// Has the spreadsheet written to the data directory, if there is one.
    pub(super) fn saved(&self, id: &str) {
        if let Some(saver) = &self.saver {
            let file = self.lock().files.get(id).cloned();
            if let Some(file) = file {
                saver.save(file);
            }
        }
    }

    /// Waits until everything is on disk.
    pub fn flush(&self) -> io::Result<()> {
        self.saver.as_ref().map_or(Ok(()), Saver::flush)
    }
}

fn owner() -> Actor {
    Actor { email: OWNER.to_owned(), role: Role::Owner }
}

fn facts(spreadsheet: &Spreadsheet) -> Vec<TabFacts> {
    let protected = |tab: &Tab| {
        let ranges = tab.list("protectedRanges").iter();
        ranges.filter_map(|range| range["protectedRangeId"].as_i64()).collect()
    };
    let tabs = spreadsheet.tabs.iter();
    tabs.map(|tab| TabFacts {
        title: tab.title.clone(),
        id: tab.id,
        used_rows: tab.grid.used_rows(),
        columns: tab.grid.column_count(),
        protected: protected(tab),
    })
    .collect()
}
