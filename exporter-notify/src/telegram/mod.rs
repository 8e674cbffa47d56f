//! Telegram: a bot that writes into one chat.
//!
//! Facts about the service are from its Bot API documentation,
//! <https://core.telegram.org/bots/api>.

mod advice;
mod api;
mod pace;
mod updates;
mod webhook;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use exporter_core::{Delivery, Error, ErrorKind, Message, Notifier, Retry, Secret, Stage};
use serde_json::{Map, Value, json};

use crate::picture::{self, Picture};
use crate::render::{Language, html, plain, split, units};
use api::{Api, Failure, Upload};
use pace::{Act, Pace};
pub use updates::{LONG_POLL, Said};
pub use webhook::{BotWebhook, posted};

/// The most UTF-16 units in a text message (Bot API, `sendMessage`, parameter `text`).
const TEXT_LIMIT: usize = 4096;
/// The most UTF-16 units under a picture (Bot API, `sendPhoto`, parameter `caption`).
const CAPTION_LIMIT: usize = 1024;
/// Where Telegram itself answers.
const TELEGRAM: &str = "https://api.telegram.org";
/// How long one message may wait for Telegram's own pauses, all together.
const PATIENCE: Duration = Duration::from_mins(1);
/// The pause before a call that certainly had no effect is made once more.
const AGAIN: Duration = Duration::from_secs(1);

/// Which bot, which chat, which language.
#[derive(Debug, Clone)]
pub struct TelegramConfig {
    /// The bot's token, as `@BotFather` shows it.
    pub token: Secret,
    /// The chat: a number, negative for groups, or `@name` of a public channel.
    pub chat: String,
    /// Another address than Telegram's: a Bot API server of one's own, or a stand-in.
    pub base_url: Option<String>,
    /// The language of messages.
    pub language: Language,
}

/// A bot that writes into one chat.
#[derive(Debug)]
pub struct Telegram {
    api: Api,
    /// Telegram may tell us that the chat has a new id.
    chat: Mutex<String>,
    pace: Mutex<Pace>,
    language: Language,
}

/// One message on its way: what is left of its patience, and what is to be noted.
struct Sending {
    patience: Duration,
    silent: bool,
    delivery: Delivery,
}

impl Sending {
    fn new(silent: bool) -> Self {
        Self { patience: PATIENCE, silent, delivery: Delivery::default() }
    }
}

impl Telegram {
    /// A bot for this configuration; nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when address, token or chat cannot be right.
    pub fn new(config: TelegramConfig) -> Result<Self, Error> {
        let chat = config.chat.trim().to_owned();
        if chat.is_empty() {
            return Err(Error::new(ErrorKind::Config, "the Telegram chat is empty")
                .hint("give `chat` the group's id, for instance -1001234567890"));
        }
        let api = Api::new(config.token, config.base_url.as_deref().unwrap_or(TELEGRAM))?;
        Ok(Self { api, chat: Mutex::new(chat), pace: Mutex::default(), language: config.language })
    }

    fn chat(&self) -> String {
        self.chat.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a picture with a caption; where it is refused, the caption as a text.
    async fn send_picture(
        &self,
        sending: &mut Sending,
        picture: Picture,
        caption: &str,
    ) -> Result<(), Error> {
        let mut upload = Upload { field: "photo", picture };
        let mut sent = self.send(sending, "sendPhoto", "caption", caption, Some(&upload)).await;
        if sent.as_ref().is_err_and(is_refused) {
            // A page that is too high for a picture still goes as a file.
            upload.field = "document";
            sent = self.send(sending, "sendDocument", "caption", caption, Some(&upload)).await;
        }
        match sent {
            Err(error) if is_refused(&error) => {
                tracing::warn!(%error, "the picture of the screen was refused");
                self.send_without(sending, caption).await
            }
            other => other,
        }
    }

    /// Sends the caption of a picture that cannot be sent.
    async fn send_without(&self, sending: &mut Sending, caption: &str) -> Result<(), Error> {
        let text = format!("{caption}\n{}", self.language.word("no_picture"));
        self.send(sending, "sendMessage", "text", &text, None).await
    }

    /// One message of one method; as plain text when its markup is refused.
    async fn send(
        &self,
        sending: &mut Sending,
        method: &str,
        field: &str,
        html: &str,
        upload: Option<&Upload>,
    ) -> Result<(), Error> {
        let mut parameters = Map::new();
        parameters.insert(field.to_owned(), html.into());
        parameters.insert("parse_mode".to_owned(), "HTML".into());
        if sending.silent {
            parameters.insert("disable_notification".to_owned(), true.into());
        }
        if upload.is_none() {
            parameters.insert("link_preview_options".to_owned(), json!({"is_disabled": true}));
        }
        let result = self.in_words(sending, method, parameters, (field, html), upload).await;
        let message = result.map_err(|failure| self.error(failure))?;
        if sending.delivery.id.is_none() {
            sending.delivery.id = message.get("message_id").map(Value::to_string);
        }
        Ok(())
    }

    /// A call that carries a text; as plain text when its markup is refused.
    async fn in_words(
        &self,
        sending: &mut Sending,
        method: &str,
        mut parameters: Map<String, Value>,
        (field, html): (&str, &str),
        upload: Option<&Upload>,
    ) -> Result<Value, Failure> {
        match self.call(sending, method, &mut parameters, upload).await {
            Err(Failure::Refused(refusal)) if advice::is_markup(&refusal) => {
                tracing::warn!(description = refusal.description, "markup was refused; sending plain text");
                parameters.remove("parse_mode");
                parameters.insert(field.to_owned(), plain(html).into());
                sending.delivery.plain = true;
                self.call(sending, method, &mut parameters, upload).await
            }
            other => other,
        }
    }

    /// Puts a text in the place of an earlier message; false when that one cannot be
    /// edited (any more), so that the text has to be sent anew.
    async fn edit(&self, sending: &mut Sending, id: &str, html: &str) -> Result<bool, Error> {
        let text = split(html, TEXT_LIMIT).into_iter().next().unwrap_or_default();
        let mut parameters = Map::new();
        // Telegram's ids are numbers.
        let number = id.parse::<i64>().map_or_else(|_| id.into(), Value::from);
        parameters.insert("message_id".to_owned(), number);
        parameters.insert("text".to_owned(), text.as_str().into());
        parameters.insert("parse_mode".to_owned(), "HTML".into());
        parameters.insert("link_preview_options".to_owned(), json!({"is_disabled": true}));
        let known = self.chat();
        match self.in_words(sending, "editMessageText", parameters, ("text", &text), None).await {
            // Messages of a group that has moved stay behind in the old one.
            Ok(_) if self.chat() == known => {}
            Ok(_) => return Ok(false),
            Err(Failure::Refused(refusal)) if advice::is_unchanged(&refusal) => {}
            Err(Failure::Refused(refusal)) if advice::cannot_be_edited(&refusal) => return Ok(false),
            Err(failure) => return Err(self.error(failure)),
        }
        sending.delivery.id = Some(id.to_owned());
        Ok(true)
    }

    /// Pins the message that was just sent; one that cannot be pinned is still a message.
    async fn pin(&self, sending: &mut Sending) {
        let Some(id) = sending.delivery.id.as_ref().and_then(|id| id.parse::<i64>().ok()) else { return };
        let mut parameters = Map::new();
        parameters.insert("message_id".to_owned(), id.into());
        parameters.insert("disable_notification".to_owned(), true.into());
        if let Err(failure) = self.call(sending, "pinChatMessage", &mut parameters, None).await {
            let error = self.error(failure);
            let note = format!("the message that says how things stand is not pinned: {error}");
            tracing::warn!("{note}");
            sending.delivery.notes.push(note);
        }
    }

    /// A call to the chat: waits where Telegram asks for it, as long as patience lasts,
    /// follows a chat that has moved, and repeats once what was certainly not sent.
    async fn call(
        &self,
        sending: &mut Sending,
        method: &str,
        parameters: &mut Map<String, Value>,
        upload: Option<&Upload>,
    ) -> Result<Value, Failure> {
        let mut repeated = false;
        loop {
            let chat = self.chat();
            if let Some(act) = act(method) {
                pace::turn(&self.pace, act, &chat).await;
            }
            parameters.insert("chat_id".to_owned(), chat.into());
            let failure = match self.api.call(method, parameters, upload).await {
                Ok(result) => return Ok(result),
                Err(failure) => failure,
            };
            let pause = match &failure {
                Failure::Refused(refusal) => match &refusal.parameters {
                    asked if asked.retry_after.is_some() => asked.retry_after.map(Duration::from_secs),
                    moved => {
                        let known = self.chat();
                        let to = moved.migrate_to_chat_id.map(|id| id.to_string()).filter(|id| *id != known);
                        to.map(|id| self.follow(sending, &id))
                    }
                },
                Failure::Down { unsent, .. } => (*unsent && !repeated).then(|| {
                    repeated = true;
                    AGAIN
                }),
            };
            let Some(pause) = pause.filter(|pause| *pause <= sending.patience) else {
                return Err(failure);
            };
            sending.patience -= pause;
            tokio::time::sleep(pause).await;
        }
    }

    /// Goes on with the chat's new id, and has it noted; no pause is needed.
    fn follow(&self, sending: &mut Sending, id: &str) -> Duration {
        let old =
            std::mem::replace(&mut *self.chat.lock().unwrap_or_else(PoisonError::into_inner), id.to_owned());
        let note = format!("the Telegram chat {old} has become {id}: put the new id into the configuration");
        tracing::warn!("{note}");
        sending.delivery.notes.push(note);
        sending.delivery.moved = Some((old, id.to_owned()));
        Duration::ZERO
    }

    fn error(&self, failure: Failure) -> Error {
        match failure {
            Failure::Refused(refusal) => advice::explain(&refusal, &self.chat()),
            Failure::Down { error, .. } => error,
        }
        .at(Stage::Notify)
    }
}

#[async_trait]
impl Notifier for Telegram {
    async fn check(&self) -> Result<(), Error> {
        let mut sending = Sending::new(true);
        for method in ["getMe", "getChat"] {
            match self.call(&mut sending, method, &mut Map::new(), None).await {
                Ok(_) => {}
                Err(Failure::Refused(refusal)) if advice::is_unknown_method(&refusal) => {}
                Err(failure) => return Err(self.error(failure)),
            }
        }
        Ok(())
    }

    async fn notify(&self, message: &Message) -> Result<Delivery, Error> {
        let mut sending = Sending::new(message.silent);
        let html = html(message, self.language);
        if let Some(id) = message.replaces.as_ref().filter(|_| message.part == 0)
            && self.edit(&mut sending, id, &html).await?
        {
            return Ok(sending.delivery);
        }
        let picture = picture::of(message);
        let parts = parts(&html, picture.is_some());
        // A message that was shortened meanwhile has nothing left to say.
        let Some(part) = parts.get(message.part) else { return Ok(sending.delivery) };
        match picture.filter(|_| message.part == 0) {
            None => self.send(&mut sending, "sendMessage", "text", part, None).await?,
            Some(path) => match picture::read(path).await {
                Ok(picture) => self.send_picture(&mut sending, picture, part).await?,
                Err(error) => {
                    tracing::warn!(%error, "the picture of the screen cannot be read");
                    self.send_without(&mut sending, part).await?;
                }
            },
        }
        sending.delivery.more = message.part + 1 < parts.len();
        if message.pin && message.part == 0 {
            self.pin(&mut sending).await;
        }
        Ok(sending.delivery)
    }
}

/// What is sent one after the other: with a picture first its caption, which is the whole
/// message where that is short enough.
fn parts(html: &str, picture: bool) -> Vec<String> {
    if !picture {
        return split(html, TEXT_LIMIT);
    }
    if units(html) <= CAPTION_LIMIT {
        return vec![html.to_owned()];
    }
    let caption = split(html.lines().next().unwrap_or_default(), CAPTION_LIMIT).into_iter().next();
    caption.into_iter().chain(split(html, TEXT_LIMIT)).collect()
}

/// What a method does to the chat, as far as Telegram's limits are concerned.
fn act(method: &str) -> Option<Act> {
    match method {
        "sendMessage" | "sendPhoto" | "sendDocument" => Some(Act::Send),
        "editMessageText" => Some(Act::Edit),
        _ => None,
    }
}

/// Whether the service said no to this message, as opposed to saying nothing.
fn is_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::MessageRefused && error.retry_class() == Retry::Never
}
