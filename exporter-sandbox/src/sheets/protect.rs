//! Protected ranges: who may write where.

use serde_json::Value;

use super::access::{Actor, Role};
use super::errors::{Answer, ApiError};
use super::model::Spreadsheet;
use super::range::{Dimension, GridRange, Rect};

/// Refuses a write into a range that is protected from the account.
pub fn check(spreadsheet: &Spreadsheet, range: &GridRange, actor: &Actor) -> Answer<()> {
    let tab = spreadsheet.tab(range.sheet)?;
    let rect = range.bounded(tab);
    let blocked = tab.list("protectedRanges").iter().any(|protected| {
        !may_edit(protected, actor)
            && covered(spreadsheet, protected)
                .is_some_and(|area| area.bounded(tab).meets(&rect) && !excepted(protected, &rect, tab))
    });
    if blocked { Err(refusal()) } else { Ok(()) }
}

/// Refuses new rows or columns inside a range that is protected from the account.
pub fn check_insert(
    spreadsheet: &Spreadsheet,
    sheet: i64,
    dimension: Dimension,
    at: usize,
    actor: &Actor,
) -> Answer<()> {
    let inside = |area: &GridRange| {
        let (start, end) = match dimension {
            Dimension::Rows => (area.top, area.bottom),
            Dimension::Columns => (area.left, area.right),
        };
        start.is_none_or(|start| start < at) && end.is_none_or(|end| at < end)
    };
    let tab = spreadsheet.tab(sheet)?;
    let blocked = tab.list("protectedRanges").iter().any(|protected| {
        !may_edit(protected, actor) && covered(spreadsheet, protected).is_some_and(|area| inside(&area))
    });
    if blocked { Err(refusal()) } else { Ok(()) }
}

/// What the API says of a protected place.
pub fn refusal() -> ApiError {
    ApiError::invalid(
        "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to \
         remove protection if you need to edit.",
    )
}

/// Whether the account may edit what is protected: a warning stops nobody, nor is the
/// owner ever stopped.
pub fn may_edit(protected: &Value, actor: &Actor) -> bool {
    protected["warningOnly"] == true
        || actor.role == Role::Owner
        || protected["editors"]["users"]
            .as_array()
            .is_some_and(|users| users.iter().any(|user| *user == *actor.email))
}

/// The range that is protected: its own, or that of the named range it stands on.
pub fn covered(spreadsheet: &Spreadsheet, protected: &Value) -> Option<GridRange> {
    let range = match protected["namedRangeId"].as_str() {
        Some(id) => &spreadsheet.named.iter().find(|named| named.id == id)?.range,
        None => &protected["range"],
    };
    GridRange::read(range).ok()
}

fn excepted(protected: &Value, rect: &Rect, tab: &super::model::Tab) -> bool {
    let exceptions = protected["unprotectedRanges"].as_array();
    exceptions
        .into_iter()
        .flatten()
        .any(|range| GridRange::read(range).is_ok_and(|range| range.bounded(tab).covers(rect)))
}
