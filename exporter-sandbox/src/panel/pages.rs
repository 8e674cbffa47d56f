//! The panel's pages as HTML, with the script that such panels carry inline.

use super::data::Cell;

pub(super) const MAINTENANCE: &str =
    "<!DOCTYPE html><title>Maintenance</title><h1>503 | Sedang dalam pemeliharaan</h1><p>Be right back.</p>";
pub(super) const BLOCKED: &str = "<!DOCTYPE html><title>Access denied</title><h1>Access denied</h1>\
    <p>You have been blocked by the firewall of this site.</p>";

/// A page's path, its field names or ids for the days, and the classes of its button.
struct ExportPage {
    path: &'static str,
    start: (&'static str, &'static str),
    end: (&'static str, &'static str),
    button: &'static str,
}

const DOCUMENTS: [ExportPage; 3] = [
    ExportPage {
        path: "/point_transaction",
        start: ("name", "start"),
        end: ("name", "end"),
        button: "btn btn-danger expot-pdf",
    },
    ExportPage {
        path: "/user-front",
        start: ("id", "filter-start"),
        end: ("id", "filter-end"),
        button: "btn btn-success m3 expot-pdf",
    },
    ExportPage {
        path: "/koin_pay",
        start: ("id", "filter-start"),
        end: ("id", "filter-end"),
        button: "btn btn-success m3 expot-pdf",
    },
];

pub(super) fn login(token: &str, message: Option<&str>, renamed: bool) -> String {
    let (email, password) = if renamed { ("akun", "sandi") } else { ("email", "password") };
    let kind = if renamed { "text" } else { "password" };
    let alert =
        message.map(|text| format!("<div class=\"alert alert-danger\">{text}</div>")).unwrap_or_default();
    format!(
        "<!DOCTYPE html><html lang=\"id\"><head><meta charset=\"utf-8\"><title>Masuk | Toko Andalan</title></head><body>\
         {alert}<form method=\"POST\" action=\"/login\"><input type=\"hidden\" name=\"_token\" value=\"{token}\">\
         <label for=\"{email}\">Email</label><input id=\"{email}\" type=\"text\" name=\"{email}\">\
         <label for=\"{password}\">Kata sandi</label><input id=\"{password}\" type=\"{kind}\" name=\"{password}\">\
         <button type=\"submit\" class=\"btn btn-primary\">Masuk</button></form></body></html>"
    )
}

pub(super) fn second_factor(token: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=\"id\"><head><title>Verifikasi dua langkah</title></head><body>\
         <h1>Two-factor authentication</h1><form method=\"POST\" action=\"/two-factor-challenge\">\
         <input type=\"hidden\" name=\"_token\" value=\"{token}\"><label>Kode</label>\
         <input name=\"code\" autocomplete=\"one-time-code\" inputmode=\"numeric\"><button>Kirim</button></form></body></html>"
    )
}

/// A page behind the login, if there is one at this path.
pub(super) fn page(path: &str, token: &str) -> Option<String> {
    let body = match path {
        "/dashboard" => "<h1>Dasbor</h1>".to_owned(),
        "/transaksi/index-export" => transaksi(),
        _ => document(DOCUMENTS.iter().find(|page| page.path == path)?),
    };
    Some(format!(
        "<!DOCTYPE html><html lang=\"id\"><head><meta charset=\"utf-8\"><meta name=\"csrf-token\" content=\"{token}\">\
         <title>Toko Andalan</title></head><body><nav><a href=\"/dashboard\">Dasbor</a> \
         <a href=\"/transaksi/index-export\">Transaksi</a> <a href=\"/point_transaction\">Poin</a> \
         <a href=\"/user-front\">Pengguna</a> <a href=\"/koin_pay\">Koin</a>\
         <form method=\"POST\" action=\"/logout\"><input type=\"hidden\" name=\"_token\" value=\"{token}\">\
         <button type=\"submit\" class=\"btn btn-link\">Keluar</button></form></nav>{body}</body></html>"
    ))
}

fn transaksi() -> String {
    "<h1>Ekspor transaksi</h1><form method=\"GET\" action=\"/transaksi/export\">\
     <input type=\"text\" name=\"start_date\" placeholder=\"DD/MM/YYYY\"><input type=\"text\" name=\"end_date\" placeholder=\"DD/MM/YYYY\">\
     <button type=\"button\" class=\"btn btn-secondary\">Filter</button>\
     <button type=\"submit\" class=\"btn btn-primary\">Export</button></form>"
        .to_owned()
}

fn document(page: &ExportPage) -> String {
    let ExportPage { path, start, end, button } = page;
    let input = |(attribute, value): &(&str, &str)| format!("<input type=\"date\" {attribute}=\"{value}\">");
    let find = |(attribute, value): &(&str, &str)| match *attribute {
        "id" => format!("document.getElementById('{value}').value"),
        _ => format!("document.querySelector('input[name=\"{value}\"]').value"),
    };
    let (first, last) = (input(start), input(end));
    let (read_start, read_end) = (find(start), find(end));
    format!(
        "<h1>Data</h1>{first}{last}<button type=\"button\" class=\"btn btn-secondary\">Filter</button>\
         <button type=\"button\" class=\"{button}\">Export PDF</button><script>\n\
         document.querySelectorAll('.expot-pdf').forEach(function (button) {{\n\
           button.addEventListener('click', function () {{\n\
             var start = {read_start};\n\
             var end = {read_end};\n\
             window.location.href = '{path}/export-pdf?start=' + start + '&end=' + end;\n\
           }});\n\
         }});\n</script>"
    )
}

/// A cell as the panel's documents show it.
pub(super) fn shown(cell: &Cell) -> String {
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
