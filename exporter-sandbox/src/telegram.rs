//! The Bot API: messages and pictures of one chat, with the real limits and refusals.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};

/// The bot's token in the ready-made configuration.
pub const TOKEN: &str = "123456789:sandbox-bot-token-not-a-real-one";
/// The chat that the bot is a member of.
pub const CHAT: &str = "-1001234567890";
/// Longest text, in UTF-16 code units (core.telegram.org/bots/api#sendmessage).
const LONGEST_TEXT: usize = 4096;

/// The messenger's handle; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Telegram(Arc<Mutex<Vec<String>>>);

impl Telegram {
    fn sent(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The texts and captions in the chat, oldest first.
    pub fn messages(&self) -> Vec<String> {
        self.sent().clone()
    }
}

/// The name of an endpoint: its method.
pub(crate) fn endpoint(_method: &str, path: &str) -> String {
    path.rsplit('/').next().unwrap_or_default().to_owned()
}

/// The path without the token.
pub(crate) fn logged(path: &str) -> String {
    format!("/bot***/{}", endpoint("", path))
}

pub(crate) fn router(telegram: Telegram) -> Router {
    Router::new().route("/chat/{id}", get(chat)).route("/{bot}/{method}", any(call)).with_state(telegram)
}

async fn call(
    State(telegram): State<Telegram>,
    Path((bot, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if bot.strip_prefix("bot") != Some(TOKEN) {
        return refuse(401, "Unauthorized");
    }
    let json_body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let multipart =
        headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
    let field = |name: &str| if multipart { part(&body, name) } else { plain(&json_body[name]) };
    match method.as_str() {
        "getMe" => ok(
            &json!({"id": 123_456_789, "is_bot": true, "first_name": "Sandbox", "username": "sandbox_bot"}),
        ),
        "getUpdates" => ok(&json!([])),
        _ if field("chat_id").as_deref() != Some(CHAT) => refuse(400, "Bad Request: chat not found"),
        "getChat" => {
            ok(&json!({"id": -1_001_234_567_890_i64, "title": "Toko Andalan", "type": "supergroup"}))
        }
        "sendMessage" | "editMessageText" => {
            text(&telegram, &field("text").unwrap_or_default(), field("parse_mode").as_deref())
        }
        "sendPhoto" | "sendDocument" => text(
            &telegram,
            &format!("[{method}] {}", field("caption").unwrap_or_default()),
            field("parse_mode").as_deref(),
        ),
        _ => refuse(404, "Not Found: method not found"),
    }
}

fn text(telegram: &Telegram, text: &str, mode: Option<&str>) -> Response {
    if text.trim().is_empty() {
        return refuse(400, "Bad Request: message text is empty");
    }
    if mode == Some("HTML")
        && let Some(tag) = unclosed(text)
    {
        let why = format!(
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"{tag}\""
        );
        return refuse(400, &why);
    }
    let visible = if mode == Some("HTML") { without_tags(text) } else { text.to_owned() };
    if visible.encode_utf16().count() > LONGEST_TEXT {
        return refuse(400, "Bad Request: message is too long");
    }
    let mut sent = telegram.sent();
    sent.push(text.to_owned());
    ok(
        &json!({"message_id": sent.len(), "chat": {"id": -1_001_234_567_890_i64, "type": "supergroup"}, "text": visible}),
    )
}

/// The first tag that is opened and not closed.
fn unclosed(text: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    for piece in text.split('<').skip(1) {
        let tag = piece.split('>').next().unwrap_or_default();
        match tag.strip_prefix('/') {
            Some(name) if open.last() == Some(&name) => {
                open.pop();
            }
            Some(name) => return Some(name.to_owned()),
            None => open.push(tag.split(' ').next().unwrap_or_default()),
        }
    }
    open.first().map(|tag| (*tag).to_owned())
}

fn without_tags(text: &str) -> String {
    let mut visible = String::new();
    let mut inside = false;
    for letter in text.chars() {
        match letter {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => visible.push(letter),
            _ => {}
        }
    }
    visible.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// The text of a field of a multipart body.
fn part(body: &[u8], name: &str) -> Option<String> {
    let body = String::from_utf8_lossy(body);
    let start = body.find(&format!("name=\"{name}\""))?;
    let content = start + body[start..].find("\r\n\r\n")? + 4;
    let end = content + body[content..].find("\r\n--")?;
    Some(body[content..end].to_owned())
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn ok(result: &Value) -> Response {
    axum::Json(json!({"ok": true, "result": result})).into_response()
}

fn refuse(code: u16, description: &str) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
    (status, axum::Json(json!({"ok": false, "error_code": code, "description": description}))).into_response()
}

/// The chat as a person sees it.
async fn chat(State(telegram): State<Telegram>) -> Html<String> {
    let sent = telegram.sent();
    let messages = sent.join("</p><p style=\"white-space:pre-wrap\">");
    Html(format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><title>Toko Andalan</title><p style=\"white-space:pre-wrap\">{messages}</p>"
    ))
}
