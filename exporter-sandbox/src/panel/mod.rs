//! The panel: a web admin site in the manner of Laravel, with four export pages.
//!
//! Its sessions, tokens, redirects and refusals are those of a stock Laravel application
//! (laravel.com/docs: session, csrf, authentication). Other panels of the sandbox are the same
//! site in another [`Manner`].

pub mod data;
pub(crate) mod exports;
mod login;
mod manner;
pub(crate) mod pages;
pub(crate) mod pdf;
pub(crate) mod session;
mod visit;
pub(crate) mod xlsx;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;

use data::{Cell, Data, Dataset};
pub use exports::WrongFile;
use manner::Failure;
pub use manner::Manner;
use session::Sessions;

use crate::server::{self, Service};

/// The user that the panel knows.
pub const EMAIL: &str = "admin@toko.test";
/// The password at the start.
pub const PASSWORD: &str = "rahasia-sandbox";
/// The secret of the user's second factor (RFC 6238, in base 32), where one is asked for.
pub const TOTP_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// What the panel shows instead of working as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It works.
    #[default]
    Usual,
    /// After the password it asks for a code: one made from [`TOTP_SECRET`], or the one that
    /// it has just sent, see [`Panel::sent_code`].
    SecondFactor,
    /// Every page is "503 maintenance".
    Maintenance,
    /// Every page is a firewall's "403".
    Blocked,
    /// The login form has other field names.
    RenamedForm,
    /// The login form asks whether the visitor is a person.
    Captcha,
    /// The password is right and too old: nothing goes on before there is a new one.
    PasswordExpired,
}

/// The panel's handle; clones are the same panel.
#[derive(Debug, Clone)]
pub struct Panel {
    inner: Arc<Mutex<Inner>>,
    data: Data,
    manner: Manner,
}

#[derive(Debug)]
struct Inner {
    password: String,
    mode: Mode,
    sessions: Sessions,
    throttle: login::Throttle,
    phone: login::Phone,
    wrong_files: Vec<(Dataset, WrongFile)>,
    /// How far the panel's clock is ahead of the system's.
    ahead: TimeDelta,
    requests: u64,
    logins: u32,
    failed_logins: u32,
    logouts: u32,
}

impl Panel {
    pub(crate) fn new(data: Data, manner: Manner) -> Self {
        let inner = Inner {
            password: PASSWORD.to_owned(),
            mode: Mode::Usual,
            sessions: Sessions::new(data.seed(), manner.name()),
            throttle: login::Throttle::default(),
            phone: login::Phone::new(data.seed()),
            wrong_files: Vec::new(),
            ahead: TimeDelta::zero(),
            requests: 0,
            logins: 0,
            failed_logins: 0,
            logouts: 0,
        };
        Self { inner: Arc::new(Mutex::new(inner)), data, manner }
    }

    pub(crate) fn manner(&self) -> Manner {
        self.manner
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a cell, as when a status turns from pending to paid.
    pub fn set_cell(&self, dataset: Dataset, key: &str, column: &str, text: &str) {
        self.data.set_cell(dataset, key, column, text);
    }

    /// What was waiting on these days, both included, is settled: its status turns.
    pub fn settle(&self, first: NaiveDate, last: NaiveDate) {
        self.data.settle(first, last);
    }

    /// The shop is closed on these days, both included: there are no rows.
    pub fn close(&self, first: NaiveDate, last: NaiveDate) {
        self.data.close(first, last);
    }

    /// The rows of some days, both included.
    pub fn rows(&self, dataset: Dataset, first: NaiveDate, last: NaiveDate) -> Vec<Vec<Cell>> {
        self.data.rows(dataset, first, last)
    }

    /// Sets another password.
    pub fn set_password(&self, password: &str) {
        password.clone_into(&mut self.inner().password);
    }

    /// Sets what the panel shows.
    pub fn set_mode(&self, mode: Mode) {
        self.inner().mode = mode;
    }

    /// What an export hands out from now on instead of its file; with nothing, its file again.
    pub fn set_wrong_file(&self, dataset: Dataset, wrong: Option<WrongFile>) {
        let mut inner = self.inner();
        inner.wrong_files.retain(|(other, _)| *other != dataset);
        inner.wrong_files.extend(wrong.map(|wrong| (dataset, wrong)));
    }

    /// The code that was sent to the user's phone last, as long as nobody has used it.
    pub fn sent_code(&self) -> Option<String> {
        self.inner().phone.code().map(str::to_owned)
    }

    /// Ends all sessions.
    pub fn expire_sessions(&self) {
        self.inner().sessions.clear();
    }

    /// Moves the panel's clock on: sessions age, a locked login opens again.
    pub fn advance(&self, by: Duration) {
        self.inner().ahead += TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
    }

    /// How often somebody logged in.
    pub fn logins(&self) -> u32 {
        self.inner().logins
    }

    /// How often a login was refused.
    pub fn failed_logins(&self) -> u32 {
        self.inner().failed_logins
    }

    /// How often somebody logged out.
    pub fn logouts(&self) -> u32 {
        self.inner().logouts
    }
}

impl Inner {
    fn now(&self) -> DateTime<Utc> {
        DateTime::<Utc>::from(SystemTime::now()) + self.ahead
    }
}

/// A site as a service of this name: its endpoints are its paths, its errors are pages.
pub(crate) fn service(name: &'static str) -> Service {
    Service { name, endpoint: |_, path| path.to_owned(), logged: str::to_owned, words }
}

/// The page that says an error.
fn words(_endpoint: &str, code: u16, _pause: Option<u32>) -> String {
    let text = StatusCode::from_u16(code).ok().and_then(|status| status.canonical_reason());
    pages::error(&code.to_string(), text.unwrap_or("Page Expired"))
}

pub(crate) fn router(panel: Panel) -> Router {
    Router::new()
        .route("/", get(login::home))
        .route("/login", get(login::page).post(login::submit))
        .route("/login/password", get(login::password_page).post(login::submit_password))
        .route("/two-factor-challenge", get(login::code_page).post(login::submit_code))
        .route("/password/expired", get(login::expired_page))
        .route("/logout", post(login::logout))
        .fallback(exports::answer)
        .layer(axum::middleware::from_fn_with_state(panel.clone(), visit::open))
        .layer(axum::middleware::from_fn_with_state(panel.clone(), stand_before))
        .with_state(panel)
}

/// What stands before everything else: maintenance, the firewall, slowness and flakiness.
async fn stand_before(State(panel): State<Panel>, request: Request, next: Next) -> Response {
    let (mode, number) = {
        let mut inner = panel.inner();
        inner.requests += 1;
        (inner.mode, inner.requests)
    };
    if let Some(pause) = panel.manner.pause() {
        tokio::time::sleep(pause).await;
    }
    match (mode, panel.manner.failure(number)) {
        (Mode::Maintenance, _) => (StatusCode::SERVICE_UNAVAILABLE, Html(pages::MAINTENANCE)).into_response(),
        (Mode::Blocked, _) => (StatusCode::FORBIDDEN, Html(pages::BLOCKED)).into_response(),
        (_, Some(Failure::Status(code))) => (code, Html(pages::SERVER_ERROR)).into_response(),
        (_, Some(Failure::Cut)) => server::cut_connection(),
        (_, None) => next.run(request).await,
    }
}
