//! Counting: `COUNT`, `COUNTA`, `COUNTIF` and their like.

use std::collections::HashSet;

use super::condition::Condition;
use super::{Arguments, Outcome, size};
use crate::sheets::cell::Scalar;

/// Calls a function of this family; `None` when the name is none of it.
pub fn call(arguments: &mut Arguments, name: &str) -> Option<Outcome> {
    Some(match name {
        "COUNT" => count(arguments, |value| matches!(value, Scalar::Number(_))),
        "COUNTA" => count(arguments, |value| *value != Scalar::Empty),
        "COUNTBLANK" => count(arguments, |value| value.unformatted().is_empty()),
        "COUNTUNIQUE" => unique(arguments),
        "COUNTIF" => count_if(arguments),
        "COUNTIFS" => count_ifs(arguments),
        _ => return None,
    })
}

fn count(arguments: &mut Arguments, counts: fn(&Scalar) -> bool) -> Outcome {
    let mut total = 0;
    for place in 0..arguments.count() {
        total += arguments.operand(place)?.values().iter().filter(|value| counts(value)).count();
    }
    size(total)
}

fn unique(arguments: &mut Arguments) -> Outcome {
    let mut seen = HashSet::new();
    for place in 0..arguments.count() {
        for value in arguments.operand(place)?.values() {
            if *value != Scalar::Empty {
                seen.insert(value.unformatted());
            }
        }
    }
    size(seen.len())
}

fn count_if(arguments: &mut Arguments) -> Outcome {
    let tested = arguments.operand(0)?;
    let condition = Condition::read(&arguments.value(1)?, arguments.evaluator);
    size(tested.values().iter().filter(|value| condition.met_by(value)).count())
}

fn count_ifs(arguments: &mut Arguments) -> Outcome {
    let cells = arguments.operand(0)?.values().len();
    let met = met_by_all(arguments, 0, cells)?;
    size(met.into_iter().filter(|met| *met).count())
}

/// For each cell whether it meets every pair of range and condition from an argument on.
pub fn met_by_all(arguments: &mut Arguments, first: usize, cells: usize) -> Result<Vec<bool>, Scalar> {
    let mut kept = vec![true; cells];
    for place in (first..arguments.count()).step_by(2) {
        let tested = arguments.operand(place)?;
        let condition = Condition::read(&arguments.value(place + 1)?, arguments.evaluator);
        let values = tested.values().iter().map(Some).chain(std::iter::repeat(None));
        for (kept, value) in kept.iter_mut().zip(values) {
            *kept &= condition.met_by(value.unwrap_or(&Scalar::Empty));
        }
    }
    Ok(kept)
}
