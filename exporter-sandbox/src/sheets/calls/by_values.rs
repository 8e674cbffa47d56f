//! The `values` methods.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Asked;
use crate::sheets::a1;
use crate::sheets::access::Actor;
use crate::sheets::cell::Cell;
use crate::sheets::data_filter;
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::model::Spreadsheet;
use crate::sheets::protect;
use crate::sheets::range::{Dimension, GridRange};
use crate::sheets::values::write::{InputOption, Writer, Written};
use crate::sheets::values::{append, major, read, write};
use crate::sheets::view::{Rendering, View};

/// Where a range lies: tab, first column, first row, and the ends.
type Spot = (Option<usize>, usize, usize, usize, usize);

impl Asked<'_> {
    fn reading(&self) -> Answer<(Dimension, Rendering)> {
        let major = self.parameter("majorDimension", "Dimension")?;
        let value = self.parameter("valueRenderOption", "ValueRenderOption")?;
        let date = self.parameter("dateTimeRenderOption", "DateTimeRenderOption")?;
        Ok((Dimension::read(&major), Rendering::read(&value, &date)?))
    }

    pub(super) fn values_get(&self, id: &str, range: &str) -> Answer<Value> {
        let (major, how) = self.reading()?;
        let (spreadsheet, _) = self.open(id)?;
        read::get(&View::new(&spreadsheet, self.sheets.moment()), range, major, how)
    }

    pub(super) fn values_batch_get(&self, id: &str) -> Answer<Value> {
        let (major, how) = self.reading()?;
        let (spreadsheet, _) = self.open(id)?;
        let view = View::new(&spreadsheet, self.sheets.moment());
        let ranges = self.query.all("ranges");
        let ranges: Answer<Vec<Value>> =
            ranges.into_iter().map(|range| read::get(&view, range, major, how)).collect();
        let mut answer = json!({ "spreadsheetId": id });
        let ranges = ranges?;
        if !ranges.is_empty() {
            answer["valueRanges"] = Value::Array(ranges);
        }
        Ok(answer)
    }

    pub(super) fn values_batch_get_by_filter(&self, id: &str) -> Answer<Value> {
        let body = self.body;
        let how = Rendering::read(&body["valueRenderOption"], &body["dateTimeRenderOption"])?;
        let major = major(body);
        let (spreadsheet, _) = self.open(id)?;
        let view = View::new(&spreadsheet, self.sheets.moment());
        let filters = body["dataFilters"].as_array().map_or(&[][..], Vec::as_slice);
        if filters.is_empty() {
            return Err(ApiError::invalid("Must specify at least one dataFilter."));
        }
        // Sorted by place, one entry for each range with all filters that named it.
        let mut matched: BTreeMap<Spot, Value> = BTreeMap::new();
        for (index, filter) in filters.iter().enumerate() {
            let place = format!("Invalid dataFilter[{index}]: ");
            let ranges = data_filter::ranges(&spreadsheet, filter);
            for range in ranges.map_err(|error| error.within(&place))? {
                let (tab, rect) = range.inside(&spreadsheet).map_err(|error| error.within(&place))?;
                let tab_index = spreadsheet.tabs.iter().position(|other| other.id == tab.id);
                let spot = (tab_index, rect.left, rect.top, rect.right, rect.bottom);
                let entry = matched.entry(spot).or_insert_with(|| {
                    let mut values = read::value_range(&view, tab, &rect, major, how);
                    if range.is_empty() {
                        values["range"] = json!("#REF!");
                    }
                    json!({ "valueRange": values, "dataFilters": [] })
                });
                if let Value::Array(filters) = &mut entry["dataFilters"] {
                    filters.push(data_filter::echo(filter));
                }
            }
        }
        let mut answer = json!({ "spreadsheetId": id });
        if !matched.is_empty() {
            answer["valueRanges"] = matched.into_values().collect();
        }
        Ok(answer)
    }

    /// What a write with query parameters sends back of the values.
    fn echo(&self) -> Answer<Option<Rendering>> {
        let value = self.parameter("responseValueRenderOption", "ValueRenderOption")?;
        let date = self.parameter("responseDateTimeRenderOption", "DateTimeRenderOption")?;
        let how = Rendering::read(&value, &date)?;
        Ok(self.query.flag("includeValuesInResponse")?.then_some(how))
    }

    /// The same for a write whose options stand in its body.
    fn body_echo(&self) -> Answer<Option<Rendering>> {
        let body = self.body;
        let how = Rendering::read(&body["responseValueRenderOption"], &body["responseDateTimeRenderOption"])?;
        Ok((body["includeValuesInResponse"] == true).then_some(how))
    }

    fn updates(
        &self,
        spreadsheet: &Spreadsheet,
        id: Option<&str>,
        written: &Written,
        major: Dimension,
        echo: Option<Rendering>,
    ) -> Answer<Map<String, Value>> {
        let tab = spreadsheet.tab(written.sheet)?;
        let mut answer = write::response(id, tab, written);
        if let Some(how) = echo {
            let now = self.sheets.moment();
            let data = write::updated_data(spreadsheet, written, major, how, now)?;
            answer.insert("updatedData".to_owned(), data);
        }
        Ok(answer)
    }

    pub(super) fn values_update(&self, id: &str, range: &str) -> Answer<Value> {
        let option = InputOption::read(&self.parameter("valueInputOption", "ValueInputOption")?)?;
        let echo = self.echo()?;
        let now = self.sheets.moment();
        self.change(id, |spreadsheet, actor, _| {
            let writer = Writer { option, actor, now };
            let written = write::update(spreadsheet, range, self.body, writer)?;
            let answer = self.updates(spreadsheet, Some(id), &written, major(self.body), echo)?;
            Ok(Value::Object(answer))
        })
    }

    pub(super) fn values_append(&self, id: &str, range: &str) -> Answer<Value> {
        let option = InputOption::read(&self.parameter("valueInputOption", "ValueInputOption")?)?;
        let insert = self.parameter("insertDataOption", "InsertDataOption")? == "INSERT_ROWS";
        let echo = self.echo()?;
        let now = self.sheets.moment();
        self.change(id, |spreadsheet, actor, _| {
            let writer = Writer { option, actor, now };
            let appended = append::append(spreadsheet, range, self.body, insert, writer)?;
            let updates = self.updates(spreadsheet, Some(id), &appended.written, major(self.body), echo)?;
            Ok(append::response(id, &appended, &Value::Object(updates)))
        })
    }

    pub(super) fn values_clear(&self, id: &str, range: &str) -> Answer<Value> {
        self.change(id, |spreadsheet, actor, _| {
            let asked = a1::read(range, spreadsheet)?;
            let cleared = clear(spreadsheet, &asked.range, actor)?;
            Ok(json!({ "spreadsheetId": id, "clearedRange": cleared }))
        })
    }

    pub(super) fn values_batch_clear(&self, id: &str) -> Answer<Value> {
        self.change(id, |spreadsheet, actor, _| {
            let mut cleared = Vec::new();
            for (index, range) in self.body["ranges"].as_array().into_iter().flatten().enumerate() {
                let range = range.as_str().unwrap_or_default();
                let one = a1::read(range, spreadsheet)
                    .and_then(|asked| clear(spreadsheet, &asked.range, actor))
                    .map_err(|error| error.within(&format!("Invalid range[{index}]: ")))?;
                cleared.push(one);
            }
            Ok(json!({ "spreadsheetId": id, "clearedRanges": cleared }))
        })
    }

    pub(super) fn values_batch_clear_by_filter(&self, id: &str) -> Answer<Value> {
        self.change(id, |spreadsheet, actor, _| {
            let mut cleared = Vec::new();
            for filter in self.body["dataFilters"].as_array().into_iter().flatten() {
                for range in data_filter::ranges(spreadsheet, filter)? {
                    cleared.push(clear(spreadsheet, &range, actor)?);
                }
            }
            Ok(json!({ "spreadsheetId": id, "clearedRanges": cleared }))
        })
    }

    pub(super) fn values_batch_update(&self, id: &str) -> Answer<Value> {
        let option = InputOption::read(&self.body["valueInputOption"])?;
        let echo = self.body_echo()?;
        let now = self.sheets.moment();
        self.change(id, |spreadsheet, actor, _| {
            let writer = Writer { option, actor, now };
            let mut totals = Totals::default();
            let mut done = Vec::new();
            for (index, data) in self.body["data"].as_array().into_iter().flatten().enumerate() {
                let range = data["range"].as_str().unwrap_or_default();
                let written = write::update(spreadsheet, range, data, writer)
                    .map_err(|error| error.within(&format!("Invalid data[{index}]: ")))?;
                totals.add(&written);
                done.push((written, major(data)));
            }
            // Values are read back when all is written.
            let mut responses = Vec::new();
            for (written, major) in &done {
                let response = self.updates(spreadsheet, Some(id), written, *major, echo)?;
                responses.push(Value::Object(response));
            }
            Ok(totals.answer(id, responses))
        })
    }

    pub(super) fn values_batch_update_by_filter(&self, id: &str) -> Answer<Value> {
        let option = InputOption::read(&self.body["valueInputOption"])?;
        let echo = self.body_echo()?;
        let now = self.sheets.moment();
        self.change(id, |spreadsheet, actor, _| {
            let writer = Writer { option, actor, now };
            let mut totals = Totals::default();
            let mut done = Vec::new();
            for (index, data) in self.body["data"].as_array().into_iter().flatten().enumerate() {
                let filter = &data["dataFilter"];
                let ranges = data_filter::ranges(spreadsheet, filter)?;
                if ranges.len() > 1 {
                    return Err(ApiError::invalid(format!(
                        "Invalid data[{index}]: The data filter matches more than one range."
                    )));
                }
                for range in ranges {
                    let anchor = filter.get("a1Range").is_some() && range.is_one_cell();
                    let asked = a1::Asked { range, anchor };
                    let text = a1::write_grid_range(&range, spreadsheet.tab(range.sheet)?);
                    let written = write::write(spreadsheet, asked, &text, data, writer)
                        .map_err(|error| error.within(&format!("Invalid data[{index}]: ")))?;
                    totals.add(&written);
                    done.push((written, major(data), filter));
                }
            }
            let mut responses = Vec::new();
            for (written, major, filter) in done {
                let mut response = self.updates(spreadsheet, None, &written, major, echo)?;
                response.insert("dataFilter".to_owned(), filter.clone());
                responses.push(Value::Object(response));
            }
            Ok(totals.answer(id, responses))
        })
    }
}

/// Empties the cells of a range, formats excepted, and names it as it is.
fn clear(spreadsheet: &mut Spreadsheet, range: &GridRange, actor: &Actor) -> Answer<String> {
    let (tab, rect) = range.inside(spreadsheet)?;
    let cleared = a1::write(&rect, tab);
    protect::check(spreadsheet, range, actor)?;
    let grid = &mut spreadsheet.tab_mut(range.sheet)?.grid;
    for row in rect.top..rect.bottom.min(grid.rows().len()) {
        for column in rect.left..rect.right.min(grid.row(row).cells().len()) {
            grid.set(row, column, Cell::Empty);
        }
    }
    Ok(cleared)
}

/// Distinct rows and columns over all ranges of one call.
#[derive(Default)]
struct Totals {
    rows: BTreeSet<(i64, usize)>,
    columns: BTreeSet<(i64, usize)>,
    cells: usize,
}

impl Totals {
    fn add(&mut self, written: &Written) {
        self.rows.extend(written.rows.iter().map(|&row| (written.sheet, row)));
        self.columns.extend(written.columns.iter().map(|&column| (written.sheet, column)));
        self.cells += written.cells;
    }

    fn answer(&self, id: &str, responses: Vec<Value>) -> Value {
        let sheets: BTreeSet<i64> = self.rows.iter().map(|(sheet, _)| *sheet).collect();
        let mut answer = json!({ "spreadsheetId": id });
        for (name, count) in [
            ("totalUpdatedRows", self.rows.len()),
            ("totalUpdatedColumns", self.columns.len()),
            ("totalUpdatedCells", self.cells),
            ("totalUpdatedSheets", sheets.len()),
        ] {
            if count > 0 {
                answer[name] = json!(count);
            }
        }
        if !responses.is_empty() {
            answer["responses"] = Value::Array(responses);
        }
        answer
    }
}
