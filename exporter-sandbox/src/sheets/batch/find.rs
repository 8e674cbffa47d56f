//! `findReplace`

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Context;
use crate::sheets::cell::{Cell, Scalar};
use crate::sheets::errors::{Answer, ApiError};
use crate::sheets::input;
use crate::sheets::json;
use crate::sheets::protect;
use crate::sheets::range::GridRange;
use crate::sheets::values::write;

/// What to look for and how.
struct Search {
    find: String,
    replacement: String,
    match_case: bool,
    entire: bool,
    formulas: bool,
}

/// Replaces text in a range, a tab or everywhere and counts; zeros are left out.
pub fn replace(context: &mut Context, body: &Value) -> Answer<Value> {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let flag = |name: &str| body[name] == true;
    let search = Search {
        find: text("find"),
        replacement: text("replacement"),
        match_case: flag("matchCase"),
        entire: flag("matchEntireCell"),
        formulas: flag("includeFormulas"),
    };
    if search.find.is_empty() {
        return Err(ApiError::invalid("find must not be empty."));
    }
    if flag("searchByRegex") {
        return Err(ApiError::invalid("searchByRegex is not supported by this stand-in."));
    }
    let ranges = if let Some(range) = body.get("range") {
        vec![GridRange::read(range)?]
    } else if let Some(sheet) = body["sheetId"].as_i64() {
        vec![GridRange { sheet, ..GridRange::default() }]
    } else {
        let tabs = context.spreadsheet.tabs.iter();
        tabs.map(|tab| GridRange { sheet: tab.id, ..GridRange::default() }).collect()
    };
    let mut counts = Counts::default();
    for range in ranges {
        in_range(context, &range, &search, &mut counts)?;
    }
    Ok(counts.write())
}

#[derive(Default)]
struct Counts {
    values: usize,
    formulas: usize,
    occurrences: usize,
    rows: BTreeSet<(i64, usize)>,
}

impl Counts {
    fn write(&self) -> Value {
        let sheets: BTreeSet<i64> = self.rows.iter().map(|(sheet, _)| *sheet).collect();
        let counts = [
            ("valuesChanged", self.values),
            ("formulasChanged", self.formulas),
            ("rowsChanged", self.rows.len()),
            ("sheetsChanged", sheets.len()),
            ("occurrencesChanged", self.occurrences),
        ];
        let kept = counts.into_iter().filter(|(_, count)| *count > 0);
        Value::Object(kept.map(|(name, count)| (name.to_owned(), Value::from(count))).collect::<Map<_, _>>())
    }
}

fn in_range(context: &mut Context, range: &GridRange, search: &Search, counts: &mut Counts) -> Answer<()> {
    let tab = context.spreadsheet.tab(range.sheet)?;
    let rect = range.bounded(tab);
    let mut changes = Vec::new();
    for row in rect.top..rect.bottom.min(tab.grid.rows().len()) {
        for (column, cell) in tab.grid.row(row).cells().iter().enumerate() {
            if !rect.contains(row, column) {
                continue;
            }
            let (text, formula) = match cell {
                Cell::Text(text) => (text.to_string(), false),
                Cell::Number(number) => (json::number(*number), false),
                Cell::Bool(flag) => (Scalar::Bool(*flag).unformatted(), false),
                Cell::Formula(text) if search.formulas => (text.to_string(), true),
                Cell::Formula(_) | Cell::Empty => continue,
            };
            let (new, found) = search.apply(&text);
            if found > 0 {
                changes.push((row, column, new, matches!(cell, Cell::Text(_))));
                counts.occurrences += found;
                *(if formula { &mut counts.formulas } else { &mut counts.values }) += 1;
                counts.rows.insert((range.sheet, row));
            }
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    protect::check(context.spreadsheet, range, context.actor)?;
    let language = context.spreadsheet.language();
    let today = context.now.local(&context.spreadsheet.time_zone).date();
    for (row, column, new, was_text) in changes {
        let entered = if was_text {
            input::Entered::plain(Cell::text(&new))
        } else {
            input::typed(&new, None, language, today)
        };
        write::enter(context.spreadsheet, range.sheet, row, column, entered)?;
    }
    Ok(())
}

impl Search {
    /// The text with every occurrence replaced, and how many there were.
    fn apply(&self, text: &str) -> (String, usize) {
        let same = |a: &str, b: &str| {
            if self.match_case { a == b } else { a.to_lowercase() == b.to_lowercase() }
        };
        if self.entire {
            let found = usize::from(same(text, &self.find));
            return (if found > 0 { self.replacement.clone() } else { text.to_owned() }, found);
        }
        let length = self.find.chars().count();
        let (mut new, mut found, mut rest) = (String::new(), 0, text);
        while !rest.is_empty() {
            let end = rest.char_indices().nth(length).map_or(rest.len(), |(at, _)| at);
            if rest[..end].chars().count() == length && same(&rest[..end], &self.find) {
                new.push_str(&self.replacement);
                found += 1;
                rest = &rest[end..];
            } else {
                let step = rest.chars().next().map_or(1, char::len_utf8);
                new.push_str(&rest[..step]);
                rest = &rest[step..];
            }
        }
        (new, found)
    }
}
