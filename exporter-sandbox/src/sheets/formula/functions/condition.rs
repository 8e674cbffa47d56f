//! Conditions such as `">=10"` or `"paid*"`, as `COUNTIF` and its like take them.

use super::compare;
use crate::sheets::cell::Scalar;
use crate::sheets::formula::eval::Evaluator;

/// A condition on a cell.
pub struct Condition {
    operator: &'static str,
    wanted: Scalar,
}

impl Condition {
    /// Reads a condition; text that looks like a number, date or boolean means that.
    pub fn read(value: &Scalar, evaluator: &Evaluator) -> Self {
        let Scalar::Text(text) = value else {
            return Self { operator: "=", wanted: value.clone() };
        };
        let operators = [">=", "<=", "<>", ">", "<", "="];
        let (operator, rest) = operators
            .into_iter()
            .find_map(|operator| Some((operator, text.strip_prefix(operator)?)))
            .unwrap_or(("=", text));
        let as_text = Scalar::text(rest);
        let wanted = match rest.to_uppercase().as_str() {
            "TRUE" => Scalar::Bool(true),
            "FALSE" => Scalar::Bool(false),
            _ => match evaluator.number(&as_text) {
                Ok(number) if !rest.is_empty() => Scalar::Number(number),
                _ => as_text,
            },
        };
        Self { operator, wanted }
    }

    /// Whether a cell meets the condition.
    pub fn met_by(&self, value: &Scalar) -> bool {
        let blank = *value == Scalar::Empty;
        let equal = match (&self.wanted, value) {
            (Scalar::Text(pattern), Scalar::Text(text)) => {
                like(&pattern.to_lowercase(), &text.to_lowercase())
            }
            (Scalar::Text(pattern), Scalar::Empty) => pattern.is_empty(),
            (wanted, value) => {
                !blank
                    && std::mem::discriminant(wanted) == std::mem::discriminant(value)
                    && compare(wanted, value).is_eq()
            }
        };
        let comparable = std::mem::discriminant(&self.wanted) == std::mem::discriminant(value);
        match self.operator {
            "=" => equal,
            "<>" => !equal,
            _ if !comparable => false,
            ">" => compare(value, &self.wanted).is_gt(),
            "<" => compare(value, &self.wanted).is_lt(),
            ">=" => compare(value, &self.wanted).is_ge(),
            _ => compare(value, &self.wanted).is_le(),
        }
    }
}

/// Wildcards: `*` is any text, `?` one letter, `~` takes the next letter as it is.
fn like(pattern: &str, text: &str) -> bool {
    let mut letters = pattern.chars();
    match letters.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = letters.as_str();
            let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.any(|at| like(rest, &text[at..]))
        }
        Some(first) => {
            let (wanted, any) = match first {
                '?' => (first, true),
                '~' => (letters.next().unwrap_or('~'), false),
                _ => (first, false),
            };
            let mut others = text.chars();
            let met = others.next().is_some_and(|letter| any || letter == wanted);
            met && like(letters.as_str(), others.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text, met) in [
            ("a*c", "abbc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("~*", "*", true),
            ("~*", "x", false),
            ("*", "", true),
        ] {
            assert_eq!(like(pattern, text), met, "{pattern} {text}");
        }
    }
}
