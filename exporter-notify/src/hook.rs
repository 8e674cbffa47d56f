//! One POST to an address that is a secret itself: what the answer means, and no error
//! that shows the address.

use std::fmt;
use std::time::Duration;

use exporter_core::{Error, ErrorKind, Retry, Secret, Stage};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde_json::Value;

use crate::http;

/// The pause after "too many" where the service names none.
const TOO_MANY: Duration = Duration::from_mins(1);
/// How long a person may take at least to mend an address or a token.
const MENDED: Duration = Duration::from_mins(5);
/// As much of an answer is told.
const SHOWN: usize = 200;
/// As much of an answer is read.
const READ: usize = 4096;

/// What is sent.
pub enum Body {
    /// A JSON document.
    Json(Value),
    /// A plain text.
    Text(String),
}

/// A service that is told by POST.
pub struct Hook {
    client: Client,
    url: Url,
    /// How people call it.
    name: &'static str,
    token: Option<Secret>,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("host", &self.host()).finish_non_exhaustive()
    }
}

impl Hook {
    /// For this address; `token` goes with each request as `Authorization: Bearer …`.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it is no address, or the token cannot stand in a header.
    pub fn new(url: &Secret, name: &'static str, token: Option<Secret>) -> Result<Self, Error> {
        let url = http::address(url.expose().trim()).ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("the address of {name} is not an http or https address"))
                .hint("put the whole address there as the service shows it: https://…")
        })?;
        if token.as_ref().is_some_and(|token| bearer(token).is_none()) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the token of {name} cannot stand in a header"),
            )
            .hint("a token has no spaces, line breaks or letters beyond ASCII"));
        }
        let client = http::client(name)?;
        Ok(Self { client, url, name, token })
    }

    /// Sends to the address itself.
    pub async fn post(&self, body: Body) -> Result<(), Error> {
        self.send(self.url.clone(), body).await
    }

    /// Sends to the address with one more step in its path.
    pub async fn post_below(&self, step: &str, body: Body) -> Result<(), Error> {
        let mut url = self.url.clone();
        url.set_path(&format!("{}/{step}", url.path().trim_end_matches('/')));
        self.send(url, body).await
    }

    /// Asks for the address without a body, which tells nobody; that the method is not
    /// known is an answer as well.
    pub async fn look(&self) -> Result<(), Error> {
        match self.ask(Method::HEAD, self.url.clone(), None).await? {
            answer if answer.status() == StatusCode::METHOD_NOT_ALLOWED => Ok(()),
            answer => self.judge(answer).await,
        }
    }

    /// Asks whether the service is there at all, at the root of its address.
    pub async fn reach(&self) -> Result<(), Error> {
        let mut url = self.url.clone();
        url.set_path("/");
        url.set_query(None);
        match self.ask(Method::HEAD, url, None).await? {
            answer if answer.status().is_server_error() => self.judge(answer).await,
            _ => Ok(()),
        }
    }

    async fn send(&self, url: Url, body: Body) -> Result<(), Error> {
        let answer = self.ask(Method::POST, url, Some(body)).await?;
        self.judge(answer).await
    }

    async fn ask(&self, method: Method, url: Url, body: Option<Body>) -> Result<Response, Error> {
        let mut headers = HeaderMap::new();
        if let Some(value) = self.token.as_ref().and_then(bearer) {
            headers.insert(AUTHORIZATION, value);
        }
        let request = self.client.request(method, url).headers(headers);
        let request = match body {
            None => request,
            Some(Body::Json(json)) => request.json(&json),
            Some(Body::Text(text)) => request.body(text),
        };
        request.send().await.map_err(|error| {
            Error::new(ErrorKind::MessengerDown, format!("{} cannot be reached", self.name))
                .context("address", self.host())
                .hint("look whether this machine reaches the internet, and whether the address is right")
                .source(error.without_url())
                .at(Stage::Notify)
        })
    }

    /// What the answer means.
    async fn judge(&self, mut answer: Response) -> Result<(), Error> {
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let asked = asked.map(Duration::from_secs);
        let mut words = Vec::new();
        while let Ok(Some(chunk)) = answer.chunk().await {
            words.extend_from_slice(&chunk);
            if words.len() >= READ {
                break;
            }
        }
        let words = self.masked(&String::from_utf8_lossy(&words));
        let kind = if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
            ErrorKind::MessengerDown
        } else {
            ErrorKind::MessageRefused
        };
        let error = Error::new(kind, format!("{} answered {status}: {words}", self.name))
            .context("address", self.host())
            .at(Stage::Notify);
        let error = match (status.as_u16(), asked) {
            (429, asked) => error.retry(Retry::After(asked.unwrap_or(TOO_MANY))),
            (500.., Some(asked)) => error.retry(Retry::After(asked)),
            // Not this message is refused, but every one; the message waits for that to be mended.
            (300..=399 | 401 | 403 | 404 | 410, _) => error.retry(Retry::After(MENDED)),
            _ => error,
        };
        Err(match status.as_u16() {
            300..=399 => error.hint(format!("put the address that it points to into {}", self.place())),
            401 | 403 => error.hint(format!("take a new address or token into {}", self.place())),
            404 | 410 => error.hint(format!(
                "the address is not valid (any more): make a new one at the service and put it into {}",
                self.place()
            )),
            _ => error,
        })
    }

    /// The part of the configuration that names it.
    fn place(&self) -> String {
        let words = self.name.trim_start_matches("the ").to_lowercase();
        format!("[{}]", words.split(' ').next().unwrap_or_default())
    }

    /// The first words of an answer, without anything that is secret.
    fn masked(&self, words: &str) -> String {
        let mut words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let path = self.url.path().trim_matches('/');
        let query = self.url.query().unwrap_or_default();
        let token = self.token.as_ref().map_or("", Secret::expose);
        for secret in [path, query, token].into_iter().filter(|secret| secret.len() >= 4) {
            words = words.replace(secret, "***");
        }
        words.chars().take(SHOWN).collect()
    }

    /// Host and port, without anything that may be private.
    fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

fn bearer(token: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_never_shown() {
        let url = Secret::new("https://user:pw@hooks.example/services/T0/B0/very-secret?key=abcd");
        let hook = Hook::new(&url, "the Slack webhook", Some(Secret::new("tok-1234"))).unwrap();
        let shown =
            format!("{hook:?} {}", hook.masked("no services/T0/B0/very-secret\nfor key=abcd by tok-1234"));
        assert_eq!(shown, "Hook { host: \"hooks.example\", .. } no *** for *** by ***");
        assert_eq!(hook.place(), "[slack]");
        let error = Hook::new(&Secret::new("ftp://secret.example"), "the webhook", None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error:?}").contains("secret.example"));
        let error = Hook::new(&url, "the webhook", Some(Secret::new("a\nb"))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
