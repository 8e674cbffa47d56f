//! The page at which people look at a spreadsheet: its tabs as they would see them.

use std::fmt::Write as _;

use super::clock::Moment;
use super::grid::Band;
use super::handle::Sheets;
use super::model::{Spreadsheet, Tab};
use super::range::Dimension;
use super::view::View;
use super::{a1, route};

/// Most rows a page shows: a browser is no place for a million.
const MAX_ROWS: usize = 1000;

/// The spreadsheet that a page's address names: `/spreadsheets/d/ID/edit`.
pub fn spreadsheet_of(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/spreadsheets/d/")?;
    let id = rest.strip_suffix("/edit").unwrap_or(rest).trim_end_matches('/');
    (!id.is_empty() && !id.contains('/')).then(|| route::decode(id, false))
}

/// The page, showing the tab with the given title or else the first; `None` when there is
/// no such spreadsheet.
pub fn render(sheets: &Sheets, id: &str, title: Option<&str>) -> Option<String> {
    let spreadsheet = sheets.spreadsheet(id)?;
    let visible = || spreadsheet.tabs.iter().filter(|tab| !tab.hidden);
    let chosen = title.and_then(|title| spreadsheet.tab_named(title));
    let tab = chosen.or_else(|| visible().next().map(AsRef::as_ref))?;
    let mut page = String::from(HEAD);
    // Writing to a String can't fail.
    let _ = write!(page, "<title>{0}</title><h1>{0}</h1>", escape(&spreadsheet.title));
    table(&mut page, &spreadsheet, tab, sheets.moment());
    page.push_str("<nav>");
    for other in visible() {
        let class = if other.id == tab.id { " class=\"here\"" } else { "" };
        let _ = write!(page, "<a{class} href=\"?tab={}\">{}</a>", encode(&other.title), escape(&other.title));
    }
    page.push_str("</nav>\n");
    Some(page)
}

/// What a page that does not exist says.
pub fn missing() -> &'static str {
    "<!DOCTYPE html><meta charset=\"utf-8\"><title>Page not found</title><p>Sorry, the file you have requested does not exist.\n"
}

/// What an address says that the API does not have.
pub fn no_address(path: &str) -> String {
    format!(
        "<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Error 404 (Not Found)!!1</title>\
         <p>The requested URL <code>{}</code> was not found on this server.\n",
        escape(path)
    )
}

const HEAD: &str = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><style>\
body{font:13px Arial,sans-serif;margin:0}h1{font-size:18px;margin:8px}\
main{overflow:auto;max-height:calc(100vh - 90px)}table{border-collapse:separate;border-spacing:0}\
td,th{border:1px solid #ddd;border-width:0 1px 1px 0;padding:2px 4px;white-space:pre;height:17px}\
th{background:#f8f9fa;font-weight:400;color:#555}.frozen td,.frozen th{position:sticky;background:#fff;\
border-bottom:3px solid #bbb}thead th,.frozen td{position:sticky;top:0;z-index:1}.frozen td{top:22px}\
td.n{text-align:right}nav{padding:8px;background:#f1f3f4}nav a{padding:6px 12px;color:#444;\
text-decoration:none}nav a.here{background:#fff;color:#188038;font-weight:700}</style>\n";

fn table(page: &mut String, spreadsheet: &Spreadsheet, tab: &Tab, now: Moment) {
    let view = View::new(spreadsheet, now);
    let used = tab.grid.used();
    let shown = |dimension: Dimension, index: usize| {
        let Band { hidden, filtered, .. } = tab.grid.band(dimension, index);
        !hidden && !filtered
    };
    let columns: Vec<usize> =
        (0..used.right.max(1)).filter(|&column| shown(Dimension::Columns, column)).collect();
    page.push_str("<main><table><thead><tr><th></th>");
    for &column in &columns {
        let _ = write!(page, "<th>{}</th>", a1::column_letters(column));
    }
    page.push_str("</tr></thead>\n");
    let merges = tab.merged();
    for row in (0..used.bottom.min(MAX_ROWS)).filter(|&row| shown(Dimension::Rows, row)) {
        let class = if row < tab.frozen_rows { " class=\"frozen\"" } else { "" };
        let _ = write!(page, "<tr{class}><th>{}</th>", row + 1);
        for &column in &columns {
            let merge = merges.iter().find(|merge| merge.contains(row, column));
            let mut span = String::new();
            if let Some(merge) = merge {
                if (merge.top, merge.left) != (row, column) {
                    continue;
                }
                span = format!(" rowspan=\"{}\" colspan=\"{}\"", merge.height(), merge.width());
            }
            let number = matches!(view.scalar(tab, row, column), super::cell::Scalar::Number(_));
            let class = if number { " class=\"n\"" } else { "" };
            let text = escape(&view.formatted(tab, row, column));
            let _ = write!(page, "<td{class}{span}>{text}</td>");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>");
    if used.bottom > MAX_ROWS {
        let _ = write!(page, "<p>The first {MAX_ROWS} of {} rows.", used.bottom);
    }
    page.push_str("</main>\n");
}

/// Text that is text inside a page, whatever a cell holds.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

fn encode(text: &str) -> String {
    let mut safe = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            safe.push(char::from(byte));
        } else {
            let _ = write!(safe, "%{byte:02X}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_pages() {
        assert_eq!(spreadsheet_of("/spreadsheets/d/abc/edit"), Some("abc".to_owned()));
        assert_eq!(spreadsheet_of("/spreadsheets/d/abc"), Some("abc".to_owned()));
        assert_eq!(spreadsheet_of("/spreadsheets/d/a/b/edit"), None);
        assert_eq!(spreadsheet_of("/v4/spreadsheets/abc"), None);
    }

    #[test]
    fn cells_are_escaped() {
        assert_eq!(escape("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;");
        assert_eq!(encode("a b/é"), "a%20b%2F%C3%A9");
    }
}
