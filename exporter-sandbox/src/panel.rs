//! The panel: a web admin site in the manner of Laravel, with four export pages.

pub mod data;
mod pages;
mod pdf;
mod xlsx;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::NaiveDate;
use serde::Deserialize;

use data::{Cell, Changed, Dataset};

/// The user that the panel knows.
pub const EMAIL: &str = "admin@toko.test";
/// The password at the start.
pub const PASSWORD: &str = "rahasia-sandbox";

/// What the panel shows instead of working as usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It works.
    #[default]
    Usual,
    /// After the password it asks for a code.
    SecondFactor,
    /// Every page is "503 maintenance".
    Maintenance,
    /// Every page is a firewall's "403".
    Blocked,
    /// The login form has other field names.
    RenamedForm,
}

/// The panel's handle; clones are the same panel.
#[derive(Debug, Clone)]
pub struct Panel(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    seed: u64,
    password: String,
    mode: Mode,
    /// CSRF token and whether somebody is logged in, by session cookie.
    sessions: HashMap<String, (String, Option<String>, bool)>,
    issued: u64,
    logins: u32,
    logouts: u32,
    changed: Changed,
}

impl Panel {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            seed,
            password: PASSWORD.to_owned(),
            mode: Mode::Usual,
            sessions: HashMap::new(),
            issued: 0,
            logins: 0,
            logouts: 0,
            changed: Changed::new(),
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a cell, as when a status turns from pending to paid.
    pub fn set_cell(&self, dataset: Dataset, key: &str, column: &str, text: &str) {
        self.inner().changed.insert((dataset, key.to_owned(), column.to_owned()), text.to_owned());
    }

    /// The rows of some days, both included.
    pub fn rows(&self, dataset: Dataset, first: NaiveDate, last: NaiveDate) -> Vec<Vec<Cell>> {
        let inner = self.inner();
        data::rows(inner.seed, dataset, first, last, &inner.changed)
    }

    /// Sets another password.
    pub fn set_password(&self, password: &str) {
        password.clone_into(&mut self.inner().password);
    }

    /// Sets what the panel shows.
    pub fn set_mode(&self, mode: Mode) {
        self.inner().mode = mode;
    }

    /// Ends all sessions.
    pub fn expire_sessions(&self) {
        self.inner().sessions.clear();
    }

    /// How often somebody logged in.
    pub fn logins(&self) -> u32 {
        self.inner().logins
    }

    /// How often somebody logged out.
    pub fn logouts(&self) -> u32 {
        self.inner().logouts
    }

    /// The session of a request: its cookie's, or a new one with its `Set-Cookie`.
    fn session(&self, headers: &HeaderMap) -> (String, String, Option<String>) {
        let mut inner = self.inner();
        let known = cookie(headers)
            .and_then(|id| inner.sessions.get(&id).map(|(token, _, _)| (id.clone(), token.clone())));
        if let Some((id, token)) = known {
            return (id, token, None);
        }
        inner.issued += 1;
        let (id, token) = (
            format!("s{:016x}", mix(inner.seed, inner.issued)),
            format!("t{:032x}", mix(inner.seed ^ 1, inner.issued)),
        );
        inner.sessions.insert(id.clone(), (token.clone(), None, false));
        let set = format!("laravel_session={id}; path=/; httponly; samesite=lax");
        (id, token, Some(set))
    }

    fn logged_in(&self, headers: &HeaderMap) -> bool {
        let inner = self.inner();
        cookie(headers).and_then(|id| inner.sessions.get(&id).map(|session| session.2)).unwrap_or(false)
    }
}

/// The name of an endpoint for faults and the log: its path.
pub(crate) fn endpoint(_method: &str, path: &str) -> String {
    path.to_owned()
}

pub(crate) fn router(panel: Panel) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/dashboard") }))
        .route("/login", get(login_page).post(login))
        .route("/logout", post(logout))
        .route("/dashboard", get(page))
        .route("/{page}", get(page))
        .route("/transaksi/index-export", get(page))
        .route("/transaksi/export", get(workbook))
        .route("/{page}/export-pdf", get(document))
        .layer(axum::middleware::from_fn_with_state(panel.clone(), modes))
        .with_state(panel)
}

/// Pages that stand before everything else: maintenance and the firewall.
async fn modes(
    State(panel): State<Panel>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response {
    let mode = panel.inner().mode;
    match mode {
        Mode::Maintenance => (StatusCode::SERVICE_UNAVAILABLE, Html(pages::MAINTENANCE)).into_response(),
        Mode::Blocked => (StatusCode::FORBIDDEN, Html(pages::BLOCKED)).into_response(),
        _ => next.run(request).await,
    }
}

async fn login_page(State(panel): State<Panel>, headers: HeaderMap) -> Response {
    if panel.logged_in(&headers) {
        return found("/dashboard");
    }
    let (id, token, set) = panel.session(&headers);
    let (message, mode) = {
        let mut inner = panel.inner();
        let mode = inner.mode;
        (inner.sessions.get_mut(&id).and_then(|session| session.1.take()), mode)
    };
    let body = Html(pages::login(&token, message.as_deref(), mode == Mode::RenamedForm));
    with_cookie(body.into_response(), set)
}

async fn login(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let (id, token, _) = panel.session(&headers);
    if form.get("_token") != Some(&token) {
        return page_expired();
    }
    let mut inner = panel.inner();
    let right =
        form.get("email").map(String::as_str) == Some(EMAIL) && form.get("password") == Some(&inner.password);
    if !right {
        if let Some(session) = inner.sessions.get_mut(&id) {
            session.1 = Some("These credentials do not match our records.".to_owned());
        }
        return found("/login");
    }
    if inner.mode == Mode::SecondFactor {
        return Html(pages::second_factor(&token)).into_response();
    }
    inner.logins += 1;
    // Laravel gives a session a new id when its user logs in.
    inner.sessions.remove(&id);
    inner.issued += 1;
    let (id, token) = (
        format!("s{:016x}", mix(inner.seed, inner.issued)),
        format!("t{:032x}", mix(inner.seed ^ 1, inner.issued)),
    );
    inner.sessions.insert(id.clone(), (token, None, true));
    with_cookie(found("/dashboard"), Some(format!("laravel_session={id}; path=/; httponly; samesite=lax")))
}

async fn logout(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let (id, token, _) = panel.session(&headers);
    if form.get("_token") != Some(&token) {
        return page_expired();
    }
    let mut inner = panel.inner();
    inner.sessions.remove(&id);
    inner.logouts += 1;
    found("/login")
}

async fn page(State(panel): State<Panel>, headers: HeaderMap, request: axum::extract::Request) -> Response {
    if !panel.logged_in(&headers) {
        return found("/login");
    }
    let (_, token, _) = panel.session(&headers);
    match pages::page(request.uri().path(), &token) {
        Some(page) => Html(page).into_response(),
        None => {
            (StatusCode::NOT_FOUND, Html("<!DOCTYPE html><title>Not Found</title><h1>404 | Not Found</h1>"))
                .into_response()
        }
    }
}

async fn workbook(
    State(panel): State<Panel>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let days = days(&query, "start_date", "end_date", "%d/%m/%Y");
    let Some((first, last)) = days.filter(|_| panel.logged_in(&headers)) else {
        return refused(&panel, &headers);
    };
    let rows = panel.rows(Dataset::Transaksi, first, last);
    match xlsx::table(Dataset::Transaksi.columns(), &rows) {
        Ok(bytes) => file(
            bytes,
            "transaksi",
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            last,
        ),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn document(
    State(panel): State<Panel>,
    Path(page): Path<String>,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let dataset = match page.as_str() {
        "point_transaction" => Dataset::PointTrx,
        "user-front" => Dataset::User,
        "koin_pay" => Dataset::KoinPay,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let days = days(&query, "start", "end", "%Y-%m-%d");
    let Some((first, last)) = days.filter(|_| panel.logged_in(&headers)) else {
        return refused(&panel, &headers);
    };
    let rows: Vec<Vec<String>> =
        panel.rows(dataset, first, last).iter().map(|row| row.iter().map(pages::shown).collect()).collect();
    let title = format!("Laporan {} {first} s/d {last}", dataset.name());
    file(pdf::table(&title, dataset.columns(), &rows), dataset.name(), "pdf", "application/pdf", last)
}

fn days(
    query: &HashMap<String, String>,
    start: &str,
    end: &str,
    format: &str,
) -> Option<(NaiveDate, NaiveDate)> {
    let day = |name: &str| NaiveDate::parse_from_str(query.get(name)?, format).ok();
    Some((day(start)?, day(end)?))
}

/// Who is not logged in goes to the login; who sent wrong dates is told.
fn refused(panel: &Panel, headers: &HeaderMap) -> Response {
    if panel.logged_in(headers) {
        return (
            StatusCode::UNPROCESSABLE_ENTITY,
            Html("<!DOCTYPE html><title>Tanggal salah</title><h1>Tanggal tidak sah</h1>"),
        )
            .into_response();
    }
    found("/login")
}

fn file(bytes: Vec<u8>, name: &str, ending: &str, media: &'static str, day: NaiveDate) -> Response {
    let disposition = format!("attachment; filename=\"{name}_{}_080000.{ending}\"", day.format("%Y%m%d"));
    ([(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes)
        .into_response()
}

fn page_expired() -> Response {
    let status = StatusCode::from_u16(419).unwrap_or(StatusCode::BAD_REQUEST);
    (status, Html("<!DOCTYPE html><title>Page Expired</title><h1>419 | Page Expired</h1>")).into_response()
}

fn found(place: &'static str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
}

fn with_cookie(mut response: Response, set: Option<String>) -> Response {
    if let Some(value) = set.and_then(|set| set.parse().ok()) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("laravel_session=")).map(str::to_owned)
}

/// An id that cannot be guessed from the one before, for a stand-in.
fn mix(seed: u64, number: u64) -> u64 {
    let mixed = (seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 29)
}
