//! Data filters: places named by A1 text, by grid range or by developer metadata.

use serde_json::Value;

use super::a1;
use super::errors::{Answer, ApiError};
use super::metadata;
use super::model::{Metadata, Spreadsheet};
use super::range::GridRange;

/// The ranges a `DataFilter` stands for, now. A metadata lookup may match several places;
/// what belongs to the whole spreadsheet stands for every tab.
pub fn ranges(spreadsheet: &Spreadsheet, filter: &Value) -> Answer<Vec<GridRange>> {
    if let Some(text) = filter["a1Range"].as_str() {
        let range = a1::read(text, spreadsheet)?.range;
        range.inside(spreadsheet)?;
        return Ok(vec![range]);
    }
    if let Some(range) = filter.get("gridRange") {
        let range = GridRange::read(range)?;
        range.inside(spreadsheet)?;
        return Ok(vec![range]);
    }
    let mut ranges: Vec<GridRange> = Vec::new();
    for item in found(spreadsheet, filter)? {
        match item.place.range() {
            Some(range) if !ranges.contains(&range) => ranges.push(range),
            Some(_) => {}
            None => ranges.extend(
                spreadsheet.tabs.iter().map(|tab| GridRange { sheet: tab.id, ..GridRange::default() }),
            ),
        }
    }
    Ok(ranges)
}

/// The filter as an answer echoes it: a plain field at its default is left out.
pub fn echo(filter: &Value) -> Value {
    let mut echo = filter.clone();
    if let Some(Value::Object(range)) = echo.get_mut("gridRange")
        && range.get("sheetId").is_some_and(|id| *id == 0)
    {
        range.remove("sheetId");
    }
    echo
}

/// The developer metadata a `DataFilter` matches: by lookup, or by the place it lies in.
pub fn found<'a>(spreadsheet: &'a Spreadsheet, filter: &Value) -> Answer<Vec<&'a Metadata>> {
    let mut found = Vec::new();
    if let Some(lookup) = filter.get("developerMetadataLookup") {
        metadata::check_lookup(lookup)?;
        for item in &spreadsheet.metadata {
            if metadata::matches(item, lookup, spreadsheet)? {
                found.push(item);
            }
        }
        return Ok(found);
    }
    let range = if let Some(text) = filter["a1Range"].as_str() {
        a1::read(text, spreadsheet)?.range
    } else if let Some(range) = filter.get("gridRange") {
        GridRange::read(range)?
    } else {
        return Err(ApiError::invalid("dataFilter.filter must be specified."));
    };
    let (tab, rect) = range.inside(spreadsheet)?;
    for item in &spreadsheet.metadata {
        let place = item.place.range();
        if place.is_some_and(|place| place.sheet == tab.id && place.bounded(tab).meets(&rect)) {
            found.push(item);
        }
    }
    Ok(found)
}
