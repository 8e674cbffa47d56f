//! The Bot API: chats with real messages, and the real service's limits and refusals
//! (core.telegram.org/bots/api).
//!
//! The limits hold by default and forgive a burst of ten messages, so that a run with a few
//! exports never meets them; see [`Telegram::limit`] and [`Telegram::advance`].

mod commands;
mod errors;
mod limits;
mod markup;
mod methods;
mod page;
mod picture;
mod request;
mod state;
mod updates;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::Request;
use axum::response::Response;
use axum::routing::any;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use errors::{Refusal, respond};
pub use markup::{Entity, Formatted, Style};
use methods::FileKind;
use request::Parameters;
pub use state::{Author, Content, File, Message, Standing};
use state::{Chat, bot};

use crate::server::Service;

/// The bot's token in the ready-made configuration.
pub const TOKEN: &str = "123456789:sandbox-bot-token-not-a-real-one";
/// The chat that the bot is a member of.
pub const CHAT: &str = "-1001234567890";
/// The same as a number.
pub const CHAT_ID: i64 = -1_001_234_567_890;

/// The messenger's handle; clones are the same.
#[derive(Debug, Clone)]
pub struct Telegram(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<state::State>,
    /// Told whenever something arrives for the bot.
    changed: Arc<Notify>,
}

impl Default for Telegram {
    /// A service with the one chat [`CHAT`] and the limits in force.
    fn default() -> Self {
        let state = state::State::new([Chat::new(CHAT_ID, "Toko Andalan")]);
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Arc::default() }))
    }
}

impl Telegram {
    fn state(&self) -> MutexGuard<'_, state::State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Texts and captions in [`CHAT`] with their formatting as HTML, oldest first; a file's
    /// name stands in brackets before its caption.
    pub fn messages(&self) -> Vec<String> {
        self.history(CHAT_ID).iter().map(Message::html).collect()
    }

    /// The messages in a chat, oldest first; none when there is no such chat.
    pub fn history(&self, chat: i64) -> Vec<Message> {
        let state = self.state();
        state.chats.get(&chat).map(|chat| chat.messages.values().cloned().collect()).unwrap_or_default()
    }

    /// Ids of the pinned messages of a chat, the latest last.
    pub fn pinned(&self, chat: i64) -> Vec<i64> {
        self.state().chats.get(&chat).map(|chat| chat.pinned.clone()).unwrap_or_default()
    }

    /// Adds a chat: a supergroup when the id begins with -100, a group when it is another
    /// negative one, a person when it is positive.
    pub fn add_chat(&self, id: i64, title: &str) {
        self.state().chats.insert(id, Chat::new(id, title));
    }

    /// What the bot may do in a chat from now on. Migrating a group adds the supergroup.
    /// Gives whether there is such a chat.
    pub fn set_standing(&self, chat: i64, standing: Standing) -> bool {
        let mut state = self.state();
        let Some(known) = state.chats.get_mut(&chat) else { return false };
        known.standing = standing;
        if let Standing::Migrated(to) = standing {
            let successor = Chat::new(to, &known.title.clone());
            state.chats.entry(to).or_insert(successor);
        }
        true
    }

    /// A person writes into a chat; gives the message's id if there is such a chat.
    pub fn say(&self, chat: i64, name: &str, text: &str) -> Option<i64> {
        let mut state = self.state();
        let now = state.clock.now();
        let known = state.chats.get_mut(&chat)?;
        let content = Content::Text(Formatted::typed(text));
        let id = known.add(Author::Person(name.to_owned()), now, None, content);
        let shown = known.shown_message(&known.messages[&id]);
        state.delivery.add("message", &shown);
        drop(state);
        self.0.changed.notify_waiters();
        Some(id)
    }

    /// The commands that the bot shows, by name.
    pub fn commands(&self) -> Vec<String> {
        self.state().commands.iter().map(|command| command.name().to_owned()).collect()
    }

    /// Whether messages per second and minute are limited; they are at the start.
    pub fn limit(&self, on: bool) {
        self.state().limited = on;
    }

    /// Stops the service's clock at this moment; [`Telegram::advance`] moves it on.
    pub fn stop_clock(&self, at: DateTime<Utc>) {
        self.state().clock.stop_at(at);
    }

    /// Moves the service's clock on, so that nobody has to wait for a limit to pass.
    pub fn advance(&self, by: Duration) {
        self.state().clock.advance(TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX));
    }
}

/// The Bot API as a service: its endpoints are its methods, the token is not logged.
pub(crate) const SERVICE: Service =
    Service { name: "telegram", endpoint, logged, words: |_, code, pause| errors::words(code, pause) };

/// The name of an endpoint: its method, or `page`.
fn endpoint(_method: &str, path: &str) -> String {
    match path.strip_prefix("/bot").and_then(|rest| rest.rsplit_once('/')) {
        Some((_, method)) => method.to_owned(),
        None => "page".to_owned(),
    }
}

/// The path without the token.
fn logged(path: &str) -> String {
    if path.starts_with("/bot") { format!("/bot***/{}", endpoint("", path)) } else { path.to_owned() }
}

pub(crate) fn router(telegram: Telegram) -> Router {
    Router::new()
        .route("/{bot}/{method}", any(call))
        .merge(page::router())
        .fallback(|| async { respond(Err(Refusal::new(404, "Not Found"))) })
        .layer(DefaultBodyLimit::disable())
        .with_state(telegram)
}

async fn call(
    State(telegram): State<Telegram>,
    Path((bot, method)): Path<(String, String)>,
    request: Request<Body>,
) -> Response {
    match bot.strip_prefix("bot") {
        Some(TOKEN) => {}
        Some(token) if token.split_once(':').is_some_and(|(id, _)| id.parse::<u64>().is_ok()) => {
            return respond(Err(Refusal::new(401, "Unauthorized")));
        }
        _ => return respond(Err(Refusal::new(404, "Not Found"))),
    }
    let parameters = match Parameters::read(request).await {
        Ok(parameters) => parameters,
        Err(refusal) => return respond(Err(refusal)),
    };
    // The service does not mind how a method's letters are cased.
    let answer = match method.to_ascii_lowercase().as_str() {
        "getme" => Ok(bot_itself()),
        "getchat" => telegram.state().chat(&parameters).map(|chat| chat.shown()),
        "sendmessage" => telegram.state().send_message(&parameters),
        "sendphoto" => telegram.state().send_file(&parameters, FileKind::Photo),
        "senddocument" => telegram.state().send_file(&parameters, FileKind::Document),
        "editmessagetext" => telegram.state().edit_text(&parameters),
        "editmessagecaption" => telegram.state().edit_caption(&parameters),
        "deletemessage" => telegram.state().delete(&parameters),
        "pinchatmessage" => telegram.state().pin(&parameters),
        "unpinchatmessage" => telegram.state().unpin(&parameters),
        "setmycommands" => telegram.state().set_commands(&parameters),
        "getmycommands" => Ok(telegram.state().shown_commands()),
        "getupdates" => updates::get(&telegram, &parameters).await,
        "setwebhook" => return updates::set(&telegram, &parameters),
        "deletewebhook" => return updates::delete(&telegram, &parameters),
        "getwebhookinfo" => Ok(updates::info(&telegram)),
        _ => Err(Refusal::new(404, "Not Found: method not found")),
    };
    respond(answer)
}

/// `getMe`: the bot, with what it may do in general.
fn bot_itself() -> serde_json::Value {
    let mut bot = bot();
    bot["can_join_groups"] = true.into();
    bot["can_read_all_group_messages"] = true.into();
    bot["supports_inline_queries"] = false.into();
    bot
}
