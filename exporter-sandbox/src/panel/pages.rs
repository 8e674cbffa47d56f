//! The panel's pages as HTML, with the scripts that such panels carry inline.

use super::Manner;
use super::data::{Cell, Dataset};
use super::session::Session;

pub(super) const MAINTENANCE: &str =
    "<!DOCTYPE html><title>Maintenance</title><h1>503 | Sedang dalam pemeliharaan</h1><p>Be right back.</p>";
pub(super) const BLOCKED: &str = "<!DOCTYPE html><title>Access denied</title><h1>Access denied</h1>\
    <p>You have been blocked by the firewall of this site.</p>";
pub(super) const SERVER_ERROR: &str = "<!DOCTYPE html><title>Server Error</title><h1>500 | Server Error</h1>";

/// An export page: its path, its fields and button, and where its file is.
pub(super) struct ExportPage {
    pub dataset: Dataset,
    pub path: &'static str,
    /// Attribute and value that tell the fields for the first and the last day.
    start: (&'static str, &'static str),
    end: (&'static str, &'static str),
    button: &'static str,
    /// Path of the file, and the parameters for the days.
    pub file: &'static str,
    pub query: (&'static str, &'static str),
    /// How days are written, for `chrono`.
    pub format: &'static str,
}

const DAY_FIRST: &str = "%d/%m/%Y";
const YEAR_FIRST: &str = "%Y-%m-%d";

const USUAL: [ExportPage; 4] = [
    ExportPage {
        dataset: Dataset::Transaksi,
        path: "/transaksi/index-export",
        start: ("name", "start_date"),
        end: ("name", "end_date"),
        button: "btn btn-primary",
        file: "/transaksi/export",
        query: ("start_date", "end_date"),
        format: DAY_FIRST,
    },
    ExportPage {
        dataset: Dataset::PointTrx,
        path: "/point_transaction",
        start: ("name", "start"),
        end: ("name", "end"),
        button: "btn btn-danger expot-pdf",
        file: "/point_transaction/export-pdf",
        query: ("start", "end"),
        format: YEAR_FIRST,
    },
    ExportPage {
        dataset: Dataset::User,
        path: "/user-front",
        start: ("id", "filter-start"),
        end: ("id", "filter-end"),
        button: "btn btn-success m3 expot-pdf",
        file: "/user-front/export-pdf",
        query: ("start", "end"),
        format: YEAR_FIRST,
    },
    ExportPage {
        dataset: Dataset::KoinPay,
        path: "/koin_pay",
        start: ("id", "filter-start"),
        end: ("id", "filter-end"),
        button: "btn btn-success m3 expot-pdf",
        file: "/koin_pay/export-pdf",
        query: ("start", "end"),
        format: YEAR_FIRST,
    },
];

/// The same pages after a redesign: other names, ids and classes, the same labels and kinds.
const RENAMED: [ExportPage; 4] = [
    ExportPage {
        dataset: Dataset::Transaksi,
        path: "/transaksi/index-export",
        start: ("name", "tgl_mulai"),
        end: ("name", "tgl_selesai"),
        button: "tombol tombol-utama",
        file: "/transaksi/unduh",
        query: ("tgl_mulai", "tgl_selesai"),
        format: DAY_FIRST,
    },
    ExportPage {
        dataset: Dataset::PointTrx,
        path: "/point_transaction",
        start: ("name", "dari"),
        end: ("name", "sampai"),
        button: "tombol cetak-pdf",
        file: "/point_transaction/unduh-pdf",
        query: ("dari", "sampai"),
        format: YEAR_FIRST,
    },
    ExportPage {
        dataset: Dataset::User,
        path: "/user-front",
        start: ("id", "saring-dari"),
        end: ("id", "saring-sampai"),
        button: "tombol tombol-hijau cetak-pdf",
        file: "/user-front/unduh-pdf",
        query: ("dari", "sampai"),
        format: YEAR_FIRST,
    },
    ExportPage {
        dataset: Dataset::KoinPay,
        path: "/koin_pay",
        start: ("id", "saring-dari"),
        end: ("id", "saring-sampai"),
        button: "tombol tombol-hijau cetak-pdf",
        file: "/koin_pay/unduh-pdf",
        query: ("dari", "sampai"),
        format: YEAR_FIRST,
    },
];

/// The export pages of a panel.
pub(super) fn all(manner: Manner) -> &'static [ExportPage] {
    if manner == Manner::Renamed { &RENAMED } else { &USUAL }
}

/// Which form the login page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginForm {
    /// Name and password, as the preset knows them.
    Usual,
    /// Name and password under other names.
    Renamed,
    /// The name alone; the password has its own page.
    Name,
    /// Name, password and a question that only people can answer.
    Captcha,
    /// Nothing that looks like a login.
    Unknown,
}

/// The names of the fields for user and password.
pub(super) fn login_fields(manner: Manner) -> (&'static str, &'static str) {
    if manner == Manner::Renamed { ("surel", "sandi") } else { ("email", "password") }
}

pub(super) fn login(session: &Session, form: LoginForm, manner: Manner) -> String {
    let typed = plain(session.typed.as_deref().unwrap_or_default());
    let (name, password) = login_fields(manner);
    let name_field = format!(
        "<label for=\"{name}\">Email</label><input id=\"{name}\" type=\"email\" name=\"{name}\" value=\"{typed}\" required autofocus>"
    );
    let password_field = format!(
        "<label for=\"{password}\">Kata sandi</label><input id=\"{password}\" type=\"password\" name=\"{password}\" required>"
    );
    let remember = "<label><input type=\"checkbox\" name=\"remember\"> Ingat saya</label>";
    let fields = match form {
        LoginForm::Usual | LoginForm::Renamed => format!("{name_field}{password_field}{remember}"),
        LoginForm::Captcha => format!(
            "{name_field}{password_field}<div class=\"g-recaptcha\" data-sitekey=\"sandbox\">Saya bukan robot</div>"
        ),
        LoginForm::Name => name_field,
        LoginForm::Unknown => {
            "<label for=\"akun\">Email</label><input id=\"akun\" type=\"text\" name=\"akun\">\
             <label for=\"sandi\">Kata sandi</label><input id=\"sandi\" type=\"text\" name=\"sandi\">"
                .to_owned()
        }
    };
    outside(
        "Masuk | Toko Andalan",
        session,
        "/login",
        &fields,
        if form == LoginForm::Name { "Lanjut" } else { "Masuk" },
        manner,
    )
}

/// The password's own page, for the user who was named on the one before.
pub(super) fn password(session: &Session, name: &str) -> String {
    let fields = format!(
        "<p>{}</p><label for=\"password\">Kata sandi</label><input id=\"password\" type=\"password\" name=\"password\" required autofocus>",
        plain(name)
    );
    outside("Masuk | Toko Andalan", session, "/login/password", &fields, "Masuk", Manner::TwoStep)
}

pub(super) fn password_expired(session: &Session) -> String {
    let fields = "<h1>Kata sandi baru</h1><p>Your password has expired.</p>\
        <label for=\"current\">Kata sandi lama</label><input id=\"current\" type=\"password\" name=\"current_password\">\
        <label for=\"new\">Kata sandi baru</label><input id=\"new\" type=\"password\" name=\"password\">";
    outside("Kata sandi kedaluwarsa", session, "/password/expired", fields, "Simpan", Manner::Usual)
}

pub(super) fn second_factor(session: &Session) -> String {
    let fields = "<h1>Two-factor authentication</h1><label for=\"code\">Kode</label>\
        <input id=\"code\" name=\"code\" autocomplete=\"one-time-code\" inputmode=\"numeric\" required autofocus>";
    outside("Verifikasi dua langkah", session, "/two-factor-challenge", fields, "Kirim", Manner::TwoStep)
}

/// Enough of a look to tell a page's parts apart.
const STYLE: &str = "<style>body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f4f6f9;color:#234}\
    body>:not(nav){margin-left:24px}nav{background:#263449;padding:12px 24px;display:flex;gap:18px;align-items:center}\
    nav a,nav button{color:#cdd9ea;text-decoration:none;background:none;border:0;font:inherit}nav form{margin-left:auto}\
    input{margin:0 12px 0 6px;padding:5px 8px;border:1px solid #bcc7d6;border-radius:4px}\
    button{padding:6px 14px;border:1px solid #8fa3bd;border-radius:4px;cursor:pointer}\
    .alert{background:#fbe3e4;border:1px solid #e7b3b6;padding:8px 12px;margin:12px 24px;border-radius:4px}</style>";

/// A page outside the login: one form.
fn outside(
    title: &str,
    session: &Session,
    action: &str,
    fields: &str,
    button: &str,
    manner: Manner,
) -> String {
    let Session { token, .. } = session;
    let alert = alert(session);
    let class = if manner == Manner::Renamed { "tombol" } else { "btn btn-primary" };
    let covers = covers(manner);
    format!(
        "<!DOCTYPE html><html lang=\"id\"><head><meta charset=\"utf-8\"><meta name=\"csrf-token\" content=\"{token}\">\
         <title>{title}</title>{STYLE}</head><body>{alert}<form method=\"POST\" action=\"{action}\">\
         <input type=\"hidden\" name=\"_token\" value=\"{token}\">{fields}\
         <button type=\"submit\" class=\"{class}\">{button}</button></form>{covers}</body></html>"
    )
}

fn alert(session: &Session) -> String {
    let message = session.message.as_deref();
    message
        .map(|text| format!("<div class=\"alert alert-danger\" role=\"alert\">{}</div>", plain(text)))
        .unwrap_or_default()
}

/// A page behind the login: an export page, or the dashboard.
pub(super) fn page(page: Option<&ExportPage>, session: &Session, manner: Manner) -> String {
    let body = match page {
        None => "<h1>Dasbor</h1>".to_owned(),
        Some(page) if page.dataset == Dataset::Transaksi => form(page, manner),
        Some(page) => script(page, manner),
    };
    let Session { token, .. } = session;
    let (alert, covers) = (alert(session), covers(manner));
    let link = if manner == Manner::Renamed { "tombol tautan" } else { "btn btn-link" };
    format!(
        "<!DOCTYPE html><html lang=\"id\"><head><meta charset=\"utf-8\"><meta name=\"csrf-token\" content=\"{token}\">\
         <title>Toko Andalan</title>{STYLE}</head><body><nav><a href=\"/dashboard\">Dasbor</a> \
         <a href=\"/transaksi/index-export\">Transaksi</a> <a href=\"/point_transaction\">Poin</a> \
         <a href=\"/user-front\">Pengguna</a> <a href=\"/koin_pay\">Koin</a>\
         <form method=\"POST\" action=\"/logout\"><input type=\"hidden\" name=\"_token\" value=\"{token}\">\
         <button type=\"submit\" class=\"{link}\">Keluar</button></form></nav>{alert}{body}{covers}</body></html>"
    )
}

/// The two fields for the days, with labels, and where they are in the page's script.
fn day_fields(page: &ExportPage, kind: &str) -> String {
    let field = |label: &str, (attribute, value): (&str, &str)| {
        let id = if attribute == "id" { String::new() } else { format!(" id=\"f-{value}\"") };
        let of = if attribute == "id" { value.to_owned() } else { format!("f-{value}") };
        format!("<label for=\"{of}\">{label}</label><input {kind} {attribute}=\"{value}\"{id}>")
    };
    field("Tanggal awal", page.start) + &field("Tanggal akhir", page.end)
}

/// A form that asks for the file itself.
fn form(page: &ExportPage, manner: Manner) -> String {
    let fields = day_fields(page, "type=\"text\" placeholder=\"DD/MM/YYYY\" autocomplete=\"off\"");
    let ExportPage { file, button, .. } = page;
    let target = if manner == Manner::NewTab { " target=\"_blank\"" } else { "" };
    format!(
        "<h1>Ekspor transaksi</h1><form method=\"GET\" action=\"{file}\"{target}>{fields}\
         <button type=\"button\" class=\"{secondary}\">Filter</button>\
         <button type=\"submit\" class=\"{button}\">Export</button></form>",
        secondary = if manner == Manner::Renamed { "tombol" } else { "btn btn-secondary" },
    )
}

/// Fields and a button that a script ties together.
fn script(page: &ExportPage, manner: Manner) -> String {
    let fields = day_fields(page, "type=\"date\"");
    let find = |(attribute, value): (&str, &str)| match attribute {
        "id" => format!("document.getElementById('{value}').value"),
        _ => format!("document.querySelector('input[name=\"{value}\"]').value"),
    };
    let (read_start, read_end) = (find(page.start), find(page.end));
    let ExportPage { file, button, query: (start, end), .. } = page;
    let class = button.rsplit(' ').next().unwrap_or_default();
    let go = if manner == Manner::NewTab {
        "window.open(address, '_blank')"
    } else {
        "window.location.href = address"
    };
    let secondary = if manner == Manner::Renamed { "tombol" } else { "btn btn-secondary" };
    format!(
        "<h1>Data</h1>{fields}<button type=\"button\" class=\"{secondary}\">Filter</button>\
         <button type=\"button\" class=\"{button}\">Export PDF</button><script>\n\
         document.querySelectorAll('.{class}').forEach(function (button) {{\n\
           button.addEventListener('click', function () {{\n\
             var start = {read_start};\n\
             var end = {read_end};\n\
             var address = '{file}?{start}=' + start + '&{end}=' + end;\n\
             {go};\n\
           }});\n\
         }});\n</script>"
    )
}

/// What lies over a page until somebody closes it.
fn covers(manner: Manner) -> &'static str {
    if manner != Manner::Overlay {
        return "";
    }
    "<div id=\"newsletter\" role=\"dialog\" aria-label=\"Buletin\" style=\"position:fixed;inset:0;background:#000a;z-index:90\">\
     <div style=\"background:#fff;margin:15vh auto;width:300px;padding:20px\"><h2>Berlangganan buletin?</h2>\
     <button type=\"button\" class=\"close\" aria-label=\"Close\">×</button></div></div>\
     <div id=\"cookie-consent\" role=\"dialog\" aria-label=\"Cookie\" style=\"position:fixed;inset:0;background:#0008;z-index:99\">\
     <div style=\"background:#fff;position:absolute;bottom:0;left:0;right:0;padding:20px\">Situs ini memakai cookie. \
     <button type=\"button\" class=\"accept\">Terima semua</button></div></div><script>\n\
     if (document.cookie.indexOf('consent=1') >= 0) document.getElementById('cookie-consent').remove();\n\
     if (document.cookie.indexOf('buletin=1') >= 0) document.getElementById('newsletter').remove();\n\
     document.querySelectorAll('.accept').forEach(function (button) { button.addEventListener('click', function () {\n\
       document.cookie = 'consent=1; path=/'; document.getElementById('cookie-consent').remove(); }); });\n\
     document.querySelectorAll('.close').forEach(function (button) { button.addEventListener('click', function () {\n\
       document.cookie = 'buletin=1; path=/'; document.getElementById('newsletter').remove(); }); });\n</script>"
}

/// A page that says nothing but an error.
pub(super) fn error(code: &str, text: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><title>{text}</title></head><body><h1>{code} | {text}</h1></body></html>"
    )
}

/// A text for an HTML page.
pub(crate) fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A cell as the panel's documents show it.
pub(crate) fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => grouped(*number),
        Cell::Money(amount) if *amount < 0 => format!("-Rp {}", grouped(-amount)),
        Cell::Money(amount) => format!("Rp {}", grouped(*amount)),
        Cell::Time(at) => at.format("%d/%m/%Y %H:%M").to_string(),
    }
}

/// Groups of three with points, as in Indonesia.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}
