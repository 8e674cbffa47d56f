//! What we did, what the browser sent, and what the pages said to the console: for the
//! evidence of a failure. Bounded, and masked when it is written down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use exporter_core::Secret;
use futures::StreamExt as _;
use serde::Serialize;
use serde_json::Value;
use thirtyfour::bidi::events::{FetchError, LogEntryAdded, ResponseCompleted};
use thirtyfour::bidi::{BiDi, BidiError};
use tokio::task::JoinHandle;

/// How many entries of each sort are kept: the last ones.
const KEPT: usize = 500;

/// Takes notes as long as it lives.
pub(super) struct Diary {
    begun: Instant,
    pages: Arc<Mutex<Pages>>,
    task: Option<JoinHandle<()>>,
}

#[derive(Default, Serialize)]
struct Pages {
    steps: VecDeque<Entry>,
    requests: VecDeque<Entry>,
    console: VecDeque<Entry>,
}

#[derive(Serialize)]
struct Entry {
    /// Milliseconds since the browser started.
    at: u128,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What {
    Step {
        step: String,
    },
    Request {
        method: String,
        url: String,
        status: Option<u16>,
        media_type: Option<String>,
        error: Option<String>,
    },
    Console {
        level: String,
        text: String,
    },
}

impl Diary {
    /// Begins; a browser that cannot tell leaves only our own steps.
    pub(super) async fn start(bidi: Option<&BiDi>) -> Self {
        let mut diary = Self { begun: Instant::now(), pages: Arc::default(), task: None };
        if let Some(bidi) = bidi {
            match listen(bidi, Arc::clone(&diary.pages), diary.begun).await {
                Ok(task) => diary.task = Some(task),
                Err(error) => tracing::debug!(%error, "the browser does not tell what it does"),
            }
        }
        diary
    }

    /// Takes down what we do.
    pub(super) fn step(&self, step: String) {
        push(&mut lock(&self.pages).steps, self.begun, What::Step { step });
    }

    /// All of it as JSON, without these secrets and without values in addresses.
    pub(super) fn masked(&self, secrets: &[&Secret]) -> Vec<u8> {
        let text = serde_json::to_string_pretty(&*lock(&self.pages)).unwrap_or_default();
        let mask = |text: String, secret: &&Secret| match secret.expose() {
            // Shorter ones stand in any text by chance.
            short if short.len() < 4 => text,
            secret => text.replace(secret, "***"),
        };
        secrets.iter().fold(text, mask).into_bytes()
    }
}

impl Drop for Diary {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

fn lock(pages: &Mutex<Pages>) -> MutexGuard<'_, Pages> {
    pages.lock().unwrap_or_else(PoisonError::into_inner)
}

fn push(entries: &mut VecDeque<Entry>, begun: Instant, what: What) {
    if entries.len() == KEPT {
        entries.pop_front();
    }
    entries.push_back(Entry { at: begun.elapsed().as_millis(), what });
}

async fn listen(bidi: &BiDi, pages: Arc<Mutex<Pages>>, begun: Instant) -> Result<JoinHandle<()>, BidiError> {
    let mut answers = bidi.subscribe::<ResponseCompleted>().await?;
    let mut failures = bidi.subscribe::<FetchError>().await?;
    let mut console = bidi.subscribe::<LogEntryAdded>().await?;
    Ok(tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(answer) = answers.next() => {
                    let media_type = answer.response.extra.get("mimeType").and_then(Value::as_str);
                    let what = What::Request {
                        method: answer.request.method,
                        url: masked_url(&answer.request.url),
                        status: Some(answer.response.status),
                        media_type: media_type.map(str::to_owned),
                        error: None,
                    };
                    push(&mut lock(&pages).requests, begun, what);
                }
                Some(failure) = failures.next() => {
                    let what = What::Request {
                        method: failure.request.method,
                        url: masked_url(&failure.request.url),
                        status: None,
                        media_type: None,
                        error: Some(failure.error_text),
                    };
                    push(&mut lock(&pages).requests, begun, what);
                }
                Some(entry) = console.next() => {
                    let text = entry.text.unwrap_or_default().chars().take(500).collect();
                    push(&mut lock(&pages).console, begun, What::Console { level: format!("{:?}", entry.level), text });
                }
                else => break,
            }
        }
    }))
}

/// The address with the values of its query masked, days and numbers apart.
fn masked_url(url: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    if query.is_empty() {
        return path.to_owned();
    }
    let plain = |value: &str| {
        let value = value.replace("%2F", "/");
        value.len() <= 12 && value.chars().all(|letter| letter.is_ascii_digit() || "-/.".contains(letter))
    };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !plain(value) => format!("{name}=***"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_days_and_lose_their_secrets() {
        assert_eq!(
            masked_url("http://p/x?start=2026-01-05&end=06%2F01%2F2026&_token=abc123def&q="),
            "http://p/x?start=2026-01-05&end=06%2F01%2F2026&_token=***&q="
        );
        assert_eq!(masked_url("http://p/x"), "http://p/x");
    }

    #[tokio::test]
    async fn only_the_last_entries_are_kept_and_secrets_are_masked() {
        let diary = Diary::start(None).await;
        for number in 0..=KEPT {
            diary.step(format!("step {number} hunter22"));
        }
        let text = String::from_utf8(diary.masked(&[&Secret::new("hunter22")])).unwrap();
        assert!(text.contains("step 500 ***") && !text.contains("\"step 0 "), "{text}");
    }
}
