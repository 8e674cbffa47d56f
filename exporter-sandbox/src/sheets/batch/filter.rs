//! The basic filter: sorts when set and hides the rows that its criteria exclude.

use serde_json::Value;

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
    hide(context, range.sheet, &body, &filter)?;
    context.spreadsheet.tab_mut(range.sheet)?.basic_filter = Some(filter);
    Ok(())
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
    for (column, criteria) in filter["criteria"].as_object().into_iter().flatten() {
        if let Ok(column) = column.parse() {
            excluded.push((column, hidden(criteria)));
        }
    }
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
