//! Requests on tabs and on the spreadsheet itself.

use std::sync::Arc;

use serde_json::{Value, json};

use super::dimension::check_columns;
use super::{Context, colours, index, sheet_id};
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::fields::Mask;
use crate::sheets::formula;
use crate::sheets::get;
use crate::sheets::ids::Ids;
use crate::sheets::model::{Place, Spreadsheet, Tab};
use crate::sheets::range::GridRange;

/// `addSheet`
pub fn add(context: &mut Context, body: &Value) -> Answer<Value> {
    let at = new_tab(context.spreadsheet, &body["properties"], context.ids)?;
    Ok(json!({ "properties": get::sheet_properties(&context.spreadsheet.tabs[at], at) }))
}

/// Adds a tab with the given `SheetProperties` and gives its place.
pub fn new_tab(spreadsheet: &mut Spreadsheet, properties: &Value, ids: &mut Ids) -> Answer<usize> {
    let title = match properties["title"].as_str() {
        Some(title) if !title.is_empty() => title.to_owned(),
        _ => free_title(spreadsheet),
    };
    check_title(spreadsheet, &title)?;
    let id = match properties["sheetId"].as_i64() {
        Some(id) if spreadsheet.tab(id).is_ok() => {
            return Err(ApiError::invalid(format!("Sheet with id {id} already exists.")));
        }
        Some(id) if id < 0 => {
            return Err(ApiError::invalid("Sheet id must be non-negative."));
        }
        Some(id) => id,
        None => free_id(spreadsheet, ids),
    };
    let grid = &properties["gridProperties"];
    let size = |name: &str, usual: usize| match grid[name].as_u64() {
        None | Some(0) => usual,
        Some(_) => index(&grid[name]),
    };
    let (rows, columns) = (size("rowCount", 1000), size("columnCount", 26));
    check_columns(columns)?;
    spreadsheet.check_growth(rows.saturating_mul(columns))?;
    let mut tab = Tab::new(id, title, rows, columns);
    set_properties(&mut tab, properties, &Mask::All)?;
    let last = spreadsheet.tabs.len();
    let at = properties["index"].as_u64().map_or(last, |_| index(&properties["index"])).min(last);
    spreadsheet.tabs.insert(at, Arc::new(tab));
    Ok(at)
}

/// An id that no tab has.
pub fn free_id(spreadsheet: &Spreadsheet, ids: &mut Ids) -> i64 {
    std::iter::repeat_with(|| ids.number()).find(|&id| spreadsheet.tab(id).is_err()).unwrap_or(1)
}

fn free_title(spreadsheet: &Spreadsheet) -> String {
    let mut number = spreadsheet.tabs.len() + 1;
    loop {
        let title = format!("Sheet{number}");
        if spreadsheet.tab_named(&title).is_none() {
            return title;
        }
        number += 1;
    }
}

fn check_title(spreadsheet: &Spreadsheet, title: &str) -> Answer<()> {
    if spreadsheet.tab_named(title).is_some() {
        return Err(ApiError::invalid(format!(
            "A sheet with the name \"{title}\" already exists. Please enter another name."
        )));
    }
    if title.chars().count() > 100 {
        return Err(ApiError::invalid("The sheet name cannot be greater than 100 characters."));
    }
    Ok(())
}

/// `deleteSheet`: never the last one.
pub fn delete(context: &mut Context, body: &Value) -> Answer<()> {
    let id = sheet_id(body);
    let spreadsheet = &mut *context.spreadsheet;
    spreadsheet.sheet_mut(id)?;
    if spreadsheet.tabs.len() == 1 {
        return Err(ApiError::invalid("You can't remove all the sheets in a document."));
    }
    if spreadsheet.tabs.iter().all(|other| other.id == id || other.hidden) {
        return Err(ApiError::invalid("You can't remove all the visible sheets in a document."));
    }
    let whole = GridRange { sheet: id, ..GridRange::default() };
    crate::sheets::protect::check(spreadsheet, &whole, context.actor)?;
    spreadsheet.tabs.retain(|tab| tab.id != id);
    spreadsheet.metadata.retain(|item| item.place.sheet() != Some(id));
    spreadsheet.named.retain(|named| GridRange::read(&named.range).is_ok_and(|range| range.sheet != id));
    Ok(())
}

/// `duplicateSheet`: cells, metadata and objects of a tab under a new title.
pub fn duplicate(context: &mut Context, body: &Value) -> Answer<Value> {
    let source = context.spreadsheet.tab(body["sourceSheetId"].as_i64().unwrap_or(0))?;
    let (old, title) = (source.id, format!("Copy of {}", source.title));
    let mut copy = source.clone();
    context.spreadsheet.check_growth(copy.grid.cell_count())?;
    copy.title = body["newSheetName"].as_str().map_or(title, str::to_owned);
    check_title(context.spreadsheet, &copy.title)?;
    copy.id = match body["newSheetId"].as_i64() {
        Some(id) if context.spreadsheet.tab(id).is_ok() => {
            return Err(ApiError::invalid(format!("Sheet with id {id} already exists.")));
        }
        Some(id) => id,
        None => free_id(context.spreadsheet, context.ids),
    };
    copy.hidden = false;
    let at = body["insertSheetIndex"].as_u64().map_or(0, |_| index(&body["insertSheetIndex"]));
    let at = at.min(context.spreadsheet.tabs.len());
    let new = copy.id;
    context.spreadsheet.tabs.insert(at, Arc::new(readdress(copy, new)));
    copy_metadata(context, old, new);
    Ok(json!({ "properties": get::sheet_properties(&context.spreadsheet.tabs[at], at) }))
}

/// Makes the ranges of a copied tab's objects point to the copy.
pub fn readdress(mut tab: Tab, id: i64) -> Tab {
    fn walk(value: &mut Value, id: i64) {
        match value {
            Value::Object(object) => {
                let is_range = object.keys().any(|key| key.starts_with("start") || key.starts_with("end"));
                if is_range || object.contains_key("sheetId") {
                    if id == 0 {
                        object.remove("sheetId");
                    } else {
                        object.insert("sheetId".to_owned(), json!(id));
                    }
                }
                object.values_mut().for_each(|value| walk(value, id));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, id)),
            _ => {}
        }
    }
    tab.id = id;
    tab.merges.iter_mut().for_each(|value| walk(value, id));
    tab.objects.values_mut().for_each(|value| walk(value, id));
    tab.basic_filter.iter_mut().for_each(|value| walk(value, id));
    tab
}

fn copy_metadata(context: &mut Context, old: i64, new: i64) {
    let items = context.spreadsheet.metadata.iter().filter_map(|item| {
        let place = match item.place {
            Place::Sheet(sheet) if sheet == old => Place::Sheet(new),
            Place::Row(sheet, index) if sheet == old => Place::Row(new, index),
            Place::Column(sheet, index) if sheet == old => Place::Column(new, index),
            _ => return None,
        };
        Some((item.clone(), place))
    });
    let items: Vec<_> = items.collect();
    for (mut item, place) in items {
        item.id = context.ids.number();
        item.place = place;
        context.spreadsheet.metadata.push(item);
    }
}

/// `updateSheetProperties`
pub fn update(context: &mut Context, body: &Value) -> Answer<()> {
    let properties = &body["properties"];
    let mask = Mask::of_change(body, "SheetProperties")?;
    let id = sheet_id(properties);
    let spreadsheet = &mut *context.spreadsheet;
    let old = spreadsheet.sheet_mut(id)?.title.clone();
    if mask.under("title").is_some() {
        let title = properties["title"].as_str().unwrap_or_default();
        if title.is_empty() {
            return Err(ApiError::invalid("The sheet name cannot be empty."));
        }
        let same = spreadsheet.tab_named(title).is_some_and(|other| other.id == id);
        if !same {
            check_title(spreadsheet, title)?;
        }
        title.clone_into(&mut spreadsheet.tab_mut(id)?.title);
        if spreadsheet.has_formulas {
            formula::rewrite::rename(spreadsheet, &old, title);
        }
    }
    if let Some(mask) = mask.under("gridProperties") {
        resize(spreadsheet, id, &properties["gridProperties"], mask)?;
    }
    set_properties(spreadsheet.tab_mut(id)?, properties, &mask)?;
    if spreadsheet.tabs.iter().all(|tab| tab.hidden) {
        return Err(ApiError::invalid("You can't hide all the sheets in a document."));
    }
    if mask.under("index").is_some() && properties.get("index").is_some() {
        reorder(spreadsheet, id, index(&properties["index"]))?;
    }
    Ok(())
}

/// The index counts before the move: moving right lands one place earlier.
fn reorder(spreadsheet: &mut Spreadsheet, id: i64, to: usize) -> Answer<()> {
    let count = spreadsheet.tabs.len();
    if to > count {
        return Err(ApiError::invalid(format!(
            "index ({to}) is larger than the number of sheets ({count})."
        )));
    }
    if let Some(from) = spreadsheet.tabs.iter().position(|tab| tab.id == id) {
        let tab = spreadsheet.tabs.remove(from);
        let to = if to > from { to - 1 } else { to };
        spreadsheet.tabs.insert(to, tab);
    }
    Ok(())
}

/// Rows are set, and checked against the limit, before columns.
fn resize(spreadsheet: &mut Spreadsheet, id: i64, given: &Value, mask: &Mask) -> Answer<()> {
    let size = |name: &str| {
        mask.under(name)?;
        given[name].as_u64().map(|_| index(&given[name])).or((*mask != Mask::All).then_some(0))
    };
    if let Some(rows) = size("rowCount") {
        if rows == 0 {
            return Err(ApiError::invalid("You can't delete all the rows on the sheet."));
        }
        let grid = &spreadsheet.tab(id)?.grid;
        spreadsheet
            .check_growth(rows.saturating_sub(grid.row_count()).saturating_mul(grid.column_count()))?;
        spreadsheet.tab_mut(id)?.grid.set_row_count(rows);
    }
    if let Some(columns) = size("columnCount") {
        if columns == 0 {
            return Err(ApiError::invalid("You can't delete all the columns on the sheet."));
        }
        check_columns(columns)?;
        let grid = &spreadsheet.tab(id)?.grid;
        spreadsheet
            .check_growth(columns.saturating_sub(grid.column_count()).saturating_mul(grid.row_count()))?;
        spreadsheet.tab_mut(id)?.grid.set_column_count(columns);
    }
    let (rows, columns) = {
        let grid = &spreadsheet.tab(id)?.grid;
        (grid.row_count(), grid.column_count())
    };
    spreadsheet.metadata.retain(|item| match item.place {
        Place::Row(sheet, index) => sheet != id || index < rows,
        Place::Column(sheet, index) => sheet != id || index < columns,
        Place::Spreadsheet | Place::Sheet(_) => true,
    });
    Ok(())
}

/// Everything of `SheetProperties` that needs no look at the other tabs.
fn set_properties(tab: &mut Tab, given: &Value, mask: &Mask) -> Answer<()> {
    if mask.under("hidden").is_some() {
        tab.hidden = given["hidden"] == true;
    }
    if let Some(mask) = mask.under("gridProperties") {
        let grid = &given["gridProperties"];
        if mask.under("frozenRowCount").is_some() {
            tab.frozen_rows = index(&grid["frozenRowCount"]);
        }
        if mask.under("frozenColumnCount").is_some() {
            tab.frozen_columns = index(&grid["frozenColumnCount"]);
        }
        if tab.frozen_rows >= tab.grid.row_count() {
            return Err(ApiError::invalid("You can't freeze all visible rows on the sheet."));
        }
        if tab.frozen_columns >= tab.grid.column_count() {
            return Err(ApiError::invalid("You can't freeze all visible columns on the sheet."));
        }
        for name in ["hideGridlines", "rowGroupControlAfter", "columnGroupControlAfter"] {
            if mask.under(name).is_some() {
                keep(&mut tab.grid_more, name, grid.get(name).filter(|flag| **flag == true));
            }
        }
    }
    if mask.under("rightToLeft").is_some() {
        keep(&mut tab.more, "rightToLeft", given.get("rightToLeft").filter(|flag| **flag == true));
    }
    set_color(tab, given, mask);
    Ok(())
}

/// The colour of a tab has two spellings, and answers carry both.
fn set_color(tab: &mut Tab, given: &Value, mask: &Mask) {
    let (plain, style) = (mask.under("tabColor").is_some(), mask.under("tabColorStyle").is_some());
    let style_given = given.get("tabColorStyle").filter(|_| style).cloned();
    let plain_given = given.get("tabColor").filter(|_| plain);
    let style_new = style_given.or_else(|| plain_given.map(|color| json!({ "rgbColor": color })));
    if plain || style {
        let color = style_new.as_ref().and_then(colours::rgb);
        keep(&mut tab.more, "tabColor", color.as_ref());
        keep(&mut tab.more, "tabColorStyle", style_new.as_ref());
    }
}

fn keep(target: &mut serde_json::Map<String, Value>, name: &str, value: Option<&Value>) {
    match value {
        Some(value) => drop(target.insert(name.to_owned(), value.clone())),
        None => drop(target.remove(name)),
    }
}

/// `updateSpreadsheetProperties`
pub fn update_spreadsheet(context: &mut Context, body: &Value) -> Answer<()> {
    let mask = Mask::of_change(body, "SpreadsheetProperties")?;
    set_spreadsheet_properties(context.spreadsheet, &body["properties"], &mask)
}

/// Copies the masked properties; title, locale and time zone must be sound.
pub fn set_spreadsheet_properties(spreadsheet: &mut Spreadsheet, given: &Value, mask: &Mask) -> Answer<()> {
    let text = |name: &str| {
        mask.under(name)?;
        given[name].as_str().filter(|text| !text.is_empty())
    };
    if let Some(title) = text("title") {
        title.clone_into(&mut spreadsheet.title);
    }
    if let Some(locale) = text("locale") {
        let sound =
            locale.len() >= 2 && locale.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !sound {
            return Err(ApiError::invalid(format!("Unsupported locale: {locale}")));
        }
        locale.clone_into(&mut spreadsheet.locale);
    }
    if let Some(zone) = text("timeZone") {
        if zone.parse::<chrono_tz::Tz>().is_err() {
            return Err(ApiError::invalid(format!("Invalid time zone: {zone}")));
        }
        zone.clone_into(&mut spreadsheet.time_zone);
    }
    for name in ["autoRecalc", "defaultFormat", "iterativeCalculationSettings", "spreadsheetTheme"] {
        if mask.under(name).is_some()
            && let Some(value) = given.get(name)
        {
            spreadsheet.more.insert(name.to_owned(), value.clone());
        }
    }
    Ok(())
}
