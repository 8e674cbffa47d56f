//! `spreadsheets.batchUpdate`: requests in order, all or nothing.

mod cells;
mod colours;
mod dimension;
mod filter;
mod find;
mod format;
mod group;
mod merge;
mod metadata;
mod named;
mod objects;
mod paste;
mod protected;
pub mod sheet;
mod sort;
mod tidy;
mod width;

use serde_json::{Value, json};

use super::access::Actor;
use super::clock::Moment;
use super::errors::{Answer, ApiError};
use super::ids::Ids;
use super::model::Spreadsheet;

/// Most requests in one batch.
pub const MAX_REQUESTS: usize = 100_000;

/// What a request works on.
pub struct Context<'a> {
    /// The draft: thrown away when any request fails.
    pub spreadsheet: &'a mut Spreadsheet,
    /// Who asks.
    pub actor: &'a Actor,
    /// When.
    pub now: Moment,
    /// New ids.
    pub ids: &'a mut Ids,
}

/// Applies all requests of a batch to the draft and gives the replies.
pub fn apply(context: &mut Context, requests: &[Value]) -> Answer<Vec<Value>> {
    if requests.len() > MAX_REQUESTS {
        return Err(ApiError::invalid(format!("Cannot exceed {MAX_REQUESTS} requests in a single batch.")));
    }
    if requests.is_empty() {
        return Err(ApiError::invalid("Must specify at least one request."));
    }
    requests.iter().enumerate().map(|(index, request)| one(context, index, request)).collect()
}

fn one(context: &mut Context, index: usize, request: &Value) -> Answer<Value> {
    let mut kinds = request.as_object().into_iter().flatten();
    let Some((name, body)) = kinds.next() else {
        return Err(ApiError::invalid(format!("Invalid requests[{index}]: No request set.")));
    };
    if let Some((other, _)) = kinds.next() {
        let message = format!(
            "Invalid value at 'requests[{index}]' (oneof), oneof field 'kind' is already set. \
             Cannot set '{other}'"
        );
        return Err(ApiError::bad_request(message.clone(), &[(format!("requests[{index}]"), message)]));
    }
    let reply = dispatch(context, name, body)
        .map_err(|error| error.within(&format!("Invalid requests[{index}].{name}: ")))?;
    Ok(reply.map_or_else(|| json!({}), |reply| json!({ name.as_str(): reply })))
}

/// Runs one request; the reply is `None` where the API has an empty one.
fn dispatch(context: &mut Context, name: &str, body: &Value) -> Answer<Option<Value>> {
    let done = |()| None;
    match name {
        "addSheet" => sheet::add(context, body).map(Some),
        "deleteSheet" => sheet::delete(context, body).map(done),
        "duplicateSheet" => sheet::duplicate(context, body).map(Some),
        "updateSheetProperties" => sheet::update(context, body).map(done),
        "updateSpreadsheetProperties" => sheet::update_spreadsheet(context, body).map(done),
        "updateCells" => cells::update(context, body).map(done),
        "repeatCell" => cells::repeat(context, body).map(done),
        "appendCells" => cells::append(context, body).map(done),
        "setDataValidation" => cells::validation(context, body).map(done),
        "updateBorders" => format::borders(context, body).map(done),
        "insertDimension" => dimension::insert(context, body).map(done),
        "deleteDimension" => dimension::delete(context, body).map(done),
        "appendDimension" => dimension::append(context, body).map(done),
        "moveDimension" => dimension::shift(context, body).map(done),
        "updateDimensionProperties" => dimension::properties(context, body).map(done),
        "autoResizeDimensions" => dimension::auto_resize(context, body).map(done),
        "addDimensionGroup" => group::add(context, body).map(Some),
        "deleteDimensionGroup" => group::delete(context, body).map(Some),
        "updateDimensionGroup" => group::update(context, body).map(done),
        "insertRange" => paste::insert_range(context, body).map(done),
        "deleteRange" => paste::delete_range(context, body).map(done),
        "copyPaste" => paste::copy(context, body).map(done),
        "cutPaste" => paste::cut(context, body).map(done),
        "pasteData" => paste::data(context, body).map(done),
        "autoFill" => paste::fill(context, body).map(done),
        "createDeveloperMetadata" => metadata::create(context, body).map(Some),
        "updateDeveloperMetadata" => metadata::update(context, body).map(Some),
        "deleteDeveloperMetadata" => metadata::delete(context, body).map(Some),
        "addNamedRange" => named::add(context, body).map(Some),
        "updateNamedRange" => named::update(context, body).map(done),
        "deleteNamedRange" => named::delete(context, body).map(done),
        "addProtectedRange" => protected::add(context, body).map(Some),
        "updateProtectedRange" => protected::update(context, body).map(done),
        "deleteProtectedRange" => protected::delete(context, body).map(done),
        "mergeCells" => merge::merge(context, body).map(done),
        "unmergeCells" => merge::unmerge(context, body).map(done),
        "sortRange" => sort::sort(context, body).map(done),
        "randomizeRange" => sort::shuffle(context, body).map(done),
        "findReplace" => find::replace(context, body).map(Some),
        "setBasicFilter" => filter::set(context, body).map(done),
        "clearBasicFilter" => filter::clear(context, body).map(done),
        "trimWhitespace" => tidy::trim(context, body).map(Some),
        "deleteDuplicates" => tidy::duplicates(context, body).map(Some),
        "textToColumns" => tidy::split(context, body).map(done),
        _ => objects::apply(context, name, body),
    }
}

/// The whole number of a field, as an index.
fn index(value: &Value) -> usize {
    value.as_u64().and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

/// The tab a request names.
fn sheet_id(body: &Value) -> i64 {
    body["sheetId"].as_i64().unwrap_or_default()
}
