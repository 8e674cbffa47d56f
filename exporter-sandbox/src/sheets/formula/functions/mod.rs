//! The functions people use beside exported rows.

mod condition;
mod count;
mod date;
mod logic;
mod lookup;
mod math;
mod text;

use std::cmp::Ordering;

use super::eval::{Evaluator, Operand};
use super::parse::Expression;
use crate::sheets::cell::{Failure, MAX_CHARACTERS, Scalar};

/// What a function gives: a value, or the error that ends the formula.
type Outcome = Result<Operand, Scalar>;

/// The arguments of a call, worked out as they are asked for.
pub(super) struct Arguments<'e, 'a, 'x> {
    evaluator: &'e mut Evaluator<'a>,
    name: &'x str,
    given: &'x [Expression],
}

impl Arguments<'_, '_, '_> {
    fn count(&self) -> usize {
        self.given.len()
    }

    fn has(&self, place: usize) -> bool {
        self.given.get(place).is_some_and(|given| *given != Expression::Missing)
    }

    fn operand(&mut self, place: usize) -> Outcome {
        match self.given.get(place) {
            Some(given) => Ok(self.evaluator.operand(given)),
            None => Err(Scalar::failed(
                Failure::Missing,
                format!(
                    "Wrong number of arguments to {}. Expected at least {} arguments, but received {} \
                     arguments.",
                    self.name,
                    place + 1,
                    self.given.len()
                ),
            )),
        }
    }

    /// One value, errors included.
    fn any(&mut self, place: usize) -> Result<Scalar, Scalar> {
        self.operand(place).map(|operand| operand.first())
    }

    /// One value; an error ends the formula.
    fn value(&mut self, place: usize) -> Result<Scalar, Scalar> {
        match self.any(place)? {
            error @ Scalar::Error(..) => Err(error),
            value => Ok(value),
        }
    }

    fn number(&mut self, place: usize) -> Result<f64, Scalar> {
        let value = self.value(place)?;
        self.evaluator.number(&value)
    }

    fn number_or(&mut self, place: usize, usual: f64) -> Result<f64, Scalar> {
        if self.has(place) { self.number(place) } else { Ok(usual) }
    }

    /// A whole number, rounded towards zero.
    fn whole(&mut self, place: usize, usual: f64) -> Result<i64, Scalar> {
        let number = self.number_or(place, usual)?.trunc();
        #[allow(clippy::cast_possible_truncation)] // a saturating cast is what is wanted
        let whole = number as i64;
        Ok(whole)
    }

    fn text(&mut self, place: usize) -> Result<String, Scalar> {
        Ok(self.value(place)?.unformatted())
    }

    fn truth(&mut self, place: usize) -> Result<bool, Scalar> {
        let value = self.value(place)?;
        self.evaluator.number(&value).map(|number| number != 0.0)
    }

    /// Every number of all arguments; in ranges text and booleans don't count.
    fn numbers(&mut self) -> Result<Vec<f64>, Scalar> {
        let mut numbers = Vec::new();
        for place in 0..self.count() {
            match self.operand(place)? {
                Operand::One(value @ (Scalar::Text(_) | Scalar::Bool(_))) => {
                    numbers.push(self.evaluator.number(&value)?);
                }
                operand => {
                    for value in operand.values() {
                        match value {
                            Scalar::Number(number) => numbers.push(*number),
                            Scalar::Error(..) => return Err(value.clone()),
                            _ => {}
                        }
                    }
                }
            }
        }
        Ok(numbers)
    }
}

fn number(value: f64) -> Outcome {
    if value.is_finite() {
        Ok(Operand::One(Scalar::Number(value)))
    } else {
        Err(Scalar::failed(Failure::Number, "Result is not a number."))
    }
}

/// A count as a number.
fn size(count: usize) -> Outcome {
    number(u32::try_from(count).map_or(f64::from(u32::MAX), f64::from))
}

fn text(value: &str) -> Outcome {
    if value.len() > MAX_CHARACTERS && value.chars().count() > MAX_CHARACTERS {
        let message = format!("Text result is longer than the limit of {MAX_CHARACTERS} characters.");
        return Err(Scalar::failed(Failure::Value, message));
    }
    Ok(Operand::One(Scalar::text(value)))
}

fn truth(value: bool) -> Operand {
    Operand::One(Scalar::Bool(value))
}

/// Calls a function by its upper-case name.
pub fn call(evaluator: &mut Evaluator, name: &str, given: &[Expression]) -> Operand {
    let mut arguments = Arguments { evaluator, name, given };
    let families = [math::call, count::call, logic::call, text::call, date::call, lookup::call];
    let outcome = families.iter().find_map(|family| family(&mut arguments, name));
    let unknown = || Err(Scalar::failed(Failure::Name, format!("Unknown function: '{name}'.")));
    outcome.unwrap_or_else(unknown).unwrap_or_else(Operand::One)
}

/// Numbers come before text, text before booleans; text is compared without case.
pub fn compare(left: &Scalar, right: &Scalar) -> Ordering {
    let rank = |value: &Scalar| match value {
        Scalar::Empty | Scalar::Number(_) => 0,
        Scalar::Text(_) => 1,
        Scalar::Bool(_) => 2,
        Scalar::Error(..) => 3,
    };
    match (left, right) {
        (Scalar::Number(a), Scalar::Number(b)) => a.total_cmp(b),
        (Scalar::Text(a), Scalar::Text(b)) => a.to_lowercase().cmp(&b.to_lowercase()),
        (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(b),
        (Scalar::Empty, Scalar::Number(b)) => 0_f64.total_cmp(b),
        (Scalar::Number(a), Scalar::Empty) => a.total_cmp(&0.0),
        (Scalar::Empty, Scalar::Text(b)) if b.is_empty() => Ordering::Equal,
        (Scalar::Text(a), Scalar::Empty) if a.is_empty() => Ordering::Equal,
        _ => rank(left).cmp(&rank(right)),
    }
}
