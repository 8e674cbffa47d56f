//! Downloads that are not what they seem: each has a page with two days and a button.

use std::convert::Infallible;
use std::io::{Cursor, Write as _};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use futures::{StreamExt as _, stream};
use zip::write::SimpleFileOptions;

use super::web::{self, Fields, Site, found, logout, page};
use crate::panel::data::{Data, Dataset};
use crate::panel::xlsx;

/// What is wrong with a download, by the name in its page's path `/export/{kind}`.
pub const KINDS: [&str; 11] = [
    "html_as_xlsx",
    "empty",
    "endless",
    "stalled",
    "zip_bomb",
    "gzip_bomb",
    "traversal",
    "wrong_type",
    "too_short",
    "foreign",
    "loop",
];

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Bytes that a bomb unpacks to.
const BOMB: usize = 400 * 1024 * 1024;

pub(super) fn router(data: Data) -> Router {
    let site = Site::new(data, "hostile_session", 0x40);
    Router::new()
        .route("/", get(|| async { found("/export/empty") }))
        .route("/login", get(login_page).post(login))
        .route("/logout", post(logout))
        .route("/export/{kind}", get(export_page))
        .route("/file/{kind}", get(download))
        .route("/elsewhere", get(elsewhere))
        .with_state(site)
}

fn form(token: &str, note: &str) -> Response {
    let body = format!(
        "{note}<form method=\"post\" action=\"/login\"><input type=\"hidden\" name=\"_token\" value=\"{token}\">\
         <label for=\"email\">Email</label><input id=\"email\" type=\"email\" name=\"email\">\
         <label for=\"password\">Password</label><input id=\"password\" type=\"password\" name=\"password\">\
         <button type=\"submit\">Log in</button></form>"
    );
    Html(page("Log in", &body)).into_response()
}

async fn login_page(State(site): State<Site>, headers: HeaderMap) -> Response {
    let visitor = site.visitors.open(&headers);
    site.visitors.with_cookie(&visitor, form(&visitor.token, ""))
}

async fn login(State(site): State<Site>, headers: HeaderMap, Form(fields): Form<Fields>) -> Response {
    let before = site.visitors.open(&headers);
    if fields.get("_token") != Some(&before.token) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match site.visitors.log_in(fields.get("email"), fields.get("password")) {
        Some(visitor) => site.visitors.with_cookie(&visitor, found("/export/empty")),
        None => form(&before.token, "<div class=\"alert alert-danger\">Wrong email or password.</div>"),
    }
}

async fn export_page(State(site): State<Site>, Path(kind): Path<String>, headers: HeaderMap) -> Response {
    if !site.visitors.open(&headers).logged_in {
        return found("/login");
    }
    if !KINDS.contains(&kind.as_str()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let body = format!(
        "<h1>Export</h1><form method=\"post\" action=\"/logout\"><button>Log out</button></form>\
         <form method=\"get\" action=\"/file/{kind}\"><label for=\"start\">From</label><input type=\"date\" id=\"start\" name=\"start\">\
         <label for=\"end\">To</label><input type=\"date\" id=\"end\" name=\"end\"><button type=\"submit\" class=\"btn\">Export</button></form>"
    );
    Html(page("Export", &body)).into_response()
}

async fn download(
    State(site): State<Site>,
    Path(kind): Path<String>,
    Query(query): Query<Fields>,
    headers: HeaderMap,
) -> Response {
    if !site.visitors.open(&headers).logged_in {
        return found("/login");
    }
    let day = |name: &str| query.get(name).map(String::as_str);
    let rows = web::rows(&site.data, Dataset::Transaksi, day("start"), day("end"));
    let book = || xlsx::table(Dataset::Transaksi.columns(), &rows).unwrap_or_default();
    match kind.as_str() {
        "html_as_xlsx" => {
            let body = page("Whoops", "<h1>Whoops, something went wrong.</h1>");
            web::file(body.into_bytes(), XLSX, "transaksi.xlsx")
        }
        "empty" => web::file(Vec::new(), XLSX, "transaksi.xlsx"),
        "endless" => endless(),
        "stalled" => stalled(&book()),
        "zip_bomb" => bomb(zip_bomb, XLSX, "transaksi.xlsx").await,
        "gzip_bomb" => {
            let response = bomb(gzip_bomb, "text/csv", "transaksi.csv").await;
            web::with_header(response, header::CONTENT_ENCODING, "gzip")
        }
        "traversal" => {
            let place = "attachment; filename=\"../../../../../../tmp/exporter-was-here.xlsx\"; \
                         filename*=UTF-8''..%2F..%2F..%2F..%2Ftmp%2Fexporter-was-here.xlsx";
            ([(header::CONTENT_TYPE, XLSX), (header::CONTENT_DISPOSITION, place)], book()).into_response()
        }
        "wrong_type" => web::file(book(), "text/html; charset=UTF-8", "transaksi.pdf"),
        "too_short" => {
            let book = book();
            let length = (book.len() * 2).to_string();
            let half = stream::once(async { Ok(Bytes::from(book)) });
            // Time for what was sent to arrive before the connection is cut.
            let end = stream::once(async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Err(std::io::Error::other("the end of a body that is shorter than it says"))
            });
            let body = Body::from_stream(half.chain(end));
            announced(body, &length)
        }
        "foreign" => {
            // The same machine under another name: another host to whoever looks at names.
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            found(&format!("http://{}/elsewhere", host.replace("127.0.0.1", "localhost")))
        }
        "loop" => found("/file/loop?start=again&end=again"),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file that looks right and comes from a host that nobody configured.
async fn elsewhere() -> Response {
    let book = xlsx::table(Dataset::Transaksi.columns(), &[]).unwrap_or_default();
    web::file(book, XLSX, "transaksi.xlsx")
}

/// A body of which the head says how long it is, true or not.
fn announced(body: Body, length: &str) -> Response {
    let place = "attachment; filename=\"transaksi.xlsx\"";
    let head = [
        (header::CONTENT_TYPE, XLSX),
        (header::CONTENT_DISPOSITION, place),
        (header::CONTENT_LENGTH, length),
    ];
    (head, body).into_response()
}

/// A table that never ends.
fn endless() -> Response {
    let line = Bytes::from_static(b"TRX260105000,2026-01-05 07:00:00,Budi Gunawan,150000,Sukses\r\n");
    let chunk = Bytes::from(line.repeat(1000));
    let body = Body::from_stream(stream::repeat(chunk).map(Ok::<_, Infallible>));
    let place = "attachment; filename=\"transaksi.csv\"";
    ([(header::CONTENT_TYPE, "text/csv"), (header::CONTENT_DISPOSITION, place)], body).into_response()
}

/// The first half of a file, and then nothing, with the connection kept open.
fn stalled(book: &[u8]) -> Response {
    let half = Bytes::copy_from_slice(&book[..book.len() / 2]);
    let first = stream::once(async { Ok::<_, Infallible>(half) });
    announced(Body::from_stream(first.chain(stream::pending())), &book.len().to_string())
}

/// A bomb, made outside the threads that serve.
async fn bomb(make: fn() -> std::io::Result<Vec<u8>>, media: &'static str, name: &str) -> Response {
    match tokio::task::spawn_blocking(make).await {
        Ok(Ok(bytes)) => web::file(bytes, media, name),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// A workbook of some hundred kilobytes that unpacks to more than a gigabyte.
fn zip_bomb() -> std::io::Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/><Override PartName=\"/xl/worksheets/sheet1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/></Types>",
        ),
        (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
        ),
        (
            "xl/workbook.xml",
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
        ),
    ];
    for (name, text) in parts {
        archive.start_file(name, SimpleFileOptions::default())?;
        archive.write_all(text.as_bytes())?;
    }
    archive.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default())?;
    archive.write_all(
        b"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>",
    )?;
    // Nothing packs as well as nothing.
    let spaces = vec![b' '; 1 << 20];
    for _ in 0..BOMB / spaces.len() {
        archive.write_all(&spaces)?;
    }
    archive.write_all(b"</sheetData></worksheet>")?;
    let one = archive.finish()?.into_inner();
    // The same packed bytes twice more: together they are over a gigabyte.
    let mut archive = zip::ZipWriter::new_append(Cursor::new(one.clone()))?;
    let mut source = zip::ZipArchive::new(Cursor::new(one))?;
    for copy in ["xl/worksheets/sheet2.xml", "xl/worksheets/sheet3.xml"] {
        archive.raw_copy_file_rename(source.by_name("xl/worksheets/sheet1.xml")?, copy)?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Text that is packed for the way, a thousand times smaller than it is.
fn gzip_bomb() -> std::io::Result<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let line = b"TRX260105000,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(10_000);
    for _ in 0..BOMB / line.len() {
        packer.write_all(&line)?;
    }
    packer.finish()
}
