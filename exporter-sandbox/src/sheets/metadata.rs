//! Developer metadata: its message, its limits and how it is looked up.

use serde_json::{Value, json};

use super::errors::{Answer, ApiError};
use super::ids::Ids;
use super::model::{Metadata, Place, Spreadsheet};
use super::range::{Dimension, GridRange};

/// Most characters (keys and values together) for the spreadsheet itself, and for each tab.
const MAX_CHARACTERS: usize = 30_000;

/// The `DeveloperMetadata` message.
pub fn write(item: &Metadata) -> Value {
    let line = |sheet: i64, dimension: Dimension, index: usize| {
        let mut range = json!({ "dimension": dimension.name(), "startIndex": index, "endIndex": index + 1 });
        if sheet != 0 {
            range["sheetId"] = json!(sheet);
        }
        range
    };
    let location = match item.place {
        Place::Spreadsheet => json!({ "locationType": "SPREADSHEET", "spreadsheet": true }),
        Place::Sheet(0) => json!({ "locationType": "SHEET", "sheetId": 0 }),
        Place::Sheet(sheet) => json!({ "locationType": "SHEET", "sheetId": sheet }),
        Place::Row(sheet, index) => {
            json!({ "locationType": "ROW", "dimensionRange": line(sheet, Dimension::Rows, index) })
        }
        Place::Column(sheet, index) => {
            let range = line(sheet, Dimension::Columns, index);
            json!({ "locationType": "COLUMN", "dimensionRange": range })
        }
    };
    let mut message = json!({
        "metadataId": item.id,
        "metadataKey": item.key,
        "location": location,
        "visibility": item.visibility,
    });
    if let Some(value) = &item.value {
        message["metadataValue"] = json!(value);
    }
    message
}

/// Reads a location: the spreadsheet, a tab, or one row or column.
pub fn place(location: &Value, spreadsheet: &Spreadsheet) -> Answer<Place> {
    if let Some(range) = location.get("dimensionRange") {
        let sheet = range["sheetId"].as_i64().unwrap_or_default();
        let dimension = Dimension::read(&range["dimension"]);
        let (Some(start), Some(end)) = (range["startIndex"].as_i64(), range["endIndex"].as_i64()) else {
            return Err(ApiError::invalid("DimensionRange must specify both a startIndex and an endIndex."));
        };
        if end - start != 1 {
            return Err(ApiError::invalid("DimensionRange must represent a single row or column."));
        }
        let start =
            usize::try_from(start).map_err(|_| ApiError::invalid("DimensionRange indexes must be >= 0"))?;
        let tab = spreadsheet.tab(sheet)?;
        if !matches!(range["dimension"].as_str(), Some("ROWS" | "COLUMNS")) {
            return Err(ApiError::invalid("No dimension specified"));
        }
        let count = tab.grid.count(dimension);
        if start >= count {
            return Err(ApiError::invalid(format!(
                "DimensionRange startIndex [{start}] is after the last {} index [{}] of the sheet \
                 [{sheet}].",
                dimension.name(),
                count.max(1) - 1
            )));
        }
        return Ok(match dimension {
            Dimension::Rows => Place::Row(sheet, start),
            Dimension::Columns => Place::Column(sheet, start),
        });
    }
    if let Some(sheet) = location["sheetId"].as_i64() {
        return spreadsheet.tab(sheet).map(|tab| Place::Sheet(tab.id));
    }
    if location["spreadsheet"] == true {
        return Ok(Place::Spreadsheet);
    }
    Err(ApiError::invalid("A developer metadata location must be specified."))
}

/// Adds a piece of metadata. An id that is taken refuses the request: that makes the id
/// an idempotency key.
pub fn create(spreadsheet: &mut Spreadsheet, message: &Value, ids: &mut Ids) -> Answer<Metadata> {
    let key = message["metadataKey"].as_str().unwrap_or_default();
    if key.is_empty() {
        return Err(ApiError::invalid("Developer metadata must have a key."));
    }
    let visibility = message["visibility"].as_str().unwrap_or_default();
    if !matches!(visibility, "DOCUMENT" | "PROJECT") {
        return Err(ApiError::invalid("Developer metadata must have a visibility specified."));
    }
    let place = place(&message["location"], spreadsheet)?;
    let taken = |id: i64| spreadsheet.metadata.iter().any(|item| item.id == id);
    let id = match message["metadataId"].as_i64().filter(|&id| id != 0) {
        Some(id) if taken(id) => {
            return Err(ApiError::invalid(format!(
                "Cannot add developer metadata with ID [{id}] because developer metadata with that ID \
                 already exists."
            )));
        }
        Some(id) => id,
        None => std::iter::repeat_with(|| ids.number()).find(|&id| !taken(id)).unwrap_or(1),
    };
    let item = Metadata {
        id,
        key: key.to_owned(),
        value: message["metadataValue"].as_str().map(str::to_owned),
        visibility: visibility.to_owned(),
        place,
    };
    spreadsheet.metadata.push(item.clone());
    check_size(spreadsheet)?;
    Ok(item)
}

/// Refuses more metadata than the spreadsheet or one of its tabs may carry.
pub fn check_size(spreadsheet: &Spreadsheet) -> Answer<()> {
    let size = |sheet: Option<i64>| -> usize {
        let items = spreadsheet.metadata.iter().filter(|item| item.place.sheet() == sheet);
        items.map(|item| item.key.chars().count() + item.value_length()).sum()
    };
    let tabs = spreadsheet.tabs.iter().map(|tab| Some(tab.id));
    for sheet in tabs.chain([None]) {
        if size(sheet) > MAX_CHARACTERS {
            return Err(ApiError::invalid(format!(
                "Developer metadata exceeds the limit of {MAX_CHARACTERS} characters."
            )));
        }
    }
    Ok(())
}

impl Metadata {
    fn value_length(&self) -> usize {
        self.value.as_ref().map_or(0, |value| value.chars().count())
    }
}

impl Place {
    /// The tab it lies in; `None` for the spreadsheet itself.
    pub fn sheet(self) -> Option<i64> {
        match self {
            Self::Spreadsheet => None,
            Self::Sheet(sheet) | Self::Row(sheet, _) | Self::Column(sheet, _) => Some(sheet),
        }
    }

    /// The cells it stands for; `None` for the spreadsheet itself.
    pub fn range(self) -> Option<GridRange> {
        let mut range = GridRange { sheet: self.sheet()?, ..GridRange::default() };
        match self {
            Self::Row(_, index) => (range.top, range.bottom) = (Some(index), Some(index + 1)),
            Self::Column(_, index) => (range.left, range.right) = (Some(index), Some(index + 1)),
            Self::Spreadsheet | Self::Sheet(_) => {}
        }
        Some(range)
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Spreadsheet => "SPREADSHEET",
            Self::Sheet(_) => "SHEET",
            Self::Row(..) => "ROW",
            Self::Column(..) => "COLUMN",
        }
    }
}

fn location(lookup: &Value) -> Option<&Value> {
    lookup.get("metadataLocation").filter(|location| **location != json!({}))
}

/// Refuses a lookup whose parts contradict one another, in the API's order.
pub fn check_lookup(lookup: &Value) -> Answer<()> {
    let location = location(lookup);
    let whole = location.is_some_and(|location| location["spreadsheet"] == true);
    let kind = lookup["locationType"].as_str();
    let strategy = lookup["locationMatchingStrategy"].as_str();
    let member = ["spreadsheet", "sheetId", "dimensionRange"]
        .into_iter()
        .find(|name| location.is_some_and(|location| location.get(name).is_some()));
    let text = match (kind, strategy, member) {
        (Some("SPREADSHEET"), _, Some(member)) if !whole => {
            format!("Cannot limit by location type of SPREADSHEET for the location {member}")
        }
        (Some(_), Some("EXACT_LOCATION"), _) => {
            "The locationMatchingStrategy was specified as EXACT_LOCATION, but a locationType was \
             also specified: lookups cannot limit by a location type when matching an exact \
             location."
                .to_owned()
        }
        (_, Some("EXACT_LOCATION" | "INTERSECTING_LOCATION"), None) => {
            "A locationMatchingStrategy was specified, but no metadataLocation was specified: \
             lookups must always specify a metadataLocation when specifying a \
             locationMatchingStrategy."
                .to_owned()
        }
        (_, Some("INTERSECTING_LOCATION"), _) if whole => {
            "DeveloperMetadataLookup.spreadsheet is true, but locationMatchingStrategy was \
             specified as INTERSECTING."
                .to_owned()
        }
        _ => return Ok(()),
    };
    Err(ApiError::invalid(text))
}

/// Whether a piece of metadata answers a `DeveloperMetadataLookup`. A location matches
/// exactly, or also by what lies inside or around it (`INTERSECTING_LOCATION`).
pub fn matches(item: &Metadata, lookup: &Value, spreadsheet: &Spreadsheet) -> Answer<bool> {
    let same = |name: &str, own: &str| lookup[name].as_str().is_none_or(|wanted| wanted == own);
    let value = lookup["metadataValue"].as_str().is_none_or(|wanted| item.value.as_deref() == Some(wanted));
    let simple = lookup["metadataId"].as_i64().is_none_or(|id| id == item.id)
        && same("metadataKey", &item.key)
        && value
        && same("visibility", &item.visibility)
        && same("locationType", item.place.kind());
    if !simple {
        return Ok(false);
    }
    let Some(location) = location(lookup) else {
        return Ok(true);
    };
    let wanted = place(location, spreadsheet)?;
    // A lookup limited to a kind of place matches what intersects the location.
    let intersecting =
        lookup["locationMatchingStrategy"] == "INTERSECTING_LOCATION" || !lookup["locationType"].is_null();
    if !intersecting {
        return Ok(item.place == wanted);
    }
    Ok(intersects(item.place, wanted))
}

fn intersects(one: Place, other: Place) -> bool {
    match (one, other) {
        (Place::Spreadsheet, _) | (_, Place::Spreadsheet) => true,
        (Place::Row(a, x), Place::Row(b, y)) | (Place::Column(a, x), Place::Column(b, y)) => a == b && x == y,
        _ => one.sheet() == other.sheet(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sheets::model::Tab;

    #[test]
    fn a_lookup_may_ask_for_what_a_location_touches() {
        let mut spreadsheet = Spreadsheet::new("id".to_owned(), "t".to_owned());
        spreadsheet.tabs.push(Arc::new(Tab::new(0, "a".to_owned(), 5, 5)));
        let row = json!({"dimensionRange": {"dimension": "ROWS", "startIndex": 1, "endIndex": 2}});
        let message = json!({"metadataKey": "k", "visibility": "DOCUMENT", "location": row});
        let item = create(&mut spreadsheet, &message, &mut Ids::new(1)).unwrap();
        let found = |lookup: &Value| matches(&item, lookup, &spreadsheet).unwrap();
        assert!(found(&json!({"metadataKey": "k"})));
        assert!(!found(&json!({"metadataKey": "k", "locationType": "COLUMN"})));
        let sheet = json!({"sheetId": 0});
        assert!(!found(&json!({"metadataLocation": sheet})));
        assert!(found(
            &json!({"metadataLocation": sheet, "locationMatchingStrategy": "INTERSECTING_LOCATION"})
        ));
    }
}
