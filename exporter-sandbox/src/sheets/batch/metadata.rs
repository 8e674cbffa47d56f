//! Requests on developer metadata.

use serde_json::{Value, json};

use super::Context;
use crate::sheets::data_filter;
use crate::sheets::errors::Answer;
use crate::sheets::fields::Mask;
use crate::sheets::metadata;

/// `createDeveloperMetadata`
pub fn create(context: &mut Context, body: &Value) -> Answer<Value> {
    let item = metadata::create(context.spreadsheet, &body["developerMetadata"], context.ids)?;
    Ok(json!({ "developerMetadata": metadata::write(&item) }))
}

/// `updateDeveloperMetadata`: every match of the filters.
pub fn update(context: &mut Context, body: &Value) -> Answer<Value> {
    let mask = Mask::of_change(body, "DeveloperMetadata")?;
    let given = &body["developerMetadata"];
    let place = match given.get("location") {
        Some(location) if mask.under("location").is_some() => {
            Some(metadata::place(location, context.spreadsheet)?)
        }
        _ => None,
    };
    let ids = matching(context, body)?;
    let mut updated = Vec::new();
    for item in &mut context.spreadsheet.metadata {
        if !ids.contains(&item.id) {
            continue;
        }
        if mask.under("metadataValue").is_some() {
            item.value = given["metadataValue"].as_str().map(str::to_owned);
        }
        if let Some(key) = given["metadataKey"].as_str().filter(|_| mask.under("metadataKey").is_some()) {
            key.clone_into(&mut item.key);
        }
        if let Some(text) = given["visibility"].as_str().filter(|_| mask.under("visibility").is_some()) {
            text.clone_into(&mut item.visibility);
        }
        if let Some(place) = place {
            item.place = place;
        }
        updated.push(metadata::write(item));
    }
    metadata::check_size(context.spreadsheet)?;
    Ok(json!({ "developerMetadata": updated }))
}

/// `deleteDeveloperMetadata`: every match of the filter; none is no error.
pub fn delete(context: &mut Context, body: &Value) -> Answer<Value> {
    let found = data_filter::found(context.spreadsheet, &body["dataFilter"])?;
    let ids: Vec<i64> = found.iter().map(|item| item.id).collect();
    let deleted: Vec<Value> = found.into_iter().map(metadata::write).collect();
    context.spreadsheet.metadata.retain(|item| !ids.contains(&item.id));
    if deleted.is_empty() {
        return Ok(json!({}));
    }
    Ok(json!({ "deletedDeveloperMetadata": deleted }))
}

fn matching(context: &Context, body: &Value) -> Answer<Vec<i64>> {
    let mut ids = Vec::new();
    for filter in body["dataFilters"].as_array().into_iter().flatten() {
        ids.extend(data_filter::found(context.spreadsheet, filter)?.iter().map(|item| item.id));
    }
    Ok(ids)
}
