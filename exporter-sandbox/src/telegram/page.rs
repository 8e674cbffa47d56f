//! A chat as a person sees it, and a line to write into it.

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::markup::{plain, show};
use super::state::{Author, Chat, Content, File, Message};
use super::{CHAT, Telegram};

const STYLE: &str = "body{margin:0;background:#d7e3ec;font:15px/1.4 system-ui,sans-serif}\
    header{background:#fff;padding:10px 16px;position:sticky;top:0;box-shadow:0 1px 3px #0003}\
    header b{display:block}header small{color:#678}main{max-width:720px;margin:0 auto;padding:12px}\
    .m{background:#fff;border-radius:12px;padding:7px 11px;margin:6px 0;width:fit-content;max-width:85%;\
    box-shadow:0 1px 1px #0002;white-space:pre-wrap;overflow-wrap:anywhere}.m.person{background:#e3fbd0;margin-left:auto}\
    .who{color:#2a7ab8;font-weight:600;font-size:13px}.when{color:#8a98a5;font-size:12px;text-align:right}\
    .notice{margin:6px auto;background:#7a93a7cc;color:#fff;font-size:13px}\
    img{max-width:100%;border-radius:8px;display:block}blockquote{border-left:3px solid #2a7ab8;margin:2px 0;padding-left:8px}\
    pre,code{background:#eef2f5;border-radius:4px;font-size:13px}pre{padding:6px;overflow-x:auto}\
    .spoiler{background:#456;color:#456;border-radius:3px}.spoiler:hover{color:#fff}\
    form{display:flex;gap:6px;margin-top:12px}input{flex:1;padding:8px;border:1px solid #bcd;border-radius:8px}";

/// What a browser may do with the page: show it and send its own form.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'";

pub(super) fn router() -> Router<Telegram> {
    Router::new()
        .route("/", get(|| async { Redirect::to(&format!("/chat/{CHAT}")) }))
        .route("/chat/{chat}", get(chat))
        .route("/chat/{chat}/say", post(say))
        .route("/chat/{chat}/file/{message}", get(file))
}

async fn chat(State(telegram): State<Telegram>, Path(id): Path<i64>) -> Response {
    let state = telegram.state();
    let Some(chat) = state.chats.get(&id) else { return StatusCode::NOT_FOUND.into_response() };
    let title = plain(&chat.title);
    let messages: String = chat.messages.values().map(|message| shown(chat, message)).collect();
    let pinned = chat.pinned.last().and_then(|id| chat.messages.get(id));
    let pinned =
        pinned.map(|message| format!("<small>📌 {}</small>", plain(first_line(message)))).unwrap_or_default();
    let page = format!(
        "<!DOCTYPE html><html lang=\"id\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><header><b>{title}</b>{pinned}</header><main>{messages}\
         <form method=\"post\" action=\"/chat/{id}/say\"><input name=\"text\" placeholder=\"Write a message\" autocomplete=\"off\" required>\
         <button>Send</button></form></main></body></html>"
    );
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page)).into_response()
}

/// What a person types into the page.
#[derive(Deserialize)]
struct Typed {
    text: String,
}

async fn say(State(telegram): State<Telegram>, Path(id): Path<i64>, Form(typed): Form<Typed>) -> Response {
    match telegram.say(id, "Visitor", &typed.text) {
        Some(_) => Redirect::to(&format!("/chat/{id}")).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file of a message; only pictures are shown by the browser itself.
async fn file(State(telegram): State<Telegram>, Path((chat, id)): Path<(i64, i64)>) -> Response {
    let state = telegram.state();
    let message = state.chats.get(&chat).and_then(|chat| chat.messages.get(&id));
    let Some(file) = message.and_then(Message::file) else { return StatusCode::NOT_FOUND.into_response() };
    let (media, place) = match (file.picture, imagesize::image_type(&file.bytes)) {
        (Some(_), Ok(imagesize::ImageType::Png)) => ("image/png", "inline"),
        (Some(_), Ok(imagesize::ImageType::Jpeg)) => ("image/jpeg", "inline"),
        _ => ("application/octet-stream", "attachment"),
    };
    let safe =
        |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '_' };
    let name: String = file.name.chars().map(safe).collect();
    let place = format!("{place}; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, place)], file.bytes.clone())
        .into_response()
}

fn shown(chat: &Chat, message: &Message) -> String {
    let (class, who) = match &message.author {
        Author::Bot => ("bot", "Sandbox"),
        Author::Person(name) => ("person", name.as_str()),
    };
    let body = match &message.content {
        Content::Pinned(id) => {
            let line = chat.messages.get(id).map(first_line).unwrap_or_default();
            return format!("<div class=\"m notice\">{} pinned “{}”</div>", plain(who), plain(line));
        }
        Content::Text(text) => show(text),
        Content::File(file, caption) => format!("{}{}", attachment(chat, message, file), show(caption)),
    };
    let edited = if message.edited.is_some() { "edited " } else { "" };
    let pin = if chat.pinned.contains(&message.id) { "📌 " } else { "" };
    let answered = message.reply_to.and_then(|id| chat.messages.get(&id));
    let answered = answered
        .map(|message| format!("<blockquote>{}</blockquote>", plain(first_line(message))))
        .unwrap_or_default();
    format!(
        "<div class=\"m {class}\" id=\"m{}\"><div class=\"who\">{}</div>{answered}{body}<div class=\"when\">{pin}{edited}{}</div></div>",
        message.id,
        plain(who),
        time(message.date)
    )
}

fn attachment(chat: &Chat, message: &Message, file: &File) -> String {
    let address = format!("/chat/{}/file/{}", chat.id, message.id);
    match file.picture {
        Some((width, height)) => {
            format!(
                "<img src=\"{address}\" width=\"{width}\" height=\"{height}\" style=\"height:auto\" alt=\"picture\">"
            )
        }
        None => format!(
            "<a href=\"{address}\">📄 {}</a> <small>{} bytes</small>\n",
            plain(&file.name),
            file.bytes.len()
        ),
    }
}

fn first_line(message: &Message) -> &str {
    let line = message.text().lines().next().unwrap_or_default();
    if line.is_empty() { "a file" } else { line }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}
