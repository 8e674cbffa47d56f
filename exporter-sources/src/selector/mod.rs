//! Selectors: CSS, with `:has-text("…")` at its end, `text=…` and `label=…`, alike in both
//! drivers; `xpath=…` in a browser.

mod heal;
mod label;

use exporter_core::{Error, ErrorKind};
pub(crate) use heal::Role;
use scraper::{ElementRef, Html};

/// A selector, parsed and checked.
///
/// `:has-text("Export")` keeps elements whose text holds the words, letter case and
/// white space aside, as Playwright defines it; `text=Export` is the innermost such
/// element of the page; `label=Dari` is the field with such a label. The text of a button
/// made by `<input>` is its value. A list may hold an `xpath=` for browsers; over HTTP it
/// selects nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    written: String,
    /// Plain CSS, for either engine.
    css: String,
    /// Words that the text must hold, normalised.
    texts: Vec<String>,
    /// Whether only an element none of whose children matches counts.
    innermost: bool,
    /// Words of the field's label, normalised.
    label: Option<String>,
    /// An `XPath`, for browsers alone.
    xpath: Option<String>,
}

/// Fields that people fill in.
const FIELDS: &str = "input:not([type=hidden]), select, textarea";

impl Selector {
    /// Reads one selector.
    pub(crate) fn parse(written: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            Error::new(ErrorKind::Config, format!("the selector `{written}` cannot be used: {why}"))
        };
        let text = written.trim();
        let blank = Self {
            written: written.to_owned(),
            css: FIELDS.to_owned(),
            texts: Vec::new(),
            innermost: false,
            label: None,
            xpath: None,
        };
        let xpath = text.strip_prefix("xpath=").or_else(|| Some(text).filter(|text| text.starts_with("//")));
        let parsed = if let Some(xpath) = xpath {
            Self { xpath: Some(xpath.trim().to_owned()), ..blank }
        } else if let Some(words) = text.strip_prefix("text=") {
            let texts = vec![normal(unquote(words.trim()))];
            Self { css: "body *".to_owned(), texts, innermost: true, ..blank }
        } else if let Some(words) = text.strip_prefix("label=") {
            let label = normal(unquote(words.trim()));
            if label.is_empty() {
                return Err(wrong("its text is empty"));
            }
            Self { label: Some(label), ..blank }
        } else {
            let (css, texts) =
                split_texts(text).ok_or_else(|| wrong("`:has-text(…)` stands at the end, with one text"))?;
            Self { css, texts, ..blank }
        };
        if parsed.texts.iter().any(String::is_empty) {
            return Err(wrong("its text is empty"));
        }
        scraper::Selector::parse(&parsed.css).map_err(|error| wrong(&error.to_string()))?;
        Ok(parsed)
    }

    /// Reads a list of them.
    pub(crate) fn list(written: &[String]) -> Result<Vec<Self>, Error> {
        written.iter().map(|selector| Self::parse(selector)).collect()
    }

    /// As it was written.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// It as data for a page's script.
    pub(crate) fn as_data(&self) -> serde_json::Value {
        serde_json::json!({
            "css": self.css,
            "texts": self.texts,
            "innermost": self.innermost,
            "label": self.label,
            "xpath": self.xpath,
        })
    }

    /// The first element of the page that it selects.
    pub(crate) fn first<'a>(&self, page: &'a Html) -> Option<ElementRef<'a>> {
        self.all(page).into_iter().next()
    }

    /// Every element of the page that it selects.
    pub(crate) fn all<'a>(&self, page: &'a Html) -> Vec<ElementRef<'a>> {
        let Some(css) = css(&self.css).filter(|_| self.xpath.is_none()) else { return Vec::new() };
        let labelled = |element: &ElementRef<'_>| {
            self.label.as_ref().is_none_or(|words| {
                label::labels(page, *element).iter().any(|label| normal(label).contains(words.as_str()))
            })
        };
        let inner = |element: &ElementRef<'_>| {
            !(self.innermost && element.child_elements().any(|child| self.says(child)))
        };
        page.select(&css).filter(|element| self.says(*element)).filter(inner).filter(labelled).collect()
    }

    fn says(&self, element: ElementRef<'_>) -> bool {
        let text = element_text(element);
        self.texts.iter().all(|words| text.contains(words))
    }
}

fn css(text: &str) -> Option<scraper::Selector> {
    scraper::Selector::parse(text).ok()
}

/// The first element that any of the selectors finds, in the order of the list.
pub(crate) fn first<'a>(selectors: &[Selector], page: &'a Html) -> Option<ElementRef<'a>> {
    selectors.iter().find_map(|selector| selector.first(page))
}

/// Every element that the selectors find, in the order of the list.
pub(crate) fn all<'a>(selectors: &[Selector], page: &'a Html) -> Vec<ElementRef<'a>> {
    selectors.iter().flat_map(|selector| selector.all(page)).collect()
}

/// The list as people wrote it, for messages.
pub(crate) fn written(selectors: &[Selector]) -> String {
    selectors.iter().map(Selector::written).collect::<Vec<_>>().join(" or ")
}

/// What a person reads on the element, normalised.
fn element_text(element: ElementRef<'_>) -> String {
    let value = element.value();
    match (value.name(), value.attr("type")) {
        ("input", Some("submit" | "button" | "reset")) => normal(value.attr("value").unwrap_or_default()),
        ("script" | "style" | "head", _) => String::new(),
        _ => normal(&element.text().collect::<String>()),
    }
}

/// Lower case, white space reduced to single blanks.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn unquote(text: &str) -> &str {
    ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(text)
}

/// Parts `a.btn:has-text("x"):has-text("y")` into CSS and texts.
fn split_texts(text: &str) -> Option<(String, Vec<String>)> {
    let mut pieces = text.split(":has-text(");
    let css = pieces.next()?.trim();
    let css = if css.is_empty() { "*" } else { css };
    let texts = pieces
        .map(|piece| Some(normal(unquote(piece.trim_end().strip_suffix(')')?.trim()))))
        .collect::<Option<Vec<_>>>()?;
    Some((css.to_owned(), texts))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r##"<body><a class="btn" href="#">Batal</a><button class="btn">
        <i></i> Export
        Data</button><input type="submit" class="go" value="Kirim"><div><p>Masuk <b>sini</b></p></div></body>"##;

    fn found(selector: &str) -> Option<String> {
        let page = Html::parse_document(PAGE);
        Selector::parse(selector).unwrap().first(&page).map(|element| element.value().name().to_owned())
    }

    #[test]
    fn has_text_ignores_case_and_white_space() {
        assert_eq!(found(r#".btn:has-text("export data")"#).as_deref(), Some("button"));
        assert_eq!(found(".btn:has-text('Batal')").as_deref(), Some("a"));
        assert_eq!(found(".btn:has-text(\"Hapus\")"), None);
        assert_eq!(found(".go:has-text(kirim)").as_deref(), Some("input"));
    }

    #[test]
    fn text_is_the_innermost_element() {
        assert_eq!(found("text=sini").as_deref(), Some("b"));
        assert_eq!(found("text=\"Masuk sini\"").as_deref(), Some("p"));
    }

    #[test]
    fn a_field_is_found_by_its_label_and_a_path_only_by_a_browser() {
        let page = Html::parse_document(
            "<label for=x>Tanggal awal</label><input id=x><label>Akhir <select id=y></select></label><input id=z placeholder='Cari'>",
        );
        for (selector, id) in [("label=\"tanggal AWAL\"", "x"), ("label=akhir", "y"), ("label=cari", "z")] {
            let found = Selector::parse(selector).unwrap().first(&page).and_then(|field| field.value().id());
            assert_eq!(found, Some(id), "{selector}");
        }
        assert!(Selector::parse("//input[1]").unwrap().first(&page).is_none());
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for wrong in ["label=", ".a[", ".a:has-text(\"\")", ".a:has-text(\"x\") b", "text="] {
            assert_eq!(Selector::parse(wrong).unwrap_err().kind(), ErrorKind::Config, "{wrong}");
        }
    }
}
