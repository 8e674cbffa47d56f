//! Reads a spreadsheet as people and programs see it: results of formulas, formatted text.

use std::cell::RefCell;

use serde_json::{Value, json};

use super::cell::{Cell, Scalar};
use super::clock::Moment;
use super::errors::{Answer, ApiError};
use super::format;
use super::formula::{self, Evaluator, ShownAs};
use super::locale::Locale;
use super::model::{Spreadsheet, Tab};

/// How many formulas are followed in search of a format.
const FORMAT_DEPTH: usize = 8;

/// How a value is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rendering {
    /// `FORMATTED_VALUE`, `UNFORMATTED_VALUE` or `FORMULA`.
    pub value: ValueRender,
    /// Whether dates come as text where values come unformatted.
    pub dates_as_text: bool,
}

/// The API's `ValueRenderOption`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueRender {
    /// As people see it.
    Formatted,
    /// As JSON values.
    Unformatted,
    /// Formulas as they were entered.
    Formula,
}

impl Rendering {
    /// Reads the two options; a missing one has the API's default.
    pub fn read(value: &Value, date: &Value) -> Answer<Self> {
        let value = match value.as_str() {
            None | Some("FORMATTED_VALUE") => ValueRender::Formatted,
            Some("UNFORMATTED_VALUE") => ValueRender::Unformatted,
            Some("FORMULA") => ValueRender::Formula,
            Some(other) => {
                return Err(ApiError::invalid(format!("Unknown value render option: {other}")));
            }
        };
        Ok(Self { value, dates_as_text: date.as_str() == Some("FORMATTED_STRING") })
    }
}

/// A spreadsheet being read: results of formulas are worked out once.
pub struct View<'a> {
    /// What is read.
    pub spreadsheet: &'a Spreadsheet,
    /// How numbers and dates are written.
    pub locale: Locale,
    evaluator: RefCell<Evaluator<'a>>,
    date: Value,
    moment: Value,
}

impl<'a> View<'a> {
    /// A view at a moment: `NOW()` and `TODAY()` mean it.
    pub fn new(spreadsheet: &'a Spreadsheet, now: Moment) -> Self {
        let locale = spreadsheet.language();
        let evaluator = RefCell::new(Evaluator::new(spreadsheet, now));
        let date = json!({ "type": "DATE", "pattern": locale.date });
        let moment = json!({ "type": "DATE_TIME", "pattern": format!("{} h:mm:ss", locale.date) });
        Self { spreadsheet, locale, evaluator, date, moment }
    }

    /// What a cell shows, before formatting.
    pub fn scalar(&self, tab: &'a Tab, row: usize, column: usize) -> Scalar {
        match tab.grid.cell(row, column) {
            Cell::Empty => Scalar::Empty,
            Cell::Number(number) => Scalar::Number(*number),
            Cell::Bool(value) => Scalar::Bool(*value),
            Cell::Text(text) => Scalar::Text(text.clone()),
            Cell::Formula(_) => self.evaluator.borrow_mut().cell(tab, row, column),
        }
    }

    /// The number format that applies to a cell, if any: its own, or that of the dates and
    /// amounts its formula refers to.
    pub fn number_format(&self, tab: &'a Tab, row: usize, column: usize) -> Option<&Value> {
        self.format_of(tab, row, column, FORMAT_DEPTH)
    }

    fn format_of(&self, tab: &'a Tab, row: usize, column: usize, depth: usize) -> Option<&Value> {
        let own = self.spreadsheet.formats.number(tab.grid.row(row).format(column));
        let Cell::Formula(formula) = tab.grid.cell(row, column) else {
            return own;
        };
        if own.is_some() || depth == 0 {
            return own;
        }
        match formula::shown_as(formula) {
            ShownAs::Date => Some(&self.date),
            ShownAs::Moment => Some(&self.moment),
            ShownAs::Plain => None,
            ShownAs::Like(reference) => {
                let (tab, rect) = self.evaluator.borrow().resolve_from(tab, &reference)?;
                self.format_of(tab, rect.top, rect.left, depth - 1)
            }
        }
    }

    /// The text people see.
    pub fn formatted(&self, tab: &'a Tab, row: usize, column: usize) -> String {
        let scalar = self.scalar(tab, row, column);
        format::render(&scalar, self.number_format(tab, row, column), self.locale)
    }

    /// A cell for an answer of the `values` methods; an empty one is the empty text.
    pub fn value(&self, tab: &'a Tab, row: usize, column: usize, how: Rendering) -> Value {
        let cell = tab.grid.cell(row, column);
        match (how.value, cell) {
            (_, Cell::Empty) => Value::from(""),
            (ValueRender::Formatted, Cell::Text(text)) => Value::from(text.as_str()),
            (ValueRender::Formatted, _) => Value::from(self.formatted(tab, row, column)),
            (ValueRender::Formula, Cell::Formula(text)) => Value::from(&**text),
            _ => {
                let scalar = self.scalar(tab, row, column);
                let dated = how.dates_as_text
                    && matches!(scalar, Scalar::Number(_))
                    && self.number_format(tab, row, column).is_some_and(format::is_date);
                if dated {
                    return Value::from(self.formatted(tab, row, column));
                }
                scalar.plain()
            }
        }
    }
}
