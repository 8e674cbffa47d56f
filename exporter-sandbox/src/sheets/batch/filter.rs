//! The basic filter: sorts when set and hides the rows that its criteria exclude.

use serde_json::{Map, Value, json};

use super::{Context, sort};
use crate::sheets::errors::Answer;
use crate::sheets::grid::Band;
use crate::sheets::protect;
use crate::sheets::range::{Dimension, GridRange, Rect};
use crate::sheets::view::View;

/// `setBasicFilter`
pub fn set(context: &mut Context, body: &Value) -> Answer<()> {
    let mut filter = body["filter"].clone();
    let range = GridRange::read(&filter["range"])?;
    let (_, rect) = range.inside(context.spreadsheet)?;
    protect::check(context.spreadsheet, &range, context.actor)?;
    // A filter has ends, wherever the request left them open.
    filter["range"] = GridRange::of(range.sheet, rect).write();
    let body = Rect { top: rect.top + 1, ..rect };
    let specs = filter["sortSpecs"].as_array().cloned().unwrap_or_default();
    if !specs.is_empty() && body.top < body.bottom {
        let order = sort::order(context.spreadsheet, range.sheet, &body, &specs, context.now)?;
        sort::rearrange(context.spreadsheet, range.sheet, &body, &order)?;
    }
    complete(&mut filter);
    hide(context, range.sheet, &body, &filter)?;
    context.spreadsheet.tab_mut(range.sheet)?.basic_filter = Some(filter);
    Ok(())
}

/// What a filter excludes has an old spelling, `criteria` by column, and a new one,
/// `filterSpecs`, and answers carry both; the new one decides.
pub fn complete(filter: &mut Value) {
    if let Some(specs) = filter["filterSpecs"].as_array() {
        let criteria = specs
            .iter()
            .map(|spec| (super::index(&spec["columnIndex"]).to_string(), spec["filterCriteria"].clone()));
        let criteria: Map<String, Value> = criteria.collect();
        filter["criteria"] = Value::Object(criteria);
    } else if let Some(criteria) = filter["criteria"].as_object() {
        let mut columns: Vec<(u64, &Value)> =
            criteria.iter().filter_map(|(column, criteria)| Some((column.parse().ok()?, criteria))).collect();
        columns.sort_by_key(|(column, _)| *column);
        let specs = columns
            .into_iter()
            .map(|(column, criteria)| json!({ "columnIndex": column, "filterCriteria": criteria }));
        filter["filterSpecs"] = specs.collect();
    }
}

/// `clearBasicFilter`: everything is in sight again.
pub fn clear(context: &mut Context, body: &Value) -> Answer<()> {
    let tab = context.spreadsheet.tab_mut(super::sheet_id(body))?;
    tab.basic_filter = None;
    let filtered: Vec<(usize, Band)> = tab
        .grid
        .bands(Dimension::Rows)
        .iter()
        .filter(|(_, band)| band.filtered)
        .map(|(&row, &band)| (row, band))
        .collect();
    for (row, band) in filtered {
        tab.grid.set_band(Dimension::Rows, row, Band { filtered: false, ..band });
    }
    Ok(())
}

fn hide(context: &mut Context, sheet: i64, rect: &Rect, filter: &Value) -> Answer<()> {
    let mut excluded: Vec<(usize, Vec<String>)> = Vec::new();
    let hidden = |criteria: &Value| -> Vec<String> {
        let values = criteria["hiddenValues"].as_array().into_iter().flatten();
        values.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    for spec in filter["filterSpecs"].as_array().into_iter().flatten() {
        excluded.push((super::index(&spec["columnIndex"]), hidden(&spec["filterCriteria"])));
    }
    let rows: Vec<(usize, bool)> = {
        let view = View::new(context.spreadsheet, context.now);
        let tab = view.spreadsheet.tab(sheet)?;
        let out = |row: usize| {
            excluded.iter().any(|(column, values)| {
                !values.is_empty() && values.contains(&view.formatted(tab, row, *column))
            })
        };
        (rect.top..rect.bottom).map(|row| (row, out(row))).collect()
    };
    let grid = &mut context.spreadsheet.tab_mut(sheet)?.grid;
    for (row, filtered) in rows {
        let band = grid.band(Dimension::Rows, row);
        if band.filtered != filtered {
            grid.set_band(Dimension::Rows, row, Band { filtered, ..band });
        }
    }
    Ok(())
}
