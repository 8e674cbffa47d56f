//! What the browser sends while an export is fetched, for learning its route.

use futures::{FutureExt as _, StreamExt as _};
use serde_json::Value;
use thirtyfour::bidi::events::BeforeRequestSent;
use thirtyfour::bidi::{BiDi, BidiError, EventStream};

use super::driver::Browser;
use crate::driver::Cookie;
use crate::route::{Facts, Observed, Trace};

/// How many requests are offered as the one behind a file that a script made.
const OFFERED: usize = 3;

/// The page before the click, and the requests from then on.
pub(super) struct Watch {
    page: String,
    facts: Facts,
    requests: EventStream<BeforeRequestSent>,
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
        Some(Self { page, facts: Facts { fields, metas, cookies }, requests })
    }

    /// What was sent until the file was here, which came from `address`.
    pub(super) fn finish(mut self, address: &str) -> Trace {
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
        Trace { page: self.page, facts: self.facts, requests: chosen.into_iter().map(observed).collect() }
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
        body: request.extra.get("goog:postData").and_then(Value::as_str).map(str::to_owned),
    }
}
