//! A list in the manner of Flask-Admin: one filter field holds both days, and a link exports what
//! is filtered (flask-admin.readthedocs.io: filters, exporting).

use axum::Router;
use axum::extract::{Form, Path, Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;

use super::web::{self, Fields, Site, found, logout, page};
use crate::panel::data::{Cell, Data, Dataset};
use crate::panel::pages::plain;

/// The filter "tanggal between".
const FILTER: &str = "flt0_tanggal_between";

pub(super) fn router(data: Data) -> Router {
    let site = Site::new(data, "flask_session", 0xf1);
    Router::new()
        .route("/", get(|| async { found("/admin/") }))
        .route("/login", get(login_page).post(login))
        .route("/logout", get(logout))
        .route("/admin/", get(index))
        .route("/admin/{view}/", get(list))
        .route("/admin/{view}/export/csv/", get(export))
        .with_state(site)
}

fn form(token: &str, next: &str, note: &str) -> Response {
    let action = plain(next);
    let body = format!(
        "{note}<form method=\"POST\" action=\"/login?next={action}\"><input id=\"csrf_token\" name=\"csrf_token\" type=\"hidden\" value=\"{token}\">\
         <label for=\"login\">Username</label><input id=\"login\" name=\"login\" type=\"text\" class=\"form-control\">\
         <label for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" class=\"form-control\">\
         <button type=\"submit\" class=\"btn btn-primary\">Submit</button></form>"
    );
    Html(page("Login - Admin", &body)).into_response()
}

fn next(query: &Fields) -> &str {
    query.get("next").filter(|next| next.starts_with('/')).map_or("/admin/", String::as_str)
}

async fn login_page(State(site): State<Site>, Query(query): Query<Fields>, headers: HeaderMap) -> Response {
    let visitor = site.visitors.open(&headers);
    site.visitors.with_cookie(&visitor, form(&visitor.token, next(&query), ""))
}

async fn login(
    State(site): State<Site>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    let before = site.visitors.open(&headers);
    if fields.get("csrf_token") != Some(&before.token) {
        let body = page("400 Bad Request", "<h1>Bad Request</h1><p>The CSRF token is missing.</p>");
        return (StatusCode::BAD_REQUEST, Html(body)).into_response();
    }
    match site.visitors.log_in(fields.get("login"), fields.get("password")) {
        Some(visitor) => site.visitors.with_cookie(&visitor, found(next(&query))),
        None => form(
            &before.token,
            next(&query),
            "<div class=\"alert alert-danger\">Invalid user or password</div>",
        ),
    }
}

fn to_login(uri: &Uri) -> Response {
    let next: String = form_urlencoded::byte_serialize(uri.to_string().as_bytes()).collect();
    found(&format!("/login?next={next}"))
}

async fn index(State(site): State<Site>, headers: HeaderMap, uri: Uri) -> Response {
    if !site.visitors.open(&headers).logged_in {
        return to_login(&uri);
    }
    let links = web::each(Dataset::ALL, |dataset| {
        format!("<li><a href=\"/admin/{0}/\">{0}</a></li>", dataset.name())
    });
    let body = format!("<a href=\"/logout\">Log out</a><ul class=\"nav\">{links}</ul>");
    Html(page("Home - Admin", &body)).into_response()
}

/// The rows that the filter leaves.
fn filtered(site: &Site, dataset: Dataset, query: &Fields) -> Vec<Vec<Cell>> {
    let days = query.get(FILTER).and_then(|text| text.split_once(" to "));
    let day = |text: &str| text.trim().get(..10).map(str::to_owned);
    let (first, last) = days.map_or((None, None), |(first, last)| (day(first), day(last)));
    web::rows(&site.data, dataset, first.as_deref(), last.as_deref())
}

async fn list(
    State(site): State<Site>,
    Path(view): Path<String>,
    Query(query): Query<Fields>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    if !site.visitors.open(&headers).logged_in {
        return to_login(&uri);
    }
    let Some(dataset) = Dataset::named(&view) else { return StatusCode::NOT_FOUND.into_response() };
    let rows = filtered(&site, dataset, &query);
    let (head, body) = (web::heading(dataset), web::lines(&rows, 20));
    let empty = if rows.is_empty() { "There are no items in the table." } else { "" };
    let raw = plain(&raw.map(|raw| format!("?{raw}")).unwrap_or_default());
    let value = plain(query.get(FILTER).map_or("", String::as_str));
    let body = format!(
        "<a href=\"/logout\">Log out</a><ul class=\"nav nav-tabs\"><li class=\"active\"><a>List ({})</a></li>\
         <li><a href=\"/admin/{view}/export/csv/{raw}\" title=\"Export\">Export</a></li></ul>\
         <form id=\"filter_form\" method=\"GET\" action=\"/admin/{view}/\"><label for=\"{FILTER}\">Tanggal between</label>\
         <input name=\"{FILTER}\" id=\"{FILTER}\" class=\"filter-val form-control\" data-role=\"daterangepicker\" data-date-format=\"YYYY-MM-DD\" value=\"{value}\">\
         <button type=\"submit\" class=\"btn btn-primary pull-right\">Apply</button></form>\
         <table class=\"table model-list\"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{empty}",
        rows.len()
    );
    Html(page(&format!("{view} - Admin"), &body)).into_response()
}

async fn export(
    State(site): State<Site>,
    Path(view): Path<String>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    if !site.visitors.open(&headers).logged_in {
        return to_login(&uri);
    }
    let Some(dataset) = Dataset::named(&view) else { return StatusCode::NOT_FOUND.into_response() };
    let rows = filtered(&site, dataset, &query);
    web::file(
        web::csv(dataset.columns(), &rows, b','),
        "text/csv",
        &format!("{view}_2026-01-05_08-00-00.csv"),
    )
}
