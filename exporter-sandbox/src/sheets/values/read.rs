//! `values.get` and what it shares with every answer that carries values.

use serde_json::{Value, json};

use crate::sheets::a1;
use crate::sheets::errors::Answer;
use crate::sheets::model::Tab;
use crate::sheets::range::{Dimension, Rect};
use crate::sheets::view::{Rendering, View};

/// A `ValueRange` for a range in A1 notation.
pub fn get(view: &View, range: &str, major: Dimension, how: Rendering) -> Answer<Value> {
    let asked = a1::read(range, view.spreadsheet)?;
    let (tab, rect) = asked.range.inside(view.spreadsheet)?;
    Ok(value_range(view, tab, &rect, major, how))
}

/// The `ValueRange` of a rectangle: empty cells and lists at the end are cut, `values` is
/// left out when nothing remains.
pub fn value_range<'a>(
    view: &View<'a>,
    tab: &'a Tab,
    rect: &Rect,
    major: Dimension,
    how: Rendering,
) -> Value {
    let mut answer = json!({ "range": a1::write(rect, tab), "majorDimension": major.name() });
    let lists = match major {
        Dimension::Rows => rows(view, tab, rect, how),
        Dimension::Columns => columns(view, tab, rect, how),
    };
    if !lists.is_empty() {
        answer["values"] = Value::Array(lists);
    }
    answer
}

fn rows<'a>(view: &View<'a>, tab: &'a Tab, rect: &Rect, how: Rendering) -> Vec<Value> {
    let mut lists = Vec::new();
    for row in rect.top..rect.bottom.min(tab.grid.rows().len()) {
        let cells = tab.grid.row(row).cells();
        let last = cells.iter().take(rect.right).rposition(|cell| !cell.is_empty());
        let end = last.map_or(rect.left, |last| last + 1).max(rect.left);
        let cells = (rect.left..end).map(|column| view.value(tab, row, column, how)).collect();
        lists.push(Value::Array(cells));
    }
    cut(&mut lists);
    lists
}

fn columns<'a>(view: &View<'a>, tab: &'a Tab, rect: &Rect, how: Rendering) -> Vec<Value> {
    let bottom = rect.bottom.min(tab.grid.rows().len());
    let mut lists = Vec::new();
    for column in rect.left..rect.right {
        let last = (rect.top..bottom).rev().find(|&row| !tab.grid.cell(row, column).is_empty());
        let end = last.map_or(rect.top, |last| last + 1);
        let cells = (rect.top..end).map(|row| view.value(tab, row, column, how)).collect();
        lists.push(Value::Array(cells));
    }
    cut(&mut lists);
    lists
}

fn cut(lists: &mut Vec<Value>) {
    while lists.last().is_some_and(|list| list.as_array().is_some_and(Vec::is_empty)) {
        lists.pop();
    }
}
