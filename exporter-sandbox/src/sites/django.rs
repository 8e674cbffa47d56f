//! Django admin with django-import-export: a masked form token, filters in the query, and an
//! export page on which the format is chosen (docs.djangoproject.com, django-import-export docs).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Form, Path, Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::Value;

use super::web::{self, Visitor, Visitors, found, page};
use crate::panel::data::{Data, Dataset};
use crate::panel::pages::plain;
use crate::panel::session::{cookie, mix};
use crate::panel::xlsx;

/// The export formats, in the order of their numbers.
const FORMATS: [&str; 3] = ["csv", "xlsx", "json"];
/// Name of the cookie that a form's token must fit.
const TOKEN_COOKIE: &str = "csrftoken";

#[derive(Clone)]
struct Site {
    data: Data,
    visitors: Visitors,
    /// Counts pages: each masks its token in another way.
    pages: Arc<AtomicU64>,
}

type Fields = HashMap<String, String>;

pub(super) fn router(data: Data) -> Router {
    let visitors = Visitors::new("sessionid", data.seed() ^ 0xd1);
    let site = Site { visitors, data, pages: Arc::default() };
    Router::new()
        .route("/", get(|| async { found("/admin/") }))
        .route("/admin/", get(index))
        .route("/admin/login/", get(login_page).post(login))
        .route("/admin/logout/", post(logout))
        .route("/admin/toko/{model}/", get(changelist))
        .route("/admin/toko/{model}/export/", get(export_page).post(export))
        .with_state(site)
}

/// Models are named in lower case without underscores.
fn dataset(model: &str) -> Option<Dataset> {
    Dataset::ALL.into_iter().find(|dataset| dataset.name().replace('_', "") == model)
}

/// The token's mask changes with every page, its secret does not.
fn masked(secret: &str, page: u64) -> String {
    format!("{:016x}{:016x}{secret}", mix(17, page), mix(19, page))
}

/// The secret of a visitor, and the cookie that brings it if they have none yet.
fn secret(headers: &HeaderMap, visitor: &Visitor) -> (String, Option<String>) {
    if let Some(secret) = cookie(headers, TOKEN_COOKIE) {
        return (secret, None);
    }
    let set = format!("{TOKEN_COOKIE}={}; Max-Age=31449600; Path=/; SameSite=Lax", visitor.token);
    (visitor.token.clone(), Some(set))
}

/// A page with the form's token in it.
fn with_token(
    site: &Site,
    headers: &HeaderMap,
    visitor: &Visitor,
    make: impl FnOnce(&str) -> String,
) -> Response {
    let (secret, set) = secret(headers, visitor);
    let token = masked(&secret, site.pages.fetch_add(1, Ordering::Relaxed));
    let field = format!("<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"{token}\">");
    let response = Html(make(&field)).into_response();
    match set {
        Some(set) => web::with_header(response, header::SET_COOKIE, &set),
        None => response,
    }
}

fn is_genuine(headers: &HeaderMap, form: &Fields) -> bool {
    let secret = cookie(headers, TOKEN_COOKIE);
    let token = form.get("csrfmiddlewaretoken");
    secret.zip(token).is_some_and(|(secret, token)| !secret.is_empty() && token.ends_with(&secret))
}

fn forged() -> Response {
    let body = "<h1>Forbidden <span>(403)</span></h1><p>CSRF verification failed. Request aborted.</p>";
    (StatusCode::FORBIDDEN, Html(page("403 Forbidden", body))).into_response()
}

fn to_login(uri: &Uri) -> Response {
    let next: String = form_urlencoded::byte_serialize(uri.to_string().as_bytes()).collect();
    found(&format!("/admin/login/?next={next}"))
}

async fn login_page(State(site): State<Site>, Query(query): Query<Fields>, headers: HeaderMap) -> Response {
    let visitor = site.visitors.open(&headers);
    if visitor.logged_in {
        return found("/admin/");
    }
    form(&site, &headers, &visitor, query.get("next").map_or("/admin/", String::as_str), "")
}

fn form(site: &Site, headers: &HeaderMap, visitor: &Visitor, next: &str, note: &str) -> Response {
    let next = plain(next);
    with_token(site, headers, visitor, |token| {
        page(
            "Log in | Django site admin",
            &format!(
                "{note}<form action=\"/admin/login/\" method=\"post\" id=\"login-form\">{token}\
                 <label for=\"id_username\">Username:</label><input type=\"text\" name=\"username\" id=\"id_username\" maxlength=\"150\" required autofocus>\
                 <label for=\"id_password\">Password:</label><input type=\"password\" name=\"password\" id=\"id_password\" required>\
                 <input type=\"hidden\" name=\"next\" value=\"{next}\"><input type=\"submit\" value=\"Log in\"></form>"
            ),
        )
    })
}

async fn login(State(site): State<Site>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    if !is_genuine(&headers, &fields) {
        return forged();
    }
    let next = fields.get("next").filter(|next| next.starts_with('/')).map_or("/admin/", String::as_str);
    if let Some(visitor) = site.visitors.log_in(fields.get("username"), fields.get("password")) {
        return site.visitors.with_cookie(&visitor, found(next));
    }
    let note = "<p class=\"errornote\">Please enter the correct username and password for a staff account. \
                Note that both fields may be case-sensitive.</p>";
    form(&site, &headers, &site.visitors.open(&headers), next, note)
}

async fn logout(State(site): State<Site>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    if !is_genuine(&headers, &fields) {
        return forged();
    }
    site.visitors.log_out(&site.visitors.open(&headers));
    Html(page(
        "Logged out | Django site admin",
        "<p>Thanks for spending some quality time with the web site today.</p>",
    ))
    .into_response()
}

/// The visitor, if they are logged in; else where to go first.
fn guard(site: &Site, headers: &HeaderMap, uri: &Uri) -> Result<Visitor, Box<Response>> {
    let visitor = site.visitors.open(headers);
    if visitor.logged_in { Ok(visitor) } else { Err(Box::new(to_login(uri))) }
}

fn tools(token: &str) -> String {
    format!(
        "<div id=\"user-tools\"><form id=\"logout-form\" method=\"post\" action=\"/admin/logout/\">{token}\
         <button type=\"submit\">Log out</button></form></div>"
    )
}

async fn index(State(site): State<Site>, headers: HeaderMap, uri: Uri) -> Response {
    let visitor = match guard(&site, &headers, &uri) {
        Ok(visitor) => visitor,
        Err(first) => return *first,
    };
    let links = web::each(Dataset::ALL, |dataset| {
        let model = dataset.name().replace('_', "");
        format!("<tr><th><a href=\"/admin/toko/{model}/\">{}</a></th></tr>", dataset.name())
    });
    with_token(&site, &headers, &visitor, |token| {
        page("Site administration | Django site admin", &format!("{}<table>{links}</table>", tools(token)))
    })
}

/// The days of the range filter.
fn range(query: &Fields) -> (Option<&str>, Option<&str>) {
    let of = |name: &str| query.get(name).map(String::as_str);
    (of("tanggal__range__gte"), of("tanggal__range__lte"))
}

async fn changelist(
    State(site): State<Site>,
    Path(model): Path<String>,
    Query(query): Query<Fields>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let visitor = match guard(&site, &headers, &uri) {
        Ok(visitor) => visitor,
        Err(first) => return *first,
    };
    let Some(dataset) = dataset(&model) else { return StatusCode::NOT_FOUND.into_response() };
    let (first, last) = range(&query);
    let rows = web::rows(&site.data, dataset, first, last);
    let (head, body) = (web::heading(dataset), web::lines(&rows, 100));
    let raw = plain(&raw.map(|raw| format!("?{raw}")).unwrap_or_default());
    let value = |day: Option<&str>| plain(day.unwrap_or_default());
    with_token(&site, &headers, &visitor, |token| {
        page(
            &format!("Select {} to change | Django site admin", dataset.name()),
            &format!(
                "{}<ul class=\"object-tools\"><li><a href=\"/admin/toko/{model}/export/{raw}\" class=\"export_link\">Export</a></li></ul>\
                 <form method=\"GET\" id=\"changelist-filter\"><h3>By tanggal</h3>\
                 <input type=\"text\" name=\"tanggal__range__gte\" id=\"id_tanggal__range__gte\" placeholder=\"From date\" value=\"{}\">\
                 <input type=\"text\" name=\"tanggal__range__lte\" id=\"id_tanggal__range__lte\" placeholder=\"To date\" value=\"{}\">\
                 <input type=\"submit\" value=\"Search\"></form>\
                 <table id=\"result_list\"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>\
                 <p class=\"paginator\">{} {}</p>",
                tools(token),
                value(first),
                value(last),
                rows.len(),
                dataset.name()
            ),
        )
    })
}

async fn export_page(
    State(site): State<Site>,
    Path(model): Path<String>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let visitor = match guard(&site, &headers, &uri) {
        Ok(visitor) => visitor,
        Err(first) => return *first,
    };
    let Some(dataset) = dataset(&model) else { return StatusCode::NOT_FOUND.into_response() };
    let options = web::each((0..).zip(FORMATS), |(number, name): (u8, _)| {
        format!("<option value=\"{number}\">{name}</option>")
    });
    let columns = web::each(dataset.columns(), |name| {
        format!("<label><input type=\"checkbox\" name=\"fields\" value=\"{name}\" checked> {name}</label>")
    });
    with_token(&site, &headers, &visitor, |token| {
        page(
            "Export | Django site admin",
            &format!(
                "{}<form action=\"\" method=\"POST\" id=\"export-form\">{token}<p>This exporter will export the following fields:</p>{columns}\
                 <label for=\"id_format\">Format:</label><select name=\"format\" id=\"id_format\" required>\
                 <option value=\"\" selected>---</option>{options}</select>\
                 <input type=\"submit\" value=\"Submit\" class=\"default\"></form>",
                tools(token)
            ),
        )
    })
}

async fn export(
    State(site): State<Site>,
    Path(model): Path<String>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
    uri: Uri,
    Form(fields): Form<Fields>,
) -> Response {
    if let Err(first) = guard(&site, &headers, &uri) {
        return *first;
    }
    if !is_genuine(&headers, &fields) {
        return forged();
    }
    let Some(dataset) = dataset(&model) else { return StatusCode::NOT_FOUND.into_response() };
    let (first, last) = range(&query);
    let rows = web::rows(&site.data, dataset, first, last);
    let columns = dataset.columns();
    let name = |ending: &str| format!("{model}-{}.{ending}", last.unwrap_or("all"));
    let chosen = fields.get("format").and_then(|number| number.parse().ok());
    match chosen.and_then(|number: usize| FORMATS.get(number)).copied() {
        Some("csv") => web::file(web::csv(columns, &rows, b','), "text/csv", &name("csv")),
        Some("json") => {
            let objects: Vec<Value> = rows.iter().map(|row| web::object(columns, row)).collect();
            web::file(Value::from(objects).to_string().into_bytes(), "application/json", &name("json"))
        }
        Some(_) => {
            let book = xlsx::table(columns, &rows).unwrap_or_default();
            web::file(
                book,
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                &name("xlsx"),
            )
        }
        None => {
            let body = "<ul class=\"errorlist\"><li>This field is required.</li></ul>";
            Html(page("Export | Django site admin", body)).into_response()
        }
    }
}
