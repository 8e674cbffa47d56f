//! Three services that are told by POST: an incoming webhook of Slack, one that takes any
//! JSON, and a heartbeat in the manner of Healthchecks.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, RETRY_AFTER};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use tokio::task::JoinHandle;

/// Where the Slack webhook is: whoever knows it may write.
pub const SLACK_PATH: &str = "/services/T0SANDBOX/B0SANDBOX/slack-secret";
/// Where any JSON is taken.
pub const WEBHOOK_PATH: &str = "/webhook/json-secret";
/// The token that it wants as `Authorization: Bearer …`.
pub const WEBHOOK_TOKEN: &str = "sandbox-webhook-token";
/// Where the heartbeat is; `/start` and `/fail` are below it.
pub const HEARTBEAT_PATH: &str = "/ping/0a1b2c3d-sandbox";

/// A request that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Where.
    pub path: String,
    /// What came.
    pub body: String,
}

impl Post {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Inside {
    taken: Vec<Post>,
    down: bool,
    wait: Option<u64>,
    refuse_markup: bool,
}

/// The three services at one address; they stop when this is dropped.
#[derive(Debug)]
pub struct Hooks {
    inside: Arc<Mutex<Inside>>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Hooks {
    /// Starts them on a free port of loopback.
    pub async fn start() -> io::Result<Self> {
        let inside: Arc<Mutex<Inside>> = Arc::default();
        let router = Router::new().fallback(answer).with_state(inside.clone());
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            // It ends by being aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { inside, address, server })
    }

    /// The address of one of them.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was taken, oldest first.
    pub fn taken(&self) -> Vec<Post> {
        self.inside().taken.clone()
    }

    /// Whether everything is answered by 503 from now on.
    pub fn set_down(&self, down: bool) {
        self.inside().down = down;
    }

    /// Answers the next request by 429 with this pause.
    pub fn ask_to_wait(&self, seconds: u64) {
        self.inside().wait = Some(seconds);
    }

    /// Refuses the next text with markup, as a service that reads it differently.
    pub fn refuse_markup(&self) {
        self.inside().refuse_markup = true;
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        lock(&self.inside)
    }
}

fn lock(inside: &Mutex<Inside>) -> MutexGuard<'_, Inside> {
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(
    State(inside): State<Arc<Mutex<Inside>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut inside = lock(&inside);
    if inside.down {
        // A proxy that tells too much, as they do.
        let words = format!("no upstream for {uri}");
        return (StatusCode::SERVICE_UNAVAILABLE, words).into_response();
    }
    if let Some(seconds) = inside.wait.take() {
        return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, seconds.to_string())], "rate_limited")
            .into_response();
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    let refusal = match uri.path() {
        "/" => return "here".into_response(),
        SLACK_PATH => slack(&mut inside, &body),
        WEBHOOK_PATH => webhook(&headers, &method, &body),
        path => match path.strip_prefix(HEARTBEAT_PATH) {
            Some("" | "/start" | "/fail") => None,
            _ => Some((StatusCode::NOT_FOUND, "no_service")),
        },
    };
    if let Some(refusal) = refusal {
        return refusal.into_response();
    }
    // Healthchecks takes any method for a sign of life.
    if method == Method::POST || uri.path().starts_with(HEARTBEAT_PATH) {
        inside.taken.push(Post { path: uri.path().to_owned(), body });
    }
    "ok".into_response()
}

/// Why Slack would not take this.
fn slack(inside: &mut Inside, body: &str) -> Option<(StatusCode, &'static str)> {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    if json["text"].as_str().unwrap_or_default().is_empty() {
        return Some((StatusCode::BAD_REQUEST, "no_text"));
    }
    if json["mrkdwn"] != false && std::mem::take(&mut inside.refuse_markup) {
        return Some((StatusCode::BAD_REQUEST, "invalid_payload"));
    }
    None
}

fn webhook(headers: &HeaderMap, method: &Method, body: &str) -> Option<(StatusCode, &'static str)> {
    let token = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if token.and_then(|token| token.strip_prefix("Bearer ")) != Some(WEBHOOK_TOKEN) {
        return Some((StatusCode::UNAUTHORIZED, "who are you"));
    }
    let is_json = serde_json::from_str::<Value>(body).is_ok();
    (method == Method::POST && !is_json).then_some((StatusCode::BAD_REQUEST, "this is not JSON"))
}
