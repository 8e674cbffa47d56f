//! Parse mode `HTML`: the few tags that the Bot API knows, and its words for all that is wrong
//! with others (core.telegram.org/bots/api#html-style; texts as the service sends them).

use super::{Formatted, Output, Style, link};

const KNOWN: [&str; 16] = [
    "a",
    "b",
    "strong",
    "i",
    "em",
    "s",
    "strike",
    "del",
    "u",
    "ins",
    "tg-spoiler",
    "tg-emoji",
    "span",
    "pre",
    "code",
    "blockquote",
];

/// Reads a text; the error says what is wrong and at which byte.
pub(super) fn parse(text: &str) -> Result<Formatted, String> {
    let mut parser = Parser { input: text, at: 0, output: Output::default(), open: Vec::new() };
    while let Some(letter) = parser.peek() {
        match letter {
            '<' if parser.rest().starts_with("</") => parser.end_tag()?,
            '<' => parser.start_tag()?,
            '&' => parser.reference(),
            _ => {
                parser.output.push(letter);
                parser.at += letter.len_utf8();
            }
        }
    }
    match parser.open.last() {
        Some(open) => Err(format!("Can't find end tag corresponding to start tag \"{}\"", open.tag)),
        None => Ok(parser.output.done()),
    }
}

/// A tag that is not closed yet.
struct Open {
    tag: String,
    /// Its one attribute that means something.
    argument: String,
    offset: usize,
    begin: usize,
}

struct Parser<'a> {
    input: &'a str,
    at: usize,
    output: Output,
    open: Vec<Open>,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.input[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Steps over letters as long as they are wanted, and gives them.
    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let taken: String = self.rest().chars().take_while(|letter| wanted(*letter)).collect();
        self.at += taken.len();
        taken
    }

    fn skip_space(&mut self) {
        self.take_while(char::is_whitespace);
    }

    /// A character reference, or the ampersand itself.
    fn reference(&mut self) {
        let (letter, length) = reference(self.rest()).unwrap_or(('&', 1));
        self.output.push(letter);
        self.at += length;
    }

    fn start_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        self.at += 1;
        let tag = self.take_while(|letter| !letter.is_whitespace() && letter != '>').to_ascii_lowercase();
        if self.peek().is_none() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        if !KNOWN.contains(&tag.as_str()) {
            return Err(format!("Unsupported start tag \"{tag}\" at byte offset {begin}"));
        }
        let mut argument = String::new();
        loop {
            self.skip_space();
            if self.peek() == Some('>') {
                break;
            }
            let (name, value) = self.attribute(&tag, begin)?;
            if let Some(meant) = meaning(&tag, &name, value) {
                argument = meant;
            }
        }
        self.at += 1;
        if tag == "span" && argument != "spoiler" {
            return Err(format!("Tag \"span\" must have class \"tg-spoiler\" at byte offset {begin}"));
        }
        self.open.push(Open { tag, argument, offset: self.output.units, begin: self.output.text.len() });
        Ok(())
    }

    /// Name and value of an attribute; one without a value has an empty one.
    fn attribute(&mut self, tag: &str, begin: usize) -> Result<(String, String), String> {
        let name = self.take_while(|letter| !letter.is_whitespace() && !"=>".contains(letter));
        if name.is_empty() {
            let unclosed = self.peek().is_none();
            let what = if unclosed { "Unclosed start tag" } else { "Empty attribute name in the tag" };
            return Err(format!("{what} \"{tag}\" at byte offset {begin}"));
        }
        self.skip_space();
        if self.peek() != Some('=') {
            return Ok((name, String::new()));
        }
        self.at += 1;
        self.skip_space();
        let value = match self.peek() {
            None => return Err(format!("Unclosed start tag \"{tag}\" at byte offset {begin}")),
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            Some(_) => self.name_token()?,
        };
        if self.peek().is_none() {
            return Err(format!("Unclosed start tag at byte offset {begin}"));
        }
        Ok((name, value))
    }

    /// A value in quotes, its character references decoded.
    fn quoted(&mut self, quote: char) -> String {
        self.at += 1;
        let mut value = String::new();
        while let Some(letter) = self.peek() {
            if letter == quote {
                self.at += 1;
                break;
            }
            let (letter, length) = reference(self.rest()).unwrap_or((letter, letter.len_utf8()));
            value.push(letter);
            self.at += length;
        }
        value
    }

    /// A value without quotes: letters, digits, periods and hyphens only.
    fn name_token(&mut self) -> Result<String, String> {
        let begin = self.at;
        let value = self.take_while(|letter| letter.is_ascii_alphanumeric() || ".-".contains(letter));
        match self.peek() {
            Some(letter) if !letter.is_whitespace() && letter != '>' => {
                Err(format!("Unexpected end of name token at byte offset {begin}"))
            }
            _ => Ok(value.to_ascii_lowercase()),
        }
    }

    fn end_tag(&mut self) -> Result<(), String> {
        let begin = self.at;
        let Some(open) = self.open.pop() else {
            return Err(format!("Unexpected end tag at byte offset {begin}"));
        };
        self.at += 2;
        let tag = self.take_while(|letter| !letter.is_whitespace() && letter != '>').to_ascii_lowercase();
        self.skip_space();
        if self.peek() != Some('>') {
            return Err(format!("Unclosed end tag at byte offset {begin}"));
        }
        self.at += 1;
        if !tag.is_empty() && tag != open.tag {
            return Err(format!(
                "Unmatched end tag at byte offset {begin}, expected \"</{}>\", found \"</{tag}>\"",
                open.tag
            ));
        }
        self.close(open)
    }

    fn close(&mut self, open: Open) -> Result<(), String> {
        let Open { tag, argument, offset, begin } = open;
        let style = match tag.as_str() {
            "b" | "strong" => Style::Bold,
            "i" | "em" => Style::Italic,
            "u" | "ins" => Style::Underline,
            "s" | "strike" | "del" => Style::Strikethrough,
            "span" | "tg-spoiler" => Style::Spoiler,
            "blockquote" => Style::Blockquote { expandable: !argument.is_empty() },
            "tg-emoji" => match argument.parse::<i64>() {
                Ok(id) if id != 0 => Style::CustomEmoji(argument),
                _ => return Err("Invalid custom emoji identifier specified".to_owned()),
            },
            "pre" => Style::Pre(Some(argument).filter(|language| !language.is_empty())),
            "code" => match self.open.last_mut() {
                // Code that begins with the block around it gives that its language.
                Some(pre) if pre.tag == "pre" && pre.offset == offset && !argument.is_empty() => {
                    pre.argument = argument;
                    return Ok(());
                }
                _ => Style::Code,
            },
            _ => {
                let address =
                    if argument.is_empty() { self.output.text[begin..].to_owned() } else { argument };
                match link(&address) {
                    Some(link) => link,
                    None => return Ok(()),
                }
            }
        };
        self.output.style(style, offset);
        Ok(())
    }
}

/// The part of an attribute that matters for a tag.
fn meaning(tag: &str, name: &str, value: String) -> Option<String> {
    match (tag, name) {
        ("a", "href") | ("tg-emoji", "emoji-id") => Some(value),
        ("code", "class") => value.strip_prefix("language-").map(str::to_owned),
        ("span", "class") => value.strip_prefix("tg-").map(str::to_owned),
        ("blockquote", "expandable") => Some("1".to_owned()),
        _ => None,
    }
}

/// The character that a reference at the beginning stands for, and its length in bytes.
fn reference(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    let name: &str = &body
        [..body.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '#').unwrap_or(body.len())];
    let letter = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|letter| *letter != '\0')?
        }
    };
    let semicolon = usize::from(body[name.len()..].starts_with(';'));
    Some((letter, 1 + name.len() + semicolon))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::markup::Entity;

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err()
    }

    #[test]
    fn tags_become_styles_and_references_characters() {
        let read = parse("<b>Toko &amp; <i>Andalan</i></b> &lt;3 &#x1F600;&nbsp;").unwrap();
        assert_eq!(read.text, "Toko & Andalan <3 😀&nbsp;");
        let bold = Entity { style: Style::Bold, offset: 0, length: 14 };
        let italic = Entity { style: Style::Italic, offset: 7, length: 7 };
        assert_eq!(read.entities, [italic, bold]);
    }

    #[test]
    fn links_code_and_quotes_keep_what_belongs_to_them() {
        let read = parse(
            "<a href=\"https://toko.test/?a=1&amp;b=2\">buka</a><pre><code class=\"language-rust\">fn</code></pre>\
             <blockquote expandable>x</blockquote><span class='tg-spoiler'>y</span><a href=''>kata</a>",
        )
        .unwrap();
        let styles: Vec<&Style> = read.entities.iter().map(|entity| &entity.style).collect();
        assert_eq!(
            styles,
            [
                &Style::TextLink("https://toko.test/?a=1&b=2".into()),
                &Style::Pre(Some("rust".into())),
                &Style::Blockquote { expandable: true },
                &Style::Spoiler,
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_service() {
        assert_eq!(refusal("ab<x>"), "Unsupported start tag \"x\" at byte offset 2");
        assert_eq!(refusal("1 < 2 > 1"), "Unsupported start tag \"\" at byte offset 2");
        assert_eq!(refusal("<b>x"), "Can't find end tag corresponding to start tag \"b\"");
        assert_eq!(refusal("é</b>"), "Unexpected end tag at byte offset 2");
        assert_eq!(
            refusal("<b>x</i>"),
            "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\""
        );
        assert_eq!(refusal("<b"), "Unclosed start tag at byte offset 0");
        assert_eq!(refusal("<b>x</b"), "Unclosed end tag at byte offset 4");
        assert_eq!(refusal("<a href=a/b>x</a>"), "Unexpected end of name token at byte offset 8");
        assert_eq!(refusal("<a =x>"), "Empty attribute name in the tag \"a\" at byte offset 0");
        assert_eq!(
            refusal("<span class=\"red\">x</span>"),
            "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0"
        );
    }
}
