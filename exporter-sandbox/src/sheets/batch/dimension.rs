//! Requests on whole rows and columns.

use serde_json::Value;

use super::{Context, index, sheet_id, width};
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::fields::Mask;
use crate::sheets::model::{MAX_COLUMNS, Spreadsheet, Tab};
use crate::sheets::protect;
use crate::sheets::range::{Dimension, GridRange};
use crate::sheets::shift::{Change, Shift};
use crate::sheets::view::View;

/// A `DimensionRange`, checked; an open end goes as far as the grid.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// Tab.
    pub sheet: i64,
    /// Rows or columns.
    pub dimension: Dimension,
    /// First.
    pub start: usize,
    /// After the last.
    pub end: usize,
}

impl Span {
    /// Reads a `DimensionRange`. `beyond` allows it to reach beyond the grid.
    pub fn read(range: &Value, spreadsheet: &Spreadsheet, beyond: bool) -> Answer<Self> {
        let sheet = sheet_id(range);
        let count = |dimension| spreadsheet.tab(sheet).map(|tab| tab.grid.count(dimension));
        let dimension = match range["dimension"].as_str() {
            Some("ROWS" | "COLUMNS") => Dimension::read(&range["dimension"]),
            _ => return Err(ApiError::invalid("No dimension specified.")),
        };
        let count = count(dimension)?;
        let start = range["startIndex"].as_i64().unwrap_or(0);
        let end = range["endIndex"].as_i64();
        if start < 0 || end.is_some_and(|end| end < 0) {
            return Err(ApiError::invalid("DimensionRange indexes must be >= 0"));
        }
        if end.is_some_and(|end| end <= start) {
            return Err(ApiError::invalid(format!(
                "range.endIndex ({}) must be greater than range.startIndex ({start}).",
                end.unwrap_or_default()
            )));
        }
        let start = usize::try_from(start).unwrap_or(0);
        let end = end.and_then(|end| usize::try_from(end).ok()).unwrap_or(count);
        if !beyond && start >= count {
            let what = if dimension == Dimension::Rows { "row" } else { "column" };
            return Err(ApiError::invalid(format!(
                "Cannot find the {what} at index {start}: there are only {count}."
            )));
        }
        let end = if beyond { end } else { end.min(count) };
        Ok(Self { sheet, dimension, start, end })
    }

    /// The cells it stands for.
    pub fn range(&self) -> GridRange {
        let mut range = GridRange { sheet: self.sheet, ..GridRange::default() };
        match self.dimension {
            Dimension::Rows => (range.top, range.bottom) = (Some(self.start), Some(self.end)),
            Dimension::Columns => (range.left, range.right) = (Some(self.start), Some(self.end)),
        }
        range
    }
}

/// `insertDimension`: new rows or columns take the formats of a neighbour.
pub fn insert(context: &mut Context, body: &Value) -> Answer<()> {
    let span = Span::read(&body["range"], context.spreadsheet, true)?;
    let count = span.end - span.start;
    let inherits = body["inheritFromBefore"] == true;
    let there = context.spreadsheet.tab(span.sheet)?.grid.count(span.dimension);
    if inherits && span.start == 0 {
        return Err(ApiError::invalid(
            "range.startIndex must be greater than 0 if inheritFromBefore is true.",
        ));
    }
    if span.start > there {
        return Err(ApiError::invalid(format!(
            "range.startIndex is larger than current grid size ({there})"
        )));
    }
    if !inherits && span.start == there {
        return Err(ApiError::invalid(format!(
            "range.startIndex must be less than the grid size ({there}) if inheritFromBefore is false."
        )));
    }
    protect::check_insert(context.spreadsheet, span.sheet, span.dimension, span.start, context.actor)?;
    grow(context.spreadsheet, span.sheet, span.dimension, count)?;
    let change = Change::Insert { at: span.start, count };
    let shift = Shift { sheet: span.sheet, dimension: span.dimension, change };
    context.spreadsheet.shift(shift)?;
    let pattern = if inherits { span.start - 1 } else { span.end };
    inherit(context.spreadsheet, span, pattern)
}

/// Copies formats and validation rules, but no values, from a neighbour.
fn inherit(spreadsheet: &mut Spreadsheet, span: Span, pattern: usize) -> Answer<()> {
    let grid = &mut spreadsheet.tab_mut(span.sheet)?.grid;
    if span.dimension == Dimension::Rows {
        let row = grid.row(pattern).clone();
        for column in 0..row.extent() {
            let format = row.format(column);
            let rule = row.extra(column).and_then(|fields| fields.get("dataValidation"));
            if format == 0 && rule.is_none() {
                continue;
            }
            for new in span.start..span.end {
                let target = grid.row_mut(new);
                target.set_format(column, format);
                target.set_extra(column, "dataValidation", rule.cloned());
            }
        }
        return Ok(());
    }
    for row in 0..grid.rows().len() {
        let format = grid.row(row).format(pattern);
        if format != 0 {
            for column in span.start..span.end {
                grid.row_mut(row).set_format(column, format);
            }
        }
    }
    Ok(())
}

/// `deleteDimension`: never all rows or all columns.
pub fn delete(context: &mut Context, body: &Value) -> Answer<()> {
    let span = Span::read(&body["range"], context.spreadsheet, true)?;
    let tab = context.spreadsheet.tab(span.sheet)?;
    let (count, frozen, what) = match span.dimension {
        Dimension::Rows => (tab.grid.row_count(), tab.frozen_rows, "rows"),
        Dimension::Columns => (tab.grid.column_count(), tab.frozen_columns, "columns"),
    };
    if span.end > count || span.start >= count {
        let what = what.trim_end_matches('s');
        return Err(ApiError::invalid(format!(
            "Cannot delete a {what} that doesn't exist. Tried to delete {what} index {} but there are \
             only {count} {what}s.",
            span.start.max(count)
        )));
    }
    let remaining = count - (span.end - span.start);
    if remaining == 0 {
        return Err(ApiError::invalid(format!("You can't delete all the {what} on the sheet.")));
    }
    let frozen_gone = span.end.min(frozen).saturating_sub(span.start.min(frozen));
    if frozen > frozen_gone && remaining <= frozen - frozen_gone {
        return Err(ApiError::invalid(format!("Sorry, it is not possible to delete all non-frozen {what}.")));
    }
    protect::check(context.spreadsheet, &span.range(), context.actor)?;
    let change = Change::Delete { start: span.start, end: span.end };
    context.spreadsheet.shift(Shift { sheet: span.sheet, dimension: span.dimension, change })
}

/// `appendDimension`: rows or columns at the end.
pub fn append(context: &mut Context, body: &Value) -> Answer<()> {
    let (sheet, dimension) = (sheet_id(body), Dimension::read(&body["dimension"]));
    let length = index(&body["length"]);
    if length == 0 {
        return Err(ApiError::invalid("length must be greater than 0."));
    }
    let count = context.spreadsheet.tab(sheet)?.grid.count(dimension);
    protect::check_insert(context.spreadsheet, sheet, dimension, count, context.actor)?;
    grow(context.spreadsheet, sheet, dimension, length)?;
    let grid = &mut context.spreadsheet.tab_mut(sheet)?.grid;
    match dimension {
        Dimension::Rows => grid.set_row_count(grid.row_count() + length),
        Dimension::Columns => grid.set_column_count(grid.column_count() + length),
    }
    Ok(())
}

/// `moveDimension`: the destination is an index before the move.
pub fn shift(context: &mut Context, body: &Value) -> Answer<()> {
    let span = Span::read(&body["source"], context.spreadsheet, false)?;
    let to = index(&body["destinationIndex"]);
    let count = context.spreadsheet.tab(span.sheet)?.grid.count(span.dimension);
    if to > count {
        return Err(ApiError::invalid(format!(
            "destinationIndex[{to}] is outside the sheet: there are only {count}."
        )));
    }
    check_merges(context.spreadsheet.tab(span.sheet)?, span, to)?;
    protect::check(context.spreadsheet, &span.range(), context.actor)?;
    let change = Change::Move { start: span.start, end: span.end, to };
    context.spreadsheet.shift(Shift { sheet: span.sheet, dimension: span.dimension, change })
}

/// Refuses a move that takes a part of a merge away, or that puts something between its parts.
fn check_merges(tab: &Tab, span: Span, to: usize) -> Answer<()> {
    let what = match span.dimension {
        Dimension::Rows => "row",
        Dimension::Columns => "column",
    };
    for merge in tab.merged() {
        let (start, end) = match span.dimension {
            Dimension::Rows => (merge.top, merge.bottom),
            Dimension::Columns => (merge.left, merge.right),
        };
        let whole = span.start <= start && end <= span.end;
        let meets = start < span.end && span.start < end;
        if end - start > 1 && !whole && (meets || (start < to && to < end)) {
            return Err(ApiError::invalid(format!(
                "Sorry, it is not possible to move a {what} to a position that crosses a merged cell. \
                 Please unmerge and try again."
            )));
        }
    }
    Ok(())
}

/// `updateDimensionProperties`: hiding and size.
pub fn properties(context: &mut Context, body: &Value) -> Answer<()> {
    let mask = Mask::of_change(body, "DimensionProperties")?;
    let span = Span::read(&body["range"], context.spreadsheet, false)?;
    let given = &body["properties"];
    let pixels = given["pixelSize"].as_u64().and_then(|pixels| u32::try_from(pixels).ok());
    let grid = &mut context.spreadsheet.tab_mut(span.sheet)?.grid;
    for index in span.start..span.end {
        let mut band = grid.band(span.dimension, index);
        if mask.under("hiddenByUser").is_some() {
            band.hidden = given["hiddenByUser"] == true;
        }
        if mask.under("pixelSize").is_some() {
            band.pixels = pixels;
        }
        grid.set_band(span.dimension, index, band);
    }
    Ok(())
}

/// `autoResizeDimensions`: wide enough for the longest text.
pub fn auto_resize(context: &mut Context, body: &Value) -> Answer<()> {
    let span = Span::read(&body["dimensions"], context.spreadsheet, false)?;
    let pixels: Vec<u32> = match span.dimension {
        Dimension::Rows => vec![21; span.end.saturating_sub(span.start)],
        Dimension::Columns => {
            let view = View::new(context.spreadsheet, context.now);
            let tab = context.spreadsheet.tab(span.sheet)?;
            (span.start..span.end).map(|column| width::fitting(&view, tab, column)).collect()
        }
    };
    let grid = &mut context.spreadsheet.tab_mut(span.sheet)?.grid;
    for (index, pixels) in (span.start..).zip(pixels) {
        let mut band = grid.band(span.dimension, index);
        band.pixels = Some(pixels);
        grid.set_band(span.dimension, index, band);
    }
    Ok(())
}

/// Refuses growth above ten million cells or 18,278 columns.
fn grow(spreadsheet: &Spreadsheet, sheet: i64, dimension: Dimension, by: usize) -> Answer<()> {
    let grid = &spreadsheet.tab(sheet)?.grid;
    match dimension {
        Dimension::Rows => spreadsheet.check_growth(by.saturating_mul(grid.column_count())),
        Dimension::Columns => {
            check_columns(grid.column_count() + by)?;
            spreadsheet.check_growth(by.saturating_mul(grid.row_count()))
        }
    }
}

/// Refuses more columns than `ZZZ`.
pub fn check_columns(columns: usize) -> Answer<()> {
    if columns > MAX_COLUMNS {
        return Err(ApiError::invalid(format!(
            "This action would increase the number of columns in the sheet above the limit of \
             {MAX_COLUMNS} columns."
        )));
    }
    Ok(())
}
