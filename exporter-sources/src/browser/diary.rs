//! What we did, what the browser sent, and what the pages said to the console: for the
//! evidence of a failure. Bounded, and masked when it is written down.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::DateTime;
use futures::StreamExt as _;
use serde::Serialize;
use serde_json::Value;
use thirtyfour::bidi::events::{FetchError, LogEntryAdded, ResponseCompleted};
use thirtyfour::bidi::modules::network::RequestData;
use thirtyfour::bidi::{BiDi, BidiError, EventStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::evidence::{Exchange, Log, Mask};

/// How many entries of each sort are kept: the last ones.
const KEPT: usize = 500;

/// Takes notes as long as it lives.
pub(super) struct Diary {
    begun: Instant,
    pages: Arc<Mutex<Pages>>,
    requests: Log,
    task: Option<Listener>,
}

/// Who writes down what the browser tells, until asked to stop.
struct Listener {
    stop: oneshot::Sender<()>,
    task: JoinHandle<Streams>,
}

/// What the browser tells.
struct Streams {
    answers: EventStream<ResponseCompleted>,
    failures: EventStream<FetchError>,
    console: EventStream<LogEntryAdded>,
}

#[derive(Default, Serialize)]
struct Pages {
    steps: VecDeque<Entry>,
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
    Step { step: String },
    Console { level: String, text: String },
}

impl Diary {
    /// Begins; a browser that cannot tell leaves only our own steps.
    pub(super) async fn start(bidi: Option<&BiDi>) -> Self {
        let mut diary =
            Self { begun: Instant::now(), pages: Arc::default(), requests: Log::default(), task: None };
        if let Some(bidi) = bidi {
            match listen(bidi, Arc::clone(&diary.pages), diary.requests.clone(), diary.begun).await {
                Ok(task) => diary.task = Some(task),
                Err(error) => tracing::debug!(%error, "the browser does not tell what it does"),
            }
        }
        diary
    }

    /// Ends it, before the browser goes. A stream that is dropped inside a runtime sends a word of
    /// good-bye and waits for its answer, forever where the session is gone by then, with all that
    /// the connection holds: outside a runtime it does not.
    pub(super) async fn end(mut self) {
        let Some(Listener { stop, task }) = self.task.take() else { return };
        // Fails only when the listener has ended by itself, which is what is wanted.
        let _ = stop.send(());
        match task.await {
            Ok(streams) => {
                if std::thread::spawn(move || drop(streams)).join().is_err() {
                    tracing::debug!("the streams of the browser did not end");
                }
            }
            Err(error) => tracing::debug!(%error, "the diary broke off"),
        }
    }

    /// Takes down what we do.
    pub(super) fn step(&self, step: String) {
        push(&mut lock(&self.pages).steps, self.begun, What::Step { step });
    }

    /// What we did and what the console says, as JSON, without what `mask` hides.
    pub(super) fn masked(&self, mask: &Mask) -> Vec<u8> {
        let text = serde_json::to_string_pretty(&*lock(&self.pages)).unwrap_or_default();
        mask.text(&text).into_bytes()
    }

    /// What was sent, and what came of it.
    pub(super) fn requests(&self) -> &Log {
        &self.requests
    }
}

impl Drop for Diary {
    fn drop(&mut self) {
        if let Some(listener) = &self.task {
            listener.task.abort();
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

async fn listen(
    bidi: &BiDi,
    pages: Arc<Mutex<Pages>>,
    requests: Log,
    begun: Instant,
) -> Result<Listener, BidiError> {
    let mut streams = Streams {
        answers: bidi.subscribe().await?,
        failures: bidi.subscribe().await?,
        console: bidi.subscribe().await?,
    };
    let (stop, mut stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let Streams { answers, failures, console } = &mut streams;
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                Some(answer) = answers.next() => {
                    let received = pairs(&answer.response.headers);
                    let media_type = answer.response.extra.get("mimeType").and_then(Value::as_str);
                    let exchange = Exchange {
                        media_type: media_type.map(str::to_owned),
                        size: answer.response.extra.get("bytesReceived").and_then(Value::as_u64),
                        ..exchange(&answer.request, answer.timestamp)
                    };
                    requests.push(exchange.answered(answer.response.status, borrowed(&received)));
                }
                Some(failure) = failures.next() => {
                    let exchange = exchange(&failure.request, failure.timestamp);
                    requests.push(Exchange { error: Some(failure.error_text), ..exchange });
                }
                Some(entry) = console.next() => {
                    let text = entry.text.unwrap_or_default().chars().take(500).collect();
                    push(&mut lock(&pages).console, begun, What::Console { level: format!("{:?}", entry.level), text });
                }
                else => break,
            }
        }
        streams
    });
    Ok(Listener { stop, task })
}

/// What the driver tells of a request.
fn exchange(request: &RequestData, timestamp: u64) -> Exchange {
    let at = i64::try_from(timestamp).ok().and_then(DateTime::from_timestamp_millis).unwrap_or_default();
    let headers = pairs(&request.headers);
    let timing = |name: &str| request.extra.get("timings").and_then(|timings| timings.get(name)?.as_f64());
    let millis = timing("responseEnd").zip(timing("requestTime")).map_or(0.0, |(end, start)| end - start);
    let exchange = Exchange::new(at, &request.method, &request.url, borrowed(&headers));
    Exchange { millis: millis.max(0.0), ..exchange }
}

/// Headers as `network.Header` writes them (W3C `WebDriver BiDi`, 7.5.1.3).
fn pairs(headers: &[Value]) -> Vec<(String, String)> {
    let pair = |header: &Value| {
        let value = header["value"]["value"].as_str().unwrap_or_default();
        Some((header["name"].as_str()?.to_owned(), value.to_owned()))
    };
    headers.iter().filter_map(pair).collect()
}

fn borrowed(pairs: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_last_entries_are_kept_and_secrets_are_masked() {
        let diary = Diary::start(None).await;
        for number in 0..=KEPT {
            diary.step(format!("step {number} hunter22"));
        }
        let text = String::from_utf8(diary.masked(&Mask::new(["hunter22"], &[]))).unwrap();
        assert!(text.contains("step 500 ***") && !text.contains("\"step 0 "), "{text}");
    }
}
