//! Parse mode `MarkdownV2`: eighteen reserved characters that must be escaped where they mean
//! nothing (core.telegram.org/bots/api#markdownv2-style; texts as the service sends them).

use super::{Formatted, Output, Style, link};

const RESERVED: &str = "_*[]()~`>#+-=|{}.!\n";

/// Reads a text; the error says what is wrong and at which byte.
pub(super) fn parse(text: &str) -> Result<Formatted, String> {
    let mut parser =
        Parser { input: text, at: 0, output: Output::default(), open: Vec::new(), quoting: false };
    while let Some(letter) = parser.rest().chars().next() {
        parser.step(letter)?;
    }
    if parser.open.last().is_some_and(|open| matches!(open.kind, Kind::Quote)) {
        parser.end_quote();
    }
    match parser.open.last() {
        Some(open) => Err(open.unfinished()),
        None => Ok(parser.output.done()),
    }
}

/// What is open.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Bold,
    Italic,
    Underline,
    Strikethrough,
    Spoiler,
    Code,
    Pre(Option<String>),
    Link,
    Emoji,
    Quote,
}

impl Kind {
    /// As the service calls it in its errors.
    fn name(&self) -> &'static str {
        match self {
            Self::Bold => "Bold",
            Self::Italic => "Italic",
            Self::Underline => "Underline",
            Self::Strikethrough => "Strikethrough",
            Self::Spoiler => "Spoiler",
            Self::Code => "Code",
            Self::Pre(None) => "Pre",
            Self::Pre(Some(_)) => "PreCode",
            Self::Link => "TextUrl",
            Self::Emoji => "CustomEmoji",
            Self::Quote => "BlockQuote",
        }
    }

    /// What ends it.
    fn end(&self) -> &'static str {
        match self {
            Self::Bold => "*",
            Self::Italic => "_",
            Self::Underline => "__",
            Self::Strikethrough => "~",
            Self::Spoiler => "||",
            Self::Code => "`",
            Self::Pre(_) => "```",
            Self::Link | Self::Emoji => "]",
            Self::Quote => "\n",
        }
    }
}

struct Open {
    kind: Kind,
    /// Where it began: in the input, in UTF-16 units of the output, in bytes of the output.
    at: usize,
    offset: usize,
    begin: usize,
}

impl Open {
    fn unfinished(&self) -> String {
        format!("Can't find end of {} entity at byte offset {}", self.kind.name(), self.at)
    }
}

struct Parser<'a> {
    input: &'a str,
    at: usize,
    output: Output,
    open: Vec<Open>,
    quoting: bool,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.input[self.at..]
    }

    fn step(&mut self, letter: char) -> Result<(), String> {
        if let Some(escaped) = escaped(self.rest()) {
            self.output.push(escaped);
            self.at += 1 + escaped.len_utf8();
            return Ok(());
        }
        let raw = matches!(self.open.last(), Some(Open { kind: Kind::Code | Kind::Pre(_), .. }));
        let special = if raw { letter == '`' } else { RESERVED.contains(letter) };
        if !special {
            self.output.push(letter);
            self.at += letter.len_utf8();
            return Ok(());
        }
        if self.quoting && letter == '\n' && !self.rest()[1..].starts_with('>') {
            return self.end_of_quote();
        }
        match self.open.last() {
            Some(open) if ends(&open.kind, self.rest()) => self.close(),
            _ => self.begin(letter),
        }
    }

    fn begin(&mut self, letter: char) -> Result<(), String> {
        let at = self.at;
        let rest = self.rest();
        let (kind, length) = match letter {
            '_' if rest.starts_with("__") => (Kind::Underline, 2),
            '_' => (Kind::Italic, 1),
            '*' => (Kind::Bold, 1),
            '~' => (Kind::Strikethrough, 1),
            '|' if rest.starts_with("||") => (Kind::Spoiler, 2),
            '[' => (Kind::Link, 1),
            '!' if rest.starts_with("![") => (Kind::Emoji, 2),
            '`' if rest.starts_with("```") => pre(rest),
            '`' => (Kind::Code, 1),
            '>' if at == 0 => (Kind::Quote, 1),
            '\n' => {
                self.output.push('\n');
                self.at += 1;
                if !self.rest().starts_with('>') {
                    return Ok(());
                }
                // A quotation goes on in its next line, or begins here.
                self.at += 1;
                if self.quoting {
                    return Ok(());
                }
                (Kind::Quote, 0)
            }
            _ => {
                return Err(format!(
                    "Character '{letter}' is reserved and must be escaped with the preceding '\\'"
                ));
            }
        };
        self.quoting |= kind == Kind::Quote;
        self.at += length;
        self.open.push(Open { kind, at, offset: self.output.units, begin: self.output.text.len() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        self.at += open.kind.end().len();
        let style = match open.kind {
            Kind::Bold => Style::Bold,
            Kind::Italic => Style::Italic,
            Kind::Underline => Style::Underline,
            Kind::Strikethrough => Style::Strikethrough,
            Kind::Spoiler => Style::Spoiler,
            Kind::Code => Style::Code,
            Kind::Pre(language) => Style::Pre(language),
            Kind::Quote => Style::Blockquote { expandable: false },
            Kind::Link => {
                let address = match self.address("URL")? {
                    Some(address) => address,
                    None => self.output.text[open.begin..].to_owned(),
                };
                match link(&address) {
                    Some(link) => link,
                    None => return Ok(()),
                }
            }
            Kind::Emoji => {
                let address = self
                    .address("custom emoji URL")?
                    .ok_or("Custom emoji entity must contain a tg://emoji URL")?;
                let id = address
                    .strip_prefix("tg://emoji?id=")
                    .filter(|id| id.parse::<i64>().is_ok_and(|id| id != 0))
                    .ok_or("Custom emoji URL must have an emoji identifier")?;
                Style::CustomEmoji(id.to_owned())
            }
        };
        self.output.style(style, open.offset);
        Ok(())
    }

    /// The address in parentheses behind a link's text, if there are any.
    fn address(&mut self, what: &str) -> Result<Option<String>, String> {
        if !self.rest().starts_with('(') {
            return Ok(None);
        }
        self.at += 1;
        let begin = self.at;
        let mut address = String::new();
        loop {
            let Some(letter) = self.rest().chars().next() else {
                return Err(format!("Can't find end of a {what} at byte offset {begin}"));
            };
            if let Some(escaped) = escaped(self.rest()) {
                address.push(escaped);
                self.at += 1 + escaped.len_utf8();
                continue;
            }
            self.at += letter.len_utf8();
            if letter == ')' {
                return Ok(Some(address));
            }
            address.push(letter);
        }
    }

    /// A line break that no `>` follows: the quotation is over, and with it all inside.
    fn end_of_quote(&mut self) -> Result<(), String> {
        match self.open.last() {
            Some(open) if open.kind != Kind::Quote => Err(open.unfinished()),
            _ => {
                self.output.push('\n');
                self.at += 1;
                self.end_quote();
                Ok(())
            }
        }
    }

    fn end_quote(&mut self) {
        self.quoting = false;
        if let Some(open) = self.open.pop() {
            self.output.style(Style::Blockquote { expandable: false }, open.offset);
        }
    }
}

fn ends(kind: &Kind, rest: &str) -> bool {
    match kind {
        Kind::Italic => rest.starts_with('_') && !rest.starts_with("__"),
        Kind::Quote => false,
        kind => rest.starts_with(kind.end()),
    }
}

/// A block of code: its language, and how long its beginning is.
fn pre(rest: &str) -> (Kind, usize) {
    let body = &rest[3..];
    let word = &body[..body.find(|letter: char| letter.is_whitespace() || letter == '`').unwrap_or(0)];
    let named = !word.is_empty() && !body[word.len()..].starts_with('`');
    let language = named.then(|| word.to_owned());
    let length = 3 + language.as_ref().map_or(0, String::len);
    let line_end = ["\r\n", "\n\r", "\n", "\r"].into_iter().find(|end| rest[length..].starts_with(end));
    (Kind::Pre(language), length + line_end.map_or(0, str::len))
}

/// The character behind a backslash; those beyond ASCII need none and the backslash stays.
fn escaped(rest: &str) -> Option<char> {
    let letter = rest.strip_prefix('\\')?.chars().next()?;
    (1..=126).contains(&u32::from(letter)).then_some(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn styles(text: &str) -> (String, Vec<Style>) {
        let read = parse(text).unwrap();
        (read.text, read.entities.into_iter().map(|entity| entity.style).collect())
    }

    #[test]
    fn marks_become_styles() {
        let (text, found) = styles("*tebal _miring_* ~coret~ __garis__ ||rahasia|| `a_b` 1\\.5");
        assert_eq!(text, "tebal miring coret garis rahasia a_b 1.5");
        assert_eq!(
            found,
            [Style::Italic, Style::Bold, Style::Strikethrough, Style::Underline, Style::Spoiler, Style::Code]
        );
    }

    #[test]
    fn links_blocks_and_quotes() {
        let (text, found) =
            styles("[buka](https://toko.test/a\\)b)\n```rust\nfn x\\(\\)```\n>satu\n>dua\ntiga");
        assert_eq!(text, "buka\nfn x()\nsatu\ndua\ntiga");
        assert_eq!(
            found,
            [
                Style::TextLink("https://toko.test/a)b".into()),
                Style::Pre(Some("rust".into())),
                Style::Blockquote { expandable: false }
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_service() {
        let refusal = |text: &str| parse(text).unwrap_err();
        let reserved =
            |letter| format!("Character '{letter}' is reserved and must be escaped with the preceding '\\'");
        for letter in ['-', '.', '(', '=', '|', '!', '{', '#', '+', '>', ')'] {
            assert_eq!(refusal(&format!("a{letter}b")), reserved(letter));
        }
        assert_eq!(refusal("ab *tebal"), "Can't find end of Bold entity at byte offset 3");
        assert_eq!(refusal("é _x"), "Can't find end of Italic entity at byte offset 3");
        assert_eq!(refusal("```x"), "Can't find end of Pre entity at byte offset 0");
        assert_eq!(refusal("[a](b"), "Can't find end of a URL at byte offset 4");
        assert_eq!(refusal(">*x\ny*"), "Can't find end of Bold entity at byte offset 1");
    }
}
