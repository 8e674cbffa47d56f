//! What lies on a tab and needs no cells of its own: conditional formats, filter views,
//! banding, charts, slicers, tables. They are kept, shown and moved, not drawn.

use serde_json::{Map, Value, json};

use super::{Context, colours, filter, index, sheet_id};
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::fields::Mask;
use crate::sheets::range::GridRange;
use crate::sheets::view::View;

/// A kind of object: where it is listed, its id and its message.
struct Kind {
    list: &'static str,
    id: &'static str,
    message: &'static str,
    /// Its name in requests and replies.
    name: &'static str,
    text_id: bool,
}

const KINDS: [Kind; 5] = [
    Kind { list: "filterViews", id: "filterViewId", message: "FilterView", name: "filter", text_id: false },
    Kind {
        list: "bandedRanges",
        id: "bandedRangeId",
        message: "BandedRange",
        name: "bandedRange",
        text_id: false,
    },
    Kind { list: "charts", id: "chartId", message: "EmbeddedChart", name: "chart", text_id: false },
    Kind { list: "slicers", id: "slicerId", message: "Slicer", name: "slicer", text_id: false },
    Kind { list: "tables", id: "tableId", message: "Table", name: "table", text_id: true },
];

/// Applies a request on one of these objects.
pub fn apply(context: &mut Context, name: &str, body: &Value) -> Answer<Option<Value>> {
    let [filter_view, banding, chart, slicer, table] = &KINDS;
    match name {
        "addFilterView" => add(context, body, filter_view).map(Some),
        "updateFilterView" => update(context, body, filter_view).map(|()| None),
        "deleteFilterView" => delete(context, &body["filterId"], filter_view).map(|()| None),
        "duplicateFilterView" => duplicate(context, body).map(Some),
        "addBanding" => add(context, body, banding).map(Some),
        "updateBanding" => update(context, body, banding).map(|()| None),
        "deleteBanding" => delete(context, &body["bandedRangeId"], banding).map(|()| None),
        "addChart" => add(context, body, chart).map(Some),
        "updateChartSpec" => update_spec(context, body, chart).map(|()| None),
        "addSlicer" => add(context, body, slicer).map(Some),
        "updateSlicerSpec" => update_spec(context, body, slicer).map(|()| None),
        "deleteEmbeddedObject" => {
            let id = &body["objectId"];
            delete(context, id, chart).or_else(|_| delete(context, id, slicer)).map(|()| None)
        }
        "addTable" => add(context, body, table).map(Some),
        "updateTable" => update(context, body, table).map(|()| None),
        "deleteTable" => delete(context, &body["tableId"], table).map(|()| None),
        "addConditionalFormatRule" => add_rule(context, body).map(|()| None),
        "updateConditionalFormatRule" => update_rule(context, body).map(Some),
        "deleteConditionalFormatRule" => delete_rule(context, body).map(Some),
        _ => Err(ApiError::invalid("This kind of request is not supported by this stand-in.")),
    }
}

/// The tab an object lies on: its range's, or its anchor's.
fn home(context: &Context, object: &Value) -> Answer<i64> {
    let range = [&object["range"], &object["spec"]["dataRange"]].into_iter().find(|range| range.is_object());
    if let Some(range) = range {
        let range = GridRange::read(range)?;
        range.inside(context.spreadsheet)?;
        return Ok(range.sheet);
    }
    let anchor = &object["position"]["overlayPosition"]["anchorCell"];
    context.spreadsheet.tab(sheet_id(anchor)).map(|tab| tab.id)
}

fn add(context: &mut Context, body: &Value, kind: &Kind) -> Answer<Value> {
    let mut object = body[kind.name].clone();
    let sheet = home(context, &object)?;
    let taken = |id: &Value| find(context, id, kind).is_ok();
    if object[kind.id].is_null() {
        let id = context.ids.number();
        object[kind.id] = if kind.text_id { json!(id.to_string()) } else { json!(id) };
    } else if taken(&object[kind.id]) {
        return Err(ApiError::invalid(format!("The ID {} is already in use.", object[kind.id])));
    }
    if let Ok(range) = GridRange::read(&object["range"])
        && object["range"].is_object()
    {
        object["range"] = range.write();
    }
    if kind.list == "filterViews" {
        filter::complete(&mut object);
    }
    if kind.list == "tables" {
        name_columns(context, &mut object)?;
    } else {
        colours::complete_all(&mut object);
    }
    context.spreadsheet.tab_mut(sheet)?.list_mut(kind.list).push(object.clone());
    Ok(json!({ kind.name: object }))
}

/// Columns of a table are named by their header cells; one without is `Column 1` and so on.
fn name_columns(context: &Context, table: &mut Value) -> Answer<()> {
    let range = GridRange::read(&table["range"])?;
    let tab = context.spreadsheet.tab(range.sheet)?;
    let rect = range.bounded(tab);
    let view = View::new(context.spreadsheet, context.now);
    let given = table["columnProperties"].take();
    let columns = (rect.left..rect.right).enumerate().map(|(at, column)| {
        let own = given.as_array().into_iter().flatten().find(|own| index(&own["columnIndex"]) == at);
        let mut properties = own.cloned().unwrap_or_else(|| json!({}));
        if at > 0 {
            properties["columnIndex"] = json!(at);
        }
        if properties["columnName"].is_null() {
            let header = view.formatted(tab, rect.top, column);
            properties["columnName"] =
                json!(if header.is_empty() { format!("Column {}", at + 1) } else { header });
        }
        properties
    });
    table["columnProperties"] = columns.collect();
    Ok(())
}

fn find(context: &Context, id: &Value, kind: &Kind) -> Answer<(i64, usize)> {
    for tab in &context.spreadsheet.tabs {
        if let Some(at) = tab.list(kind.list).iter().position(|object| object[kind.id] == *id) {
            return Ok((tab.id, at));
        }
    }
    Err(ApiError::invalid(format!("There is no {} with id {id}.", kind.name)))
}

fn update(context: &mut Context, body: &Value, kind: &Kind) -> Answer<()> {
    let mask = Mask::of_change(body, kind.message)?;
    let given = &body[kind.name];
    let id = given[kind.id].clone();
    let (sheet, at) = find(context, &id, kind)?;
    let list = context.spreadsheet.tab_mut(sheet)?.list_mut(kind.list);
    if let Value::Object(object) = &mut list[at] {
        if mask.under("criteria").is_some() {
            // The old spelling was changed: the new one follows it, unless given as well.
            object.remove("filterSpecs");
        }
        mask.merge(object, given);
        object.insert(kind.id.to_owned(), id);
    }
    if kind.list == "filterViews" {
        filter::complete(&mut list[at]);
    }
    if kind.list != "tables" {
        colours::complete_all(&mut list[at]);
    }
    Ok(())
}

fn update_spec(context: &mut Context, body: &Value, kind: &Kind) -> Answer<()> {
    let (sheet, at) = find(context, &body[kind.id], kind)?;
    context.spreadsheet.tab_mut(sheet)?.list_mut(kind.list)[at]["spec"] = body["spec"].clone();
    Ok(())
}

fn delete(context: &mut Context, id: &Value, kind: &Kind) -> Answer<()> {
    let (sheet, at) = find(context, id, kind)?;
    context.spreadsheet.tab_mut(sheet)?.list_mut(kind.list).remove(at);
    Ok(())
}

fn duplicate(context: &mut Context, body: &Value) -> Answer<Value> {
    let kind = &KINDS[0];
    let (sheet, at) = find(context, &body["filterId"], kind)?;
    let mut copy = context.spreadsheet.tab(sheet)?.list(kind.list)[at].clone();
    copy[kind.id] = json!(context.ids.number());
    let title = copy["title"].as_str().unwrap_or_default();
    copy["title"] = json!(format!("Copy of {title}"));
    context.spreadsheet.tab_mut(sheet)?.list_mut(kind.list).push(copy.clone());
    Ok(json!({ "filter": copy }))
}

const RULES: &str = "conditionalFormats";

fn rule_sheet(rule: &Value) -> i64 {
    sheet_id(&rule["ranges"][0])
}

fn add_rule(context: &mut Context, body: &Value) -> Answer<()> {
    let mut rule = body["rule"].clone();
    let ranges = rule["ranges"].as_array_mut().filter(|ranges| !ranges.is_empty());
    let ranges = ranges.ok_or_else(|| ApiError::invalid("A conditional format rule must have a range."))?;
    for range in ranges {
        *range = GridRange::read(range)?.write();
    }
    colours::complete_all(&mut rule);
    let rules = context.spreadsheet.tab_mut(rule_sheet(&rule))?.list_mut(RULES);
    rules.insert(index(&body["index"]).min(rules.len()), rule);
    Ok(())
}

fn rule_at<'a>(context: &'a mut Context, sheet: i64, at: usize) -> Answer<&'a mut Vec<Value>> {
    let rules = context.spreadsheet.tab_mut(sheet)?.list_mut(RULES);
    if at >= rules.len() {
        return Err(ApiError::invalid(format!("No conditional format on sheet: {sheet} at index: {at}")));
    }
    Ok(rules)
}

fn update_rule(context: &mut Context, body: &Value) -> Answer<Value> {
    let at = index(&body["index"]);
    let mut reply = Map::new();
    if let Some(rule) = body.get("rule") {
        let rules = rule_at(context, rule_sheet(rule), at)?;
        let old = std::mem::replace(&mut rules[at], rule.clone());
        reply.insert("oldRule".to_owned(), old);
        reply.insert("newRule".to_owned(), rule.clone());
    } else {
        let rules = rule_at(context, sheet_id(body), at)?;
        let to = index(&body["newIndex"]).min(rules.len() - 1);
        let rule = rules.remove(at);
        rules.insert(to, rule.clone());
        reply.insert("newRule".to_owned(), rule);
        for (name, place) in [("oldIndex", at), ("newIndex", to)] {
            if place > 0 {
                reply.insert(name.to_owned(), json!(place));
            }
        }
    }
    Ok(Value::Object(reply))
}

fn delete_rule(context: &mut Context, body: &Value) -> Answer<Value> {
    let at = index(&body["index"]);
    let rule = rule_at(context, sheet_id(body), at)?.remove(at);
    Ok(json!({ "rule": rule }))
}
