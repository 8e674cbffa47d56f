//! What people write to the bot, by long polling (Bot API, `getUpdates`).

use std::fmt;
use std::time::Duration;

use exporter_core::Error;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::Failure;
use super::{Telegram, advice};

/// How long the service holds an empty answer back.
pub const LONG_POLL: Duration = Duration::from_secs(20);

/// Something that a person wrote.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// Its number; asking for what comes after it confirms it.
    pub update: i64,
    /// In which chat.
    pub chat: String,
    /// Who, as Telegram names them.
    pub who: String,
    /// The message's number in the chat.
    pub message: i64,
    /// What; it may be a code, so that `Debug` leaves it out.
    pub text: String,
    /// The id that the chat has from now on, where it says that it has moved.
    pub moved: Option<String>,
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { update, chat, who, message, .. } = self;
        write!(f, "Said {{ update: {update}, chat: {chat}, who: {who:?}, message: {message} }}")
    }
}

/// An update (Bot API, `Update`), as far as it is a message with a text.
#[derive(Deserialize)]
pub(super) struct Update {
    update_id: i64,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "message_id")]
    id: i64,
    chat: Chat,
    from: Option<User>,
    text: Option<String>,
    migrate_to_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct Chat {
    id: i64,
}

#[derive(Deserialize)]
struct User {
    id: i64,
    #[serde(default)]
    first_name: String,
}

impl Telegram {
    /// Waits so long for what people write after this update, [`LONG_POLL`] at most. What is
    /// no text comes back without one, so that it is confirmed as well.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses, for instance because another program
    /// asks with the same token.
    pub async fn listen(&self, after: Option<i64>, wait: Duration) -> Result<Vec<Said>, Error> {
        let mut parameters = Map::new();
        parameters.insert("timeout".to_owned(), wait.min(LONG_POLL).as_secs().into());
        parameters.insert("allowed_updates".to_owned(), json!(["message"]));
        if let Some(after) = after {
            parameters.insert("offset".to_owned(), (after + 1).into());
        }
        let result = self.api.call("getUpdates", &parameters, None).await;
        let updates: Value = result.map_err(|failure| self.error(failure))?;
        // One update of a kind that is not known must not hide the others.
        let updates = updates.as_array().cloned().unwrap_or_default().into_iter();
        Ok(updates.filter_map(|update| serde_json::from_value(update).ok()).map(said).collect())
    }

    /// The bot's own name, by which commands in a group are meant for it (Bot API, `getMe`).
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn name(&self) -> Result<String, Error> {
        let bot = self.api.call("getMe", &Map::new(), None).await.map_err(|failure| self.error(failure))?;
        Ok(bot.get("username").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// What the bot can be asked for, as [`Telegram::introduce`] says it.
    pub fn commands(&self) -> Value {
        let command = |(name, text)| json!({"command": name, "description": text});
        self.language.commands().map(command).collect()
    }

    /// Has the commands shown to people who begin to write one (Bot API, `setMyCommands`). A
    /// small server of one's own may not know how.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn introduce(&self) -> Result<(), Error> {
        let parameters = Map::from_iter([("commands".to_owned(), self.commands())]);
        match self.api.call("setMyCommands", &parameters, None).await {
            Err(Failure::Refused(refusal)) if advice::is_unknown_method(&refusal) => Ok(()),
            result => result.map(drop).map_err(|failure| self.error(failure)),
        }
    }

    /// The bot's number, which is the public part of its token.
    pub fn bot(&self) -> &str {
        self.api.bot()
    }

    /// Takes a message out of the chat in which it was written (Bot API, `deleteMessage`: in
    /// a group a right of its own).
    ///
    /// # Errors
    /// When the service refuses or cannot be reached.
    pub async fn take_away(&self, said: &Said) -> Result<(), Error> {
        let mut parameters = Map::new();
        parameters.insert("chat_id".to_owned(), said.chat.as_str().into());
        parameters.insert("message_id".to_owned(), said.message.into());
        let result = self.api.call("deleteMessage", &parameters, None).await;
        result.map(drop).map_err(|failure| self.error(failure))
    }
}

pub(super) fn said(update: Update) -> Said {
    let mut said = Said {
        update: update.update_id,
        chat: String::new(),
        who: String::new(),
        message: 0,
        text: String::new(),
        moved: None,
    };
    if let Some(message) = update.message {
        said.chat = message.chat.id.to_string();
        said.who = message.from.map_or_else(String::new, |user| format!("{} ({})", user.first_name, user.id));
        said.message = message.id;
        said.text = message.text.unwrap_or_default();
        said.moved = message.migrate_to_chat_id.map(|id| id.to_string());
    }
    said
}
