//! Tokens to a tree, by precedence.

use super::lex::{Reference, Token, tokens};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// A named range, `TRUE` or `FALSE`.
    Name(String),
    /// Cells.
    Reference(Reference),
    /// A function and its arguments; a missing argument is `Missing`.
    Call(String, Vec<Expression>),
    /// An operator between two.
    Binary(&'static str, Box<Expression>, Box<Expression>),
    /// `-x`
    Negative(Box<Expression>),
    /// `x%`
    Percent(Box<Expression>),
    /// An argument left out.
    Missing,
}

/// Deepest nesting that is read.
const DEPTH: usize = 100;

/// Parses a formula without its first `=`; `None` when it can't be read.
pub fn parse(formula: &str) -> Option<Expression> {
    let tokens: Vec<Token> =
        tokens(formula).into_iter().map(|(token, _)| token).filter(|token| *token != Token::Space).collect();
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let tree = parser.binary(0)?;
    (parser.at == parser.tokens.len()).then_some(tree)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

/// Operators from the weakest to the strongest.
const LEVELS: [&[&str]; 5] = [&["=", "<>", "<=", ">=", "<", ">"], &["&"], &["+", "-"], &["*", "/"], &["^"]];

impl Parser {
    fn sign(&mut self, wanted: &[&'static str]) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some(Token::Sign(sign)) if wanted.contains(sign) => {
                self.at += 1;
                Some(sign)
            }
            _ => None,
        }
    }

    fn binary(&mut self, level: usize) -> Option<Expression> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        self.depth += 1;
        if self.depth > DEPTH * LEVELS.len() {
            return None;
        }
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.sign(operators) {
            let right = self.binary(level + 1)?;
            left = Expression::Binary(operator, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Some(left)
    }

    fn unary(&mut self) -> Option<Expression> {
        let mut negative = false;
        while let Some(sign) = self.sign(&["-", "+"]) {
            negative ^= sign == "-";
        }
        let mut value = self.primary()?;
        while self.sign(&["%"]).is_some() {
            value = Expression::Percent(Box::new(value));
        }
        Some(if negative { Expression::Negative(Box::new(value)) } else { value })
    }

    fn primary(&mut self) -> Option<Expression> {
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        match token {
            Token::Number(number) => Some(Expression::Number(number)),
            Token::Text(text) => Some(Expression::Text(text)),
            Token::Reference(reference) => Some(Expression::Reference(reference)),
            Token::Sign("(") => {
                let inner = self.binary(0)?;
                self.sign(&[")"])?;
                Some(inner)
            }
            Token::Name(name) if self.sign(&["("]).is_some() => {
                Some(Expression::Call(name.to_uppercase(), self.arguments()?))
            }
            Token::Name(name) => Some(Expression::Name(name)),
            _ => None,
        }
    }

    fn arguments(&mut self) -> Option<Vec<Expression>> {
        let mut arguments = Vec::new();
        if self.sign(&[")"]).is_some() {
            return Some(arguments);
        }
        loop {
            let left_out = matches!(self.tokens.get(self.at), Some(Token::Sign("," | ";" | ")")));
            arguments.push(if left_out { Expression::Missing } else { self.binary(0)? });
            if self.sign(&[")"]).is_some() {
                return Some(arguments);
            }
            self.sign(&[",", ";"])?;
        }
    }
}
