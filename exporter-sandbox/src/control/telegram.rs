//! The messenger's part of the control path: a person writes, the bot is thrown out, time passes.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refuse;
use crate::telegram::{CHAT_ID, Standing, Telegram};

pub(super) fn router(telegram: Telegram) -> Router {
    Router::new()
        .route("/telegram/messages", get(messages))
        .route("/telegram/say", post(say))
        .route("/telegram/chat", post(add_chat))
        .route("/telegram/standing", post(set_standing))
        .route("/telegram/limits", post(limits))
        .route("/telegram/advance", post(advance))
        .with_state(telegram)
}

fn usual_chat() -> i64 {
    CHAT_ID
}

async fn messages(State(telegram): State<Telegram>) -> Json<Vec<Value>> {
    let shown = telegram.history(CHAT_ID).into_iter().map(|message| {
        json!({
            "id": message.id,
            "text": message.text(),
            "edited": message.edited.is_some(),
            "file": message.file().map(|file| file.name.clone()),
        })
    });
    Json(shown.collect())
}

/// What a person writes.
#[derive(Deserialize)]
struct Said {
    #[serde(default = "usual_chat")]
    chat: i64,
    #[serde(default = "visitor")]
    from: String,
    text: String,
}

fn visitor() -> String {
    "Visitor".to_owned()
}

async fn say(State(telegram): State<Telegram>, Json(said): Json<Said>) -> Response {
    match telegram.say(said.chat, &said.from, &said.text) {
        Some(id) => Json(json!({ "message_id": id })).into_response(),
        None => refuse(&format!("there is no chat {}", said.chat)),
    }
}

/// A chat to add.
#[derive(Deserialize)]
struct NewChat {
    id: i64,
    title: String,
}

async fn add_chat(State(telegram): State<Telegram>, Json(new): Json<NewChat>) -> StatusCode {
    telegram.add_chat(new.id, &new.title);
    StatusCode::NO_CONTENT
}

/// What the bot may do in a chat from now on.
#[derive(Deserialize)]
struct NewStanding {
    #[serde(default = "usual_chat")]
    chat: i64,
    standing: Standing,
}

async fn set_standing(State(telegram): State<Telegram>, Json(new): Json<NewStanding>) -> Response {
    if telegram.set_standing(new.chat, new.standing) {
        return StatusCode::NO_CONTENT.into_response();
    }
    refuse(&format!("there is no chat {}", new.chat))
}

/// Whether messages per second and minute are limited.
#[derive(Deserialize)]
struct Limits {
    on: bool,
}

async fn limits(State(telegram): State<Telegram>, Json(limits): Json<Limits>) -> StatusCode {
    telegram.limit(limits.on);
    StatusCode::NO_CONTENT
}

/// How far the messenger's clock moves on.
#[derive(Deserialize)]
struct Advance {
    seconds: u64,
}

async fn advance(State(telegram): State<Telegram>, Json(by): Json<Advance>) -> StatusCode {
    telegram.advance(Duration::from_secs(by.seconds));
    StatusCode::NO_CONTENT
}
