//! The methods of the API, one function each.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::access::{Actor, Role};
use super::batch::{self, Context, sheet};
use super::errors::{Answer, ApiError};
use super::fields::Mask;
use super::get::{self, Wanted};
use super::handle::{Sheets, State};
use super::model::{Spreadsheet, Tab};
use super::request;
use super::route::{Call, Method};
use super::{data_filter, drive, ids, metadata};

mod by_values;
mod query;

pub use query::Query;

/// A call being answered: the account, its parameters and body.
pub struct Asked<'a> {
    sheets: &'a Sheets,
    email: &'a str,
    query: &'a Query,
    body: &'a Value,
    mask: Option<&'a Mask>,
}

/// Runs a call and gives the answer's message, not yet masked where that costs nothing.
pub fn run(
    sheets: &Sheets,
    call: &Call,
    email: &str,
    query: &Query,
    body: &Value,
    mask: Option<&Mask>,
) -> Answer<Value> {
    let asked = Asked { sheets, email, query, body, mask };
    match call {
        Call::Create => asked.create(),
        Call::On { id, method } => asked.on(id, method),
    }
}

/// The address at which people open a spreadsheet.
pub fn address(id: &str) -> String {
    format!("https://docs.google.com/spreadsheets/d/{id}/edit")
}

impl Asked<'_> {
    fn on(&self, id: &str, method: &Method) -> Answer<Value> {
        match method {
            Method::Get => self.get(id),
            Method::GetByDataFilter => self.get_by_filter(id),
            Method::BatchUpdate => self.batch_update(id),
            Method::MetadataGet(item) => self.metadata_get(id, item),
            Method::MetadataSearch => self.metadata_search(id),
            Method::CopyTo(sheet) => self.copy_to(id, sheet),
            Method::ValuesGet(range) => self.values_get(id, range),
            Method::ValuesBatchGet => self.values_batch_get(id),
            Method::ValuesBatchGetByDataFilter => self.values_batch_get_by_filter(id),
            Method::ValuesUpdate(range) => self.values_update(id, range),
            Method::ValuesAppend(range) => self.values_append(id, range),
            Method::ValuesClear(range) => self.values_clear(id, range),
            Method::ValuesBatchUpdate => self.values_batch_update(id),
            Method::ValuesBatchUpdateByDataFilter => self.values_batch_update_by_filter(id),
            Method::ValuesBatchClear => self.values_batch_clear(id),
            Method::ValuesBatchClearByDataFilter => self.values_batch_clear_by_filter(id),
        }
    }

    /// The spreadsheet to read, and with what right.
    fn open(&self, id: &str) -> Answer<(Arc<Spreadsheet>, Actor)> {
        let state = self.sheets.lock();
        let file = state.files.get(id).ok_or_else(ApiError::not_found)?;
        let actor = Actor::with(self.email, &file.sharing, Role::Viewer)?;
        Ok((Arc::clone(&file.spreadsheet), actor))
    }

    /// Changes the spreadsheet with the account's right to write, all or nothing.
    fn change<T>(
        &self,
        id: &str,
        change: impl FnOnce(&mut Spreadsheet, &Actor, &mut ids::Ids) -> Answer<T>,
    ) -> Answer<T> {
        let actor = {
            let state = self.sheets.lock();
            let file = state.files.get(id).ok_or_else(ApiError::not_found)?;
            Actor::with(self.email, &file.sharing, Role::Editor)?
        };
        self.sheets.change(id, |spreadsheet, ids| change(spreadsheet, &actor, ids))
    }

    fn create(&self) -> Answer<Value> {
        let mut state = self.sheets.lock();
        let State { files, ids, .. } = &mut *state;
        let title = self.body["properties"]["title"].as_str().filter(|title| !title.is_empty());
        let id = ids.text(44);
        let title = title.unwrap_or("Untitled spreadsheet").to_owned();
        let mut spreadsheet = Spreadsheet::new(id.clone(), title);
        sheet::set_spreadsheet_properties(&mut spreadsheet, &self.body["properties"], &Mask::All)?;
        let sheets = self.body["sheets"].as_array().cloned().unwrap_or_default();
        for (index, sheet) in sheets.iter().enumerate() {
            let place = format!("Invalid sheets[{index}]: ");
            let mut properties = sheet["properties"].clone();
            if index == 0 && properties["sheetId"].is_null() {
                // The first tab of a new spreadsheet is number 0.
                properties["sheetId"] = json!(0);
            }
            sheet::new_tab(&mut spreadsheet, &properties, ids).map_err(|error| error.within(&place))?;
        }
        if spreadsheet.tabs.is_empty() {
            spreadsheet.tabs.push(Arc::new(Tab::new(0, "Sheet1".to_owned(), 1000, 26)));
        }
        let actor = Actor { email: self.email.to_owned(), role: Role::Owner };
        let answer = self.message(&spreadsheet, &actor, Vec::new(), false, &Mask::All);
        let now = self.sheets.moment().0.timestamp_millis();
        files.insert(id.clone(), drive::new_file(spreadsheet, self.email, now));
        drop(state);
        self.sheets.saved(&id);
        Ok(answer)
    }

    fn message(
        &self,
        spreadsheet: &Spreadsheet,
        actor: &Actor,
        ranges: Vec<super::range::GridRange>,
        grid_data: bool,
        mask: &Mask,
    ) -> Value {
        let now = self.sheets.moment();
        let wanted = Wanted { ranges, grid_data, mask, actor, now };
        get::spreadsheet(spreadsheet, &wanted, &address(&spreadsheet.id))
    }

    /// With a mask, the mask alone decides whether cells are sent.
    fn get(&self, id: &str) -> Answer<Value> {
        let (spreadsheet, actor) = self.open(id)?;
        let ranges = get::ranges(&self.query.all("ranges"), &spreadsheet)?;
        let grid_data = match self.mask {
            Some(mask) => mask.wants(&["sheets", "data"]),
            None => self.query.flag("includeGridData")?,
        };
        Ok(self.message(&spreadsheet, &actor, ranges, grid_data, self.mask.unwrap_or(&Mask::All)))
    }

    fn get_by_filter(&self, id: &str) -> Answer<Value> {
        let (spreadsheet, actor) = self.open(id)?;
        let mut ranges = Vec::new();
        for filter in self.body["dataFilters"].as_array().into_iter().flatten() {
            for range in data_filter::ranges(&spreadsheet, filter).map_err(no_sheet)? {
                if !ranges.contains(&range) {
                    ranges.push(range);
                }
            }
        }
        let grid_data = match self.mask {
            Some(mask) => mask.wants(&["sheets", "data"]),
            None => self.body["includeGridData"] == true,
        };
        Ok(self.message(&spreadsheet, &actor, ranges, grid_data, self.mask.unwrap_or(&Mask::All)))
    }

    fn batch_update(&self, id: &str) -> Answer<Value> {
        let empty = Vec::new();
        let requests = self.body["requests"].as_array().unwrap_or(&empty);
        let now = self.sheets.moment();
        self.change(id, |spreadsheet, actor, ids| {
            let mut context = Context { spreadsheet, actor, now, ids };
            let replies = batch::apply(&mut context, requests)?;
            let mut answer = json!({ "spreadsheetId": id, "replies": replies });
            if self.body["includeSpreadsheetInResponse"] == true {
                answer["updatedSpreadsheet"] = self.updated(spreadsheet, actor)?;
            }
            Ok(answer)
        })
    }

    /// The state after a batch, as much of it as the request wants back.
    fn updated(&self, spreadsheet: &Spreadsheet, actor: &Actor) -> Answer<Value> {
        let texts = self.body["responseRanges"].as_array().into_iter().flatten();
        let texts: Vec<&str> = texts.filter_map(Value::as_str).collect();
        let ranges = get::ranges(&texts, spreadsheet)?;
        let Some(mask) = self.mask else {
            let grid_data = self.body["responseIncludeGridData"] == true;
            return Ok(self.message(spreadsheet, actor, ranges, grid_data, &Mask::All));
        };
        let Some(mask) = mask.under("updatedSpreadsheet") else {
            return Ok(Value::Null);
        };
        let grid_data = match mask {
            Mask::All => self.body["responseIncludeGridData"] == true,
            Mask::Only(_) => mask.wants(&["sheets", "data"]),
        };
        Ok(self.message(spreadsheet, actor, ranges, grid_data, mask))
    }

    fn metadata_get(&self, id: &str, item: &str) -> Answer<Value> {
        let (spreadsheet, _) = self.open(id)?;
        let number: i64 = item.parse().map_err(|_| {
            let message = format!("Invalid value at 'metadata_id' (TYPE_INT32), \"{item}\"");
            ApiError::bad_request(message.clone(), &[("metadata_id".to_owned(), message)])
        })?;
        let found = spreadsheet.metadata.iter().find(|item| item.id == number);
        found
            .map(metadata::write)
            .ok_or_else(|| ApiError::missing(format!("No developer metadata with ID {number}.")))
    }

    fn metadata_search(&self, id: &str) -> Answer<Value> {
        let (spreadsheet, _) = self.open(id)?;
        let mut matched: Vec<(i64, Value)> = Vec::new();
        for filter in self.body["dataFilters"].as_array().into_iter().flatten() {
            for item in data_filter::found(&spreadsheet, filter)? {
                match matched.iter_mut().find(|(id, _)| *id == item.id) {
                    Some((_, known)) => {
                        if let Value::Array(filters) = &mut known["dataFilters"] {
                            filters.push(filter.clone());
                        }
                    }
                    None => matched.push((
                        item.id,
                        json!({ "developerMetadata": metadata::write(item), "dataFilters": [filter] }),
                    )),
                }
            }
        }
        if matched.is_empty() {
            return Ok(json!({}));
        }
        let matched: Vec<Value> = matched.into_iter().map(|(_, message)| message).collect();
        Ok(json!({ "matchedDeveloperMetadata": matched }))
    }

    fn copy_to(&self, id: &str, sheet: &str) -> Answer<Value> {
        let (source, _) = self.open(id)?;
        let number: i64 = sheet.parse().unwrap_or(-1);
        let tab = source
            .tab(number)
            .map_err(|_| ApiError::invalid(format!("The sheet ({sheet}) does not exist.")))?;
        let target = self.body["destinationSpreadsheetId"].as_str().unwrap_or_default();
        self.change(target, |spreadsheet, _, ids| {
            spreadsheet.check_growth(tab.grid.cell_count())?;
            let mut copy = sheet::readdress(tab.clone(), sheet::free_id(spreadsheet, ids));
            copy.title = free_title(spreadsheet, &format!("Copy of {}", tab.title));
            copy.hidden = false;
            adopt_formats(&mut copy, &source, spreadsheet);
            spreadsheet.has_formulas |= source.has_formulas;
            let at = spreadsheet.tabs.len();
            let answer = get::sheet_properties(&copy, at);
            spreadsheet.tabs.push(Arc::new(copy));
            Ok(answer)
        })
    }

    /// An enumeration among the query's parameters, as JSON; null when missing.
    fn parameter(&self, name: &str, names: &str) -> Answer<Value> {
        let Some(text) = self.query.get(name) else {
            return Ok(Value::Null);
        };
        request::enum_parameter(name, names, text)?;
        Ok(Value::from(text))
    }
}

/// A whole spreadsheet has sheets where a range has a grid.
fn no_sheet(mut error: ApiError) -> ApiError {
    error.message = error.message.replace("No grid with id", "No sheet with id");
    error
}

fn free_title(spreadsheet: &Spreadsheet, wanted: &str) -> String {
    let titles: BTreeSet<&str> = spreadsheet.tabs.iter().map(|tab| tab.title.as_str()).collect();
    if !titles.contains(wanted) {
        return wanted.to_owned();
    }
    let numbered = (2..).map(|number| format!("{wanted} {number}"));
    numbered.into_iter().find(|title| !titles.contains(title.as_str())).unwrap_or_default()
}

/// Numbers of formats mean something in their own spreadsheet only.
fn adopt_formats(copy: &mut Tab, from: &Spreadsheet, to: &mut Spreadsheet) {
    for row in 0..copy.grid.rows().len() {
        for column in 0..copy.grid.row(row).extent() {
            let old = copy.grid.row(row).format(column);
            if old != 0 {
                let new = to.format_id(from.formats.get(old).cloned().unwrap_or_default());
                copy.grid.row_mut(row).set_format(column, new);
            }
        }
    }
}
