//! An API: a bearer token, JSON by pages, the same as CSV, packed where that is understood, and
//! `Retry-After` to who is too fast.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::NaiveDate;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::web;
use crate::panel::data::{Data, Dataset};

/// The token that opens it.
pub const TOKEN: &str = "sandbox-api-token-not-a-real-one";

/// Requests in a second.
const FASTEST: usize = 5;
const SECOND: Duration = Duration::from_secs(1);
/// Rows on a page, unless asked for, and at most.
const PAGE: (usize, usize) = (50, 200);

#[derive(Clone)]
struct Site {
    data: Data,
    recent: Arc<Mutex<Vec<Instant>>>,
}

pub(super) fn router(data: Data) -> Router {
    let site = Site { data, recent: Arc::default() };
    Router::new()
        .route("/api/v1/{dataset}", get(rows))
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "Not found.") })
        .layer(axum::middleware::from_fn_with_state(site.clone(), guard))
        .with_state(site)
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "message": message }))).into_response()
}

/// Who has no token is refused; who is too fast is told when to come back.
async fn guard(State(site): State<Site>, headers: HeaderMap, request: Request, next: Next) -> Response {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
    if token != Some(TOKEN) {
        let refused = refuse(StatusCode::UNAUTHORIZED, "Unauthenticated.");
        return web::with_header(refused, header::WWW_AUTHENTICATE, "Bearer");
    }
    if site.is_too_fast() {
        let refused = refuse(StatusCode::TOO_MANY_REQUESTS, "Too Many Attempts.");
        return web::with_header(refused, header::RETRY_AFTER, "1");
    }
    let kinds = headers.get(header::ACCEPT_ENCODING).and_then(|kinds| kinds.to_str().ok());
    let packs = kinds.is_some_and(|kinds| kinds.contains("gzip"));
    let response = next.run(request).await;
    if !packs {
        return response;
    }
    let failed = |error: std::io::Error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    packed(response).await.map_err(failed).into_response()
}

/// The answer packed for the way.
async fn packed(response: Response) -> std::io::Result<Response> {
    let (mut head, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(std::io::Error::other)?;
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&bytes)?;
    head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    head.headers.remove(header::CONTENT_LENGTH);
    Ok(Response::from_parts(head, packer.finish()?.into()))
}

impl Site {
    fn is_too_fast(&self) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|at| at.elapsed() < SECOND);
        let too_fast = recent.len() >= FASTEST;
        if !too_fast {
            recent.push(Instant::now());
        }
        too_fast
    }
}

async fn rows(
    State(site): State<Site>,
    Path(name): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let (name, as_csv) = match name.strip_suffix(".csv") {
        Some(name) => (name.to_owned(), true),
        None => (name, false),
    };
    let Some(dataset) = Dataset::named(&name) else { return refuse(StatusCode::NOT_FOUND, "Not found.") };
    let day = |name: &str| query.get(name).and_then(|text| text.parse::<NaiveDate>().ok());
    let (Some(first), Some(last)) = (day("from"), day("to")) else {
        return refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The from and to fields must be dates (YYYY-MM-DD).",
        );
    };
    let all = site.data.rows(dataset, first, last);
    let columns = dataset.columns();
    if as_csv {
        return web::file(web::csv(columns, &all, b','), "text/csv; charset=utf-8", &format!("{name}.csv"));
    }
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let length = number("per_page").unwrap_or(PAGE.0).clamp(1, PAGE.1);
    let page = number("page").unwrap_or(1).max(1);
    let pages = all.len().div_ceil(length).max(1);
    let data: Vec<Value> =
        all.iter().skip((page - 1) * length).take(length).map(|row| web::object(columns, row)).collect();
    let next = (page < pages)
        .then(|| format!("/api/v1/{name}?from={first}&to={last}&per_page={length}&page={}", page + 1));
    Json(json!({
        "data": data,
        "links": {"next": next},
        "meta": {"current_page": page, "last_page": pages, "per_page": length, "total": all.len()},
    }))
    .into_response()
}
