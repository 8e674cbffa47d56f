//! The Bot API's wire: one POST per method, and what its answers mean.
//!
//! The token is part of every address, so no error of the HTTP client leaves this file
//! with its address.

use std::time::Duration;

use exporter_core::{Error, ErrorKind, Secret};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::http;
use crate::picture::Picture;

/// A file that goes with a call.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The parameter it fills: `photo` or `document`.
    pub field: &'static str,
    /// What is in it, and its name.
    pub picture: Picture,
}

/// Why there is no result.
#[derive(Debug)]
pub enum Failure {
    /// The service answered no.
    Refused(Refusal),
    /// No usable answer came.
    Down {
        /// Whether the request certainly had no effect, so that sending it again doubles nothing.
        unsent: bool,
        /// What to tell.
        error: Error,
    },
}

/// A `"ok": false` (Bot API, "Making requests").
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// An HTTP status.
    #[serde(rename = "error_code")]
    pub code: u16,
    /// In words; they may change.
    pub description: String,
    /// What helps to go on.
    pub parameters: Parameters,
}

/// What helps to go on (Bot API, `ResponseParameters`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Seconds to wait.
    pub retry_after: Option<u64>,
    /// The group became a supergroup with this id.
    pub migrate_to_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    result: Value,
    #[serde(flatten)]
    refusal: Refusal,
}

/// How long a call without a file may take, the service's own wait aside.
const CALL: Duration = Duration::from_secs(15);

/// A client of one bot.
#[derive(Debug)]
pub struct Api {
    client: Client,
    base: Url,
    token: Secret,
}

impl Api {
    /// A client for this token at this address.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when address or token cannot be right.
    pub fn new(token: Secret, base: &str) -> Result<Self, Error> {
        let base = http::address(base).ok_or_else(|| {
            Error::new(ErrorKind::Config, "the Telegram address is not an http or https address")
                .hint("leave `base_url` out for Telegram itself")
        })?;
        let plausible = |letter: char| letter.is_ascii_alphanumeric() || ":_-".contains(letter);
        if token.expose().is_empty() || !token.expose().chars().all(plausible) {
            return Err(Error::new(
                ErrorKind::Config,
                "the Telegram token is not one that Telegram gives out",
            )
            .hint("a token looks like 123456789:AAE…; @BotFather shows it under /mybots, API Token"));
        }
        let client = http::client("Telegram")?;
        Ok(Self { client, base, token })
    }

    /// The part of the token before its colon.
    pub fn bot(&self) -> &str {
        self.token.expose().split(':').next().unwrap_or_default()
    }

    /// Calls a method with these parameters, and with a file if there is one.
    pub async fn call(
        &self,
        method: &str,
        parameters: &Map<String, Value>,
        upload: Option<&Upload>,
    ) -> Result<Value, Failure> {
        let held = parameters.get("timeout").and_then(Value::as_u64).unwrap_or_default();
        let base = self.base.as_str().trim_end_matches('/');
        let request = self.client.post(format!("{base}/bot{}/{method}", self.token.expose()));
        let request = match upload {
            None => request.json(parameters).timeout(CALL + Duration::from_secs(held)),
            Some(upload) => request.multipart(form(parameters, upload)),
        };
        let response = request.send().await.map_err(|error| self.down(error))?;
        self.read(response).await
    }

    async fn read(&self, response: Response) -> Result<Value, Failure> {
        let status = response.status();
        let body = response.bytes().await.map_err(|error| self.down(error))?;
        match serde_json::from_slice::<Answer>(&body) {
            Ok(answer) if answer.ok => Ok(answer.result),
            Ok(answer) if status.is_server_error() || answer.refusal.code >= 500 => {
                Err(self.odd(status, &answer.refusal.description))
            }
            Ok(Answer { mut refusal, .. }) => {
                if refusal.code == 0 {
                    refusal.code = status.as_u16();
                }
                Err(Failure::Refused(refusal))
            }
            Err(_) => Err(self.odd(status, "the answer is not the Bot API's")),
        }
    }

    fn down(&self, error: reqwest::Error) -> Failure {
        let unsent = error.is_connect();
        let error = Error::new(ErrorKind::MessengerDown, "Telegram cannot be reached")
            .context("address", self.address())
            .hint("if Telegram is blocked in this network, set `base_url` to a Bot API server of your own")
            .source(error.without_url());
        Failure::Down { unsent, error }
    }

    fn odd(&self, status: StatusCode, description: &str) -> Failure {
        let error =
            Error::new(ErrorKind::MessengerDown, format!("Telegram answered {status}: {description}"))
                .context("address", self.address());
        Failure::Down { unsent: false, error }
    }

    /// Host and port, without anything that may be private.
    fn address(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// The parameters and the file as `multipart/form-data`.
fn form(parameters: &Map<String, Value>, upload: &Upload) -> Form {
    let mut form = Form::new();
    for (name, value) in parameters {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        form = form.text(name.clone(), text);
    }
    let part = Part::bytes(upload.picture.bytes.clone()).file_name(upload.picture.name.clone());
    form.part(upload.field, part)
}
