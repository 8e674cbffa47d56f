//! Formatted text: what a parse mode makes of a text, in the units that the Bot API counts.

mod html;
mod markdown;
mod markdown_v2;
mod show;

use serde_json::{Value, json};

pub(super) use show::{plain, show};

/// How a part of a text is shown (core.telegram.org/bots/api#messageentity).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Underlined.
    Underline,
    /// Struck through.
    Strikethrough,
    /// Hidden until tapped.
    Spoiler,
    /// A quotation, folded when `expandable`.
    Blockquote {
        /// Folded until tapped.
        expandable: bool,
    },
    /// Fixed width, in the line.
    Code,
    /// Fixed width, a block of its own, in a programming language.
    Pre(Option<String>),
    /// A link with this address.
    TextLink(String),
    /// A custom emoji with this id.
    CustomEmoji(String),
    /// A command to a bot, such as `/status`.
    BotCommand,
}

/// A styled part of a text; offset and length are in UTF-16 code units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// How it is shown.
    pub style: Style,
    /// Where it begins.
    pub offset: usize,
    /// How long it is.
    pub length: usize,
}

/// A text as people see it, and which parts of it are styled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Formatted {
    /// Without any markup.
    pub text: String,
    /// Sorted by offset, the longer first.
    pub entities: Vec<Entity>,
}

impl Formatted {
    /// Reads a text in a parse mode; the error is the reason as the Bot API words it.
    pub(super) fn read(text: &str, mode: Option<&str>) -> Result<Self, String> {
        let parsed = match mode.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" => Ok(Self { text: text.to_owned(), entities: Vec::new() }),
            "html" => html::parse(text),
            "markdown" => markdown::parse(text),
            "markdownv2" => markdown_v2::parse(text),
            _ => return Err("unsupported parse_mode".to_owned()),
        };
        parsed.map(Self::trimmed).map_err(|why| format!("can't parse entities: {why}"))
    }

    /// What a person typed: plain, only a command at its beginning is found.
    pub(super) fn typed(text: &str) -> Self {
        let text = text.trim().to_owned();
        let command = text.strip_prefix('/').map(|_| text.split_whitespace().next().unwrap_or_default());
        let length = command.map_or(0, units);
        let command = Entity { style: Style::BotCommand, offset: 0, length };
        Self { text, entities: if length > 1 { vec![command] } else { Vec::new() } }
    }

    /// Length of the text in UTF-16 code units, which is what the limits count.
    pub fn units(&self) -> usize {
        units(&self.text)
    }

    /// The text without white space around it, as the service keeps it.
    fn trimmed(self) -> Self {
        let begin = units(&self.text) - units(self.text.trim_start());
        let text = self.text.trim().to_owned();
        let end = units(&text);
        let mut entities: Vec<Entity> = self
            .entities
            .into_iter()
            .filter_map(|entity| {
                let from = entity.offset.max(begin) - begin;
                let to = (entity.offset + entity.length).saturating_sub(begin).min(end);
                (from < to).then(|| Entity { offset: from, length: to - from, ..entity })
            })
            .collect();
        entities.sort_by_key(|entity| (entity.offset, std::cmp::Reverse(entity.length)));
        Self { text, entities }
    }

    /// The styled parts as the Bot API lists them.
    pub(super) fn listed(&self) -> Vec<Value> {
        self.entities.iter().map(Entity::listed).collect()
    }
}

impl Entity {
    fn listed(&self) -> Value {
        let mut value = json!({"type": self.style.name(), "offset": self.offset, "length": self.length});
        match &self.style {
            Style::TextLink(url) => value["url"] = url.as_str().into(),
            Style::Pre(Some(language)) => value["language"] = language.as_str().into(),
            Style::CustomEmoji(id) => value["custom_emoji_id"] = id.as_str().into(),
            _ => {}
        }
        value
    }
}

impl Style {
    fn name(&self) -> &'static str {
        match self {
            Self::Bold => "bold",
            Self::Italic => "italic",
            Self::Underline => "underline",
            Self::Strikethrough => "strikethrough",
            Self::Spoiler => "spoiler",
            Self::Blockquote { expandable: false } => "blockquote",
            Self::Blockquote { expandable: true } => "expandable_blockquote",
            Self::Code => "code",
            Self::Pre(_) => "pre",
            Self::TextLink(_) => "text_link",
            Self::CustomEmoji(_) => "custom_emoji",
            Self::BotCommand => "bot_command",
        }
    }
}

/// The output of a parser as it grows.
#[derive(Debug, Default)]
struct Output {
    text: String,
    units: usize,
    entities: Vec<Entity>,
}

impl Output {
    fn push(&mut self, letter: char) {
        self.units += letter.len_utf16();
        self.text.push(letter);
    }

    /// Styles what was pushed since `offset`; an empty part is not styled.
    fn style(&mut self, style: Style, offset: usize) {
        if offset < self.units {
            self.entities.push(Entity { style, offset, length: self.units - offset });
        }
    }

    fn done(self) -> Formatted {
        Formatted { text: self.text, entities: self.entities }
    }
}

/// A link's address if the service would keep it: it must look like one.
fn link(address: &str) -> Option<Style> {
    let address = address.trim();
    let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
    let known = ["http", "https", "ftp", "tg", "ton"].contains(&scheme.to_ascii_lowercase().as_str());
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let named = scheme == "tg" || scheme == "ton" || host.contains('.') || host.starts_with("localhost");
    let whole = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    (known && named && !host.is_empty() && !rest.contains(char::is_whitespace))
        .then_some(Style::TextLink(whole))
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_around_a_text_goes_and_the_styles_stay_in_place() {
        let read = Formatted::read(" \n<b> 😀 Rp</b> \n", Some("HTML")).unwrap();
        assert_eq!(read.text, "😀 Rp");
        assert_eq!(read.entities, [Entity { style: Style::Bold, offset: 0, length: 5 }]);
        assert_eq!(read.units(), 5);
    }

    #[test]
    fn an_unknown_mode_is_refused() {
        assert_eq!(Formatted::read("x", Some("rtf")).unwrap_err(), "unsupported parse_mode");
        assert_eq!(Formatted::read("<b>", None).unwrap().text, "<b>");
    }

    #[test]
    fn only_addresses_become_links() {
        assert_eq!(link("toko.test/a"), Some(Style::TextLink("http://toko.test/a".into())));
        assert!(link("https://toko.test").is_some());
        assert_eq!(link("javascript:alert(1)"), None);
        assert_eq!(link(""), None);
    }
}
