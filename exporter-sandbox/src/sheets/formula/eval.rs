//! Works formulas out: each cell once, circles told apart from results.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDateTime;

use super::functions;
use super::lex::{End, LOST, Reference};
use super::parse::{Expression, parse};
use crate::sheets::cell::{Cell, Failure, Scalar};
use crate::sheets::clock::Moment;
use crate::sheets::input;
use crate::sheets::locale::Locale;
use crate::sheets::model::{Spreadsheet, Tab};
use crate::sheets::range::{GridRange, Rect};

/// Deepest chain of formulas that refer to one another.
const DEPTH: usize = 200;

/// A value inside a formula: one, or the cells of a range row by row.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// One value.
    One(Scalar),
    /// The cells of a range.
    Cells {
        /// Values row by row.
        values: Vec<Scalar>,
        /// Cells in a row.
        width: usize,
    },
}

impl Operand {
    /// All values, one or many.
    pub fn values(&self) -> &[Scalar] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Cells { values, .. } => values,
        }
    }

    /// The first value.
    pub fn first(&self) -> Scalar {
        self.values().first().cloned().unwrap_or_default()
    }

    /// Columns of the range; 1 for a single value.
    pub fn width(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Cells { width, .. } => *width,
        }
    }
}

/// Evaluates the formulas of one state of a spreadsheet.
pub struct Evaluator<'a> {
    spreadsheet: &'a Spreadsheet,
    /// Wall-clock time in the spreadsheet's zone.
    pub now: NaiveDateTime,
    /// How text turns into numbers.
    pub locale: Locale,
    done: HashMap<(i64, usize, usize), Scalar>,
    open: HashSet<(i64, usize, usize)>,
    here: (i64, usize, usize),
}

impl<'a> Evaluator<'a> {
    /// An evaluator for `spreadsheet` at a moment.
    pub fn new(spreadsheet: &'a Spreadsheet, now: Moment) -> Self {
        Self {
            spreadsheet,
            now: now.local(&spreadsheet.time_zone),
            locale: spreadsheet.language(),
            done: HashMap::new(),
            open: HashSet::new(),
            here: (0, 0, 0),
        }
    }

    /// What a cell shows.
    pub fn cell(&mut self, tab: &'a Tab, row: usize, column: usize) -> Scalar {
        let formula = match tab.grid.cell(row, column) {
            Cell::Empty => return Scalar::Empty,
            Cell::Number(number) => return Scalar::Number(*number),
            Cell::Bool(value) => return Scalar::Bool(*value),
            Cell::Text(text) => return Scalar::Text(text.clone()),
            Cell::Formula(formula) => formula,
        };
        let place = (tab.id, row, column);
        if let Some(known) = self.done.get(&place) {
            return known.clone();
        }
        if !self.open.insert(place) || self.open.len() > DEPTH {
            self.open.remove(&place);
            return Scalar::failed(Failure::Reference, "Circular dependency detected.");
        }
        let before = std::mem::replace(&mut self.here, place);
        let value = match parse(&formula[1..]) {
            Some(tree) => match self.operand(&tree).first() {
                // A formula that refers to an empty cell shows 0.
                Scalar::Empty => Scalar::Number(0.0),
                value => value,
            },
            None => Scalar::failed(Failure::Syntax, "Formula parse error."),
        };
        self.here = before;
        self.open.remove(&place);
        self.done.insert(place, value.clone());
        value
    }

    /// Row and column of the formula being worked out.
    pub fn place(&self) -> (usize, usize) {
        (self.here.1, self.here.2)
    }

    /// The value of an expression.
    pub fn operand(&mut self, tree: &Expression) -> Operand {
        match tree {
            Expression::Number(number) => Operand::One(Scalar::Number(*number)),
            Expression::Text(text) => Operand::One(Scalar::text(text)),
            Expression::Missing => Operand::One(Scalar::Empty),
            Expression::Name(name) => self.name(name),
            Expression::Reference(reference) => self.reference(reference),
            Expression::Call(name, arguments) => functions::call(self, name, arguments),
            Expression::Negative(inner) => {
                let value = self.operand(inner).first();
                Operand::One(match self.number(&value) {
                    Ok(number) => Scalar::Number(-number),
                    Err(error) => error,
                })
            }
            Expression::Percent(inner) => {
                let value = self.operand(inner).first();
                Operand::One(match self.number(&value) {
                    Ok(number) => Scalar::Number(number / 100.0),
                    Err(error) => error,
                })
            }
            Expression::Binary(operator, left, right) => {
                let (left, right) = (self.operand(left).first(), self.operand(right).first());
                Operand::One(self.binary(operator, &left, &right))
            }
        }
    }

    /// Where a reference written on `home` points.
    pub fn resolve_from(&self, home: &'a Tab, reference: &Reference) -> Option<(&'a Tab, Rect)> {
        let tab = match &reference.sheet {
            Some(title) => self.spreadsheet.tab_named(title)?,
            None => home,
        };
        bounds(tab, reference)
    }

    /// Where a reference points: the tab and the rectangle inside its grid.
    pub fn resolve(&self, reference: &Reference) -> Option<(&'a Tab, Rect)> {
        let tab = match &reference.sheet {
            Some(title) => self.spreadsheet.tab_named(title)?,
            None => self.spreadsheet.tab(self.here.0).ok()?,
        };
        bounds(tab, reference)
    }

    fn reference(&mut self, reference: &Reference) -> Operand {
        match self.resolve(reference) {
            Some((tab, rect)) => self.cells(tab, &rect),
            None if reference.sheet.is_some() => Operand::One(Scalar::failed(
                Failure::Reference,
                "Unresolved sheet name or reference outside the sheet.",
            )),
            None => Operand::One(Scalar::failed(Failure::Reference, "Reference does not exist.")),
        }
    }

    fn cells(&mut self, tab: &'a Tab, rect: &Rect) -> Operand {
        if rect.height() == 1 && rect.width() == 1 {
            return Operand::One(self.cell(tab, rect.top, rect.left));
        }
        let bottom = rect.bottom.min(tab.grid.rows().len());
        let mut values = Vec::new();
        for row in rect.top..bottom {
            for column in rect.left..rect.right {
                values.push(self.cell(tab, row, column));
            }
        }
        Operand::Cells { values, width: rect.width().max(1) }
    }

    fn name(&mut self, name: &str) -> Operand {
        match name.to_uppercase().as_str() {
            "TRUE" => return Operand::One(Scalar::Bool(true)),
            "FALSE" => return Operand::One(Scalar::Bool(false)),
            LOST => {
                let message = "Reference does not exist.";
                return Operand::One(Scalar::failed(Failure::Reference, message));
            }
            _ => {}
        }
        let named = self.spreadsheet.named.iter().find(|named| named.name.eq_ignore_ascii_case(name));
        let range = named.and_then(|named| GridRange::read(&named.range).ok());
        match range.and_then(|range| range.inside(self.spreadsheet).ok()) {
            Some((tab, rect)) => self.cells(tab, &rect),
            None => Operand::One(Scalar::failed(
                Failure::Name,
                format!("Unknown range name: '{}'.", name.to_uppercase()),
            )),
        }
    }

    /// A value as a number: text is read as if typed.
    pub fn number(&self, value: &Scalar) -> Result<f64, Scalar> {
        match value {
            Scalar::Number(number) => Ok(*number),
            Scalar::Bool(flag) => Ok(f64::from(u8::from(*flag))),
            Scalar::Empty => Ok(0.0),
            Scalar::Error(..) => Err(value.clone()),
            Scalar::Text(text) => match input::typed(text, None, self.locale, self.now.date()).cell {
                Cell::Number(number) => Ok(number),
                _ => Err(Scalar::failed(
                    Failure::Value,
                    format!("'{text}' is a text and cannot be coerced to a number."),
                )),
            },
        }
    }

    fn binary(&self, operator: &str, left: &Scalar, right: &Scalar) -> Scalar {
        for side in [left, right] {
            if matches!(side, Scalar::Error(..)) {
                return side.clone();
            }
        }
        match operator {
            "&" => Scalar::text(&(left.unformatted() + &right.unformatted())),
            "=" | "<>" | "<" | ">" | "<=" | ">=" => {
                let order = functions::compare(left, right);
                Scalar::Bool(match operator {
                    "=" => order.is_eq(),
                    "<>" => order.is_ne(),
                    "<" => order.is_lt(),
                    ">" => order.is_gt(),
                    "<=" => order.is_le(),
                    _ => order.is_ge(),
                })
            }
            _ => match (self.number(left), self.number(right)) {
                (Ok(left), Ok(right)) => arithmetic(operator, left, right),
                (Err(error), _) | (_, Err(error)) => error,
            },
        }
    }
}

/// The rectangle of a reference inside the grid of its tab.
fn bounds<'a>(tab: &'a Tab, reference: &Reference) -> Option<(&'a Tab, Rect)> {
    let to = reference.to.unwrap_or(reference.from);
    let side = |pick: fn(&End) -> Option<(usize, bool)>| {
        let (from, to) = (pick(&reference.from), pick(&to));
        let low = from.or(to).map(|(index, _)| index);
        match (from, to) {
            (Some((a, _)), Some((b, _))) => (Some(a.min(b)), Some(a.max(b) + 1)),
            _ => (low, None),
        }
    };
    let ((top, bottom), (left, right)) = (side(|end| end.row), side(|end| end.column));
    let range = GridRange { sheet: tab.id, top, bottom, left, right };
    let rect = range.bounded(tab);
    let outside = top.is_some_and(|top| top >= tab.grid.row_count())
        || left.is_some_and(|left| left >= tab.grid.column_count());
    (!outside).then_some((tab, rect))
}

fn arithmetic(operator: &str, left: f64, right: f64) -> Scalar {
    let value = match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" if right == 0.0 => {
            return Scalar::failed(Failure::DivideByZero, "Function DIVIDE parameter 2 cannot be zero.");
        }
        "/" => left / right,
        _ => left.powf(right),
    };
    if value.is_finite() {
        Scalar::Number(value)
    } else {
        Scalar::failed(Failure::Number, "Result is not a number.")
    }
}
