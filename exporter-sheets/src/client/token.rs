//! Tokens of people and machines: asked for, kept, and renewed before they end. Those of
//! service accounts are the library's business.

use std::error::Error as StdError;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use google_sheets4::api::Scope;
use google_sheets4::common::GetToken;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::CONTENT_TYPE;
use hyper_util::client::legacy::Client;
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Mutex;

use super::connect::Connector;
use super::credentials::User;

/// A token is renewed so long before its end.
const BEFORE_END: Duration = Duration::from_mins(1);
/// A token service answers within this time; a machine outside of Google's cloud has no
/// metadata server at all, and should be told so soon.
const LIMIT: Duration = Duration::from_secs(30);
const MACHINE_LIMIT: Duration = Duration::from_secs(5);

/// Requests to a metadata server and its answers carry it, so that nobody else is taken for one.
const FLAVOR: &str = "metadata-flavor";

/// Why there is no token.
#[derive(Debug, Error)]
pub enum TokenError {
    /// Nobody said anything: it may pass.
    #[error("{0}")]
    Unreachable(String),
    /// It was refused.
    #[error("{0}")]
    Refused(String),
}

/// Who is asked.
pub enum Issuer {
    /// The token endpoint, with a refresh token.
    User(User),
    /// The metadata server of this host.
    Machine(String),
}

/// Asks for tokens and keeps the last one.
#[derive(Clone)]
pub struct Wallet(Arc<Inner>);

struct Inner {
    issuer: Issuer,
    client: Client<Connector, Full<Bytes>>,
    kept: Mutex<Option<Token>>,
}

struct Token {
    text: String,
    ends: Instant,
}

/// What a token service answers.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

/// What it answers when it refuses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    error: String,
    error_description: String,
}

impl Wallet {
    pub fn new(issuer: Issuer, client: Client<Connector, Full<Bytes>>) -> Self {
        Self(Arc::new(Inner { issuer, client, kept: Mutex::default() }))
    }

    async fn token(&self) -> Result<String, TokenError> {
        let mut kept = self.0.kept.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| Instant::now() + BEFORE_END < token.ends) {
            return Ok(token.text.clone());
        }
        let limit = match self.0.issuer {
            Issuer::User(_) => LIMIT,
            Issuer::Machine(_) => MACHINE_LIMIT,
        };
        let asked = tokio::time::timeout(limit, self.ask()).await;
        let late = |_| self.silent(format!("no answer within {} s", limit.as_secs()));
        let Granted { access_token, expires_in } = asked.map_err(late)??;
        let ends = Instant::now() + Duration::from_secs(expires_in);
        *kept = Some(Token { text: access_token.clone(), ends });
        Ok(access_token)
    }

    async fn ask(&self) -> Result<Granted, TokenError> {
        // The words of the library could repeat the request, and with it the secrets.
        let request = self.request().map_err(|_| TokenError::Refused("no address to ask at".to_owned()))?;
        let answer = self.0.client.request(request).await;
        let (parts, body) = answer.map_err(|error| self.silent(super::failure::causes(&error)))?.into_parts();
        let body = body.collect().await.map_err(|error| self.silent(error.to_string()))?.to_bytes();
        if matches!(self.0.issuer, Issuer::Machine(_)) && !parts.headers.contains_key(FLAVOR) {
            return Err(TokenError::Refused("what answers there is no metadata server".to_owned()));
        }
        if parts.status.is_success() {
            // What was answered may be the token: it stays out of the error.
            return serde_json::from_slice(&body)
                .map_err(|_| TokenError::Refused("the answer holds no token".to_owned()));
        }
        let status = parts.status.as_u16();
        let Refusal { error, error_description } = serde_json::from_slice(&body).unwrap_or_default();
        let why = match (error.as_str(), error_description.as_str()) {
            ("", _) => format!("status {status}"),
            (_, "") => error,
            _ => format!("{error}: {error_description}"),
        };
        Err(if status == 429 || status >= 500 { self.silent(why) } else { TokenError::Refused(why) })
    }

    /// Nobody answered: of a metadata server that means that there is none.
    fn silent(&self, why: String) -> TokenError {
        match self.0.issuer {
            Issuer::User(_) => TokenError::Unreachable(why),
            Issuer::Machine(_) => TokenError::Refused(why),
        }
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        match &self.0.issuer {
            Issuer::User(user) => {
                let form = form_urlencoded::Serializer::new(String::new())
                    .append_pair("grant_type", "refresh_token")
                    .append_pair("client_id", &user.client_id)
                    .append_pair("client_secret", user.client_secret.expose())
                    .append_pair("refresh_token", user.refresh_token.expose())
                    .finish();
                Request::post(&user.token_uri)
                    .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .body(Full::from(form))
            }
            Issuer::Machine(host) => {
                let path = "computeMetadata/v1/instance/service-accounts/default/token";
                let scope = Scope::Spreadsheet;
                Request::get(format!("http://{host}/{path}?scopes={}", scope.as_ref()))
                    .header(FLAVOR, "Google")
                    .body(Full::default())
            }
        }
    }
}

type Answer<'a> =
    Pin<Box<dyn Future<Output = Result<Option<String>, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;

impl GetToken for Wallet {
    fn get_token<'a>(&'a self, _scopes: &'a [&str]) -> Answer<'a> {
        Box::pin(async move { Ok(Some(self.token().await?)) })
    }
}
