//! Links: where a cell leads, whether its format says so or its formula.

use serde_json::Value;

use super::cell::Cell;
use super::formula::lex::{Token, tokens};

/// The address a cell as a whole leads to. A formula's is read where it is written out, not
/// where it is put together.
pub fn of(cell: &Cell, format: Option<&Value>) -> Option<String> {
    let uri = format.and_then(|format| format["textFormat"]["link"]["uri"].as_str());
    if let Some(uri) = uri {
        return Some(uri.to_owned());
    }
    let Cell::Formula(formula) = cell else { return None };
    let mut tokens = tokens(formula.strip_prefix('=')?)
        .into_iter()
        .map(|(token, _)| token)
        .filter(|token| *token != Token::Space);
    match (tokens.next()?, tokens.next()?, tokens.next()?) {
        (Token::Name(name), Token::Sign("("), Token::Text(uri)) if name.eq_ignore_ascii_case("HYPERLINK") => {
            Some(uri)
        }
        _ => None,
    }
}

/// Whether typed text is nothing but a web address, which becomes a link.
pub fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_word() {
        assert!(is_address("https://example.com/a?b=c#d"));
        for text in
            ["https://", "https://example.com now", "see https://example.com", "example.com", "ftp://x"]
        {
            assert!(!is_address(text), "{text}");
        }
    }
}
