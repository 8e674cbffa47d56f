//! Chats, their messages and files, as the service keeps them.

use std::collections::{BTreeMap, HashMap};

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::commands::Command;
use super::limits::{Clock, Taken};
use super::markup::{Formatted, show};
use super::updates::Delivery;

/// A chat's place for the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is a member and may write and pin.
    #[default]
    Member,
    /// It is a member that may neither write nor pin.
    Restricted,
    /// It was thrown out.
    Kicked,
    /// The group became a supergroup with this id; the old id is refused with the new one.
    Migrated(i64),
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Author {
    /// The bot.
    Bot,
    /// A person of this name.
    Person(String),
}

/// A file in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its id, for sending it again.
    pub id: String,
    /// Its name; pictures lose theirs.
    pub name: String,
    /// Its media type.
    pub media: String,
    /// Width and height of a picture sent as such.
    pub picture: Option<(usize, usize)>,
    /// What is in it.
    pub bytes: Bytes,
}

/// What a message consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text.
    Text(Formatted),
    /// A file with a caption, which may be empty.
    File(File, Formatted),
    /// The notice that the message with this id was pinned.
    Pinned(i64),
}

/// A message in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its number in the chat.
    pub id: i64,
    /// Who wrote it.
    pub author: Author,
    /// When it was sent.
    pub date: DateTime<Utc>,
    /// When it was last edited.
    pub edited: Option<DateTime<Utc>>,
    /// The message that it answers.
    pub reply_to: Option<i64>,
    /// What it consists of.
    pub content: Content,
}

impl Message {
    /// Its text or caption as people read it, without markup.
    pub fn text(&self) -> &str {
        match &self.content {
            Content::Text(text) | Content::File(_, text) => &text.text,
            Content::Pinned(_) => "",
        }
    }

    /// Its text or caption as HTML, behind its file's name.
    pub(super) fn html(&self) -> String {
        match &self.content {
            Content::Text(text) => show(text),
            Content::File(file, caption) => format!("[{}] {}", file.name, show(caption)),
            Content::Pinned(id) => format!("[pinned {id}]"),
        }
    }

    /// Its file, if it has one.
    pub fn file(&self) -> Option<&File> {
        match &self.content {
            Content::File(file, _) => Some(file),
            Content::Text(_) | Content::Pinned(_) => None,
        }
    }
}

/// A chat.
#[derive(Debug, Clone)]
pub(super) struct Chat {
    pub id: i64,
    pub title: String,
    pub standing: Standing,
    pub messages: BTreeMap<i64, Message>,
    /// Ids of pinned messages, the latest last.
    pub pinned: Vec<i64>,
    pub taken: Taken,
    last_id: i64,
}

/// Everything that the service knows.
#[derive(Debug, Default)]
pub(super) struct State {
    pub clock: Clock,
    pub limited: bool,
    pub taken: Taken,
    pub chats: HashMap<i64, Chat>,
    pub delivery: Delivery,
    pub commands: Vec<Command>,
    files: u64,
}

impl Chat {
    pub fn new(id: i64, title: &str) -> Self {
        Self {
            id,
            title: title.to_owned(),
            standing: Standing::Member,
            messages: BTreeMap::new(),
            pinned: Vec::new(),
            taken: Taken::default(),
            last_id: 0,
        }
    }

    /// Groups have negative ids, people positive ones.
    pub fn is_group(&self) -> bool {
        self.id < 0
    }

    /// Adds a message under the next number; a deleted number does not come back.
    pub fn add(
        &mut self,
        author: Author,
        date: DateTime<Utc>,
        reply_to: Option<i64>,
        content: Content,
    ) -> i64 {
        self.last_id += 1;
        let id = self.last_id;
        self.messages.insert(id, Message { id, author, date, edited: None, reply_to, content });
        id
    }

    /// The chat as the Bot API shows it.
    pub fn shown(&self) -> Value {
        // Supergroups are told from old groups by their ids.
        let kind = match self.id {
            0.. => return json!({"id": self.id, "type": "private", "first_name": self.title}),
            ..-1_000_000_000_000 => "supergroup",
            _ => "group",
        };
        json!({"id": self.id, "type": kind, "title": self.title})
    }

    /// A message as the Bot API shows it.
    pub fn shown_message(&self, message: &Message) -> Value {
        let mut value = json!({
            "message_id": message.id,
            "from": sender(&message.author, self),
            "chat": self.shown(),
            "date": message.date.timestamp(),
        });
        if let Some(edited) = message.edited {
            value["edit_date"] = edited.timestamp().into();
        }
        if let Some(reply) = message.reply_to.and_then(|id| self.messages.get(&id)) {
            // An answered message is shown without what it answers itself.
            value["reply_to_message"] = self.shown_message(&Message { reply_to: None, ..reply.clone() });
        }
        match &message.content {
            Content::Text(text) => write(&mut value, "text", "entities", text),
            Content::File(file, caption) => {
                let (kind, shown) = file.shown();
                value[kind] = shown;
                write(&mut value, "caption", "caption_entities", caption);
            }
            Content::Pinned(id) => {
                if let Some(pinned) = self.messages.get(id) {
                    value["pinned_message"] =
                        self.shown_message(&Message { reply_to: None, ..pinned.clone() });
                }
            }
        }
        value
    }
}

fn write(value: &mut Value, text: &str, entities: &str, formatted: &Formatted) {
    if formatted.text.is_empty() {
        return;
    }
    value[text] = formatted.text.as_str().into();
    if !formatted.entities.is_empty() {
        value[entities] = formatted.listed().into();
    }
}

/// The bot as the Bot API shows it.
pub(super) fn bot() -> Value {
    json!({"id": 123_456_789, "is_bot": true, "first_name": "Sandbox", "username": "sandbox_bot"})
}

fn sender(author: &Author, chat: &Chat) -> Value {
    match author {
        Author::Bot => bot(),
        Author::Person(name) => {
            // In a private chat the person is the chat.
            let id = if chat.is_group() { 700_000_001 } else { chat.id };
            json!({"id": id, "is_bot": false, "first_name": name, "language_code": "id"})
        }
    }
}

impl File {
    /// Which field of a message it fills, and with what.
    fn shown(&self) -> (&'static str, Value) {
        let mut shown = json!({
            "file_id": self.id,
            "file_unique_id": format!("u{}", self.id),
            "file_size": self.bytes.len(),
        });
        if let Some((width, height)) = self.picture {
            shown["width"] = width.into();
            shown["height"] = height.into();
            return ("photo", json!([shown]));
        }
        shown["file_name"] = self.name.as_str().into();
        shown["mime_type"] = self.media.as_str().into();
        ("document", shown)
    }
}

impl State {
    /// A service with these chats and the limits in force.
    pub fn new(chats: impl IntoIterator<Item = Chat>) -> Self {
        let chats = chats.into_iter().map(|chat| (chat.id, chat)).collect();
        Self { limited: true, chats, ..Self::default() }
    }

    /// A new file's id.
    pub fn next_file(&mut self) -> String {
        self.files += 1;
        format!("BQACAgUAAx{:08}", self.files)
    }

    /// A file that was sent before.
    pub fn known_file(&self, id: &str) -> Option<&File> {
        let messages = self.chats.values().flat_map(|chat| chat.messages.values());
        messages.filter_map(Message::file).find(|file| file.id == id)
    }
}
