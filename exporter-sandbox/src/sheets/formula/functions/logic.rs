//! Logic: `IF`, `AND`, `IFERROR` and their like.

use super::{Arguments, Outcome, truth};
use crate::sheets::cell::{Failure, Scalar};
use crate::sheets::formula::eval::Operand;

/// Calls a function of this family; `None` when the name is none of it.
pub fn call(arguments: &mut Arguments, name: &str) -> Option<Outcome> {
    Some(match name {
        "IF" => choose(arguments),
        "IFS" => first_true(arguments),
        "AND" => all(arguments).map(|values| truth(values.into_iter().all(|value| value))),
        "OR" => all(arguments).map(|values| truth(values.into_iter().any(|value| value))),
        "NOT" => arguments.truth(0).map(|value| truth(!value)),
        "TRUE" => Ok(truth(true)),
        "FALSE" => Ok(truth(false)),
        "IFERROR" => fallback(arguments, |_| true),
        "IFNA" => fallback(arguments, |failure| failure == Failure::Missing),
        "ISERROR" => test(arguments, |value| matches!(value, Scalar::Error(..))),
        "ISNA" => test(arguments, |value| matches!(value, Scalar::Error(Failure::Missing, _))),
        "ISBLANK" => test(arguments, |value| *value == Scalar::Empty),
        "ISNUMBER" => test(arguments, |value| matches!(value, Scalar::Number(_))),
        "ISTEXT" => test(arguments, |value| matches!(value, Scalar::Text(_))),
        "ISLOGICAL" => test(arguments, |value| matches!(value, Scalar::Bool(_))),
        "NA" => Err(Scalar::failed(Failure::Missing, "")),
        _ => return None,
    })
}

fn choose(arguments: &mut Arguments) -> Outcome {
    let place = if arguments.truth(0)? { 1 } else { 2 };
    if place == 2 && arguments.count() < 3 {
        return Ok(truth(false));
    }
    arguments.operand(place)
}

fn first_true(arguments: &mut Arguments) -> Outcome {
    for place in (0..arguments.count()).step_by(2) {
        if arguments.truth(place)? {
            return arguments.operand(place + 1);
        }
    }
    Err(Scalar::failed(Failure::Missing, "No match."))
}

fn all(arguments: &mut Arguments) -> Result<Vec<bool>, Scalar> {
    let mut values = Vec::new();
    for place in 0..arguments.count() {
        for value in arguments.operand(place)?.values() {
            if *value != Scalar::Empty {
                values.push(arguments.evaluator.number(value)? != 0.0);
            }
        }
    }
    Ok(values)
}

fn fallback(arguments: &mut Arguments, caught: fn(Failure) -> bool) -> Outcome {
    let operand = arguments.operand(0)?;
    match operand.first() {
        Scalar::Error(failure, _) if caught(failure) => {
            if arguments.count() > 1 {
                arguments.operand(1)
            } else {
                Ok(Operand::One(Scalar::text("")))
            }
        }
        _ => Ok(operand),
    }
}

fn test(arguments: &mut Arguments, holds: fn(&Scalar) -> bool) -> Outcome {
    let value = arguments.any(0)?;
    Ok(truth(holds(&value)))
}
