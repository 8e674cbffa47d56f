//! How what people write reaches the bot: by asking (`getUpdates`) or by a webhook.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, Uri, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::errors::{Answer, Refusal};
use super::request::Parameters;
use super::{Shared, Telegram};

/// Longest time that the service holds a `getUpdates`, in seconds.
const LONGEST_WAIT: i64 = 50;
/// Pause before a webhook that failed is called again.
const PAUSE: Duration = Duration::from_millis(500);

/// Updates on their way to the bot.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    waiting: VecDeque<(i64, Value)>,
    last_id: i64,
    /// Counts `getUpdates`: a new one ends the one before.
    polls: u64,
    webhook: Option<Webhook>,
}

#[derive(Debug)]
struct Webhook {
    url: Uri,
    secret: Option<String>,
    failed: Option<(DateTime<Utc>, String)>,
    task: AbortHandle,
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Delivery {
    /// Queues an update that has this field, such as `message`.
    pub fn add(&mut self, field: &str, value: &Value) {
        self.last_id += 1;
        // Ids begin anywhere and grow by one.
        let id = 500_000_000 + self.last_id;
        self.waiting.push_back((id, json!({ "update_id": id, field: value })));
    }

    /// Forgets what an offset confirms; a negative one keeps that many of the latest.
    fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            self.waiting.drain(..self.waiting.len().saturating_sub(kept));
        }
        self.waiting.retain(|(id, _)| *id >= offset);
    }
}

/// `getUpdates`, waiting for something to arrive if it is told to.
pub(super) async fn get(telegram: &Telegram, parameters: &Parameters) -> Answer {
    let limit = parameters.number("limit").unwrap_or(100).clamp(1, 100);
    let limit = usize::try_from(limit).unwrap_or(100);
    let wait = parameters.number("timeout").unwrap_or(0).clamp(0, LONGEST_WAIT);
    let deadline = Instant::now() + Duration::from_secs(wait.unsigned_abs());
    let poll = {
        let mut state = telegram.state();
        state.delivery.confirm(parameters.number("offset").unwrap_or(0));
        state.delivery.polls += 1;
        state.delivery.polls
    };
    telegram.0.changed.notify_waiters();
    loop {
        let changed = telegram.0.changed.notified();
        {
            let delivery = &telegram.state().delivery;
            if delivery.webhook.is_some() {
                return Err(Refusal::conflict(
                    "can't use getUpdates method while webhook is active; use deleteWebhook to delete the \
                     webhook first",
                ));
            }
            if delivery.polls != poll {
                return Err(Refusal::conflict(
                    "terminated by other getUpdates request; make sure that only one bot instance is running",
                ));
            }
            let found: Vec<Value> =
                delivery.waiting.iter().take(limit).map(|(_, update)| update.clone()).collect();
            if !found.is_empty() || wait == 0 {
                return Ok(found.into());
            }
        }
        if tokio::time::timeout_at(deadline, changed).await.is_err() {
            return Ok(json!([]));
        }
    }
}

/// `setWebhook`; an empty address deletes it.
pub(super) fn set(telegram: &Telegram, parameters: &Parameters) -> Response {
    match webhook(parameters) {
        Err(refusal) => super::errors::respond(Err(refusal)),
        Ok(None) => delete(telegram, parameters),
        Ok(Some((url, secret))) => {
            let mut state = telegram.state();
            if parameters.flag("drop_pending_updates") {
                state.delivery.waiting.clear();
            }
            let task = tokio::spawn(deliver(Arc::downgrade(&telegram.0))).abort_handle();
            state.delivery.webhook = Some(Webhook { url, secret, failed: None, task });
            drop(state);
            telegram.0.changed.notify_waiters();
            done("Webhook was set")
        }
    }
}

/// `deleteWebhook`.
pub(super) fn delete(telegram: &Telegram, parameters: &Parameters) -> Response {
    let mut state = telegram.state();
    if parameters.flag("drop_pending_updates") {
        state.delivery.waiting.clear();
    }
    match state.delivery.webhook.take() {
        Some(_) => done("Webhook was deleted"),
        None => done("Webhook is already deleted"),
    }
}

/// `getWebhookInfo`.
pub(super) fn info(telegram: &Telegram) -> Value {
    let delivery = &telegram.state().delivery;
    let url = delivery.webhook.as_ref().map(|webhook| webhook.url.to_string()).unwrap_or_default();
    let mut info = json!({
        "url": url,
        "has_custom_certificate": false,
        "pending_update_count": delivery.waiting.len(),
    });
    if let Some(webhook) = &delivery.webhook {
        info["max_connections"] = 40.into();
        if let Some((at, why)) = &webhook.failed {
            info["last_error_date"] = at.timestamp().into();
            info["last_error_message"] = why.as_str().into();
        }
    }
    info
}

fn done(description: &str) -> Response {
    axum::Json(json!({"ok": true, "result": true, "description": description})).into_response()
}

/// Address and secret of a webhook, if they may be used.
///
/// The service itself wants `https`; like a Bot API server of one's own, this one calls
/// `http` addresses, and only those.
fn webhook(parameters: &Parameters) -> Result<Option<(Uri, Option<String>)>, Refusal> {
    let Some(url) = parameters.text("url") else { return Ok(None) };
    let url: Uri = url.parse().map_err(|_| Refusal::bad("bad webhook: invalid webhook URL specified"))?;
    if url.scheme_str() != Some("http") || url.host().is_none() {
        return Err(Refusal::bad("bad webhook: this stand-in delivers to http addresses only"));
    }
    let secret = parameters.text("secret_token").map(str::to_owned);
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    match &secret {
        Some(secret) if secret.len() > 256 => Err(Refusal::bad("secret token is too long")),
        Some(secret) if !secret.chars().all(allowed) => {
            Err(Refusal::bad("secret token contains unallowed characters"))
        }
        _ => Ok(Some((url, secret))),
    }
}

/// Posts updates to the webhook, one after the other, each until it is taken.
async fn deliver(shared: Weak<Shared>) {
    while let Some(telegram) = shared.upgrade().map(Telegram) {
        let changed = Arc::clone(&telegram.0.changed);
        // Made before looking, so that nothing that arrives in between is missed.
        let arrived = changed.notified();
        let Some(next) = next(&telegram) else {
            // Who waits must not hold the service, or it would never end.
            drop(telegram);
            arrived.await;
            continue;
        };
        let result = post(&next).await;
        let failed = result.is_err();
        note(&telegram, next.id, result);
        drop(telegram);
        if failed {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// An update and where it is to go.
struct Next {
    id: i64,
    update: Value,
    url: Uri,
    secret: Option<String>,
}

fn next(telegram: &Telegram) -> Option<Next> {
    let delivery = &telegram.state().delivery;
    let webhook = delivery.webhook.as_ref()?;
    let (id, update) = delivery.waiting.front().cloned()?;
    Some(Next { id, update, url: webhook.url.clone(), secret: webhook.secret.clone() })
}

/// Takes an update off the queue, or keeps why it was not taken.
fn note(telegram: &Telegram, id: i64, result: Result<(), String>) {
    let mut state = telegram.state();
    let now = state.clock.now();
    match (result, &mut state.delivery.webhook) {
        (Ok(()), _) => state.delivery.waiting.retain(|(waiting, _)| *waiting != id),
        (Err(why), Some(webhook)) => webhook.failed = Some((now, why)),
        (Err(_), None) => {}
    }
}

async fn post(next: &Next) -> Result<(), String> {
    let mut request = Request::post(&next.url).header(header::CONTENT_TYPE, "application/json");
    if let Some(secret) = &next.secret {
        request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
    }
    let body = Full::new(Bytes::from(next.update.to_string()));
    let request = request.body(body).map_err(|error| error.to_string())?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|_| "Connection failed".to_owned())?;
    if response.status().is_success() {
        return Ok(());
    }
    Err(format!("Wrong response from the webhook: {}", response.status()))
}
