//! A list in the manner of Redmine: filters in the query, and links to the same as CSV and PDF.

use axum::Router;
use axum::extract::{Form, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};

use super::web::{self, Fields, Site, found, page};
use crate::panel::data::{Data, Dataset};
use crate::panel::exports::texts;
use crate::panel::pages::plain;
use crate::panel::pdf;

/// The filter's field, and its operator for "between" (redmine.org, REST issues: filters).
const FIELD: &str = "created_on";

pub(super) fn router(data: Data) -> Router {
    let site = Site::new(data, "_redmine_session", 0x4e);
    Router::new()
        .route("/", get(|| async { found("/projects") }))
        .route("/login", get(login_page).post(login))
        .route("/logout", post(logout))
        .route("/projects", get(projects))
        .route("/projects/{project}/{list}", get(list))
        .with_state(site)
}

fn form(token: &str, back: &str, note: &str) -> Response {
    let back = plain(back);
    let body = format!(
        "{note}<div id=\"login-form\"><form action=\"/login\" method=\"post\"><input type=\"hidden\" name=\"authenticity_token\" value=\"{token}\">\
         <input type=\"hidden\" name=\"back_url\" value=\"{back}\"><label for=\"username\">Login</label><input type=\"text\" name=\"username\" id=\"username\">\
         <label for=\"password\">Password</label><input type=\"password\" name=\"password\" id=\"password\">\
         <input type=\"submit\" name=\"login\" value=\"Login\" id=\"login-submit\"></form></div>"
    );
    Html(page("Redmine", &body)).into_response()
}

async fn login_page(State(site): State<Site>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let visitor = site.visitors.open(&headers);
    let query: Fields = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let back = query.get("back_url").map_or("/projects", String::as_str);
    site.visitors.with_cookie(&visitor, form(&visitor.token, back, ""))
}

async fn login(State(site): State<Site>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let before = site.visitors.open(&headers);
    if fields.get("authenticity_token") != Some(&before.token) {
        let body =
            page("Redmine 422 error", "<p id=\"errorExplanation\">Invalid form authenticity token.</p>");
        return (StatusCode::UNPROCESSABLE_ENTITY, Html(body)).into_response();
    }
    let back =
        fields.get("back_url").filter(|back| back.starts_with('/')).map_or("/projects", String::as_str);
    match site.visitors.log_in(fields.get("username"), fields.get("password")) {
        Some(visitor) => site.visitors.with_cookie(&visitor, found(back)),
        None => form(
            &before.token,
            back,
            "<div class=\"flash error\" id=\"flash_error\">Invalid user or password</div>",
        ),
    }
}

async fn logout(State(site): State<Site>, headers: HeaderMap) -> Response {
    site.visitors.log_out(&site.visitors.open(&headers));
    found("/")
}

fn to_login(uri: &Uri) -> Response {
    let back: String = form_urlencoded::byte_serialize(uri.to_string().as_bytes()).collect();
    found(&format!("/login?back_url={back}"))
}

fn top(token: &str) -> String {
    format!(
        "<div id=\"account\"><form method=\"post\" action=\"/logout\"><input type=\"hidden\" name=\"authenticity_token\" value=\"{token}\">\
         <button class=\"logout\">Sign out</button></form></div>"
    )
}

async fn projects(State(site): State<Site>, headers: HeaderMap, uri: Uri) -> Response {
    let visitor = site.visitors.open(&headers);
    if !visitor.logged_in {
        return to_login(&uri);
    }
    let links = web::each(Dataset::ALL, |dataset| {
        format!("<li><a href=\"/projects/{0}/issues\">{0}</a></li>", dataset.name())
    });
    Html(page("Projects - Redmine", &format!("{}<ul>{links}</ul>", top(&visitor.token)))).into_response()
}

/// The list as a page, or as a file when its name ends so.
async fn list(
    State(site): State<Site>,
    Path((project, list)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let visitor = site.visitors.open(&headers);
    if !visitor.logged_in {
        return to_login(&uri);
    }
    let Some(dataset) = Dataset::named(&project) else { return StatusCode::NOT_FOUND.into_response() };
    let query = query.unwrap_or_default();
    let between = days(&query);
    let day = |index: usize| between.get(index).map(String::as_str);
    let rows = web::rows(&site.data, dataset, day(0), day(1));
    let columns = dataset.columns();
    match list.as_str() {
        // The separator of the locale is a semicolon.
        "issues.csv" => web::file(web::csv(columns, &rows, b';'), "text/csv; header=present", "issues.csv"),
        "issues.pdf" => {
            web::file(pdf::table(&project, columns, &texts(&rows)), "application/pdf", "issues.pdf")
        }
        "issues" => {
            let (head, body) = (web::heading(dataset), web::lines(&rows, 25));
            let empty = if rows.is_empty() { "<p class=\"nodata\">No data to display</p>" } else { "" };
            let query = plain(&query);
            let value = |index: usize| plain(day(index).unwrap_or_default());
            let (from, to) = (value(0), value(1));
            let page_body = format!(
                "{}<form id=\"query_form\" method=\"get\" action=\"/projects/{project}/issues\"><input type=\"hidden\" name=\"set_filter\" value=\"1\">\
                 <input type=\"hidden\" name=\"f[]\" value=\"{FIELD}\"><input type=\"hidden\" name=\"op[{FIELD}]\" value=\"&gt;&lt;\">\
                 <input type=\"date\" name=\"v[{FIELD}][]\" id=\"values_{FIELD}_1\" value=\"{from}\"><input type=\"date\" name=\"v[{FIELD}][]\" id=\"values_{FIELD}_2\" value=\"{to}\">\
                 <button type=\"submit\" class=\"icon-checked\">Apply</button></form><table class=\"list issues\"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{empty}\
                 <span class=\"items\">({})</span><p class=\"other-formats\">Also available in: <span><a class=\"csv\" rel=\"nofollow\" href=\"/projects/{project}/issues.csv?{query}\">CSV</a></span> \
                 <span><a class=\"pdf\" rel=\"nofollow\" href=\"/projects/{project}/issues.pdf?{query}\">PDF</a></span></p>",
                top(&visitor.token),
                rows.len()
            );
            Html(page(&format!("Issues - {project} - Redmine"), &page_body)).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The two days of the filter, when it says "between".
fn days(query: &str) -> Vec<String> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let operator = format!("op[{FIELD}]");
    if !pairs.iter().any(|(name, value)| *name == operator && value == "><") {
        return Vec::new();
    }
    let values = format!("v[{FIELD}][]");
    pairs.into_iter().filter(|(name, _)| *name == values).map(|(_, value)| value).collect()
}
