//! What happens around every request: the session is opened, forged forms are refused, and the
//! answer sets the cookies.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};

use super::session::{Session, xsrf};
use super::{Panel, pages};

/// The request's session and what its form says.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub id: String,
    pub session: Session,
    /// Fields of the form that was sent; none with a GET.
    pub form: HashMap<String, String>,
    /// Address of the site as the visitor has it.
    pub origin: String,
    /// Whether JSON is wanted, as scripts do.
    pub wants_json: bool,
    /// The page before, if the visitor tells.
    pub referrer: Option<String>,
}

/// The session has this id from now on.
#[derive(Debug, Clone)]
pub(super) struct Renewed(pub String);

/// Opens the session, checks the token of a form, runs the rest, sets the cookies.
pub(super) async fn open(State(panel): State<Panel>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let (id, session) = {
        let mut inner = panel.inner();
        let now = inner.now();
        let id = inner.sessions.open(&head.headers, now);
        let session = inner.sessions.get(&id);
        (id, session)
    };
    let Ok(bytes) = axum::body::to_bytes(body, 1024 * 1024).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let posted = head.method == Method::POST;
    let form = if posted { fields(&bytes) } else { HashMap::new() };
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let visit = Visit {
        id: id.clone(),
        wants_json: header("accept").is_some_and(|kinds| kinds.contains("json")),
        origin: format!("http://{}", header("host").unwrap_or("127.0.0.1")),
        referrer: header("referer").map(str::to_owned),
        session,
        form,
    };
    let mut response = if posted && !visit.is_genuine(&head.headers) {
        visit.page_expired()
    } else {
        let mut request = Request::from_parts(head, Body::from(bytes));
        request.extensions_mut().insert(visit);
        next.run(request).await
    };
    let id = response.extensions().get::<Renewed>().map_or(id, |Renewed(id)| id.clone());
    let cookies = {
        let inner = panel.inner();
        inner.sessions.cookies(&id, inner.now())
    };
    let headers = response.headers_mut();
    for cookie in cookies.iter().filter_map(|cookie| cookie.parse().ok()) {
        headers.append(header::SET_COOKIE, cookie);
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-cache, private"));
    response
}

pub(crate) fn fields(bytes: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(bytes).into_owned().collect()
}

impl Visit {
    /// Whether the form carries the session's token: in a field, in the header that scripts
    /// set from the page, or in the one that they set from the cookie.
    fn is_genuine(&self, headers: &HeaderMap) -> bool {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let token = self.session.token.as_str();
        self.form.get("_token").map(String::as_str).or(header("x-csrf-token")) == Some(token)
            || header("x-xsrf-token") == Some(&xsrf(token))
    }

    fn page_expired(&self) -> Response {
        let status = StatusCode::from_u16(419).unwrap_or(StatusCode::BAD_REQUEST);
        if self.wants_json {
            return (status, axum::Json(serde_json::json!({"message": "CSRF token mismatch."})))
                .into_response();
        }
        (status, Html(pages::error("419", "Page Expired"))).into_response()
    }

    /// A redirect to a page of the site, with the whole address as Laravel writes it.
    pub fn to(&self, place: &str) -> Response {
        let place =
            if place.starts_with("http") { place.to_owned() } else { format!("{}{place}", self.origin) };
        let body = format!(
            "<!DOCTYPE html><html><head><meta charset=\"UTF-8\"><title>Redirecting to {place}</title></head>\
             <body>Redirecting to <a href=\"{place}\">{place}</a>.</body></html>",
            place = pages::plain(&place)
        );
        (StatusCode::FOUND, [(header::LOCATION, place)], Html(body)).into_response()
    }

    /// The field of the form, without white space around it.
    pub fn field(&self, name: &str) -> &str {
        self.form.get(name).map(|value| value.trim()).unwrap_or_default()
    }
}
