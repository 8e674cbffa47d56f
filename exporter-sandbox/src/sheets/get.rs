//! `spreadsheets.get`: a spreadsheet as a message, as much of it as is wanted.

use serde_json::{Map, Value, json};

use super::a1;
use super::access::Actor;
use super::cell::{Cell, Scalar};
use super::clock::Moment;
use super::defaults;
use super::errors::Answer;
use super::fields::Mask;
use super::links;
use super::metadata;
use super::model::{Place, Spreadsheet, Tab};
use super::protect;
use super::range::{Dimension, GridRange, Rect};
use super::view::View;

/// What of a spreadsheet is asked for.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Parts of the sheets; empty for all of them.
    pub ranges: Vec<GridRange>,
    /// Whether cells are sent.
    pub grid_data: bool,
    /// The mask of the `Spreadsheet`.
    pub mask: &'a Mask,
    /// Who asks.
    pub actor: &'a Actor,
    /// When.
    pub now: Moment,
}

/// Reads the ranges of a request in A1 notation.
pub fn ranges(texts: &[&str], spreadsheet: &Spreadsheet) -> Answer<Vec<GridRange>> {
    let read = |text: &&str| {
        let range = a1::read(text, spreadsheet)?.range;
        range.inside(spreadsheet)?;
        Ok(range)
    };
    texts.iter().map(read).collect()
}

/// The `Spreadsheet` message, already masked.
pub fn spreadsheet(spreadsheet: &Spreadsheet, wanted: &Wanted, url: &str) -> Value {
    let view = View::new(spreadsheet, wanted.now);
    let mut answer = Map::new();
    answer.insert("spreadsheetId".to_owned(), json!(spreadsheet.id));
    answer.insert("properties".to_owned(), properties(spreadsheet));
    let sheets = spreadsheet.tabs.iter().enumerate().filter_map(|(index, tab)| {
        let ranges: Vec<&GridRange> = wanted.ranges.iter().filter(|range| range.sheet == tab.id).collect();
        let all = wanted.ranges.is_empty();
        (all || !ranges.is_empty()).then(|| sheet(&view, tab, index, &ranges, wanted))
    });
    answer.insert("sheets".to_owned(), Value::Array(sheets.collect()));
    if !spreadsheet.named.is_empty() {
        let named = spreadsheet
            .named
            .iter()
            .map(|named| json!({ "namedRangeId": named.id, "name": named.name, "range": named.range }));
        answer.insert("namedRanges".to_owned(), named.collect());
    }
    answer.insert("spreadsheetUrl".to_owned(), json!(url));
    put_metadata(&mut answer, spreadsheet, |place| place == Place::Spreadsheet);
    wanted.mask.select(Value::Object(answer))
}

fn properties(spreadsheet: &Spreadsheet) -> Value {
    let mut properties = spreadsheet.more.clone();
    properties.insert("title".to_owned(), json!(spreadsheet.title));
    properties.insert("locale".to_owned(), json!(spreadsheet.locale));
    properties.insert("timeZone".to_owned(), json!(spreadsheet.time_zone));
    for (name, value) in defaults::spreadsheet() {
        properties.entry(name).or_insert(value);
    }
    Value::Object(properties)
}

/// The `SheetProperties` of a tab at a place among the others.
pub fn sheet_properties(tab: &Tab, index: usize) -> Value {
    let mut grid = tab.grid_more.clone();
    for (name, count) in [
        ("rowCount", tab.grid.row_count()),
        ("columnCount", tab.grid.column_count()),
        ("frozenRowCount", tab.frozen_rows),
        ("frozenColumnCount", tab.frozen_columns),
    ] {
        if count > 0 {
            grid.insert(name.to_owned(), json!(count));
        }
    }
    let mut properties = tab.more.clone();
    properties.insert("sheetId".to_owned(), json!(tab.id));
    properties.insert("title".to_owned(), json!(tab.title));
    properties.insert("index".to_owned(), json!(index));
    properties.insert("sheetType".to_owned(), json!("GRID"));
    properties.insert("gridProperties".to_owned(), Value::Object(grid));
    if tab.hidden {
        properties.insert("hidden".to_owned(), json!(true));
    }
    Value::Object(properties)
}

fn sheet<'a>(view: &View<'a>, tab: &'a Tab, index: usize, ranges: &[&GridRange], wanted: &Wanted) -> Value {
    let mut answer = Map::new();
    answer.insert("properties".to_owned(), sheet_properties(tab, index));
    if wanted.grid_data {
        let whole = GridRange { sheet: tab.id, ..GridRange::default() };
        let asked: Vec<&GridRange> = if ranges.is_empty() { vec![&whole] } else { ranges.to_vec() };
        let mask = wanted.mask.under("sheets").and_then(|mask| mask.under("data"));
        if let Some(mask) = mask {
            let data = asked.iter().map(|range| grid_data(view, tab, &range.bounded(tab), mask));
            answer.insert("data".to_owned(), data.collect());
        }
    }
    // Whoever asks for ranges sees the merges and tables that these meet, and no others.
    let asked: Vec<Rect> = ranges.iter().map(|range| range.bounded(tab)).collect();
    let met = |range: Option<&Value>| {
        let rect = range.and_then(|range| GridRange::read(range).ok()).map(|range| range.bounded(tab));
        asked.is_empty() || rect.is_some_and(|rect| asked.iter().any(|asked| asked.meets(&rect)))
    };
    let merges: Vec<&Value> = tab.merges.iter().filter(|merge| met(Some(merge))).collect();
    if !merges.is_empty() {
        answer.insert("merges".to_owned(), json!(merges));
    }
    for (name, list) in &tab.objects {
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let seen = |item: &&Value| name != "tables" || met(item.get("range"));
        let items: Vec<&Value> = items.iter().filter(seen).collect();
        if !items.is_empty() {
            answer.insert(name.clone(), json!(items));
        }
    }
    if let Some(Value::Array(items)) = answer.get_mut("protectedRanges") {
        for item in items {
            show_protected(item, view.spreadsheet, wanted.actor);
        }
    }
    if let Some(filter) = &tab.basic_filter {
        answer.insert("basicFilter".to_owned(), filter.clone());
    }
    put_metadata(&mut answer, view.spreadsheet, |place| place == Place::Sheet(tab.id));
    Value::Object(answer)
}

/// Editors are shown to those who may edit only; the range is shown beside the named range
/// that it is.
fn show_protected(item: &mut Value, spreadsheet: &Spreadsheet, actor: &Actor) {
    if let Some(range) = protect::covered(spreadsheet, item) {
        item["range"] = range.write();
    }
    if protect::may_edit(item, actor) {
        item["requestingUserCanEdit"] = json!(true);
    } else if let Value::Object(item) = item {
        item.remove("editors");
    }
}

fn put_metadata(answer: &mut Map<String, Value>, spreadsheet: &Spreadsheet, belongs: impl Fn(Place) -> bool) {
    let items: Vec<Value> =
        spreadsheet.metadata.iter().filter(|item| belongs(item.place)).map(metadata::write).collect();
    if !items.is_empty() {
        answer.insert("developerMetadata".to_owned(), Value::Array(items));
    }
}

/// The `GridData` of a rectangle: cells up to the last used one, sizes of all rows and
/// columns.
fn grid_data<'a>(view: &View<'a>, tab: &'a Tab, rect: &Rect, mask: &Mask) -> Value {
    let mut data = Map::new();
    if rect.top > 0 {
        data.insert("startRow".to_owned(), json!(rect.top));
    }
    if rect.left > 0 {
        data.insert("startColumn".to_owned(), json!(rect.left));
    }
    if let Some(cells) = mask.under("rowData").map(|mask| mask.under("values").cloned()) {
        let mut rows: Vec<Value> = (rect.top..rect.bottom.min(tab.grid.rows().len()))
            .map(|row| match &cells {
                Some(mask) => row_data(view, tab, row, rect, mask),
                None => json!({}),
            })
            .collect();
        while rows.last().is_some_and(|row| row.as_object().is_some_and(Map::is_empty)) {
            rows.pop();
        }
        if !rows.is_empty() {
            data.insert("rowData".to_owned(), Value::Array(rows));
        }
    }
    let sizes = [
        ("rowMetadata", Dimension::Rows, rect.top..rect.bottom),
        ("columnMetadata", Dimension::Columns, rect.left..rect.right),
    ];
    for (name, dimension, span) in sizes {
        if mask.under(name).is_some() {
            let list = span.map(|index| dimension_properties(view.spreadsheet, tab, dimension, index));
            data.insert(name.to_owned(), list.collect());
        }
    }
    Value::Object(data)
}

fn dimension_properties(spreadsheet: &Spreadsheet, tab: &Tab, dimension: Dimension, index: usize) -> Value {
    let band = tab.grid.band(dimension, index);
    let (usual, place) = match dimension {
        Dimension::Rows => (21, Place::Row(tab.id, index)),
        Dimension::Columns => (100, Place::Column(tab.id, index)),
    };
    let mut properties = Map::new();
    if band.hidden {
        properties.insert("hiddenByUser".to_owned(), json!(true));
    }
    if band.filtered {
        properties.insert("hiddenByFilter".to_owned(), json!(true));
    }
    properties.insert("pixelSize".to_owned(), json!(band.pixels.unwrap_or(usual)));
    put_metadata(&mut properties, spreadsheet, |other| other == place);
    Value::Object(properties)
}

fn row_data<'a>(view: &View<'a>, tab: &'a Tab, row: usize, rect: &Rect, mask: &Mask) -> Value {
    let end = tab.grid.row(row).extent().min(rect.right);
    let mut values: Vec<Value> =
        (rect.left..end.max(rect.left)).map(|column| cell_data(view, tab, row, column, mask)).collect();
    while values.last().is_some_and(|value| value.as_object().is_some_and(Map::is_empty)) {
        values.pop();
    }
    if values.is_empty() { json!({}) } else { json!({ "values": values }) }
}

fn cell_data<'a>(view: &View<'a>, tab: &'a Tab, row: usize, column: usize, mask: &Mask) -> Value {
    let cells = tab.grid.row(row);
    let cell = cells.cell(column);
    let mut data = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            data.insert(name.to_owned(), value);
        }
    };
    let scalar = match cell {
        Cell::Text(text) => Scalar::Text(text.clone()),
        _ => view.scalar(tab, row, column),
    };
    if !cell.is_empty() {
        if mask.under("userEnteredValue").is_some() {
            put("userEnteredValue", cell.entered());
        }
        if mask.under("effectiveValue").is_some() {
            put("effectiveValue", scalar.effective());
        }
        if mask.under("formattedValue").is_some() {
            put("formattedValue", Some(json!(view.formatted(tab, row, column))));
        }
    }
    let format = view.spreadsheet.formats.get(cells.format(column));
    put("userEnteredFormat", format.cloned());
    let link = links::of(cell, format);
    if mask.under("effectiveFormat").is_some() && (format.is_some() || !cell.is_empty()) {
        put("effectiveFormat", Some(defaults::effective_format(&scalar, format, link.as_deref())));
    }
    put("hyperlink", link.map(Value::from));
    for (name, value) in cells.extra(column).into_iter().flatten() {
        put(name, Some(value.clone()));
    }
    Value::Object(data)
}
