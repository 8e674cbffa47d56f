//! From an export's page to the request that its trigger ends in.

use exporter_core::{Error, ErrorKind, Window};
use reqwest::Url;
use scraper::{ElementRef, Html, Selector};

use super::client::Page;
use super::form::{self, Submission};
use super::script;
use crate::driver::{Recipe, not_found};
use crate::selector::{self, written};

/// What a click on the trigger would send, with the window in the date fields.
pub(super) fn request(page: &Page, recipe: &Recipe, window: Window) -> Result<Submission, Error> {
    let html = Html::parse_document(&page.html);
    let url = page.url.as_str();
    let start = selector::first(&recipe.start, &html)
        .ok_or_else(|| not_found("the field for the first day", &written(&recipe.start), url))?;
    let end = selector::first(&recipe.end, &html)
        .ok_or_else(|| not_found("the field for the last day", &written(&recipe.end), url))?;
    let trigger = selector::first(&recipe.trigger, &html)
        .ok_or_else(|| not_found("the button that starts the export", &written(&recipe.trigger), url))?;
    let (first, last) = recipe.days(window);
    let filled = [(start, first.as_str()), (end, last.as_str())];
    scripted(&html, &page.url, trigger, &filled)
        .or_else(|| submitted(&html, &page.url, trigger, &filled))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::ElementNotFound,
                "this export works by JavaScript that cannot be followed without a browser",
            )
            .context("export", recipe.name.clone())
            .hint("use `--driver auto` or `--driver browser`")
        })
}

/// The address that the trigger's script goes to. A foreign one is not ours to follow.
fn scripted(
    page: &Html,
    base: &Url,
    trigger: ElementRef<'_>,
    filled: &[(ElementRef<'_>, &str)],
) -> Option<Submission> {
    let values = |css: &str| {
        let element = page.select(&Selector::parse(css).ok()?).next()?;
        let own = || element.value().attr("value").unwrap_or_default();
        Some(
            filled
                .iter()
                .find(|(field, _)| *field == element)
                .map_or_else(own, |(_, value)| value)
                .to_owned(),
        )
    };
    let url = base.join(&script::target(page, trigger, &values)?).ok()?;
    (url.origin() == base.origin()).then(|| Submission::get(url).sent_from(base))
}

/// The form that the trigger submits.
fn submitted(
    page: &Html,
    base: &Url,
    trigger: ElementRef<'_>,
    filled: &[(ElementRef<'_>, &str)],
) -> Option<Submission> {
    let submits = match (trigger.value().name(), trigger.value().attr("type")) {
        ("button", kind) => kind.is_none_or(|kind| kind.eq_ignore_ascii_case("submit")),
        ("input", Some("submit" | "image")) => true,
        _ => false,
    };
    let form = form::form_of(page, trigger).filter(|_| submits)?;
    // The days must go with it, else the file would be of some other window.
    let holds = |field: ElementRef<'_>| form::form_of(page, field) == Some(form);
    filled
        .iter()
        .all(|(field, _)| holds(*field))
        .then(|| form::submission(page, base, form, Some(trigger), filled))?
}
