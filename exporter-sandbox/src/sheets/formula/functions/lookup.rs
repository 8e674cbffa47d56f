//! Look-ups: `VLOOKUP`, `INDEX`, `MATCH`, `ROW` and their like.

use super::condition::Condition;
use super::{Arguments, Outcome, compare, size};
use crate::sheets::cell::{Failure, Scalar};
use crate::sheets::formula::eval::Operand;
use crate::sheets::formula::parse::Expression;

/// Calls a function of this family; `None` when the name is none of it.
pub fn call(arguments: &mut Arguments, name: &str) -> Option<Outcome> {
    Some(match name {
        "VLOOKUP" => vlookup(arguments),
        "XLOOKUP" => xlookup(arguments),
        "INDEX" => index(arguments),
        "MATCH" => place(arguments),
        "ROW" => position(arguments, true),
        "COLUMN" => position(arguments, false),
        "ROWS" => extent(arguments, true),
        "COLUMNS" => extent(arguments, false),
        "CHOOSE" => choose(arguments),
        _ => return None,
    })
}

fn missing(wanted: &Scalar, name: &str) -> Scalar {
    Scalar::failed(
        Failure::Missing,
        format!("Did not find value '{}' in {name} evaluation.", wanted.unformatted()),
    )
}

fn outside(name: &str) -> Scalar {
    Scalar::failed(Failure::Reference, format!("{name} evaluates to an out of bounds range."))
}

/// The place of a value among others: an exact one, or in sorted values the last that is
/// not larger.
fn search(values: &[Scalar], wanted: &Scalar, sorted: bool, arguments: &Arguments) -> Option<usize> {
    if sorted {
        let met = |value: &Scalar| *value != Scalar::Empty && compare(value, wanted).is_le();
        return values.iter().rposition(met);
    }
    let condition = match wanted {
        Scalar::Text(_) => {
            Condition::read(&Scalar::text(&format!("={}", wanted.unformatted())), arguments.evaluator)
        }
        _ => Condition::read(wanted, arguments.evaluator),
    };
    values
        .iter()
        .position(|value| condition.met_by(value) || compare(value, wanted).is_eq() && value == wanted)
}

fn column(operand: &Operand, column: usize) -> Vec<Scalar> {
    operand.values().iter().skip(column).step_by(operand.width()).cloned().collect()
}

fn vlookup(arguments: &mut Arguments) -> Outcome {
    let wanted = arguments.value(0)?;
    let table = arguments.operand(1)?;
    let number = usize::try_from(arguments.whole(2, 1.0)?).unwrap_or(0);
    let sorted = !arguments.has(3) || arguments.truth(3)?;
    if number == 0 || number > table.width() {
        return Err(outside("VLOOKUP"));
    }
    let row =
        search(&column(&table, 0), &wanted, sorted, arguments).ok_or_else(|| missing(&wanted, "VLOOKUP"))?;
    let found = table.values().get(row * table.width() + number - 1).cloned();
    Ok(Operand::One(found.unwrap_or_default()))
}

fn xlookup(arguments: &mut Arguments) -> Outcome {
    let wanted = arguments.value(0)?;
    let (among, results) = (arguments.operand(1)?, arguments.operand(2)?);
    match search(among.values(), &wanted, false, arguments) {
        Some(at) => Ok(Operand::One(results.values().get(at).cloned().unwrap_or_default())),
        None if arguments.has(3) => arguments.operand(3),
        None => Err(missing(&wanted, "XLOOKUP")),
    }
}

fn index(arguments: &mut Arguments) -> Outcome {
    let table = arguments.operand(0)?;
    let row = usize::try_from(arguments.whole(1, 1.0)?).unwrap_or(0);
    let line = table.values().len() <= table.width();
    let (row, number) = if arguments.has(2) {
        (row, usize::try_from(arguments.whole(2, 1.0)?).unwrap_or(0))
    } else if line && table.width() > 1 {
        (1, row)
    } else {
        (row, 1)
    };
    if row == 0 || number == 0 || number > table.width() {
        return Err(outside("INDEX"));
    }
    let value = table.values().get((row - 1) * table.width() + number - 1);
    Ok(Operand::One(value.cloned().ok_or_else(|| outside("INDEX"))?))
}

fn place(arguments: &mut Arguments) -> Outcome {
    let wanted = arguments.value(0)?;
    let among = arguments.operand(1)?;
    let kind = arguments.whole(2, 1.0)?;
    let found = if kind < 0 {
        among.values().iter().rposition(|value| compare(value, &wanted).is_ge())
    } else {
        search(among.values(), &wanted, kind > 0, arguments)
    };
    size(found.ok_or_else(|| missing(&wanted, "MATCH"))? + 1)
}

fn position(arguments: &mut Arguments, row: bool) -> Outcome {
    let here = arguments.evaluator.place();
    let (top, left) = match arguments.given.first() {
        Some(Expression::Reference(reference)) => match arguments.evaluator.resolve(reference) {
            Some((_, rect)) => (rect.top, rect.left),
            None => return Err(outside(arguments.name)),
        },
        _ => here,
    };
    size(if row { top + 1 } else { left + 1 })
}

fn extent(arguments: &mut Arguments, rows: bool) -> Outcome {
    match arguments.given.first() {
        Some(Expression::Reference(reference)) => match arguments.evaluator.resolve(reference) {
            Some((_, rect)) => size(if rows { rect.height() } else { rect.width() }),
            None => Err(outside(arguments.name)),
        },
        _ => size(1),
    }
}

fn choose(arguments: &mut Arguments) -> Outcome {
    let which = usize::try_from(arguments.whole(0, 1.0)?).unwrap_or(0);
    if which == 0 || which >= arguments.count() {
        return Err(Scalar::failed(
            Failure::Number,
            format!(
                "Function CHOOSE parameter 1 value is {which}. It should be a number between 1 and {}.",
                arguments.count() - 1
            ),
        ));
    }
    arguments.operand(which)
}
