//! Requests on named ranges.

use serde_json::{Map, Value, json};

use super::Context;
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::fields::Mask;
use crate::sheets::model::Named;
use crate::sheets::range::GridRange;

/// `addNamedRange`
pub fn add(context: &mut Context, body: &Value) -> Answer<Value> {
    let given = &body["namedRange"];
    let name = given["name"].as_str().unwrap_or_default().to_owned();
    check_name(context, &name, "")?;
    let range = checked(context, &given["range"])?;
    let id = match given["namedRangeId"].as_str() {
        Some(id) if context.spreadsheet.named.iter().any(|named| named.id == id) => {
            return Err(ApiError::invalid(format!("A named range with ID {id} already exists.")));
        }
        Some(id) if !id.is_empty() => id.to_owned(),
        _ => context.ids.number().to_string(),
    };
    let named = Named { id, name, range };
    let message = json!({ "namedRangeId": named.id, "name": named.name, "range": named.range });
    context.spreadsheet.named.push(named);
    Ok(json!({ "namedRange": message }))
}

/// `updateNamedRange`
pub fn update(context: &mut Context, body: &Value) -> Answer<()> {
    let mask = Mask::of_change(body, "NamedRange")?;
    let given = &body["namedRange"];
    let id = given["namedRangeId"].as_str().unwrap_or_default();
    let place = context.spreadsheet.named.iter().position(|named| named.id == id);
    let place = place.ok_or_else(|| no_range(id))?;
    let mut named = context.spreadsheet.named[place].clone();
    let mut range = match named.range {
        Value::Object(range) => range,
        _ => Map::new(),
    };
    if let Some(mask) = mask.under("range") {
        mask.merge(&mut range, &given["range"]);
    }
    named.range = checked(context, &Value::Object(range))?;
    if let Some(name) = given["name"].as_str().filter(|_| mask.under("name").is_some()) {
        check_name(context, name, id)?;
        name.clone_into(&mut named.name);
    }
    context.spreadsheet.named[place] = named;
    Ok(())
}

/// `deleteNamedRange`
pub fn delete(context: &mut Context, body: &Value) -> Answer<()> {
    let id = body["namedRangeId"].as_str().unwrap_or_default();
    let before = context.spreadsheet.named.len();
    context.spreadsheet.named.retain(|named| named.id != id);
    if context.spreadsheet.named.len() == before {
        return Err(no_range(id));
    }
    Ok(())
}

fn no_range(id: &str) -> ApiError {
    ApiError::invalid(format!("No NamedRange with id: {id}"))
}

fn checked(context: &Context, range: &Value) -> Answer<Value> {
    let range = GridRange::read(range)?;
    range.inside(context.spreadsheet)?;
    Ok(range.write())
}

/// Names are words that are no cells, and belong to one range.
fn check_name(context: &Context, name: &str, own: &str) -> Answer<()> {
    let mut letters = name.chars();
    let first = letters.next().is_some_and(|letter| letter.is_alphabetic() || letter == '_');
    let word = first && letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'));
    let is_cell = crate::sheets::a1::quoted(name).starts_with('\'') && !name.contains('.');
    if !word || is_cell {
        return Err(ApiError::invalid(format!("The name you have entered is not valid: {name}")));
    }
    let taken = |named: &Named| named.id != own && named.name.eq_ignore_ascii_case(name);
    if context.spreadsheet.named.iter().any(taken) {
        return Err(ApiError::invalid(format!(
            "Cannot add named range with name {name}, a named range with that name already exists."
        )));
    }
    Ok(())
}
