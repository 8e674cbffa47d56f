//! Cuts a formula into tokens; the text between references is kept letter by letter, so
//! that a formula can be rewritten without changing what people typed.

use std::fmt::Write as _;

use crate::sheets::a1;

/// A piece of a formula.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A number.
    Number(f64),
    /// Text between quotes, unescaped.
    Text(String),
    /// A function, a named range, `TRUE` or `FALSE`.
    Name(String),
    /// Cells.
    Reference(Reference),
    /// An operator, a bracket or a separator.
    Sign(&'static str),
    /// White space.
    Space,
    /// Something the language does not know.
    Unknown,
}

/// One end of a reference; `None` where it names a whole row or column. The flag tells a
/// `$` before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Column.
    pub column: Option<(usize, bool)>,
    /// Row.
    pub row: Option<(usize, bool)>,
}

/// A reference to cells, perhaps of another tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Title of the tab, when written.
    pub sheet: Option<String>,
    /// First corner.
    pub from: End,
    /// Second corner of a range.
    pub to: Option<End>,
}

impl Reference {
    /// The reference as text.
    pub fn write(&self) -> String {
        let mut text = String::new();
        if let Some(sheet) = &self.sheet {
            // Writing to a String can't fail.
            let _ = write!(text, "{}!", a1::quoted(sheet));
        }
        self.from.write(&mut text);
        if let Some(to) = &self.to {
            text.push(':');
            to.write(&mut text);
        }
        text
    }
}

impl End {
    fn write(self, text: &mut String) {
        if let Some((column, fixed)) = self.column {
            text.push_str(if fixed { "$" } else { "" });
            text.push_str(&a1::column_letters(column));
        }
        if let Some((row, fixed)) = self.row {
            text.push_str(if fixed { "$" } else { "" });
            text.push_str(&(row + 1).to_string());
        }
    }
}

/// What stands where a reference was whose cells are gone.
pub const LOST: &str = "#REF!";

const SIGNS: [&str; 22] = [
    "<>", "<=", ">=", "+", "-", "*", "/", "^", "&", "=", "<", ">", "(", ")", ",", ";", "%", "{", "}", ":",
    "!", "#",
];

/// Cuts a formula (without its first `=`) into tokens and the text each was read from.
pub fn tokens(formula: &str) -> Vec<(Token, &str)> {
    let mut rest = formula;
    let mut tokens = Vec::new();
    while !rest.is_empty() {
        let (token, length) = next(rest);
        let (text, after) = rest.split_at(length);
        tokens.push((token, text));
        rest = after;
    }
    tokens
}

fn next(text: &str) -> (Token, usize) {
    let first = text.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        let length = text.find(|letter: char| !letter.is_whitespace()).unwrap_or(text.len());
        return (Token::Space, length);
    }
    if first == '"' {
        return quoted(text);
    }
    if text.starts_with(LOST) {
        return (Token::Name(LOST.to_owned()), LOST.len());
    }
    if let Some(found) = reference(text) {
        return found;
    }
    if first.is_ascii_digit() || first == '.' {
        return number(text);
    }
    if first.is_alphabetic() || first == '_' {
        let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
        let length = text.find(|letter| !part(letter)).unwrap_or(text.len());
        return (Token::Name(text[..length].to_owned()), length);
    }
    match SIGNS.iter().find(|sign| text.starts_with(**sign)) {
        Some(sign) => (Token::Sign(sign), sign.len()),
        None => (Token::Unknown, first.len_utf8()),
    }
}

fn quoted(text: &str) -> (Token, usize) {
    let mut content = String::new();
    let mut at = 1;
    while let Some(end) = text[at..].find('"') {
        content.push_str(&text[at..at + end]);
        at += end + 1;
        if !text[at..].starts_with('"') {
            return (Token::Text(content), at);
        }
        content.push('"');
        at += 1;
    }
    (Token::Unknown, text.len())
}

fn number(text: &str) -> (Token, usize) {
    let digits = |from: usize| {
        text[from..].find(|letter: char| !letter.is_ascii_digit()).map_or(text.len(), |end| from + end)
    };
    let mut end = digits(0);
    if text[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let last = digits(end + 1 + sign);
        if last > end + 1 + sign {
            end = last;
        }
    }
    match text[..end].parse() {
        Ok(number) => (Token::Number(number), end),
        Err(_) => (Token::Unknown, end.max(1)),
    }
}

fn reference(text: &str) -> Option<(Token, usize)> {
    let (sheet, start) = sheet(text).map_or((None, 0), |(title, end)| (Some(title), end));
    let (from, mut end) = corner(text, start)?;
    let mut to = None;
    if text[end..].starts_with(':')
        && let Some((second, after)) = corner(text, end + 1)
    {
        to = Some(second);
        end = after;
    }
    let whole = |end: End| end.row.is_some() && end.column.is_some();
    if to.is_none() && !whole(from) {
        return None;
    }
    // LOG10( is a function, and A1B no reference.
    let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '(' | '!');
    if text[end..].starts_with(part) {
        return None;
    }
    Some((Token::Reference(Reference { sheet, from, to }), end))
}

fn sheet(text: &str) -> Option<(String, usize)> {
    if let Some(rest) = text.strip_prefix('\'') {
        let mut at = 0;
        loop {
            let end = at + rest[at..].find('\'')?;
            if rest[end + 1..].starts_with('\'') {
                at = end + 2;
            } else {
                let title = rest[..end].replace("''", "'");
                return rest[end + 1..].starts_with('!').then_some((title, end + 3));
            }
        }
    }
    let part = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '.');
    let end = text.find(|letter| !part(letter))?;
    (end > 0 && text[end..].starts_with('!')).then(|| (text[..end].to_owned(), end + 1))
}

fn corner(text: &str, start: usize) -> Option<(End, usize)> {
    let mut at = start;
    let dollar = |at: &mut usize| {
        let found = text[*at..].starts_with('$');
        *at += usize::from(found);
        found
    };
    let run = |at: usize, part: fn(&u8) -> bool| text[at..].bytes().take_while(part).count();
    let mut fixed = dollar(&mut at);
    let letters = run(at, u8::is_ascii_alphabetic);
    let mut column = None;
    if letters > 0 {
        column = Some((a1::column_index(&text[at..at + letters])?, fixed));
        at += letters;
        fixed = dollar(&mut at);
    }
    let digits = run(at, u8::is_ascii_digit);
    let mut row = None;
    if digits > 0 {
        row = Some((text[at..at + digits].parse::<usize>().ok()?.checked_sub(1)?, fixed));
        at += digits;
    } else if fixed && column.is_some() {
        return None;
    }
    (row.is_some() || column.is_some()).then_some((End { column, row }, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_names_and_numbers() {
        let kinds: Vec<String> = tokens("SUM(A1:$B$2, 'It''s'!C:C)*LOG10(2.5)&\"a\"\"b\"")
            .into_iter()
            .map(|(token, _)| match token {
                Token::Reference(reference) => reference.write(),
                Token::Name(name) => name,
                Token::Number(number) => number.to_string(),
                Token::Text(text) => text,
                Token::Sign(sign) => sign.to_owned(),
                Token::Space => " ".to_owned(),
                Token::Unknown => "?".to_owned(),
            })
            .collect();
        assert_eq!(
            kinds,
            ["SUM", "(", "A1:$B$2", ",", " ", "'It''s'!C:C", ")", "*", "LOG10", "(", "2.5", ")", "&", "a\"b"]
        );
    }

    #[test]
    fn a_number_alone_is_no_reference() {
        assert_eq!(tokens("10+2")[0].0, Token::Number(10.0));
        assert!(matches!(tokens("1:3")[0].0, Token::Reference(_)));
    }
}
