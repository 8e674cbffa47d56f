//! Selectors: CSS, with `:has-text("…")` at its end, and `text=…`, alike in both drivers.

use exporter_core::{Error, ErrorKind};
use scraper::{ElementRef, Html};

/// A selector, parsed and checked.
///
/// `:has-text("Export")` keeps elements whose text holds the words, letter case and
/// white space aside, as Playwright defines it; `text=Export` is the innermost such
/// element of the page. The text of a button made by `<input>` is its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    written: String,
    /// Plain CSS, for either engine.
    css: String,
    /// Words that the text must hold, normalised.
    texts: Vec<String>,
    /// Whether only an element none of whose children matches counts.
    innermost: bool,
}

impl Selector {
    /// Reads one selector.
    pub(crate) fn parse(written: &str) -> Result<Self, Error> {
        let wrong = |why: &str| {
            Error::new(ErrorKind::Config, format!("the selector `{written}` cannot be used: {why}"))
        };
        let text = written.trim();
        if text.starts_with("xpath=") || text.starts_with("//") {
            return Err(wrong("XPath is not supported").hint("use CSS, `:has-text(\"…\")` or `text=…`"));
        }
        let parsed = if let Some(words) = text.strip_prefix("text=") {
            let texts = vec![normal(unquote(words.trim()))];
            Self { written: written.to_owned(), css: "body *".to_owned(), texts, innermost: true }
        } else {
            let (css, texts) =
                split_texts(text).ok_or_else(|| wrong("`:has-text(…)` stands at the end, with one text"))?;
            Self { written: written.to_owned(), css, texts, innermost: false }
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

    /// The CSS part.
    pub(crate) fn css(&self) -> &str {
        &self.css
    }

    /// The words of the text, normalised.
    pub(crate) fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether only the innermost element counts.
    pub(crate) fn innermost(&self) -> bool {
        self.innermost
    }

    /// The first element of the page that it selects.
    pub(crate) fn first<'a>(&self, page: &'a Html) -> Option<ElementRef<'a>> {
        self.all(page).into_iter().next()
    }

    /// Every element of the page that it selects.
    pub(crate) fn all<'a>(&self, page: &'a Html) -> Vec<ElementRef<'a>> {
        let Ok(css) = scraper::Selector::parse(&self.css) else { return Vec::new() };
        let inner = |element: &ElementRef<'_>| {
            !(self.innermost && element.child_elements().any(|child| self.says(child)))
        };
        page.select(&css).filter(|element| self.says(*element)).filter(inner).collect()
    }

    fn says(&self, element: ElementRef<'_>) -> bool {
        let text = element_text(element);
        self.texts.iter().all(|words| text.contains(words))
    }
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
    fn what_cannot_be_used_is_refused() {
        for wrong in ["//button", "xpath=//a", ".a[", ".a:has-text(\"\")", ".a:has-text(\"x\") b", "text="] {
            assert_eq!(Selector::parse(wrong).unwrap_err().kind(), ErrorKind::Config, "{wrong}");
        }
    }
}
