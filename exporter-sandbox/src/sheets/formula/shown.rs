//! How a formula's result is shown when its cell has no format: as the dates and amounts it
//! is made of.

use super::lex::{Reference, Token, tokens};

/// How a result is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownAs {
    /// As a plain number.
    Plain,
    /// As a date.
    Date,
    /// As a date with its time.
    Moment,
    /// As the cell at a reference is shown.
    Like(Reference),
}

/// Functions whose result is of the kind of their first argument.
const KEEP: [&str; 16] = [
    "SUM",
    "AVERAGE",
    "MIN",
    "MAX",
    "MEDIAN",
    "ROUND",
    "ROUNDUP",
    "ROUNDDOWN",
    "IF",
    "IFERROR",
    "IFNA",
    "ABS",
    "INDEX",
    "VLOOKUP",
    "XLOOKUP",
    "SUMIF",
];

/// What a formula's text says about its result: a date function makes a date, otherwise the
/// first reference decides. A difference of two references is a plain number: it may be one
/// of dates.
pub fn shown_as(formula: &str) -> ShownAs {
    let tokens = tokens(formula.strip_prefix('=').unwrap_or(formula));
    let references = tokens.iter().filter(|(token, _)| matches!(token, Token::Reference(_))).count();
    let minus = tokens.iter().any(|(token, _)| *token == Token::Sign("-"));
    let divided = tokens.iter().any(|(token, _)| *token == Token::Sign("/"));
    for (token, _) in tokens {
        match token {
            Token::Name(name) => match name.to_uppercase().as_str() {
                "TODAY" | "DATE" | "EDATE" | "EOMONTH" | "DATEVALUE" => return ShownAs::Date,
                "NOW" => return ShownAs::Moment,
                known if KEEP.contains(&known) => {}
                _ => return ShownAs::Plain,
            },
            Token::Reference(_) if references > 1 && (minus || divided) => return ShownAs::Plain,
            Token::Reference(reference) => return ShownAs::Like(reference),
            _ => {}
        }
    }
    ShownAs::Plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_stay_dates_and_counts_are_numbers() {
        assert_eq!(shown_as("=TODAY()+1"), ShownAs::Date);
        assert_eq!(shown_as("=NOW()"), ShownAs::Moment);
        assert_eq!(shown_as("=COUNT(A1:A3)"), ShownAs::Plain);
        assert_eq!(shown_as("=A2-A1"), ShownAs::Plain);
        assert!(matches!(shown_as("=SUM(B2:B9)*2"), ShownAs::Like(_)));
    }
}
