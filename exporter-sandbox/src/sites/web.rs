//! What the sites share: sessions in a cookie, pages, and rows as text, CSV and JSON.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::NaiveDate;
use serde_json::{Map, Value};

use crate::panel::data::{Cell, Data, Dataset};
use crate::panel::pages::plain;
use crate::panel::session::{cookie, mix};
use crate::panel::{EMAIL, PASSWORD};

/// A visitor's session.
#[derive(Debug, Clone, Default)]
pub(super) struct Visitor {
    pub id: String,
    /// Against forged forms.
    pub token: String,
    pub logged_in: bool,
}

/// What came in a form or a query, by name.
pub(super) type Fields = HashMap<String, String>;

/// A site that is no more than rows and sessions.
#[derive(Clone)]
pub(super) struct Site {
    pub data: Data,
    pub visitors: Visitors,
}

impl Site {
    /// With a cookie of this name; `salt` makes its ids differ from those of other sites.
    pub fn new(data: Data, cookie: &'static str, salt: u64) -> Self {
        Self { visitors: Visitors::new(cookie, data.seed() ^ salt), data }
    }
}

/// Ends the visitor's session; on to the login.
pub(super) async fn logout(State(site): State<Site>, headers: HeaderMap) -> Response {
    site.visitors.log_out(&site.visitors.open(&headers));
    found("/login")
}

/// The sessions of one site; clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Visitors {
    cookie: &'static str,
    seed: u64,
    known: Arc<Mutex<HashMap<String, Visitor>>>,
}

impl Visitors {
    pub fn new(cookie: &'static str, seed: u64) -> Self {
        Self { cookie, seed, known: Arc::default() }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Visitor>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The visitor of a request, a new one if its cookie is not known.
    pub fn open(&self, headers: &HeaderMap) -> Visitor {
        let id = cookie(headers, self.cookie);
        let visitor = id.and_then(|id| self.known().get(&id).cloned());
        visitor.unwrap_or_else(|| self.create(false))
    }

    fn create(&self, logged_in: bool) -> Visitor {
        let mut known = self.known();
        let number = known.len() as u64 + 1;
        let part = |salt: u64| mix(self.seed ^ salt, number);
        let id = format!("{:016x}{:016x}", part(11), part(12));
        let token = format!("{:016x}{:016x}", part(13), part(14));
        let visitor = Visitor { id: id.clone(), token, logged_in };
        known.insert(id, visitor.clone());
        visitor
    }

    /// A session for somebody who gave these, if they are right.
    pub fn log_in(&self, name: Option<&String>, password: Option<&String>) -> Option<Visitor> {
        let right = name.is_some_and(|name| name == EMAIL) && password.is_some_and(|it| it == PASSWORD);
        right.then(|| self.create(true))
    }

    /// Ends a session. Its id stays taken, so that no other gets it.
    pub fn log_out(&self, visitor: &Visitor) {
        if let Some(visitor) = self.known().get_mut(&visitor.id) {
            visitor.logged_in = false;
        }
    }

    /// The answer with the session's cookie.
    pub fn with_cookie(&self, visitor: &Visitor, response: Response) -> Response {
        let value = format!("{}={}; HttpOnly; Path=/; SameSite=Lax", self.cookie, visitor.id);
        with_header(response, header::SET_COOKIE, &value)
    }
}

pub(super) fn with_header(mut response: Response, name: header::HeaderName, value: &str) -> Response {
    if let Ok(value) = value.parse() {
        response.headers_mut().append(name, value);
    }
    response
}

pub(super) fn found(place: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, place.to_owned())]).into_response()
}

/// A file to keep, under this name.
pub(super) fn file(bytes: Vec<u8>, media: &'static str, name: &str) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes)
        .into_response()
}

/// A page of HTML.
pub(super) fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head><body>{body}</body></html>"
    )
}

/// The same piece of HTML for each of these.
pub(super) fn each<T>(of: impl IntoIterator<Item = T>, show: impl Fn(T) -> String) -> String {
    of.into_iter().map(show).collect()
}

/// The heading cells of a table.
pub(super) fn heading(dataset: Dataset) -> String {
    each(dataset.columns(), |name| format!("<th scope=\"col\">{name}</th>"))
}

/// The first lines of a table.
pub(super) fn lines(rows: &[Vec<Cell>], most: usize) -> String {
    let line = |row: &Vec<Cell>| each(row, |cell| format!("<td>{}</td>", plain(&raw(cell))));
    each(rows.iter().take(most), |row| format!("<tr>{}</tr>", line(row)))
}

/// The rows of some days, both included; without both days the latest are not known, so none.
pub(super) fn rows(data: &Data, dataset: Dataset, first: Option<&str>, last: Option<&str>) -> Vec<Vec<Cell>> {
    let day = |text: Option<&str>| text.and_then(|text| text.parse::<NaiveDate>().ok());
    match (day(first), day(last)) {
        (Some(first), Some(last)) => data.rows(dataset, first, last),
        _ => Vec::new(),
    }
}

/// A cell as programs write it: digits without groups, days from the year on.
pub(super) fn raw(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(number) | Cell::Money(number) => number.to_string(),
        Cell::Time(at) => at.format("%Y-%m-%d %H:%M:%S").to_string(),
    }
}

/// Rows as CSV (RFC 4180) with this separator; one that cannot be written is empty.
pub(super) fn csv(header: &[&str], rows: &[Vec<Cell>], separator: u8) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let written = writer
        .write_record(header)
        .and_then(|()| rows.iter().try_for_each(|row| writer.write_record(row.iter().map(raw))));
    written.ok().and_then(|()| writer.into_inner().ok()).unwrap_or_default()
}

/// A row as a JSON object.
pub(super) fn object(header: &[&str], row: &[Cell]) -> Value {
    let fields = header.iter().zip(row).map(|(name, cell)| {
        let value = match cell {
            Cell::Number(number) | Cell::Money(number) => (*number).into(),
            other => raw(other).into(),
        };
        ((*name).to_owned(), value)
    });
    Value::Object(fields.collect::<Map<_, _>>())
}
