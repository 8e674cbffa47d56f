//! A Bot API that answers from a script and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use exporter_core::Secret;
use exporter_notify::{Language, Telegram, TelegramConfig};
use serde_json::{Value, json};

/// The token that must never be seen outside an address.
pub const TOKEN: &str = "123456789:AAE-secret_of_the_bot";

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// The method, after the token.
    pub method: String,
    /// The body: JSON, or `Null` for a form with a file.
    pub json: Value,
    /// The body as text, with what is not text replaced.
    pub text: String,
}

#[derive(Default)]
struct Script {
    answers: VecDeque<(u16, Value)>,
    calls: Vec<Call>,
}

/// A running Bot API.
#[derive(Clone)]
pub struct Bot {
    script: Arc<Mutex<Script>>,
    /// Where it answers.
    pub url: String,
}

impl Bot {
    /// Starts one that gives these answers first and then says yes to everything.
    pub async fn start(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let script =
            Arc::new(Mutex::new(Script { answers: answers.into_iter().collect(), calls: Vec::new() }));
        let router = Router::new().fallback(answer).with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { script, url }
    }

    /// What it was asked so far.
    pub fn calls(&self) -> Vec<Call> {
        self.script.lock().unwrap().calls.clone()
    }

    /// The methods it was asked for.
    pub fn methods(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.method).collect()
    }

    /// A notifier that talks to it.
    pub fn telegram(&self) -> Telegram {
        telegram(&self.url)
    }
}

/// A notifier that talks to this address.
pub fn telegram(url: &str) -> Telegram {
    Telegram::new(TelegramConfig {
        token: Secret::new(TOKEN),
        chat: "-1001234567890".into(),
        base_url: Some(url.into()),
        language: Language::En,
    })
    .unwrap()
}

/// A refusal as the Bot API words it.
pub fn refusal(code: u16, description: &str) -> (u16, Value) {
    (code, json!({"ok": false, "error_code": code, "description": description}))
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, uri: Uri, body: Bytes) -> (StatusCode, String) {
    let mut script = script.lock().unwrap();
    let method = uri.path().strip_prefix(&format!("/bot{TOKEN}/")).unwrap_or("wrong token").to_owned();
    let text = String::from_utf8_lossy(&body).into_owned();
    let json = serde_json::from_slice(&body).unwrap_or_default();
    script.calls.push(Call { method, json, text });
    let id = script.calls.len();
    let yes = (200, json!({"ok": true, "result": {"message_id": id}}));
    let (status, answer) = script.answers.pop_front().unwrap_or(yes);
    let answer = answer.as_str().map_or_else(|| answer.to_string(), str::to_owned);
    (StatusCode::from_u16(status).unwrap(), answer)
}
