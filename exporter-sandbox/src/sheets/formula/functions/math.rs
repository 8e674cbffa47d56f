//! Arithmetic: `SUM`, `ROUND`, `MOD` and their like.

use super::condition::Condition;
use super::{Arguments, Outcome, number};
use crate::sheets::cell::{Failure, Scalar};
use crate::sheets::formula::eval::Operand;

/// Calls a function of this family; `None` when the name is none of it.
pub fn call(arguments: &mut Arguments, name: &str) -> Option<Outcome> {
    Some(match name {
        "SUM" => arguments.numbers().and_then(|numbers| number(numbers.iter().sum())),
        "PRODUCT" => arguments.numbers().and_then(|numbers| number(numbers.iter().product())),
        "AVERAGE" => arguments.numbers().and_then(|numbers| mean(&numbers, "AVERAGE")),
        "MEDIAN" => arguments.numbers().and_then(median),
        "MIN" => arguments.numbers().and_then(|numbers| extreme(&numbers, f64::min)),
        "MAX" => arguments.numbers().and_then(|numbers| extreme(&numbers, f64::max)),
        "ROUND" => rounded(arguments, f64::round),
        "ROUNDUP" => rounded(arguments, |value| value.abs().ceil().copysign(value)),
        "ROUNDDOWN" | "TRUNC" => rounded(arguments, f64::trunc),
        "INT" => arguments.number(0).and_then(|value| number(value.floor())),
        "ABS" => arguments.number(0).and_then(|value| number(value.abs())),
        "SIGN" => {
            arguments.number(0).and_then(|value| number(if value == 0.0 { 0.0 } else { value.signum() }))
        }
        "SQRT" => arguments.number(0).and_then(|value| number(value.sqrt())),
        "POWER" => pair(arguments, |base, power| number(base.powf(power))),
        "MOD" => pair(arguments, |value, by| {
            if by == 0.0 { Err(zero("MOD")) } else { number(value - by * (value / by).floor()) }
        }),
        "DIVIDE" => {
            pair(arguments, |value, by| if by == 0.0 { Err(zero("DIVIDE")) } else { number(value / by) })
        }
        "CEILING" => multiple(arguments, f64::ceil),
        "FLOOR" => multiple(arguments, f64::floor),
        "SUMIF" => matched(arguments).and_then(|numbers| number(numbers.iter().sum())),
        "AVERAGEIF" => matched(arguments).and_then(|numbers| mean(&numbers, "AVERAGEIF")),
        "SUMIFS" => all_matched(arguments).and_then(|numbers| number(numbers.iter().sum())),
        "AVERAGEIFS" => all_matched(arguments).and_then(|numbers| mean(&numbers, "AVERAGEIFS")),
        "SUMPRODUCT" => sum_product(arguments),
        _ => return None,
    })
}

fn zero(name: &str) -> Scalar {
    Scalar::failed(Failure::DivideByZero, format!("Function {name} parameter 2 cannot be zero."))
}

fn mean(numbers: &[f64], name: &str) -> Outcome {
    let Ok(count) = u32::try_from(numbers.len()) else {
        return Err(zero(name));
    };
    if count == 0 {
        let message = format!("Evaluation of function {name} caused a divide by zero error.");
        return Err(Scalar::failed(Failure::DivideByZero, message));
    }
    number(numbers.iter().sum::<f64>() / f64::from(count))
}

fn median(mut numbers: Vec<f64>) -> Outcome {
    if numbers.is_empty() {
        return Err(Scalar::failed(Failure::Number, "MEDIAN has no valid input data."));
    }
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    number(if numbers.len().is_multiple_of(2) {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    } else {
        numbers[middle]
    })
}

fn extreme(numbers: &[f64], pick: fn(f64, f64) -> f64) -> Outcome {
    number(numbers.iter().copied().reduce(pick).unwrap_or(0.0))
}

fn pair(arguments: &mut Arguments, operation: impl Fn(f64, f64) -> Outcome) -> Outcome {
    let (left, right) = (arguments.number(0)?, arguments.number(1)?);
    operation(left, right)
}

fn rounded(arguments: &mut Arguments, round: impl Fn(f64) -> f64) -> Outcome {
    let value = arguments.number(0)?;
    let places = arguments.whole(1, 0.0)?.clamp(-300, 300);
    let factor = 10_f64.powi(i32::try_from(places).unwrap_or(0));
    // 1.005 is stored a little below: people expect it to round as written.
    let scaled = value * factor;
    let nudged = scaled * (1.0 + 4.0 * f64::EPSILON);
    let near = (scaled - scaled.round()).abs() < 1e-9;
    number(round(if near { scaled.round() } else { nudged }) / factor)
}

fn multiple(arguments: &mut Arguments, round: fn(f64) -> f64) -> Outcome {
    let value = arguments.number(0)?;
    let of = arguments.number_or(1, 1.0)?;
    if of == 0.0 { number(0.0) } else { number(round(value / of) * of) }
}

/// The numbers of the third argument, or else of the first, where the first meets the
/// condition of the second.
fn matched(arguments: &mut Arguments) -> Result<Vec<f64>, Scalar> {
    let tested = arguments.operand(0)?;
    let condition = Condition::read(&arguments.value(1)?, arguments.evaluator);
    let summed = if arguments.has(2) { arguments.operand(2)? } else { tested.clone() };
    Ok(tested
        .values()
        .iter()
        .zip(summed.values())
        .filter(|(value, _)| condition.met_by(value))
        .filter_map(|(_, value)| if let Scalar::Number(value) = value { Some(*value) } else { None })
        .collect())
}

/// The numbers of the first argument where every following pair of range and condition
/// is met.
fn all_matched(arguments: &mut Arguments) -> Result<Vec<f64>, Scalar> {
    let summed = arguments.operand(0)?;
    let kept = super::count::met_by_all(arguments, 1, summed.values().len())?;
    let chosen = summed.values().iter().zip(kept).filter(|(_, kept)| *kept);
    Ok(chosen
        .filter_map(|(value, _)| if let Scalar::Number(value) = value { Some(*value) } else { None })
        .collect())
}

fn sum_product(arguments: &mut Arguments) -> Outcome {
    let mut products: Vec<f64> = Vec::new();
    for place in 0..arguments.count() {
        let operand: Operand = arguments.operand(place)?;
        if place == 0 {
            products = vec![1.0; operand.values().len()];
        }
        for (product, value) in products.iter_mut().zip(operand.values()) {
            *product *= if let Scalar::Number(number) = value { *number } else { 0.0 };
        }
    }
    number(products.iter().sum())
}
