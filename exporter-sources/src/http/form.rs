//! A form of a page, filled in as a person would and ready to be sent.

use reqwest::Url;
use scraper::{ElementRef, Html, Selector};

/// What sending a form, or following a link, asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Submission {
    pub url: Url,
    pub post: bool,
    pub fields: Vec<(String, String)>,
    /// A body that is no form.
    pub text: Option<String>,
    /// Whether the fields go as `multipart/form-data`.
    pub multipart: bool,
    /// Headers of its own, such as the address of the page that it comes from.
    pub headers: Vec<(String, String)>,
}

impl Submission {
    /// Asks for an address and nothing else.
    pub(super) fn get(url: Url) -> Self {
        Self { url, post: false, fields: Vec::new(), text: None, multipart: false, headers: Vec::new() }
    }

    /// As a page at `page` sends it: some panels refuse forms that come from nowhere.
    #[must_use]
    pub(super) fn sent_from(mut self, page: &Url) -> Self {
        let mut referer = page.clone();
        referer.set_fragment(None);
        self.headers.push(("referer".to_owned(), referer.into()));
        if self.post {
            self.headers.push(("origin".to_owned(), page.origin().ascii_serialization()));
        }
        self
    }
}

/// A field of a page and what it sends now, if anything.
pub(super) struct Filled<'a> {
    pub element: ElementRef<'a>,
    pub sent: Option<String>,
}

/// The nearest element of this name around `element`.
pub(super) fn around<'a>(element: ElementRef<'a>, name: &str) -> Option<ElementRef<'a>> {
    element.ancestors().filter_map(ElementRef::wrap).find(|ancestor| ancestor.value().name() == name)
}

/// The form that holds `element`, or that its `form` attribute names.
pub(super) fn form_of<'a>(page: &'a Html, element: ElementRef<'a>) -> Option<ElementRef<'a>> {
    match element.value().attr("form") {
        Some(id) => all(page, "form").into_iter().find(|form| form.value().id() == Some(id)),
        None => around(element, "form"),
    }
}

/// What the browser would send for `form` after a click on `button`, with `filled`
/// fields in place of their values (HTML, 4.10.21.4 "Constructing the entry list").
pub(super) fn submission(
    page: &Html,
    base: &Url,
    form: ElementRef<'_>,
    button: Option<ElementRef<'_>>,
    filled: &[Filled<'_>],
) -> Option<Submission> {
    let own = |name: &str, of: &str| {
        button
            .and_then(|button| button.value().attr(name))
            .or_else(|| form.value().attr(of))
            .map(str::to_owned)
    };
    let url = base.join(&own("formaction", "action").unwrap_or_default()).ok()?;
    let post = own("formmethod", "method").is_some_and(|method| method.eq_ignore_ascii_case("post"));
    let controls = all(page, "input, select, textarea, button");
    let fields = controls
        .into_iter()
        .filter(|control| form_of(page, *control) == Some(form))
        .filter_map(|control| {
            let value = match filled.iter().find(|field| field.element == control) {
                Some(field) => field.sent.clone()?,
                None if another_of_its_group(control, filled) => return None,
                None => sent(control, button)?,
            };
            Some((control.value().attr("name").filter(|name| !name.is_empty())?.to_owned(), value))
        })
        .collect();
    let multipart =
        own("formenctype", "enctype").is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/form-data"));
    let mut submission = Submission { post, fields, multipart, ..Submission::get(url) }.sent_from(base);
    // Panels that send their forms by script take the token from the page's head.
    let meta = all(page, "meta[name=csrf-token]").first().and_then(|meta| meta.value().attr("content"));
    if let Some(token) = meta.filter(|_| post) {
        submission.headers.push(("x-csrf-token".to_owned(), token.to_owned()));
    }
    Some(submission)
}

/// Whether another radio button of the same group was chosen.
fn another_of_its_group(control: ElementRef<'_>, filled: &[Filled<'_>]) -> bool {
    let radio = |element: ElementRef<'_>| element.value().attr("type") == Some("radio");
    radio(control)
        && filled.iter().any(|field| {
            radio(field.element) && field.element.value().attr("name") == control.value().attr("name")
        })
}

/// The value that a control sends on its own account, if any.
pub(super) fn sent(control: ElementRef<'_>, button: Option<ElementRef<'_>>) -> Option<String> {
    let element = control.value();
    if element.attr("disabled").is_some() {
        return None;
    }
    let value = element.attr("value").unwrap_or_default().to_owned();
    match (element.name(), element.attr("type").unwrap_or_default()) {
        ("button", _) | ("input", "submit" | "button" | "image" | "reset") => {
            (button == Some(control)).then_some(value)
        }
        ("input", "checkbox" | "radio") => {
            element.attr("checked").is_some().then(|| element.attr("value").unwrap_or("on").to_owned())
        }
        ("input", "file") => None,
        ("select", _) => selected(control),
        ("textarea", _) => Some(control.text().collect()),
        _ => Some(value),
    }
}

/// The chosen option, or the first.
fn selected(control: ElementRef<'_>) -> Option<String> {
    let css = Selector::parse("option").ok()?;
    let options: Vec<_> = control.select(&css).collect();
    let option =
        options.iter().find(|option| option.value().attr("selected").is_some()).or(options.first())?;
    Some(option.value().attr("value").map_or_else(|| option.text().collect(), str::to_owned))
}

/// The value of the option that a person means by its value or its label.
pub(super) fn option(list: ElementRef<'_>, wanted: &str) -> Option<String> {
    let css = Selector::parse("option").ok()?;
    let label =
        |option: ElementRef<'_>| option.text().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
    let value =
        |option: ElementRef<'_>| option.value().attr("value").map_or_else(|| label(option), str::to_owned);
    let options: Vec<_> = list.select(&css).collect();
    let by_value = options.iter().find(|option| value(**option) == wanted);
    by_value.or_else(|| options.iter().find(|option| label(**option) == wanted)).map(|option| value(*option))
}

/// Every element for fixed CSS.
pub(super) fn all<'a>(page: &'a Html, css: &str) -> Vec<ElementRef<'a>> {
    Selector::parse(css).map(|css| page.select(&css).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_keeps_its_hidden_fields_and_sends_what_was_filled_in() {
        let page = Html::parse_document(
            r#"<form action="send" method="POST"><input type="hidden" name="_token" value="t1">
            <input name="email" value="old"><input type="checkbox" name="remember"><input type="checkbox" name="yes" checked>
            <select name="s"><option value="1">a</option><option value="2" selected>b</option></select>
            <button name="go" value="1">Go</button><button name="no" value="1">No</button></form>
            <input name="outside" value="x">"#,
        );
        let form = all(&page, "form")[0];
        let email = all(&page, "[name=email]")[0];
        let button = all(&page, "[name=go]")[0];
        let base = Url::parse("http://p.example/a/login?x=1").unwrap();
        let sent = submission(
            &page,
            &base,
            form,
            Some(button),
            &[Filled { element: email, sent: Some("me@example.com".into()) }],
        )
        .unwrap();
        assert!(sent.post);
        assert_eq!(sent.url.as_str(), "http://p.example/a/send");
        let fields: Vec<_> =
            sent.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            fields,
            [("_token", "t1"), ("email", "me@example.com"), ("yes", "on"), ("s", "2"), ("go", "1")]
        );
    }
}
