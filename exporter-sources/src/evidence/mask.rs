//! Taking secrets out of pages, addresses and headers before anything is written down.

use scraper::{Html, Node};

/// What stands in a secret's place.
const HIDDEN: &str = "***";
/// Shorter texts stand anywhere by chance.
const SHORTEST: usize = 4;
/// A run of letters and digits of this length in a script or attribute is a token.
const TOKEN: usize = 24;

/// Headers whose values are shown; all others may hold a token.
const OPEN_HEADERS: [&str; 19] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "expires",
    "host",
    "pragma",
    "retry-after",
    "server",
    "transfer-encoding",
    "upgrade-insecure-requests",
    "user-agent",
    "vary",
];
/// Headers that are addresses.
const ADDRESS_HEADERS: [&str; 4] = ["location", "origin", "referer", "content-location"];

/// The texts that must not be shown, and the columns of tables that are nobody else's business.
#[derive(Default)]
pub(crate) struct Mask {
    secrets: Vec<String>,
    columns: Vec<String>,
}

impl Mask {
    /// Hides these texts, in the forms that a request carries them too, and the cells of these
    /// columns.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>, columns: &[String]) -> Self {
        let mut all: Vec<String> = Vec::new();
        for secret in secrets.into_iter().filter(|secret| secret.len() >= SHORTEST) {
            let quoted = serde_json::to_string(secret).unwrap_or_default();
            all.extend([
                secret.to_owned(),
                form_urlencoded(secret),
                quoted.trim_matches('"').to_owned(),
                secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
            ]);
        }
        // The longest first: what holds another one goes as a whole.
        all.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        all.dedup();
        Self { secrets: all, columns: columns.iter().map(|name| normal(name)).collect() }
    }

    /// A text without the secrets.
    pub(crate) fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), HIDDEN))
    }

    /// A page without the secrets, without what fields hold, without tokens, and without the
    /// cells of the hidden columns.
    pub(crate) fn page(&self, html: &str) -> String {
        let mut page = Html::parse_document(html);
        let mut hidden = self.cells(&page);
        for node in page.tree.nodes() {
            let script = node.parent().and_then(|parent| match parent.value() {
                Node::Element(element) => Some(matches!(element.name(), "script" | "textarea")),
                _ => None,
            });
            if script == Some(true) {
                hidden.push(node.id());
            }
        }
        for id in hidden {
            if let Some(mut node) = page.tree.get_mut(id)
                && let Node::Text(text) = node.value()
            {
                let script = without_tokens(text);
                let inside = if script == **text { HIDDEN.to_owned() } else { script };
                text.text = inside.as_str().into();
            }
        }
        let ids: Vec<_> = page.tree.nodes().map(|node| node.id()).collect();
        for id in ids {
            if let Some(mut node) = page.tree.get_mut(id)
                && let Node::Element(element) = node.value()
            {
                let button = element.attr("type").is_some_and(|kind| {
                    matches!(kind, "submit" | "button" | "reset" | "checkbox" | "radio" | "image")
                });
                let field = element.name() == "input" && !button;
                let meta = element.name() == "meta";
                for (name, value) in &mut element.attrs {
                    let shown = match &*name.local {
                        "value" if field => value_of_field(value),
                        "href" | "action" | "src" | "formaction" => url(value),
                        "content" if meta => without_tokens(value),
                        "class" | "id" | "name" | "type" | "for" => continue,
                        _ => without_tokens(value),
                    };
                    if shown != **value {
                        *value = shown.as_str().into();
                    }
                }
            }
        }
        self.text(&page.html())
    }

    /// The texts in the cells of the hidden columns.
    fn cells(&self, page: &Html) -> Vec<ego_tree::NodeId> {
        if self.columns.is_empty() {
            return Vec::new();
        }
        let is = |node: &ego_tree::NodeRef<'_, Node>, names: &[&str]| matches!(node.value(), Node::Element(element) if names.contains(&element.name()));
        let mut found = Vec::new();
        for table in page.tree.nodes().filter(|node| is(node, &["table"])) {
            let mut places: Vec<usize> = Vec::new();
            for row in table.descendants().filter(|node| is(node, &["tr"])) {
                let cells: Vec<_> = row.children().filter(|node| is(node, &["td", "th"])).collect();
                let words = |cell: &ego_tree::NodeRef<'_, Node>| {
                    let texts = cell.descendants().filter_map(|node| match node.value() {
                        Node::Text(text) => Some(&**text),
                        _ => None,
                    });
                    normal(&texts.collect::<String>())
                };
                let named: Vec<usize> =
                    (0..cells.len()).filter(|index| self.columns.contains(&words(&cells[*index]))).collect();
                if !named.is_empty() {
                    places = named;
                    continue;
                }
                let cells = places.iter().filter_map(|place| cells.get(*place));
                found.extend(cells.flat_map(|cell| {
                    cell.descendants().filter(|node| node.value().is_text()).map(|node| node.id())
                }));
            }
        }
        found
    }
}

/// The value of a header as it may be shown.
pub(super) fn header(name: &str, value: &str) -> String {
    let name = name.to_ascii_lowercase();
    if OPEN_HEADERS.contains(&name.as_str()) {
        value.to_owned()
    } else if ADDRESS_HEADERS.contains(&name.as_str()) {
        url(value)
    } else {
        HIDDEN.to_owned()
    }
}

/// The address with the values of its query masked, days and numbers apart.
pub(super) fn url(url: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    // A name and a password may stand before the host.
    let path = match path.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('/').unwrap_or((rest, "")).0.rsplit_once('@') {
            Some((who, _)) => format!("{scheme}://{HIDDEN}{}", &rest[who.len()..]),
            None => path.to_owned(),
        },
        None => path.to_owned(),
    };
    if query.is_empty() {
        return path;
    }
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) if !plain(&value.replace("%2F", "/")) => format!("{name}={HIDDEN}"),
            _ => pair.to_owned(),
        })
        .collect();
    format!("{path}?{}", pairs.join("&"))
}

/// Whether a value is a day or a number, which is no secret.
pub(super) fn plain(value: &str) -> bool {
    value.len() <= 12 && value.chars().all(|letter| letter.is_ascii_digit() || "-/.".contains(letter))
}

fn value_of_field(value: &str) -> String {
    if plain(value) { value.to_owned() } else { HIDDEN.to_owned() }
}

/// Long runs of letters and digits, such as keys, are hidden.
fn without_tokens(text: &str) -> String {
    let part = |letter: char| letter.is_ascii_alphanumeric() || "+_-=%".contains(letter);
    let token = |run: &str| run.len() >= TOKEN && run.contains(|letter: char| letter.is_ascii_digit());
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(part) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|letter| !part(letter)).unwrap_or(rest.len());
        out.push_str(if token(&rest[..end]) { HIDDEN } else { &rest[..end] });
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A text as forms and addresses carry it.
fn form_urlencoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_days_and_lose_their_secrets() {
        assert_eq!(
            url("http://p/x?start=2026-01-05&end=06%2F01%2F2026&_token=abc123def&q="),
            "http://p/x?start=2026-01-05&end=06%2F01%2F2026&_token=***&q="
        );
        assert_eq!(url("http://p/x"), "http://p/x");
        assert_eq!(url("http://me:geheim@p.test/x"), "http://***@p.test/x");
    }

    #[test]
    fn a_page_keeps_its_words_and_days_and_loses_the_rest() {
        let mask = Mask::new(["s3cret/pass"], &["Nomor Telepon".to_owned()]);
        let page = mask.page(
            r#"<html><head><meta name="csrf-token" content="Zx81kfu2mQPw9slA0uYtRe21"></head><body>
            <input name="start" value="2026-01-05"><input name="q" value="Budi Santoso">
            <input type="submit" value="Cari data"><input type="hidden" name="_token" value="t0k">
            <textarea>catatan pribadi</textarea><script>var csrf = 'Zx81kfu2mQPw9slA0uYtRe21'; go();</script>
            <table><tr><th>Nama</th><th>Nomor  telepon</th></tr>
            <tr><td>Toko A</td><td><b>+62812000111</b></td></tr></table>
            <p>Email atau password salah. s3cret/pass s3cret%2Fpass</p></body></html>"#,
        );
        for part in ["2026-01-05", "Cari data", "go();", "Toko A", "salah.", "Nomor  telepon"] {
            assert!(page.contains(part), "{part}: {page}");
        }
        for part in ["Zx81", "t0k", "Budi", "catatan", "+62812", "s3cret"] {
            assert!(!page.contains(part), "{part}: {page}");
        }
    }

    #[test]
    fn only_headers_that_hold_no_token_are_shown() {
        assert_eq!(header("Content-Type", "text/html"), "text/html");
        assert_eq!(header("Set-Cookie", "sid=1"), "***");
        assert_eq!(header("X-Anything", "1"), "***");
        assert_eq!(header("Location", "/login?next=%2Fhome&d=2026-01-05"), "/login?next=***&d=2026-01-05");
    }
}
