//! An old intranet: the export form is in a frame, has no name, comes with its days filled in,
//! and wants a kind of file and a box ticked.

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use chrono::NaiveDate;

use super::web::{self, Fields, Site, found, logout, page};
use crate::panel::data::{Data, Dataset};
use crate::panel::xlsx;

const DATASET: Dataset = Dataset::User;
/// How days are written: 5 January 2026 is `05.01.2026`.
const FORMAT: &str = "%d.%m.%Y";

pub(super) fn router(data: Data) -> Router {
    let site = Site::new(data, "INTRANETSESSION", 0x1f);
    Router::new()
        .route("/", get(|| async { found("/main") }))
        .route("/login", get(login_page).post(login))
        .route("/logout", post(logout))
        .route("/main", get(main))
        .route("/frame/menu", get(menu))
        .route("/frame/export", get(export_page))
        .route("/frame/export/file", get(export))
        .with_state(site)
}

fn form(token: &str, note: &str) -> Response {
    let body = format!(
        "{note}<form method=\"post\" action=\"/login\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <table><tr><td>User</td><td><input name=\"user\"></td></tr><tr><td>Password</td><td><input type=\"password\" name=\"pass\"></td></tr></table>\
         <input type=\"submit\" value=\"Login\"></form>"
    );
    Html(page("Intranet", &body)).into_response()
}

async fn login_page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let visitor = site.visitors.open(&headers);
    site.visitors.with_cookie(&visitor, form(&visitor.token, ""))
}

async fn login(State(site): State<Site>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let before = site.visitors.open(&headers);
    if fields.get("token") != Some(&before.token) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match site.visitors.log_in(fields.get("user"), fields.get("pass")) {
        Some(visitor) => site.visitors.with_cookie(&visitor, found("/main")),
        None => form(&before.token, "<font color=\"red\">Login incorrect</font>"),
    }
}

/// The page if the visitor is logged in, else the login.
fn inside(site: &Site, headers: &HeaderMap, make: impl FnOnce() -> Response) -> Response {
    if site.visitors.open(headers).logged_in { make() } else { found("/login") }
}

async fn main(State(site): State<Site>, headers: HeaderMap) -> Response {
    let body = "<h1>Intranet</h1><iframe name=\"menu\" src=\"/frame/menu\" height=\"60\"></iframe>\
                <iframe name=\"isi\" id=\"isi\" src=\"/frame/export\" width=\"900\" height=\"300\"></iframe>";
    inside(&site, &headers, || Html(page("Intranet", body)).into_response())
}

async fn menu(State(site): State<Site>, headers: HeaderMap) -> Response {
    let body = "<a href=\"/frame/export\" target=\"isi\">Export</a>\
                <form method=\"post\" action=\"/logout\" target=\"_top\"><button>Logout</button></form>";
    inside(&site, &headers, || Html(page("Menu", body)).into_response())
}

async fn export_page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let body = "<form action=\"/frame/export/file\"><table>\
        <tr><td>Dari tanggal</td><td><input type=\"text\" name=\"tgl1\" value=\"01.01.2026\"></td></tr>\
        <tr><td>Sampai tanggal</td><td><input type=\"text\" name=\"tgl2\" value=\"31.01.2026\"></td></tr>\
        <tr><td>Jenis</td><td><select name=\"jenis\"><option value=\"layar\" selected>Layar</option>\
        <option value=\"xls\">Excel</option><option value=\"csv\">CSV</option></select></td></tr>\
        <tr><td>Lengkap</td><td><input type=\"checkbox\" name=\"lengkap\" value=\"1\"></td></tr></table>\
        <input type=\"submit\" value=\"Proses\"></form>";
    inside(&site, &headers, || Html(page("Export", body)).into_response())
}

async fn export(
    State(site): State<Site>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let day = |name: &str| query.get(name).and_then(|text| NaiveDate::parse_from_str(text, FORMAT).ok());
    inside(&site, &headers, || {
        let (Some(first), Some(last)) = (day("tgl1"), day("tgl2")) else {
            let body = format!("<p>Tanggal salah: {}</p>", crate::panel::pages::plain(&uri.to_string()));
            return Html(page("Export", &body)).into_response();
        };
        let mut rows = site.data.rows(DATASET, first, last);
        let mut columns = DATASET.columns().to_vec();
        if !query.contains_key("lengkap") {
            // Without the box ticked there are the first four columns only.
            columns.truncate(4);
            for row in &mut rows {
                row.truncate(4);
            }
        }
        match query.get("jenis").map(String::as_str) {
            Some("csv") => web::file(web::csv(&columns, &rows, b','), "text/csv", "export.csv"),
            Some("xls") => {
                let book = xlsx::table(&columns, &rows).unwrap_or_default();
                // Old sites call every workbook by the old name.
                web::file(book, "application/vnd.ms-excel", "export.xls")
            }
            _ => {
                let head = web::each(&columns, |name| format!("<th>{name}</th>"));
                let table =
                    format!("<table border=\"1\"><tr>{head}</tr>{}</table>", web::lines(&rows, usize::MAX));
                Html(page("Export", &table)).into_response()
            }
        }
    })
}
