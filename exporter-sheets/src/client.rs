//! The only place that knows the Sheets library: credentials, connection, calls, retries.

mod answer;
mod connect;
mod credentials;
mod failure;
mod send;
mod token;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};
use exporter_core::{Error, ErrorKind};
use google_sheets4::Sheets;
use hyper::body::Bytes;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value as Json;
use tokio::sync::Mutex;

use crate::grid::Grid;
use crate::quota::Gate;
use crate::structure::{CELLS, Structure, TAB_FIELDS, TAG_FIELDS, Tab};
use answer::{Spreadsheet, Values, Written};
use connect::{Connector, connect};
pub use credentials::Credentials;
use credentials::{Account, Identity};
pub(crate) use failure::{Failure, Fate};
use send::{Call, send};

/// Longest time for a call that reads.
const READ_LIMIT: Duration = Duration::from_mins(1);
/// Longest time for a call that writes: Google itself gives up after 180 seconds.
const WRITE_LIMIT: Duration = Duration::from_secs(190);
/// How often a call is tried.
const ATTEMPTS: u32 = 5;
/// Longest pause between two tries, whatever Google asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(64);

/// Where the spreadsheet is and who we are.
#[derive(Debug, Clone)]
pub struct SheetsConfig {
    /// The spreadsheet's id, or its address in the browser.
    pub spreadsheet: String,
    /// Who we are.
    pub credentials: Credentials,
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
    identity: Identity,
    account: Account,
    base_url: String,
    hub: Mutex<Option<Arc<Sheets<Connector>>>>,
    structure: Mutex<Option<Structure>>,
    calls: AtomicU32,
    first_pause: Duration,
    /// None for a stand-in on this machine.
    gate: Option<Gate>,
}

impl std::fmt::Debug for SheetsClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SheetsClient")
            .field("spreadsheet", &self.spreadsheet)
            .field("account", &self.account.name)
            .finish_non_exhaustive()
    }
}

impl SheetsClient {
    /// Checks address and credentials; nothing is sent yet.
    ///
    /// # Errors
    /// An address that is none, credentials of no kind that we know.
    pub fn new(config: SheetsConfig) -> Result<Arc<Self>, Error> {
        let spreadsheet = spreadsheet_id(&config.spreadsheet)?;
        let identity = Identity::read(config.credentials)?;
        let account = identity.account();
        let mut base_url = config.base_url.unwrap_or_else(|| "https://sheets.googleapis.com/".to_owned());
        if !base_url.ends_with('/') {
            base_url.push('/');
        }
        let parsed = base_url.parse::<hyper::Uri>().ok().filter(|uri| uri.host().is_some());
        if !parsed.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https"))) {
            return Err(Error::new(ErrorKind::Config, format!("`{base_url}` is no web address"))
                .hint("leave `base_url` under `[sheets]` out for Google's own"));
        }
        // A stand-in on this machine needs no mercy; Google asks for a second or more.
        let local = base_url.starts_with("http://");
        let first_pause = Duration::from_millis(if local { 2 } else { 1000 });
        Ok(Arc::new(Self {
            spreadsheet,
            gate: (!local).then(|| Gate::of(&account.name, identity.project())),
            account,
            identity,
            base_url,
            hub: Mutex::default(),
            structure: Mutex::new(None),
            calls: AtomicU32::new(0),
            first_pause,
        }))
    }

    /// The spreadsheet's id.
    pub fn spreadsheet(&self) -> &str {
        &self.spreadsheet
    }

    /// The address to share the spreadsheet with; in words where the credentials do not say it.
    pub fn account(&self) -> &str {
        &self.account.address
    }

    /// Who we are to Google, in words: which kind of credentials, and whose.
    pub fn identity(&self) -> &str {
        &self.account.name
    }

    /// Calls made so far.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    async fn hub(&self) -> Result<Arc<Sheets<Connector>>, Failure> {
        let mut kept = self.hub.lock().await;
        if let Some(hub) = &*kept {
            return Ok(Arc::clone(hub));
        }
        let hub = Arc::new(connect(&self.identity, &self.base_url).await?);
        *kept = Some(Arc::clone(&hub));
        Ok(hub)
    }

    /// Forgets the token, so that a fresh one is asked for. It is renewed before its end
    /// anyway; this is for one that Google took back.
    pub(crate) async fn forget_token(&self) {
        *self.hub.lock().await = None;
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
        let answer = self.repeat::<Json>(&Ask::Structure, tally).await;
        let structure = Structure::read(&answer.map_err(|failure| self.explain(failure))?)?;
        *kept = Some(structure.clone());
        drop(kept);
        Ok(structure)
    }

    /// Forgets the structure, so that it is asked for again.
    pub(crate) async fn forget_structure(&self) {
        *self.structure.lock().await = None;
    }

    /// Ids of developer metadata that are in use, as far as we know.
    pub(crate) async fn taken(&self) -> Vec<i64> {
        self.structure.lock().await.as_ref().map(|structure| structure.taken.clone()).unwrap_or_default()
    }

    /// Tabs were deleted.
    pub(crate) async fn forget_tabs(&self, ids: &[i64]) {
        if let Some(structure) = &mut *self.structure.lock().await {
            structure.tabs.retain(|tab| !ids.contains(&tab.id));
        }
    }

    /// Takes over what a write told about a tab.
    pub(crate) async fn learn(&self, tab: Tab) {
        if let Some(structure) = &mut *self.structure.lock().await {
            structure.update(tab);
        }
    }

    /// Asks for the structure by way of a write that changes nothing: only an editor may.
    /// Whoever may not is told before anything is fetched.
    ///
    /// # Errors
    /// The spreadsheet is not shared, or for reading only; or whatever the call ends in.
    pub(crate) async fn check_rights(&self, tally: &mut Tally) -> Result<(), Error> {
        // Nothing bears this key, so that nothing is deleted.
        let lookup = serde_json::json!({ "developerMetadataLookup": { "metadataKey": "exporter.none" } });
        let request = serde_json::json!({ "deleteDeveloperMetadata": { "dataFilter": lookup } });
        let body = serde_json::json!({ "requests": [request], "includeSpreadsheetInResponse": true });
        let body = Bytes::from(body.to_string());
        let fields = format!("updatedSpreadsheet(sheets({TAB_FIELDS},data({TAG_FIELDS})))");
        let answer = self.repeat::<Json>(&Ask::Write { body: &body, fields: &fields }, tally).await;
        match answer {
            Ok(answer) => {
                *self.structure.lock().await = Some(Structure::read(&answer["updatedSpreadsheet"])?);
                Ok(())
            }
            // Who is refused for the request itself was let in.
            Err(failure) if failure.fate() == Fate::Refused && !failure.is_other_document() => {
                self.forget_structure().await;
                self.structure(tally).await.map(|_| ())
            }
            Err(failure) => Err(self.explain(failure)),
        }
    }

    /// The values of a range.
    ///
    /// # Errors
    /// Whatever reading them ends in.
    pub(crate) async fn values(&self, range: &str, tally: &mut Tally) -> Result<Grid, Failure> {
        let grids = self.values_of(&[range.to_owned()], tally).await?;
        Ok(grids.into_iter().next().unwrap_or_default())
    }

    /// The values of several ranges, as they are at one moment.
    ///
    /// # Errors
    /// Whatever reading them ends in.
    pub(crate) async fn values_of(&self, ranges: &[String], tally: &mut Tally) -> Result<Vec<Grid>, Failure> {
        self.repeat(&Ask::Values(ranges, "UNFORMATTED_VALUE"), tally).await.map(Values::grids)
    }

    /// The values of a range, formulas as they were typed.
    ///
    /// # Errors
    /// Whatever reading them ends in.
    pub(crate) async fn formulas(&self, range: &str, tally: &mut Tally) -> Result<Grid, Failure> {
        let ask = &[range.to_owned()];
        let grids = self.repeat(&Ask::Values(ask, "FORMULA"), tally).await.map(Values::grids)?;
        Ok(grids.into_iter().next().unwrap_or_default())
    }

    /// One tab with its structure and its cells, as they are at one moment.
    ///
    /// # Errors
    /// Whatever reading it ends in.
    pub(crate) async fn picture(&self, range: &str, tally: &mut Tally) -> Result<(Tab, Grid), Failure> {
        let answer = self.repeat::<Spreadsheet>(&Ask::Picture(range), tally).await?;
        let (tab, grid) = answer.tabs().into_iter().next().unwrap_or_default();
        self.learn(tab.clone()).await;
        Ok((tab, grid))
    }

    /// One atomic batch, sent once: the tabs as they are then, as far as was asked for.
    ///
    /// # Errors
    /// The failure as it is: what a lost answer means is the caller's to find out.
    pub(crate) async fn write(
        &self,
        body: &Bytes,
        fields: &str,
        tally: &mut Tally,
    ) -> Result<Vec<(Tab, Grid)>, Failure> {
        let answer = self.once::<Written>(&Ask::Write { body, fields }, tally).await?;
        Ok(answer.updated_spreadsheet.tabs())
    }

    /// Puts values into cells, as often as it takes: only for cells that nobody else changes.
    ///
    /// # Errors
    /// Whatever it ends in.
    pub(crate) async fn put(&self, body: &Bytes, tally: &mut Tally) -> Result<(), Failure> {
        self.repeat::<IgnoredAny>(&Ask::Put(body), tally).await.map(|_| ())
    }

    /// A batch that makes a tab of the id `id`, as often as it takes.
    ///
    /// # Errors
    /// Whatever it ends in.
    pub(crate) async fn make(&self, id: i64, body: &Bytes, tally: &mut Tally) -> Result<(), Failure> {
        let made = self.repeat::<IgnoredAny>(&Ask::Write { body, fields: "spreadsheetId" }, tally).await;
        let Err(failure) = made else { return Ok(()) };
        if failure.fate() == Fate::Refused {
            // Refused the second time, because the first one had its effect?
            self.forget_structure().await;
            let structure = self.structure(tally).await;
            if structure.is_ok_and(|structure| structure.tabs.iter().any(|tab| tab.id == id)) {
                return Ok(());
            }
        }
        Err(failure)
    }

    /// How long to wait after the failure of this number, from 1: what Google asks for, else
    /// about twice as long each time, up to a minute and a bit.
    pub(crate) fn pause(&self, failure: &Failure, number: u32) -> Duration {
        let backoff = ExponentialBuilder::new()
            .with_min_delay(self.first_pause)
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(ATTEMPTS as usize)
            .with_jitter()
            .build();
        let own = backoff.into_iter().nth(number.saturating_sub(1) as usize).unwrap_or(LONGEST_PAUSE);
        failure.retry_after().unwrap_or(own).min(LONGEST_PAUSE)
    }

    /// What went wrong, in plain words.
    pub(crate) fn explain(&self, failure: Failure) -> Error {
        failure.explain(&self.spreadsheet, &self.account)
    }

    /// For what changes nothing: tried again whatever came of it, if that may pass.
    async fn repeat<T: DeserializeOwned>(&self, ask: &Ask<'_>, tally: &mut Tally) -> Result<T, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match self.once(ask, tally).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let fate = failure.fate();
            let passes = match fate {
                Fate::Busy | Fate::Unknown => attempt < ATTEMPTS,
                Fate::Expired => attempt == 1,
                Fate::Refused | Fate::Final => false,
            };
            if !passes {
                return Err(failure);
            }
            tracing::debug!(attempt, ?failure, "a call to Google failed and is tried again");
            if fate == Fate::Expired {
                self.forget_token().await;
            } else {
                tokio::time::sleep(self.pause(&failure, attempt)).await;
            }
            attempt += 1;
        }
    }

    async fn once<T: DeserializeOwned>(&self, ask: &Ask<'_>, tally: &mut Tally) -> Result<T, Failure> {
        if let Some(gate) = &self.gate {
            gate.pass(ask.writes()).await;
        }
        tally.calls += 1;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let hub = self.hub().await?;
        let address = format!("{}v4/spreadsheets/{}", self.base_url, self.spreadsheet);
        let (fields, limit) = (ask.fields(), ask.limit());
        let mut parameters = vec![("fields", &*fields)];
        let (address, body) = match ask {
            Ask::Structure => (address, None),
            Ask::Picture(range) => {
                parameters.push(("ranges", range));
                (address, None)
            }
            Ask::Values(ranges, render) => {
                parameters.extend(ranges.iter().map(|range| ("ranges", range.as_str())));
                parameters.push(("valueRenderOption", *render));
                (format!("{address}/values:batchGet"), None)
            }
            Ask::Put(body) => (format!("{address}/values:batchUpdate"), Some(Bytes::clone(body))),
            Ask::Write { body, .. } => (format!("{address}:batchUpdate"), Some(Bytes::clone(body))),
        };
        tally.bytes += body.as_ref().map_or(0, |body| body.len() as u64);
        let project = self.identity.quota_project();
        let call = Call { address: &address, parameters: &parameters, project, body };
        let late = |_| Failure::Lost(format!("no answer within {} s", limit.as_secs()));
        tokio::time::timeout(limit, send(&hub, call)).await.map_err(late)?
    }
}

/// A call.
enum Ask<'a> {
    /// `spreadsheets.get` without cells.
    Structure,
    /// `spreadsheets.get` of one range, cells and all.
    Picture(&'a str),
    /// `values.batchGet`: its ranges are parameters and escaped right, the other calls put
    /// them into the path as they are.
    /// The second part says how values are shown.
    Values(&'a [String], &'a str),
    /// `values.batchUpdate`.
    Put(&'a Bytes),
    /// `spreadsheets.batchUpdate`.
    Write {
        /// The request as JSON.
        body: &'a Bytes,
        /// What to answer.
        fields: &'a str,
    },
}

impl Ask<'_> {
    fn writes(&self) -> bool {
        matches!(self, Self::Write { .. } | Self::Put(_))
    }

    fn limit(&self) -> Duration {
        if self.writes() { WRITE_LIMIT } else { READ_LIMIT }
    }

    /// What is to be answered.
    fn fields(&self) -> Cow<'_, str> {
        match self {
            Self::Structure => format!("sheets({TAB_FIELDS},data({TAG_FIELDS}))").into(),
            Self::Picture(_) => format!("sheets({TAB_FIELDS},{CELLS})").into(),
            Self::Values(..) => "valueRanges(values)".into(),
            Self::Put(_) => "spreadsheetId".into(),
            Self::Write { fields, .. } => (*fields).into(),
        }
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
    use exporter_core::Secret;

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
    fn pauses_double_with_jitter_up_to_a_minute_and_a_bit_unless_google_names_one() {
        let key = exporter_sandbox::oauth::service_account("https://oauth2.googleapis.com/token");
        let client = SheetsClient::new(SheetsConfig {
            spreadsheet: "x".into(),
            credentials: Secret::new(key.to_string()).into(),
            base_url: None,
        })
        .unwrap();
        let busy = |retry_after| Failure::Refused { status: 429, message: String::new(), retry_after };
        for (number, least) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16)] {
            let least = Duration::from_secs(least);
            let mut drawn: Vec<Duration> = (0..20).map(|_| client.pause(&busy(None), number)).collect();
            assert!(drawn.iter().all(|pause| least <= *pause && *pause <= 2 * least), "{number}: {drawn:?}");
            drawn.dedup();
            assert!(drawn.len() > 1, "two programs that met once do not meet again");
        }
        assert_eq!(client.pause(&busy(None), 99), LONGEST_PAUSE);
        for (asked, pause) in [(7, 7), (3600, 64)] {
            assert_eq!(client.pause(&busy(Some(Duration::from_secs(asked))), 1), Duration::from_secs(pause));
        }
    }

    #[test]
    fn credentials_never_show() {
        let config = SheetsConfig {
            spreadsheet: "x".into(),
            credentials: Secret::new("{\"private_key\": \"hunter2\"}").into(),
            base_url: None,
        };
        assert!(!format!("{config:?}").contains("hunter2"));
        let error = SheetsClient::new(config).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SheetCredentials);
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
