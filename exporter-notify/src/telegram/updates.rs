//! What people write to the bot, by long polling (Bot API, `getUpdates`).

use exporter_core::Error;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Telegram;

/// The service holds an empty answer back for so many seconds.
const WAIT: u64 = 20;

/// Something that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its number; asking for what comes after it confirms it.
    pub update: i64,
    /// In which chat.
    pub chat: String,
    /// Who, as Telegram names them.
    pub who: String,
    /// What.
    pub text: String,
}

/// An update (Bot API, `Update`), as far as it is a message with a text.
#[derive(Deserialize)]
struct Update {
    update_id: i64,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    chat: Chat,
    from: Option<User>,
    text: Option<String>,
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
    /// Waits for what people write after this update, at most some twenty seconds. What is
    /// no text comes back without one, so that it is confirmed as well.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses, for instance because another program
    /// asks with the same token.
    pub async fn listen(&self, after: Option<i64>) -> Result<Vec<Said>, Error> {
        let mut parameters = Map::new();
        parameters.insert("timeout".to_owned(), WAIT.into());
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
}

fn said(update: Update) -> Said {
    let (chat, from, text) = match update.message {
        Some(message) => (message.chat.id.to_string(), message.from, message.text.unwrap_or_default()),
        None => Default::default(),
    };
    let who = from.map_or_else(String::new, |user| format!("{} ({})", user.first_name, user.id));
    Said { update: update.update_id, chat, who, text }
}
