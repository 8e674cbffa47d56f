//! A report in the manner of DataTables with its buttons: rows come as JSON, and the CSV file is
//! made by a script in the browser, so that no address leads to it (datatables.net/manual).

use axum::Json;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::json;

use super::web::{self, Fields, Site, found, logout, page};
use crate::panel::data::{Data, Dataset};

const DATASET: Dataset = Dataset::PointTrx;
const SCRIPT: &str = include_str!("datatables.js");

pub(super) fn router(data: Data) -> Router {
    let site = Site::new(data, "dt_session", 0xd7);
    Router::new()
        .route("/", get(|| async { found("/laporan") }))
        .route("/login", get(login_page).post(login))
        .route("/logout", post(logout))
        .route("/laporan", get(report))
        .route("/laporan/data", get(rows))
        .route("/laporan.js", get(script))
        .with_state(site)
}

async fn login_page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let visitor = site.visitors.open(&headers);
    let form = form(&visitor.token, "");
    site.visitors.with_cookie(&visitor, form)
}

fn form(token: &str, note: &str) -> Response {
    let body = format!(
        "{note}<form method=\"post\" action=\"/login\"><input type=\"hidden\" name=\"_csrf\" value=\"{token}\">\
         <label>Username <input name=\"username\" autocomplete=\"username\"></label>\
         <label>Password <input type=\"password\" name=\"password\" autocomplete=\"current-password\"></label>\
         <button type=\"submit\">Sign in</button></form>"
    );
    Html(page("Sign in", &body)).into_response()
}

async fn login(State(site): State<Site>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let before = site.visitors.open(&headers);
    if fields.get("_csrf") != Some(&before.token) {
        return (StatusCode::FORBIDDEN, "invalid csrf token").into_response();
    }
    match site.visitors.log_in(fields.get("username"), fields.get("password")) {
        Some(visitor) => site.visitors.with_cookie(&visitor, found("/laporan")),
        None => form(&before.token, "<div class=\"alert alert-danger\">Invalid username or password.</div>"),
    }
}

async fn report(State(site): State<Site>, headers: HeaderMap) -> Response {
    if !site.visitors.open(&headers).logged_in {
        return found("/login");
    }
    let head = web::heading(DATASET);
    let body = format!(
        "<h1>Laporan poin</h1><form method=\"post\" action=\"/logout\"><button>Sign out</button></form>\
         <label for=\"min\">Dari</label><input type=\"date\" id=\"min\"><label for=\"max\">Sampai</label><input type=\"date\" id=\"max\">\
         <button type=\"button\" id=\"tampilkan\" class=\"btn\">Tampilkan</button>\
         <div class=\"dt-buttons\"><button type=\"button\" class=\"dt-button buttons-csv buttons-html5\"><span>CSV</span></button></div>\
         <table id=\"laporan\" class=\"dataTable\"><thead><tr>{head}</tr></thead><tbody></tbody></table>\
         <div class=\"dataTables_info\" role=\"status\"></div><script src=\"/laporan.js\"></script>"
    );
    Html(page("Laporan poin", &body)).into_response()
}

async fn script() -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

/// The rows as the script asks for them: a part of them, or all with `length=-1`.
async fn rows(State(site): State<Site>, Query(query): Query<Fields>, headers: HeaderMap) -> Response {
    if !site.visitors.open(&headers).logged_in {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "Unauthenticated."}))).into_response();
    }
    let number =
        |name: &str, otherwise: i64| query.get(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let day = |name: &str| query.get(name).map(String::as_str);
    let all = web::rows(&site.data, DATASET, day("min"), day("max"));
    let length = usize::try_from(number("length", 10)).unwrap_or(usize::MAX);
    let start = usize::try_from(number("start", 0)).unwrap_or(0);
    let part = all.iter().skip(start).take(length);
    let texts: Vec<Vec<String>> = part.map(|row| row.iter().map(web::raw).collect()).collect();
    let (draw, total) = (number("draw", 1), all.len());
    Json(json!({"draw": draw, "recordsTotal": total, "recordsFiltered": total, "data": texts}))
        .into_response()
}
