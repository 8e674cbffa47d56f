//! The last requests of a session as an HTTP archive, HAR 1.2 (softwareishard.com/blog/har-12-spec):
//! what browsers' own tools open. Values that may be secret are masked as they come in, and bodies
//! are never kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::mask::{self, Mask};

/// How many requests are kept: the last ones.
const KEPT: usize = 300;

/// One request and what came of it, masked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exchange {
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub millis: f64,
    pub method: String,
    pub url: String,
    pub sent: Vec<(String, String)>,
    /// The names of the fields of a form that was sent, with values that are days.
    pub form: Vec<(String, String)>,
    /// None without an answer.
    pub status: Option<u16>,
    pub received: Vec<(String, String)>,
    pub media_type: Option<String>,
    /// How many bytes came, where that is known.
    pub size: Option<u64>,
    /// Why there is no answer.
    pub error: Option<String>,
}

impl Exchange {
    /// A request; the address and the headers are masked here.
    pub(crate) fn new<'a>(
        at: DateTime<Utc>,
        method: &str,
        url: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        Self { at, method: method.to_owned(), url: mask::url(url), sent: shown(headers), ..Self::default() }
    }

    /// The fields of the form that goes with it.
    #[must_use]
    pub(crate) fn form(mut self, fields: &[(String, String)]) -> Self {
        let value = |value: &str| if mask::plain(value) { value.to_owned() } else { "***".to_owned() };
        self.form = fields.iter().map(|(name, text)| (name.clone(), value(text))).collect();
        self
    }

    /// The answer.
    #[must_use]
    pub(crate) fn answered<'a>(
        mut self,
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        self.received = shown(headers);
        let value = |name: &str| {
            self.received.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        self.media_type = self.media_type.take().or(value("content-type").cloned());
        self.size = self.size.or_else(|| value("content-length")?.parse().ok());
        self.status = Some(status);
        self
    }

    fn har(&self) -> Value {
        let pairs = |pairs: &[(String, String)]| -> Vec<Value> {
            pairs.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
        };
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        let query: Vec<Value> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let mut request = json!({
            "method": self.method, "url": self.url, "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": pairs(&self.sent), "queryString": query, "headersSize": -1, "bodySize": -1,
        });
        if !self.form.is_empty() {
            request["postData"] =
                json!({ "mimeType": "application/x-www-form-urlencoded", "params": pairs(&self.form) });
        }
        let redirect = self.received.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
        let mut response = json!({
            // No answer at all is written as status 0, as browsers do.
            "status": self.status.unwrap_or(0), "statusText": "", "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": pairs(&self.received),
            "content": { "size": self.size.unwrap_or(0), "mimeType": self.media_type.as_deref().unwrap_or("") },
            "redirectURL": redirect.map_or("", |(_, to)| to), "headersSize": -1, "bodySize": -1,
        });
        if let Some(error) = &self.error {
            response["_error"] = json!(error);
        }
        json!({
            "startedDateTime": self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "time": self.millis, "request": request, "response": response, "cache": {},
            "timings": { "send": 0, "wait": self.millis, "receive": 0 },
        })
    }
}

/// Whole and part milliseconds of a duration.
pub(crate) fn millis_of(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn shown<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    headers.into_iter().map(|(name, value)| (name.to_owned(), mask::header(name, value))).collect()
}

/// The last requests. Clones write into the same log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<VecDeque<Exchange>>>);

impl Log {
    /// Takes a request down.
    pub(crate) fn push(&self, exchange: Exchange) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == KEPT {
            log.pop_front();
        }
        log.push_back(exchange);
    }

    /// The archive, without what `mask` hides.
    pub(crate) fn har(&self, mask: &Mask) -> Vec<u8> {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entries: Vec<Value> = log.iter().map(Exchange::har).collect();
        let creator = json!({ "name": "exporter", "version": env!("CARGO_PKG_VERSION") });
        let har = json!({ "log": { "version": "1.2", "creator": creator, "entries": entries } });
        mask.text(&format!("{har:#}")).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_what_the_standard_wants_and_no_secret() {
        let log = Log::default();
        let at = "2026-01-07T08:09:10.5Z".parse().unwrap();
        let fields = [("email", "kasir@example.com"), ("_token", "t0k"), ("start", "05/01/2026")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let url = "http://p.test/login?next=hidden&day=2026-01-05";
        let sent = Exchange::new(at, "POST", url, [("cookie", "sid=hidden"), ("accept", "*/*")]);
        let answer = [("set-cookie", "sid=hidden"), ("content-type", "text/html"), ("content-length", "12")];
        log.push(sent.form(&fields).answered(302, answer));
        let failed = Exchange::new(at, "GET", "http://p.test/", []);
        log.push(Exchange { error: Some("connection refused".to_owned()), ..failed });
        let text = String::from_utf8(log.har(&Mask::new(["refused"], &[]))).unwrap();
        assert!(!text.contains("hidden") && !text.contains("kasir") && !text.contains("t0k"), "{text}");
        let har: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(har["log"]["version"], "1.2");
        let entry = &har["log"]["entries"][0];
        assert_eq!(entry["startedDateTime"], "2026-01-07T08:09:10.500Z");
        assert_eq!(entry["request"]["queryString"][1], json!({ "name": "day", "value": "2026-01-05" }));
        assert_eq!(entry["request"]["postData"]["params"][2]["value"], "05/01/2026");
        assert_eq!(entry["response"]["content"], json!({ "size": 12, "mimeType": "text/html" }));
        assert_eq!(har["log"]["entries"][1]["response"]["_error"], "connection ***");
    }

    #[test]
    fn only_the_last_requests_are_kept() {
        let log = Log::default();
        for number in 0..=KEPT {
            log.push(Exchange::new(DateTime::UNIX_EPOCH, "GET", &format!("http://p/{number}x"), []));
        }
        let text = String::from_utf8(log.har(&Mask::default())).unwrap();
        assert!(text.contains("http://p/300x") && !text.contains("http://p/0x"));
    }
}
