//! The functions people use beside exported rows.

use std::cmp::Ordering;

use super::eval::{Evaluator, Operand};
use super::parse::Expression;
use crate::sheets::cell::{Failure, Scalar};

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

/// Calls a function by its upper-case name.
pub fn call(evaluator: &mut Evaluator, name: &str, arguments: &[Expression]) -> Operand {
    let value = match name {
        "SUM" => sum(evaluator, arguments),
        _ => Err(Scalar::failed(Failure::Name, format!("Unknown function: '{name}'."))),
    };
    Operand::One(value.unwrap_or_else(|error| error))
}

fn sum(evaluator: &mut Evaluator, arguments: &[Expression]) -> Result<Scalar, Scalar> {
    let mut total = 0.0;
    for argument in arguments {
        for value in evaluator.operand(argument).values() {
            match value {
                Scalar::Number(number) => total += number,
                Scalar::Error(..) => return Err(value.clone()),
                _ => {}
            }
        }
    }
    Ok(Scalar::Number(total))
}
