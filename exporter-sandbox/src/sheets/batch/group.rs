//! Groups of rows or columns that people can fold.

use serde_json::{Value, json};

use super::Context;
use super::dimension::Span;
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::range::Dimension;

fn kind(span: &Span) -> &'static str {
    match span.dimension {
        Dimension::Rows => "rowGroups",
        Dimension::Columns => "columnGroups",
    }
}

fn range(span: &Span, start: usize, end: usize) -> Value {
    let mut range = json!({ "dimension": span.dimension.name(), "startIndex": start, "endIndex": end });
    if span.sheet != 0 {
        range["sheetId"] = json!(span.sheet);
    }
    range
}

fn ends(group: &Value) -> (usize, usize) {
    (super::index(&group["range"]["startIndex"]), super::index(&group["range"]["endIndex"]))
}

/// `addDimensionGroup`: a group around others is the shallower one, a group inside deeper.
pub fn add(context: &mut Context, body: &Value) -> Answer<Value> {
    let span = Span::read(&body["range"], context.spreadsheet, false)?;
    let tab = context.spreadsheet.tab_mut(span.sheet)?;
    let control = match span.dimension {
        Dimension::Rows => "rowGroupControlAfter",
        Dimension::Columns => "columnGroupControlAfter",
    };
    // The service puts the controls behind the group, and they stay there without one.
    tab.grid_more.insert(control.to_owned(), json!(true));
    let groups = tab.list_mut(kind(&span));
    let mut depth = 1;
    for group in groups.iter_mut() {
        let (start, end) = ends(group);
        if start <= span.start && span.end <= end {
            depth = depth.max(group["depth"].as_u64().unwrap_or(1) + 1);
        } else if span.start <= start && end <= span.end {
            group["depth"] = json!(group["depth"].as_u64().unwrap_or(1) + 1);
        }
    }
    groups.push(json!({ "range": range(&span, span.start, span.end), "depth": depth }));
    groups.sort_by_key(|group| (ends(group).0, group["depth"].as_u64()));
    Ok(json!({ "dimensionGroups": groups }))
}

/// `deleteDimensionGroup`: the deepest group over the range gives it up.
pub fn delete(context: &mut Context, body: &Value) -> Answer<Value> {
    let span = Span::read(&body["range"], context.spreadsheet, false)?;
    let groups = context.spreadsheet.tab_mut(span.sheet)?.list_mut(kind(&span));
    let covering = groups.iter().enumerate().filter(|(_, group)| {
        let (start, end) = ends(group);
        start <= span.start && span.end <= end
    });
    let deepest = covering.max_by_key(|(_, group)| group["depth"].as_u64()).map(|(at, _)| at);
    let at = deepest.ok_or_else(|| ApiError::invalid("There is no group over the given range."))?;
    let group = groups.remove(at);
    let (start, end) = ends(&group);
    for (start, end) in [(start, span.start), (span.end, end)] {
        if start < end {
            let mut rest = group.clone();
            rest["range"] = range(&span, start, end);
            groups.push(rest);
        }
    }
    if groups.is_empty() {
        return Ok(json!({}));
    }
    Ok(json!({ "dimensionGroups": groups }))
}

/// `updateDimensionGroup`: folds or unfolds.
pub fn update(context: &mut Context, body: &Value) -> Answer<()> {
    let given = &body["dimensionGroup"];
    let span = Span::read(&given["range"], context.spreadsheet, false)?;
    let groups = context.spreadsheet.tab_mut(span.sheet)?.list_mut(kind(&span));
    let depth = given["depth"].as_u64().unwrap_or(1);
    let group = groups
        .iter_mut()
        .find(|group| ends(group) == (span.start, span.end) && group["depth"].as_u64() == Some(depth))
        .ok_or_else(|| ApiError::invalid("There is no group with that range and depth."))?;
    if given["collapsed"] == true {
        group["collapsed"] = json!(true);
    } else if let Value::Object(group) = group {
        group.remove("collapsed");
    }
    Ok(())
}
