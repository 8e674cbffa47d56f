//! Text: `LEFT`, `SUBSTITUTE`, `TEXT` and their like.

use serde_json::json;

use super::{Arguments, Outcome, number, size, text, truth};
use crate::sheets::cell::{Failure, MAX_CHARACTERS, Scalar};
use crate::sheets::format;
use crate::sheets::formula::eval::Operand;

/// Calls a function of this family; `None` when the name is none of it.
pub fn call(arguments: &mut Arguments, name: &str) -> Option<Outcome> {
    Some(match name {
        "CONCATENATE" | "CONCAT" => joined(arguments, 0).and_then(|parts| text(&parts.concat())),
        "JOIN" => arguments.text(0).and_then(|by| text(&joined(arguments, 1)?.join(&by))),
        "TEXTJOIN" => text_join(arguments),
        "LEFT" => cut(arguments, |letters, count| letters.iter().take(count).collect()),
        "RIGHT" => cut(arguments, |letters, count| {
            letters.iter().skip(letters.len().saturating_sub(count)).collect()
        }),
        "MID" => middle(arguments),
        "LEN" => arguments.text(0).and_then(|value| size(value.chars().count())),
        "UPPER" => arguments.text(0).and_then(|value| text(&value.to_uppercase())),
        "LOWER" => arguments.text(0).and_then(|value| text(&value.to_lowercase())),
        "PROPER" => arguments.text(0).and_then(|value| text(&proper(&value))),
        "TRIM" => {
            arguments.text(0).and_then(|value| text(&value.split_whitespace().collect::<Vec<_>>().join(" ")))
        }
        "SUBSTITUTE" => substitute(arguments),
        "FIND" => find(arguments, false),
        "SEARCH" => find(arguments, true),
        "REPT" => repeated(arguments),
        "EXACT" => exact(arguments),
        "VALUE" => arguments.number(0).and_then(number),
        "N" => arguments
            .value(0)
            .and_then(|value| number(if let Scalar::Number(value) = value { value } else { 0.0 })),
        "T" => arguments
            .value(0)
            .and_then(|value| text(if let Scalar::Text(value) = &value { value } else { "" })),
        "TEXT" => formatted(arguments),
        // A link shows its label, else its address.
        "HYPERLINK" => {
            let label = usize::from(arguments.has(1));
            arguments.value(label).map(Operand::One)
        }
        _ => return None,
    })
}

fn joined(arguments: &mut Arguments, first: usize) -> Result<Vec<String>, Scalar> {
    let mut parts = Vec::new();
    for place in first..arguments.count() {
        for value in arguments.operand(place)?.values() {
            match value {
                Scalar::Error(..) => return Err(value.clone()),
                value => parts.push(value.unformatted()),
            }
        }
    }
    Ok(parts)
}

fn text_join(arguments: &mut Arguments) -> Outcome {
    let by = arguments.text(0)?;
    let skips = arguments.truth(1)?;
    let mut parts = joined(arguments, 2)?;
    parts.retain(|part| !skips || !part.is_empty());
    text(&parts.join(&by))
}

fn letters(arguments: &mut Arguments, place: usize) -> Result<usize, Scalar> {
    let count = arguments.whole(place, 1.0)?;
    usize::try_from(count)
        .map_err(|_| Scalar::failed(Failure::Value, "A number of letters can't be negative."))
}

fn cut(arguments: &mut Arguments, pick: fn(&[char], usize) -> String) -> Outcome {
    let value: Vec<char> = arguments.text(0)?.chars().collect();
    let count = letters(arguments, 1)?;
    text(&pick(&value, count))
}

fn middle(arguments: &mut Arguments) -> Outcome {
    let value = arguments.text(0)?;
    let start = letters(arguments, 1)?.saturating_sub(1);
    let count = letters(arguments, 2)?;
    text(&value.chars().skip(start).take(count).collect::<String>())
}

fn proper(value: &str) -> String {
    let mut inside = false;
    let mut result = String::new();
    for letter in value.chars() {
        if inside {
            result.extend(letter.to_lowercase());
        } else {
            result.extend(letter.to_uppercase());
        }
        inside = letter.is_alphabetic();
    }
    result
}

fn substitute(arguments: &mut Arguments) -> Outcome {
    let (value, old, new) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
    if old.is_empty() {
        return text(&value);
    }
    if !arguments.has(3) {
        return text(&value.replace(&old, &new));
    }
    let which = letters(arguments, 3)?;
    match which.checked_sub(1).and_then(|which| value.match_indices(&old).nth(which)) {
        Some((at, _)) => text(&format!("{}{new}{}", &value[..at], &value[at + old.len()..])),
        None => text(&value),
    }
}

fn find(arguments: &mut Arguments, folds: bool) -> Outcome {
    let (mut wanted, mut value) = (arguments.text(0)?, arguments.text(1)?);
    if folds {
        (wanted, value) = (wanted.to_lowercase(), value.to_lowercase());
    }
    let from = if arguments.has(2) { letters(arguments, 2)?.saturating_sub(1) } else { 0 };
    let start = value.char_indices().nth(from).map_or(value.len(), |(at, _)| at);
    match value[start..].find(&wanted) {
        Some(at) => size(value[..start + at].chars().count() + 1),
        None => Err(Scalar::failed(
            Failure::Value,
            format!("In {} evaluation, cannot find '{wanted}' within '{value}'.", arguments.name),
        )),
    }
}

fn repeated(arguments: &mut Arguments) -> Outcome {
    let value = arguments.text(0)?;
    let count = letters(arguments, 1)?;
    if value.len().saturating_mul(count) > 4 * MAX_CHARACTERS {
        return Err(Scalar::failed(Failure::Value, "The result is too long."));
    }
    text(&value.repeat(count))
}

fn exact(arguments: &mut Arguments) -> Outcome {
    let same = arguments.text(0)? == arguments.text(1)?;
    Ok(truth(same))
}

fn formatted(arguments: &mut Arguments) -> Outcome {
    let value = arguments.value(0)?;
    let pattern = arguments.text(1)?;
    let dated = pattern.chars().any(|letter| matches!(letter.to_ascii_lowercase(), 'y' | 'd' | 'm' | 'h'));
    let kind = if dated { "DATE_TIME" } else { "NUMBER" };
    let number_format = json!({ "type": kind, "pattern": pattern });
    text(&format::render(&value, Some(&number_format), arguments.evaluator.locale))
}
