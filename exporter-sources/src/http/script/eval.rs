//! Evaluates the few expressions that build an address: literals, `+`, templates, values
//! of inputs, and variables that hold those.

use super::Values;
use super::lexer::Token;

/// Deeper chains of variables than this are not followed.
const DEPTH: u8 = 8;

/// The code that an expression may look its variables up in.
pub(super) struct Scope<'a> {
    code: &'a [Token],
    /// Assignments from here on have not happened yet.
    before: usize,
    end: usize,
    values: &'a Values<'a>,
}

/// What an expression comes to.
enum Value {
    Text(String),
    /// An element of the page, by selector.
    Element(String),
}

impl<'a> Scope<'a> {
    pub(super) fn new(code: &'a [Token], before: usize, end: usize, values: &'a Values<'a>) -> Self {
        Self { code, before, end, values }
    }

    /// The text of the expression that begins at `at`, which must end the statement or the argument.
    pub(super) fn address(&self, at: usize) -> Option<String> {
        let (text, next) = self.sum(&self.code[..self.end], at, 0)?;
        match self.code.get(next) {
            None | Some(Token::Mark(';' | ')' | ',' | '}')) => Some(text),
            // A line that ends without a semicolon.
            Some(Token::Name(_)) if next >= self.end || self.starts_statement(next) => Some(text),
            _ => None,
        }
    }

    fn starts_statement(&self, at: usize) -> bool {
        matches!(&self.code[at], Token::Name(word) if matches!(word.as_str(), "return" | "var" | "let" | "const" | "window"))
    }

    /// `term + term + …`, as text, and where it ends.
    fn sum(&self, code: &[Token], at: usize, depth: u8) -> Option<(String, usize)> {
        let (first, mut next) = self.term(code, at, depth)?;
        let mut text = text_of(first)?;
        while matches!(code.get(next), Some(Token::Mark('+'))) {
            let (more, after) = self.term(code, next + 1, depth)?;
            text.push_str(&text_of(more)?);
            next = after;
        }
        Some((text, next))
    }

    /// One operand with its `.value`, `.val()` or `.trim()`.
    fn term(&self, code: &[Token], at: usize, depth: u8) -> Option<(Value, usize)> {
        let (mut value, mut next) = self.primary(code, at, depth)?;
        while let (Some(Token::Mark('.')), Some(Token::Name(name))) = (code.get(next), code.get(next + 1)) {
            let called = matches!(code.get(next + 2..next + 4), Some([Token::Mark('('), Token::Mark(')')]));
            value = match (value, name.as_str(), called) {
                (Value::Element(css), "value", false) | (Value::Element(css), "val", true) => {
                    Value::Text((self.values)(&css)?)
                }
                (Value::Text(text), "trim", true) => Value::Text(text.trim().to_owned()),
                (Value::Text(text), "toString", true) => Value::Text(text),
                _ => return None,
            };
            next += if called { 4 } else { 2 };
        }
        Some((value, next))
    }

    fn primary(&self, code: &[Token], at: usize, depth: u8) -> Option<(Value, usize)> {
        if depth > DEPTH {
            return None;
        }
        match code.get(at)? {
            Token::Text(text) => Some((Value::Text(text.clone()), at + 1)),
            Token::Template(texts, inner) => {
                let mut out = texts.first()?.clone();
                for (expression, text) in inner.iter().zip(&texts[1..]) {
                    let (value, end) = self.sum(expression, 0, depth + 1)?;
                    if end != expression.len() {
                        return None;
                    }
                    out += &value;
                    out += text;
                }
                Some((Value::Text(out), at + 1))
            }
            Token::Mark('(') => {
                let (text, end) = self.sum(code, at + 1, depth + 1)?;
                matches!(code.get(end), Some(Token::Mark(')'))).then_some((Value::Text(text), end + 1))
            }
            Token::Name(name) => self.named(code, at, name, depth),
            Token::Mark(_) => None,
        }
    }

    /// A function that is known, or a variable.
    fn named(&self, code: &[Token], at: usize, name: &str, depth: u8) -> Option<(Value, usize)> {
        if name == "document" && matches!(code.get(at + 1), Some(Token::Mark('.'))) {
            let Token::Name(method) = code.get(at + 2)? else { return None };
            let (argument, next) = literal_argument(code, at + 3)?;
            return match method.as_str() {
                "getElementById" => Some((Value::Element(format!("#{argument}")), next)),
                "querySelector" => Some((Value::Element(argument), next)),
                _ => None,
            };
        }
        match name {
            "$" | "jQuery" => {
                let (css, next) = literal_argument(code, at + 1)?;
                Some((Value::Element(css), next))
            }
            "encodeURIComponent" | "encodeURI" if matches!(code.get(at + 1), Some(Token::Mark('('))) => {
                let (text, end) = self.sum(code, at + 2, depth + 1)?;
                let text = if name == "encodeURI" { text } else { encoded(&text) };
                matches!(code.get(end), Some(Token::Mark(')'))).then_some((Value::Text(text), end + 1))
            }
            _ => Some((self.variable(name, depth)?, at + 1)),
        }
    }

    /// The value of a variable that is assigned exactly once in the script, before its use.
    fn variable(&self, name: &str, depth: u8) -> Option<Value> {
        let assigned: Vec<usize> = (0..self.code.len())
            .filter(|&at| {
                matches!(&self.code[at], Token::Name(word) if word == name)
                    && !matches!(at.checked_sub(1).map(|before| &self.code[before]), Some(Token::Mark('.')))
                    && match (self.code.get(at + 1), self.code.get(at + 2)) {
                        (Some(Token::Mark('=')), next) => !matches!(next, Some(Token::Mark('=' | '>'))),
                        (Some(Token::Mark('+')), Some(Token::Mark('='))) => true,
                        _ => false,
                    }
            })
            .collect();
        let [at] = self.nearest(&assigned)[..] else { return None };
        if matches!(self.code.get(at + 1), Some(Token::Mark('+'))) {
            return None;
        }
        let (value, next) = self.term(self.code, at + 2, depth + 1)?;
        match (value, self.code.get(next)) {
            (Value::Text(mut text), Some(Token::Mark('+'))) => {
                let (rest, _) = self.sum(self.code, next + 1, depth + 1)?;
                text.push_str(&rest);
                Some(Value::Text(text))
            }
            (_, Some(Token::Mark('?' | '|' | '&' | '[' | '('))) => None,
            (value, _) => Some(value),
        }
    }

    /// Those of the assignments that the handler can mean: its own before the use, if it
    /// has any, else those of the script around it.
    fn nearest(&self, assigned: &[usize]) -> Vec<usize> {
        let open = self.block_start();
        let own: Vec<usize> =
            assigned.iter().copied().filter(|at| (open..self.before).contains(at)).collect();
        if own.is_empty() { assigned.to_vec() } else { own }
    }

    /// Where the block around the expression begins.
    fn block_start(&self) -> usize {
        let mut depth = 0_usize;
        for at in (0..self.before).rev() {
            match self.code[at] {
                Token::Mark('}') => depth += 1,
                Token::Mark('{') if depth == 0 => return at,
                Token::Mark('{') => depth -= 1,
                _ => {}
            }
        }
        0
    }
}

fn text_of(value: Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text),
        Value::Element(_) => None,
    }
}

/// `("literal")` and where it ends.
fn literal_argument(code: &[Token], at: usize) -> Option<(String, usize)> {
    match code.get(at..at + 3)? {
        [Token::Mark('('), Token::Text(text), Token::Mark(')')] => Some((text.clone(), at + 3)),
        _ => None,
    }
}

/// Percent-encoding as `encodeURIComponent` does it (ECMA-262, 19.2.6.4).
fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
