//! What the browser sends while an export is fetched, for learning its route.

use futures::{FutureExt as _, StreamExt as _};
use serde_json::Value;
use thirtyfour::bidi::events::BeforeRequestSent;
use thirtyfour::bidi::modules::network::{AddDataCollector, DataType, GetData, RemoveDataCollector};
use thirtyfour::bidi::{BiDi, BidiError, CollectorId, EventStream};

use super::driver::Browser;
use crate::driver::Cookie;
use crate::route::{Facts, Observed, Trace};

/// How many requests are offered as the one behind a file that a script made.
const OFFERED: usize = 3;
/// A form that is larger sends a file, and is no request for one.
const FORM: u64 = 1 << 20;

/// The page before the click, and the requests from then on.
pub(super) struct Watch {
    page: String,
    facts: Facts,
    requests: EventStream<BeforeRequestSent>,
    bidi: BiDi,
    /// What keeps the bodies of requests, where the browser does not tell them with the requests.
    bodies: Option<CollectorId>,
}

impl Watch {
    /// Begins to watch. A browser that cannot tell what it sends is no reason to fail.
    pub(super) async fn start(browser: &Browser, bidi: &BiDi) -> Option<Self> {
        let watch = async {
            let requests = bidi.subscribe::<BeforeRequestSent>().await?;
            Ok::<_, BidiError>(requests)
        };
        let requests =
            watch.await.inspect_err(|error| tracing::debug!(%error, "requests cannot be watched")).ok()?;
        let facts = browser.ask("return facts();", Vec::new()).await.ok()?;
        let pairs = |name: &str| {
            let pair = |pair: &Value| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned()));
            facts[name].as_array().into_iter().flatten().filter_map(pair).collect()
        };
        let (fields, metas) = (pairs("fields"), pairs("metas"));
        let cookies = browser.cookies().await.ok()?;
        let cookies = cookies.into_iter().map(|Cookie { name, value, .. }| (name, value)).collect();
        let page = facts["url"].as_str().unwrap_or_default().to_owned();
        let bodies = bidi.send(AddDataCollector {
            data_types: vec![DataType::Request],
            max_encoded_data_size: FORM,
            collector_type: None,
            contexts: None,
            user_contexts: None,
        });
        let bodies = bodies.await.inspect_err(|error| tracing::debug!(%error, "no bodies are kept")).ok();
        let bodies = bodies.map(|kept| kept.collector);
        Some(Self { page, facts: Facts { fields, metas, cookies }, requests, bidi: bidi.clone(), bodies })
    }

    /// What was sent until the file was here, which came from `address`.
    pub(super) async fn finish(mut self, address: &str) -> Trace {
        let mut sent = Vec::new();
        while let Some(Some(event)) = self.requests.next().now_or_never() {
            sent.push(event);
        }
        let chosen: Vec<&BeforeRequestSent> = if address.starts_with("http") {
            let last = sent.iter().filter(|event| event.request.url == address);
            // The first of a chain of redirects is the one that the panel's page sends.
            last.flat_map(|last| sent.iter().filter(|event| event.request.id == last.request.id)).collect()
        } else {
            sent.iter().rev().filter(|event| by_script(event)).take(OFFERED).collect()
        };
        let mut requests = Vec::new();
        for event in chosen {
            requests.push(Observed { body: self.body(event).await, ..observed(event) });
        }
        if let Some(collector) = self.bodies
            && let Err(error) = self.bidi.send(RemoveDataCollector { collector }).await
        {
            tracing::debug!(%error, "bodies are still kept");
        }
        Trace { page: self.page, facts: self.facts, requests }
    }

    /// What was sent with a request: Chromium tells it at once, Firefox when asked.
    async fn body(&self, event: &BeforeRequestSent) -> Option<String> {
        let request = &event.request;
        if let Some(told) = request.extra.get("goog:postData").and_then(Value::as_str) {
            return Some(told.to_owned());
        }
        if request.method == "GET" {
            return None;
        }
        let kept = GetData {
            data_type: DataType::Request,
            request: request.id.clone(),
            collector: self.bodies.clone(),
            disown: None,
        };
        let kept = self.bidi.send(kept).await.inspect_err(|error| tracing::debug!(%error, "no body")).ok()?;
        kept.bytes["value"].as_str().filter(|_| kept.bytes["type"] == "string").map(str::to_owned)
    }
}

/// Whether a script asked, so that it can have made a file of the answer.
fn by_script(event: &BeforeRequestSent) -> bool {
    let extra = &event.request.extra;
    let says = |name: &str, words: &[&str]| {
        extra.get(name).and_then(Value::as_str).is_some_and(|kind| words.contains(&kind))
    };
    says("goog:resourceType", &["Fetch", "XHR"]) || says("initiatorType", &["fetch", "xmlhttprequest"])
}

fn observed(event: &BeforeRequestSent) -> Observed {
    let request = &event.request;
    let header = |header: &Value| {
        Some((header["name"].as_str()?.to_owned(), header["value"]["value"].as_str()?.to_owned()))
    };
    Observed {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.iter().filter_map(header).collect(),
        body: None,
    }
}
