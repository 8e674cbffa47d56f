//! The service over HTTP: who asks, how much, in what encoding, and how it is answered.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::calls::Query;
use super::drive::Content;
use super::errors::{Answer, ApiError};
use super::fields::Mask;
use super::handle::Sheets;
use super::quota::Counted;
use super::route::{self, Call, Facts};
use super::{drive, json, page, request};
use crate::oauth;

/// Largest body of a request.
pub const MAX_BODY: usize = 10_485_760;

/// The service's router: API, token endpoint and page.
pub fn router(sheets: Arc<Sheets>) -> Router {
    Router::new().fallback(handle).with_state(sheets)
}

async fn handle(State(sheets): State<Arc<Sheets>>, request: Request) -> Response {
    let limit = sheets.time_limit;
    let (parts, body) = request.into_parts();
    let query = Query::read(parts.uri.query().unwrap_or_default());
    let pretty = query.pretty();
    let zips = accepts_gzip(&parts.headers);
    let answer = tokio::time::timeout(limit, answer(sheets, parts, body, query)).await;
    match answer {
        Ok(Ok(reply)) => reply.response(zips),
        Ok(Err(error)) => Reply::error(&error, pretty).response(zips),
        Err(_) => Reply::error(&ApiError::deadline(), pretty).response(zips),
    }
}

/// An answer before it becomes HTTP.
struct Reply {
    status: StatusCode,
    kind: &'static str,
    body: Vec<u8>,
    drive: bool,
}

/// Headers of every answer of the Sheets API.
const SHEETS_HEADERS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "private"),
    (header::VARY, "Origin"),
    (header::VARY, "X-Origin"),
    (header::VARY, "Referer"),
];

/// Headers of every answer of the Drive API: nothing of it may be kept.
const DRIVE_HEADERS: [(HeaderName, &str); 4] = [
    (header::CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate"),
    (header::PRAGMA, "no-cache"),
    (header::EXPIRES, "Mon, 01 Jan 1990 00:00:00 GMT"),
    (header::VARY, "Origin, X-Origin"),
];

const JSON: &str = "application/json; charset=UTF-8";
const HTML: &str = "text/html; charset=UTF-8";

impl Reply {
    fn error(error: &ApiError, pretty: bool) -> Self {
        let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, kind: JSON, body: json::write_error(error, pretty), drive: false }
    }

    fn response(self, zips: bool) -> Response {
        let zipped = (zips && !self.body.is_empty()).then(|| gzip(&self.body)).flatten();
        let encoded = zipped.is_some();
        let mut response = Response::new(Body::from(zipped.unwrap_or(self.body)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, self.kind),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
            (header::X_XSS_PROTECTION, "0"),
            (header::SERVER, "ESF"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in if self.drive { DRIVE_HEADERS } else { SHEETS_HEADERS } {
            headers.append(name, HeaderValue::from_static(value));
        }
        if encoded {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    }
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|value| value.split(',').any(|one| one.trim().starts_with("gzip")))
}

fn gzip(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

async fn answer(
    sheets: Arc<Sheets>,
    parts: axum::http::request::Parts,
    body: Body,
    query: Query,
) -> Answer<Reply> {
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    if path == "/token" && method == "POST" {
        let body = read_body(&parts.headers, body).await?;
        let host = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
        let (status, value) = oauth::token(&sheets, &body, host.unwrap_or_default());
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        return Ok(Reply { status, kind: JSON, body: json::write(&value, "", true), drive: false });
    }
    if let Some(id) = page::spreadsheet_of(path).filter(|_| method == "GET") {
        let html = page::render(&sheets, &id, query.get("tab"));
        let status = if html.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
        let body = html.unwrap_or_else(|| page::missing().to_owned()).into_bytes();
        return Ok(Reply { status, kind: HTML, body, drive: false });
    }
    if let Some(call) = drive::route(method, path) {
        let email = account(&sheets, &parts.headers, &query, method == "GET")?;
        let body = read_body(&parts.headers, body).await?;
        return Ok(drive_reply(&sheets, &call, &email, &query, &body));
    }
    let Some(call) = route::route(method, path) else {
        let body = page::no_address(path).into_bytes();
        return Ok(Reply { status: StatusCode::NOT_FOUND, kind: HTML, body, drive: false });
    };
    let facts = call.facts();
    let get = method == "GET";
    let email = authorise(&sheets, &parts.headers, &query, &call, (facts, get))?;
    let body = read_body(&parts.headers, body).await?;
    let work = move || serve(&sheets, &call, &email, &query, &body);
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(ApiError::internal()))
}

/// Runs a call of the Drive API, whose errors have an envelope of their own.
fn drive_reply(sheets: &Sheets, call: &drive::Call, email: &str, query: &Query, body: &[u8]) -> Reply {
    let pretty = query.pretty();
    let (status, kind, body) = match drive::run(sheets, call, email, query, body) {
        Ok(Content::Json(answer)) => (StatusCode::OK, JSON, json::write(&answer, call.answer(), pretty)),
        Ok(Content::Csv(text)) => (StatusCode::OK, "text/csv", text),
        Ok(Content::Nothing) => (StatusCode::NO_CONTENT, "text/html", Vec::new()),
        Err(error) => {
            let body = json::write(&drive::envelope(&error), "", pretty);
            return Reply { body, drive: true, ..Reply::error(&error, pretty) };
        }
    };
    Reply { status, kind, body, drive: true }
}

/// Finds the account behind the token.
fn account(sheets: &Sheets, headers: &HeaderMap, query: &Query, get: bool) -> Answer<String> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    let token = bearer.or_else(|| query.get("access_token")).ok_or_else(|| {
        if header.is_some() { ApiError::unauthenticated() } else { ApiError::anonymous(get) }
    })?;
    let now = sheets.moment().0.timestamp();
    Ok(sheets.lock().tokens.account(token, now)?.to_owned())
}

/// Finds the account behind the token and counts the call.
fn authorise(
    sheets: &Sheets,
    headers: &HeaderMap,
    query: &Query,
    call: &Call,
    (facts, get): (Facts, bool),
) -> Answer<String> {
    let email = account(sheets, headers, query, get)?;
    let mut state = sheets.lock();
    let spreadsheet = match call {
        Call::Create => None,
        Call::On { id, .. } => Some(id.as_str()),
    };
    let user = query.get("quotaUser").unwrap_or(&email);
    let counted = Counted { writes: facts.writes, user, email: &email, spreadsheet };
    let quotas = state.quotas;
    state.counter.count(quotas, counted, Instant::now())?;
    Ok(email)
}

fn serve(sheets: &Sheets, call: &Call, email: &str, query: &Query, body: &[u8]) -> Answer<Reply> {
    let facts = call.facts();
    query.check(facts.name)?;
    let mask = query.get("fields").map(|text| Mask::of_answer(text, facts.answer)).transpose()?;
    let body = match facts.body {
        Some(message) => request::parse(body, message, facts.root)?,
        None => Value::Null,
    };
    let answer = super::calls::run(sheets, call, email, query, &body, mask.as_ref())?;
    let answer = match &mask {
        Some(mask) => mask.select(answer),
        None => answer,
    };
    let pretty = query.pretty();
    let body = json::write(&answer, facts.answer, pretty);
    Ok(Reply { status: StatusCode::OK, kind: JSON, body, drive: false })
}

/// Reads a body of at most ten mebibytes, unpacked when it came packed. A longer one is
/// read to its end all the same, so that the client is there to hear why.
async fn read_body(headers: &HeaderMap, mut body: Body) -> Answer<Bytes> {
    let mut received = Vec::new();
    let mut too_large = false;
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| ApiError::invalid(format!("The request's body ended too early: {error}")))?;
        if let Some(data) = frame.data_ref() {
            too_large |= received.len() + data.len() > MAX_BODY;
            if !too_large {
                received.extend_from_slice(data);
            }
        }
    }
    if too_large {
        return Err(ApiError::too_large());
    }
    let packed = headers.get(header::CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    if !packed {
        return Ok(received.into());
    }
    let mut unpacked = Vec::new();
    let limit = u64::try_from(MAX_BODY).unwrap_or(u64::MAX) + 1;
    MultiGzDecoder::new(received.as_slice())
        .take(limit)
        .read_to_end(&mut unpacked)
        .map_err(|error| ApiError::invalid(format!("The request's body is not gzip: {error}")))?;
    if unpacked.len() > MAX_BODY {
        return Err(ApiError::too_large());
    }
    Ok(unpacked.into())
}
