//! A small panel on loopback: login with a token and a cookie, four exports, faults.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the panel does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    SecondFactor,
    FormRenamed,
    Blocked,
    Down,
    /// The login page is one about maintenance.
    Maintenance,
    /// The login page has a captcha.
    Captcha,
    /// After the login the password is too old.
    PasswordExpired,
    /// Files come with "419 Page Expired".
    PageExpired,
    /// The buttons do nothing.
    DeadButtons,
    /// The session is over after the first export.
    Expires,
    HtmlInstead,
    Empty,
    Truncated,
    /// The buttons' scripts build their addresses in ways that only a browser follows.
    OpaqueScript,
    /// It knows none of the sessions from before.
    Restarted,
    /// As with an opaque script, and the addresses behind the buttons are new ones.
    Moved,
    /// The same, and the old addresses bring a table of another export.
    Crossed,
}

#[derive(Debug, Default)]
pub struct Calls {
    pub logins: usize,
    pub logouts: usize,
    pub queries: Vec<String>,
}

pub struct StandIn {
    pub url: String,
    pub calls: Arc<Mutex<Calls>>,
    fault: Arc<Mutex<Fault>>,
}

impl StandIn {
    /// From now on it does something else wrong.
    pub fn change(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    pub async fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(Mutex::new(Calls::default()));
        let log = Arc::clone(&calls);
        let shared = Arc::new(Mutex::new(fault));
        let fault = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = Arc::clone(&log);
                let fault = *fault.lock().unwrap();
                tokio::spawn(async move { serve(stream, fault, &log).await });
            }
        });
        Self { url, calls, fault: shared }
    }
}

struct Answer {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
    cut: bool,
}

fn page(body: &str) -> Answer {
    let html = format!("<!doctype html><html><head><title>Panel</title></head><body>{body}</body></html>");
    Answer { status: "200 OK", headers: "Content-Type: text/html\r\n".into(), body: html.into(), cut: false }
}

fn redirect(to: &str, cookie: &str) -> Answer {
    let headers = format!("Location: {to}\r\n{cookie}");
    Answer { status: "302 Found", headers, body: Vec::new(), cut: false }
}

async fn serve(mut stream: TcpStream, fault: Fault, log: &Mutex<Calls>) {
    let mut bytes = Vec::new();
    let mut buffer = [0_u8; 4096];
    let (head, mut body) = loop {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            return;
        }
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            break (head.to_owned(), body.to_owned());
        }
    };
    let headers: HashMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        let count = stream.read(&mut buffer).await.unwrap_or(0);
        body.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    let mut line = head.split(' ');
    let (method, target) = (line.next().unwrap(), line.next().unwrap());
    let session = if fault == Fault::Restarted { "sid=anew" } else { "sid=known" };
    let known = headers.get("cookie").is_some_and(|cookie| cookie.contains(session));
    let mut answer = answer(method, target, &body, known, fault, &mut log.lock().unwrap());
    if matches!(fault, Fault::OpaqueScript | Fault::Moved | Fault::Crossed)
        && answer.headers.contains("text/html")
    {
        let html = String::from_utf8(answer.body).unwrap();
        let opaque = html.replace("encodeURIComponent(a)", "[a].map(encodeURIComponent).join('')");
        answer.body = match fault {
            Fault::OpaqueScript => opaque,
            _ => opaque.replace("/pdf?", "/pdf-baru?"),
        }
        .into();
    }
    if fault == Fault::DeadButtons && answer.headers.contains("text/html") {
        let html = String::from_utf8(answer.body).unwrap();
        answer.body = html
            .replace("window.location.href =", "const nowhere =")
            .replace("/transaksi/export", "#")
            .into();
    }
    let length = answer.body.len() + if answer.cut { 1000 } else { 0 };
    let head = format!(
        "HTTP/1.1 {}\r\n{}Content-Length: {length}\r\nConnection: close\r\n\r\n",
        answer.status, answer.headers
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(&answer.body).await;
}

const LOGIN: &str = r#"<form method="post" action="/login"><input type="hidden" name="_token" value="t0k">
    <input name="email"><input type="password" name="password"><button type="submit">Masuk</button></form>"#;
const OUT: &str = r#"<form method="post" action="/logout"><button>Keluar</button></form>"#;

fn answer(method: &str, target: &str, body: &str, known: bool, fault: Fault, log: &mut Calls) -> Answer {
    let target = match fault {
        Fault::Moved => &target.replace("/pdf?", "/gone?").replace("/pdf-baru?", "/pdf?"),
        Fault::Crossed => {
            &target.replace("/user-front/pdf?", "/koin_pay/pdf?").replace("/pdf-baru?", "/pdf?")
        }
        _ => target,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match (method, path) {
        (_, "/login") if fault == Fault::Down => {
            Answer { status: "500 Internal Server Error", ..page("Oops") }
        }
        (_, "/login") if fault == Fault::Blocked => {
            Answer { status: "403 Forbidden", ..page("Access denied") }
        }
        (_, "/login") if fault == Fault::Maintenance => {
            Answer { status: "503 Service Unavailable", ..page("Be right back.") }
        }
        ("GET", "/login") if fault == Fault::Captcha => page("<div class='g-recaptcha'></div>"),
        ("GET", "/login") if fault == Fault::FormRenamed => {
            page(&LOGIN.replace("password", "text").replace("email", "who"))
        }
        ("GET", "/login") => page(LOGIN),
        ("POST", "/login") => {
            log.logins += 1;
            let right = body.contains("_token=t0k")
                && body.contains("email=kasir%40example.com")
                && body.contains("password=rahasia");
            if !right {
                return page(&format!(
                    "<div class='alert alert-danger'>Email atau password salah.</div>{LOGIN}"
                ));
            }
            if fault == Fault::PasswordExpired {
                return page("<p>Your password has expired.</p>");
            }
            if fault == Fault::SecondFactor {
                return page(
                    "<h1>Kode verifikasi</h1><form><input name='otp' autocomplete='one-time-code'></form>",
                );
            }
            let session = if fault == Fault::Restarted { "anew" } else { "known" };
            redirect("/home", &format!("Set-Cookie: sid={session}; Path=/; HttpOnly\r\n"))
        }
        ("POST", "/logout") => {
            log.logouts += 1;
            redirect("/login", "")
        }
        _ if !known || (fault == Fault::Expires && !log.queries.is_empty()) => redirect("/login", ""),
        (_, "/home") => page(OUT),
        (_, "/transaksi/index-export") => page(&format!(
            r#"{OUT}<form action="/transaksi/export"><input name="start_date"><input name="end_date"><input name="x" type="hidden" value="1">
            <button class="btn" type="button">Cari</button><button class="btn">Export</button></form>"#
        )),
        (_, "/point_transaction") => scripted("start", "end", "name", "expot-pdf", "/point_transaction/pdf"),
        (_, "/user-front") => {
            scripted("filter-start", "filter-end", "id", "btn btn-success m3 expot-pdf", "/user-front/pdf")
        }
        (_, "/koin_pay") => {
            scripted("filter-start", "filter-end", "id", "btn btn-success m3 expot-pdf", "/koin_pay/pdf")
        }
        (_, "/transaksi/export") => file(log, query, fault, "transaksi.xlsx", workbook()),
        (_, "/point_transaction/pdf") => {
            file(log, query, fault, "p.pdf", corpus("dompdf-point_transaction-50-grid.pdf"))
        }
        (_, "/user-front/pdf") => {
            file(log, query, fault, "u.pdf", corpus("dompdf-user_front-16-grid-colspan.pdf"))
        }
        (_, "/koin_pay/pdf") => file(log, query, fault, "k.pdf", corpus("dompdf-koin_pay-1-grid.pdf")),
        _ => Answer { status: "404 Not Found", ..page("Tidak ada") },
    }
}

/// A page whose button works by JavaScript.
fn scripted(start: &str, end: &str, attribute: &str, class: &str, to: &str) -> Answer {
    page(&format!(
        r#"{OUT}<input {attribute}="{start}" type="date"><input {attribute}="{end}" type="date"><a href="" class="{class}">Export PDF</a>
        <script>document.querySelector('.expot-pdf').addEventListener('click', function (e) {{
            e.preventDefault();
            const a = document.querySelector('[{attribute}="{start}"]').value;
            const b = document.querySelector('[{attribute}="{end}"]').value;
            window.location.href = '{to}?start=' + encodeURIComponent(a) + '&end=' + encodeURIComponent(b);
        }});</script>"#
    ))
}

fn file(log: &mut Calls, query: &str, fault: Fault, name: &str, bytes: Vec<u8>) -> Answer {
    log.queries.push(query.to_owned());
    let (body, cut) = match fault {
        Fault::PageExpired => return Answer { status: "419 Page Expired", ..page("Page Expired") },
        Fault::HtmlInstead => return page("<h1>Laporan</h1>"),
        Fault::Empty => (Vec::new(), false),
        Fault::Truncated => (bytes[..bytes.len() / 2].to_vec(), true),
        _ => (bytes, false),
    };
    let headers = format!(
        "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n"
    );
    Answer { status: "200 OK", headers, body, cut }
}

fn corpus(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/pdf").join(name)).unwrap()
}

fn workbook() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in (0_u16..).zip(["No", "Transaksi ID", "Total"]) {
        sheet.write(0, column, name).unwrap();
    }
    for row in 1..=3_u32 {
        sheet.write(row, 0, row).unwrap();
        sheet.write(row, 1, format!("TRX-{row:05}")).unwrap();
        sheet.write(row, 2, row * 15_000).unwrap();
    }
    book.save_to_buffer().unwrap()
}
