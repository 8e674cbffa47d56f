//! Requests on protected ranges.

use serde_json::{Map, Value, json};

use super::Context;
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::fields::Mask;
use crate::sheets::protect;
use crate::sheets::range::GridRange;

const KIND: &str = "protectedRanges";

/// `addProtectedRange`: the account that protects may edit; the reply does not show the
/// editors yet, a later `get` does.
pub fn add(context: &mut Context, body: &Value) -> Answer<Value> {
    let mut item = plain(&body["protectedRange"]);
    let sheet = place(context, &mut item)?;
    let id = match item["protectedRangeId"].as_i64() {
        Some(id) if find(context, id).is_ok() => {
            return Err(ApiError::invalid(format!("A protected range with ID {id} already exists.")));
        }
        Some(id) => id,
        None => context.ids.number(),
    };
    item["protectedRangeId"] = json!(id);
    add_editor(&mut item, &context.actor.email);
    let mut reply = item.clone();
    if let Some(range) = protect::covered(context.spreadsheet, &item) {
        reply["range"] = range.write();
    }
    context.spreadsheet.tab_mut(sheet)?.list_mut(KIND).push(item);
    reply["requestingUserCanEdit"] = json!(true);
    reply["editors"] = json!({});
    Ok(json!({ "protectedRange": reply }))
}

/// `updateProtectedRange`
pub fn update(context: &mut Context, body: &Value) -> Answer<()> {
    let mask = Mask::of_change(body, "ProtectedRange")?;
    let given = plain(&body["protectedRange"]);
    let id = given["protectedRangeId"].as_i64().unwrap_or_default();
    let (sheet, at) = find_editable(context, id)?;
    let mut item = context.spreadsheet.tab_mut(sheet)?.list_mut(KIND).remove(at);
    if let Value::Object(fields) = &mut item {
        mask.merge(fields, &given);
    }
    item["protectedRangeId"] = json!(id);
    let sheet = place(context, &mut item)?;
    add_editor(&mut item, &context.actor.email);
    context.spreadsheet.tab_mut(sheet)?.list_mut(KIND).push(item);
    Ok(())
}

/// `deleteProtectedRange`
pub fn delete(context: &mut Context, body: &Value) -> Answer<()> {
    let id = body["protectedRangeId"].as_i64().unwrap_or_default();
    let (sheet, at) = find_editable(context, id)?;
    context.spreadsheet.tab_mut(sheet)?.list_mut(KIND).remove(at);
    Ok(())
}

/// The tab that is protected; the range is brought into the API's spelling.
fn place(context: &Context, item: &mut Value) -> Answer<i64> {
    if let Some(id) = item["namedRangeId"].as_str() {
        let named = context.spreadsheet.named.iter().find(|named| named.id == id);
        let named =
            named.ok_or_else(|| ApiError::invalid(format!("Cannot find a named range with ID: {id}")))?;
        return Ok(GridRange::read(&named.range)?.sheet);
    }
    if item.get("range").is_none() {
        return Err(ApiError::invalid("A protected range must have a range."));
    }
    let range = GridRange::read(&item["range"])?;
    range.inside(context.spreadsheet)?;
    item["range"] = range.write();
    for exception in item["unprotectedRanges"].as_array_mut().into_iter().flatten() {
        *exception = GridRange::read(exception)?.write();
    }
    Ok(range.sheet)
}

/// A range that only warns takes no editors of its own, but shows whose it is all the same.
fn add_editor(item: &mut Value, email: &str) {
    if item["warningOnly"] == true {
        item["editors"] = json!({});
    }
    if !item["editors"].is_object() {
        item["editors"] = json!({});
    }
    if !item["editors"]["users"].is_array() {
        item["editors"]["users"] = json!([]);
    }
    if let Value::Array(users) = &mut item["editors"]["users"]
        && !users.iter().any(|user| user == email)
    {
        users.push(json!(email));
    }
}

fn find(context: &Context, id: i64) -> Answer<(i64, usize)> {
    for tab in &context.spreadsheet.tabs {
        let at = tab.list(KIND).iter().position(|item| item["protectedRangeId"] == id);
        if let Some(at) = at {
            return Ok((tab.id, at));
        }
    }
    Err(ApiError::invalid(format!("No protected range with id: {id}")))
}

fn find_editable(context: &Context, id: i64) -> Answer<(i64, usize)> {
    let (sheet, at) = find(context, id)?;
    if protect::may_edit(&context.spreadsheet.tab(sheet)?.list(KIND)[at], context.actor) {
        return Ok((sheet, at));
    }
    Err(protect::refusal())
}

/// The message without what a request can't set and without default values.
fn plain(given: &Value) -> Value {
    let fields = given.as_object().into_iter().flatten();
    let kept = fields.filter(|(name, value)| {
        name.as_str() != "requestingUserCanEdit" && **value != false && **value != ""
    });
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}
