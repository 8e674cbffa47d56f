//! The only place that knows the Sheets library: credentials, connection, calls, retries.

mod failure;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use exporter_core::{Error, ErrorKind, Secret};
use google_sheets4::api::{BatchGetValuesResponse, BatchUpdateSpreadsheetRequest, Scope};
use google_sheets4::common::{Response, Retry};
use google_sheets4::{Delegate, Sheets, yup_oauth2};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value as Json;
use tokio::sync::{Mutex, OnceCell};

use crate::structure::{Structure, TAB_FIELDS, Tab};
pub(crate) use failure::Failure;

/// Longest time for a call that reads.
const READ_LIMIT: Duration = Duration::from_mins(1);
/// Longest time for a call that writes: Google itself gives up after 180 seconds.
const WRITE_LIMIT: Duration = Duration::from_secs(190);
/// How often a call is tried.
const ATTEMPTS: u32 = 5;
/// Longest pause between two tries, whatever Google asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(64);

type Connector = HttpsConnector<HttpConnector>;

/// Where the spreadsheet is and who we are.
#[derive(Debug, Clone)]
pub struct SheetsConfig {
    /// The spreadsheet's id, or its address in the browser.
    pub spreadsheet: String,
    /// The text of a service account's key file.
    pub credentials: Secret,
    /// Another address of the service: a stand-in. Plain `http` is taken only here.
    pub base_url: Option<String>,
}

/// Calls and bytes of one piece of work.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    /// Calls made, repeated ones included; asking for a token is none.
    pub calls: u32,
    /// Bytes of the bodies sent.
    pub bytes: u64,
}

/// A connection to one spreadsheet, shared by all of its tabs.
pub struct SheetsClient {
    spreadsheet: String,
    account: String,
    base_url: String,
    key: yup_oauth2::ServiceAccountKey,
    hub: OnceCell<Sheets<Connector>>,
    structure: Mutex<Option<Structure>>,
    calls: AtomicU32,
    first_pause: Duration,
}

impl std::fmt::Debug for SheetsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SheetsClient")
            .field("spreadsheet", &self.spreadsheet)
            .field("account", &self.account)
            .finish_non_exhaustive()
    }
}

impl SheetsClient {
    /// Checks address and credentials; nothing is sent yet.
    ///
    /// # Errors
    /// An address that is none, credentials that are not a service account's key.
    pub fn new(config: SheetsConfig) -> Result<Arc<Self>, Error> {
        let spreadsheet = spreadsheet_id(&config.spreadsheet)?;
        // The parser's words may quote the file, so they stay out of the error.
        let key = yup_oauth2::parse_service_account_key(config.credentials.expose()).map_err(|_| {
            Error::new(ErrorKind::SheetCredentials, "the credentials are not a service account's key file")
                .hint("download a key of type JSON for the service account and refer to it as `file:PATH`")
        })?;
        let mut base_url = config.base_url.unwrap_or_else(|| "https://sheets.googleapis.com/".to_owned());
        if !base_url.ends_with('/') {
            base_url.push('/');
        }
        // A stand-in on this machine needs no mercy; Google asks for a second or more.
        let first_pause = Duration::from_millis(if base_url.starts_with("http://") { 20 } else { 1000 });
        Ok(Arc::new(Self {
            spreadsheet,
            account: key.client_email.clone(),
            base_url,
            key,
            hub: OnceCell::new(),
            structure: Mutex::new(None),
            calls: AtomicU32::new(0),
            first_pause,
        }))
    }

    /// The spreadsheet's id.
    pub fn spreadsheet(&self) -> &str {
        &self.spreadsheet
    }

    /// The address to share the spreadsheet with.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Calls made so far.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    async fn hub(&self) -> Result<&Sheets<Connector>, Failure> {
        self.hub.get_or_try_init(|| self.connect()).await
    }

    async fn connect(&self) -> Result<Sheets<Connector>, Failure> {
        let connector = self.connector()?;
        let pool = || Client::builder(TokioExecutor::new());
        let http = yup_oauth2::client::CustomHyperClientBuilder::from(pool().build(connector.clone()));
        let auth = yup_oauth2::ServiceAccountAuthenticator::with_client(self.key.clone(), http)
            .build()
            .await
            .map_err(|error| Failure::Credentials(format!("its private key cannot be read: {error}")))?;
        let mut hub = Sheets::new(pool().build(connector), auth);
        let _ = hub.base_url(self.base_url.clone());
        Ok(hub)
    }

    /// Only a stand-in may be spoken to in the clear: a token must never leave so.
    fn connector(&self) -> Result<Connector, Failure> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let failed = |error: &dyn std::fmt::Display| Failure::NotSent(format!("no TLS: {error}"));
        let builder = hyper_rustls::HttpsConnectorBuilder::new();
        if self.base_url.starts_with("http://") {
            let versions =
                rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
            let versions = versions.map_err(|error| failed(&error))?;
            let tls = versions.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
            return Ok(builder.with_tls_config(tls).https_or_http().enable_http1().build());
        }
        let builder = builder.with_provider_and_native_roots(provider).map_err(|error| failed(&error))?;
        Ok(builder.https_only().enable_all_versions().build())
    }

    /// The spreadsheet's structure: asked for once, then kept.
    ///
    /// # Errors
    /// Whatever reading it ends in.
    pub(crate) async fn structure(&self, tally: &mut Tally) -> Result<Structure, Error> {
        let mut kept = self.structure.lock().await;
        if let Some(structure) = &*kept {
            return Ok(structure.clone());
        }
        let structure = Structure::read(&self.read(&Ask::Structure, tally).await?)?;
        *kept = Some(structure.clone());
        drop(kept);
        Ok(structure)
    }

    /// Forgets the structure, so that it is asked for again.
    pub(crate) async fn forget_structure(&self) {
        *self.structure.lock().await = None;
    }

    /// Takes over what a write told about a tab.
    pub(crate) async fn learn(&self, tab: Tab) {
        if let Some(structure) = &mut *self.structure.lock().await {
            structure.update(tab);
        }
    }

    /// The values of a range as an array of rows, without their trailing empty cells.
    ///
    /// # Errors
    /// Whatever reading them ends in.
    pub(crate) async fn values(&self, range: &str, tally: &mut Tally) -> Result<Json, Error> {
        self.read(&Ask::Values(range), tally).await
    }

    /// One atomic batch, sent again only when Google says that it did not take it (429)
    /// or when it never left this machine.
    ///
    /// # Errors
    /// The failure as it is: what a lost answer means is the caller's to find out.
    pub(crate) async fn write(&self, body: &str, fields: &str, tally: &mut Tally) -> Result<Json, Failure> {
        let ask = Ask::Write { body, fields };
        let sent = |failure: &Failure| failure.passes() && failure.had_no_effect();
        self.repeat(&ask, tally, sent).await
    }

    /// What went wrong, in plain words.
    pub(crate) fn explain(&self, failure: Failure) -> Error {
        failure.explain(&self.spreadsheet, &self.account)
    }

    async fn read(&self, ask: &Ask<'_>, tally: &mut Tally) -> Result<Json, Error> {
        self.repeat(ask, tally, Failure::passes).await.map_err(|failure| self.explain(failure))
    }

    async fn repeat(
        &self,
        ask: &Ask<'_>,
        tally: &mut Tally,
        may_repeat: impl Fn(&Failure) -> bool,
    ) -> Result<Json, Failure> {
        let mut attempt = 1;
        loop {
            tally.calls += 1;
            self.calls.fetch_add(1, Ordering::Relaxed);
            let failure = match self.once(ask, tally).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if attempt == ATTEMPTS || !may_repeat(&failure) {
                return Err(failure);
            }
            tracing::debug!(attempt, ?failure, "a call to Google failed and is tried again");
            tokio::time::sleep(self.pause(&failure, attempt)).await;
            attempt += 1;
        }
    }

    #[expect(clippy::result_large_err, reason = "the library's error is large and read at once")]
    async fn once(&self, ask: &Ask<'_>, tally: &mut Tally) -> Result<Json, Failure> {
        let hub = self.hub().await?;
        let methods = hub.spreadsheets();
        let mut notes = Recorder::default();
        let (limit, scope, id) = (ask.limit(), Scope::Spreadsheet, &self.spreadsheet);
        let result = match ask {
            Ask::Structure => {
                let call = methods.get(id).param("fields", &format!("sheets({TAB_FIELDS})"));
                let call = call.param("prettyPrint", "false").add_scope(scope).delegate(&mut notes);
                let answer = tokio::time::timeout(limit, call.doit()).await;
                answer.map(|answer| answer.map(|(_, answer)| serde_json::to_value(answer)))
            }
            Ask::Values(range) => {
                let call = methods.values_batch_get(id).add_ranges(range).add_scope(scope);
                let call = call.value_render_option("UNFORMATTED_VALUE").delegate(&mut notes);
                let call = call.param("fields", "valueRanges(values)").param("prettyPrint", "false");
                let answer = tokio::time::timeout(limit, call.doit()).await;
                answer.map(|answer| answer.map(|(_, answer)| Ok(rows(answer))))
            }
            Ask::Write { body, fields } => {
                // From text, since the library's field masks borrow from it.
                let request: BatchUpdateSpreadsheetRequest = serde_json::from_str(body)
                    .map_err(|error| Failure::NotSent(format!("a defect in a request: {error}")))?;
                tally.bytes += body.len() as u64;
                let call = methods.batch_update(request, id).param("fields", fields).add_scope(scope);
                let call = call.param("prettyPrint", "false").delegate(&mut notes);
                let answer = tokio::time::timeout(limit, call.doit()).await;
                answer.map(|answer| answer.map(|(_, answer)| serde_json::to_value(answer)))
            }
        };
        let answer = result.map_err(|_| Failure::Lost(format!("no answer within {} s", limit.as_secs())))?;
        let answer = answer.map_err(|error| Failure::read(error, notes.status, notes.retry_after))?;
        answer.map_err(|error| Failure::Lost(error.to_string()))
    }

    /// What Google asks for, else twice as long each time.
    fn pause(&self, failure: &Failure, attempt: u32) -> Duration {
        let own = self.first_pause * 2_u32.saturating_pow(attempt - 1);
        failure.retry_after().unwrap_or(own).min(LONGEST_PAUSE)
    }
}

/// A call that can be repeated.
enum Ask<'a> {
    /// `spreadsheets.get` without cells.
    Structure,
    /// `values.batchGet` of one range: its range is a parameter and escaped right, the
    /// other calls put it into the path as it is.
    Values(&'a str),
    /// `spreadsheets.batchUpdate`.
    Write {
        /// The request as JSON.
        body: &'a str,
        /// What to answer.
        fields: &'a str,
    },
}

impl Ask<'_> {
    fn limit(&self) -> Duration {
        if matches!(self, Self::Write { .. }) { WRITE_LIMIT } else { READ_LIMIT }
    }
}

fn rows(answer: BatchGetValuesResponse) -> Json {
    let first = answer.value_ranges.unwrap_or_default().into_iter().next();
    let rows = first.and_then(|range| range.values).unwrap_or_default();
    rows.into_iter().map(Json::Array).collect()
}

/// Notes status and `Retry-After`, which the library's error does not carry.
#[derive(Debug, Default)]
struct Recorder {
    status: Option<u16>,
    retry_after: Option<Duration>,
}

impl Delegate for Recorder {
    fn http_failure(&mut self, response: &Response, _: Option<&Json>) -> Retry {
        self.status = Some(response.status().as_u16());
        let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        self.retry_after = header.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        Retry::Abort
    }
}

/// The id in an address such as `https://docs.google.com/spreadsheets/d/ID/edit`, or the
/// id itself. It goes into a path unescaped, so that nothing else may pass.
fn spreadsheet_id(text: &str) -> Result<String, Error> {
    let text = text.trim();
    let id = text
        .split_once("/spreadsheets/d/")
        .map_or(text, |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let sound =
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if sound {
        return Ok(id.to_owned());
    }
    Err(Error::new(ErrorKind::Config, format!("`{text}` is neither a spreadsheet's id nor its address"))
        .hint("copy the address from the browser: https://docs.google.com/spreadsheets/d/…"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_an_id_are_the_same() {
        let id = "1aB-c_D";
        for text in [id, " https://docs.google.com/spreadsheets/d/1aB-c_D/edit?gid=0#gid=0 "] {
            assert_eq!(spreadsheet_id(text).unwrap(), id);
        }
        for text in ["", "a b", "../x", "https://example.com/x"] {
            assert_eq!(spreadsheet_id(text).unwrap_err().kind(), ErrorKind::Config);
        }
    }

    #[test]
    fn credentials_never_show() {
        let config = SheetsConfig {
            spreadsheet: "x".into(),
            credentials: Secret::new("{\"private_key\": \"hunter2\"}"),
            base_url: None,
        };
        assert!(!format!("{config:?}").contains("hunter2"));
        let error = SheetsClient::new(config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SheetCredentials);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
