//! The export pages and the files behind their buttons, the wrong ones included.

use std::collections::HashMap;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::data::{Cell, Dataset};
use super::manner::MOST_DAYS;
use super::pages::{self, ExportPage};
use super::visit::{Visit, fields};
use super::{Manner, Panel, pdf, xlsx};

/// What a panel hands out instead of the right file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongFile {
    /// The login page under the file's name.
    LoginPage,
    /// Nothing at all.
    Empty,
    /// The first half.
    Truncated,
    /// A PDF of lines without any text, or a workbook without cells.
    NoText,
    /// The key column has another name.
    RenamedKey,
    /// The header alone; PDFs say `Tidak ada data`.
    NoRows,
}

/// Everything behind the login, and what is not there.
pub(super) async fn answer(
    State(panel): State<Panel>,
    Extension(visit): Extension<Visit>,
    request: Request,
) -> Response {
    let path = request.uri().path();
    let pages = pages::all(panel.manner);
    let page = pages.iter().find(|page| page.path == path);
    let file = pages.iter().find(|page| page.file == path);
    if page.is_none() && file.is_none() && path != "/dashboard" {
        return (StatusCode::NOT_FOUND, Html(pages::error("404", "Not Found"))).into_response();
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, Html(pages::error("405", "Method Not Allowed")))
            .into_response();
    }
    if !visit.session.logged_in {
        return log_in_first(&panel, &visit, request.uri());
    }
    if let Some(file) = file {
        let query = fields(request.uri().query().unwrap_or_default().as_bytes());
        return match window(file, &query, panel.manner) {
            Ok((first, last)) => download(&panel, &visit, file, first, last),
            Err(message) => back(&panel, &visit, &message),
        };
    }
    panel.inner().sessions.update(&visit.id, |session| session.message = None);
    Html(pages::page(page, &visit.session, panel.manner)).into_response()
}

fn log_in_first(panel: &Panel, visit: &Visit, uri: &axum::http::Uri) -> Response {
    if visit.wants_json {
        return (StatusCode::UNAUTHORIZED, axum::Json(json!({"message": "Unauthenticated."})))
            .into_response();
    }
    let wanted = format!("{}{uri}", visit.origin);
    panel.inner().sessions.update(&visit.id, |session| session.intended = Some(wanted));
    visit.to("/login")
}

/// Back to the page before with a word about what was wrong, as validation does.
fn back(panel: &Panel, visit: &Visit, message: &str) -> Response {
    if visit.wants_json {
        return (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(json!({"message": message}))).into_response();
    }
    panel.inner().sessions.update(&visit.id, |session| session.message = Some(message.to_owned()));
    let before = visit.referrer.as_deref().filter(|page| page.starts_with(&visit.origin));
    visit.to(before.unwrap_or("/dashboard"))
}

/// The days asked for, both included.
fn window(
    page: &ExportPage,
    query: &HashMap<String, String>,
    manner: Manner,
) -> Result<(NaiveDate, NaiveDate), String> {
    let day = |name: &str| {
        let text = query.get(name).map(String::as_str).unwrap_or_default();
        NaiveDate::parse_from_str(text, page.format).map_err(|_| format!("Tanggal {name} tidak sah."))
    };
    let (first, last) = (day(page.query.0)?, day(page.query.1)?);
    if last < first {
        return Err("Tanggal akhir harus setelah tanggal awal.".to_owned());
    }
    if manner == Manner::MaxDays && (last - first).num_days() >= MOST_DAYS {
        return Err(format!("Rentang tanggal maksimal {MOST_DAYS} hari."));
    }
    Ok((first, last))
}

fn download(panel: &Panel, visit: &Visit, page: &ExportPage, first: NaiveDate, last: NaiveDate) -> Response {
    let dataset = page.dataset;
    let wrong =
        panel.inner().wrong_files.iter().find(|(other, _)| *other == dataset).map(|(_, wrong)| *wrong);
    let rows = if wrong == Some(WrongFile::NoRows) { Vec::new() } else { panel.rows(dataset, first, last) };
    let mut header = dataset.columns().to_vec();
    if wrong == Some(WrongFile::RenamedKey) {
        header.iter_mut().filter(|name| **name == dataset.key()).for_each(|name| *name = "Nomor Unik");
    }
    let title = format!("Laporan {} {first} s/d {last}", dataset.name());
    let mut bytes = match (wrong, page.is_document()) {
        (Some(WrongFile::LoginPage), _) => {
            pages::login(&visit.session, pages::LoginForm::Usual, panel.manner).into_bytes()
        }
        (Some(WrongFile::Empty), _) => Vec::new(),
        (Some(WrongFile::NoText), true) => pdf::lines_only(),
        (Some(WrongFile::NoText), false) => workbook(&[], &[]),
        (_, true) => pdf::table(&title, &header, &texts(&rows)),
        (_, false) => workbook(&header, &rows),
    };
    if wrong == Some(WrongFile::Truncated) {
        bytes.truncate(bytes.len() / 2);
    }
    let (ending, media) = if page.is_document() {
        ("pdf", "application/pdf")
    } else {
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    };
    let shown = if panel.manner == Manner::NewTab { "inline" } else { "attachment" };
    let name = format!("{}_{}_080000.{ending}", dataset.name(), last.format("%Y%m%d"));
    let disposition = format!("{shown}; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, media.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes)
        .into_response()
}

/// A workbook; one that cannot be written is an empty file, which is an error to whoever reads it.
fn workbook(header: &[&str], rows: &[Vec<Cell>]) -> Vec<u8> {
    xlsx::table(header, rows).unwrap_or_default()
}

pub(crate) fn texts(rows: &[Vec<Cell>]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row.iter().map(pages::shown).collect()).collect()
}

impl ExportPage {
    /// Whether its file is a PDF.
    fn is_document(&self) -> bool {
        self.dataset != Dataset::Transaksi
    }
}
