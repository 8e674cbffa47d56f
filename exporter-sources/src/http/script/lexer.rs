//! As much of JavaScript's words as is needed to follow a handler.

/// One word of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An identifier, keyword or number.
    Name(String),
    /// A string literal, unescaped.
    Text(String),
    /// A template literal: texts and the tokens between them, one text more than those.
    Template(Vec<String>, Vec<Vec<Token>>),
    /// Any other character.
    Mark(char),
}

/// The words of a script; `None` when a literal does not end.
pub(super) fn tokens(script: &str) -> Option<Vec<Token>> {
    let characters: Vec<char> = script.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let c = characters[at];
        match c {
            '/' if characters.get(at + 1) == Some(&'/') => {
                at += characters[at..].iter().position(|c| *c == '\n').unwrap_or(characters.len() - at);
            }
            '/' if characters.get(at + 1) == Some(&'*') => {
                at += 2 + characters[at + 2..].windows(2).position(|pair| pair == ['*', '/'])? + 2;
            }
            '\'' | '"' => {
                let (text, next) = string(&characters, at + 1, c)?;
                out.push(Token::Text(text));
                at = next;
            }
            '`' => {
                let (token, next) = template(&characters, at + 1)?;
                out.push(token);
                at = next;
            }
            _ if is_name(c) => {
                let length = characters[at..].iter().take_while(|c| is_name(**c)).count();
                out.push(Token::Name(characters[at..at + length].iter().collect()));
                at += length;
            }
            _ => {
                if !c.is_whitespace() {
                    out.push(Token::Mark(c));
                }
                at += 1;
            }
        }
    }
    Some(out)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// A string up to its closing quote, and where the script goes on.
fn string(characters: &[char], mut at: usize, quote: char) -> Option<(String, usize)> {
    let mut text = String::new();
    loop {
        match *characters.get(at)? {
            c if c == quote => return Some((text, at + 1)),
            '\\' => {
                text.push(escaped(*characters.get(at + 1)?)?);
                at += 2;
            }
            '\n' => return None,
            c => {
                text.push(c);
                at += 1;
            }
        }
    }
}

/// What stands for an escape; the numeric ones are not needed in addresses.
fn escaped(c: char) -> Option<char> {
    match c {
        'n' => Some('\n'),
        't' => Some('\t'),
        'u' | 'x' | '0'..='9' => None,
        other => Some(other),
    }
}

/// A template up to its closing backtick, and where the script goes on.
fn template(characters: &[char], mut at: usize) -> Option<(Token, usize)> {
    let (mut texts, mut inner, mut text) = (Vec::new(), Vec::new(), String::new());
    loop {
        match *characters.get(at)? {
            '`' => {
                texts.push(text);
                return Some((Token::Template(texts, inner), at + 1));
            }
            '\\' => {
                text.push(escaped(*characters.get(at + 1)?)?);
                at += 2;
            }
            '$' if characters.get(at + 1) == Some(&'{') => {
                let end = at + characters[at..].iter().position(|c| *c == '}')?;
                let code: String = characters[at + 2..end].iter().collect();
                inner.push(tokens(&code)?);
                texts.push(std::mem::take(&mut text));
                at = end + 1;
            }
            c => {
                text.push(c);
                at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_templates_and_comments() {
        let words = tokens("a /* x */ = 'b\\'' + `c${d}e` // rest").unwrap();
        let template = Token::Template(vec!["c".into(), "e".into()], vec![vec![Token::Name("d".into())]]);
        let wanted =
            [Token::Name("a".into()), Token::Mark('='), Token::Text("b'".into()), Token::Mark('+'), template];
        assert_eq!(words, wanted);
        assert_eq!(tokens("'open"), None);
    }
}
