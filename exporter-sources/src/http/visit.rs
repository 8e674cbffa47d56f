//! A visit to an export's page over HTTP: steps that a person does, without JavaScript.

use exporter_core::{Error, ErrorKind, FileKind, Window};
use reqwest::Url;
use scraper::{ElementRef, Html, Selector as Css};

use super::HttpClient;
use super::client::Page;
use super::form::{self, Filled, Submission};
use super::script;
use crate::driver::{Fill, Key, Set, Step, for_days, not_found};
use crate::selector::{self, Role, Selector, written};

/// A page and what was put into its fields.
pub(super) struct Visit {
    pub page: Page,
    sets: Vec<(Set, Value)>,
    /// What a reader of the report should know.
    pub notes: Vec<String>,
    /// The export's section in the configuration.
    section: String,
}

/// What a field holds now.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    Check(bool),
}

impl Visit {
    pub(super) fn new(page: Page, export: &str) -> Self {
        Self { page, sets: Vec::new(), notes: Vec::new(), section: format!("exports.{export}") }
    }

    /// Another page: what was filled in before is gone.
    fn go_to(&mut self, page: Page) {
        self.page = page;
        self.sets.clear();
    }

    /// Does one step.
    pub(super) async fn step(
        &mut self,
        client: &mut HttpClient,
        step: &Step,
        window: Window,
    ) -> Result<(), Error> {
        match step {
            Step::Goto(page) => self.go_to(client.page(&for_days(page, window)?).await?),
            Step::Set(set) => self.set(set, window)?,
            Step::WaitFor(at) => {
                self.find_any(at, "what a step waits for")?;
            }
            Step::Click(at) => {
                let submission =
                    self.find_any(at, "what a step clicks on").and_then(|()| self.clicked(at))?;
                self.go_to(client.follow(&submission).await?);
            }
            Step::Press(Key::Enter) => {
                let submission = self.entered()?;
                self.go_to(client.follow(&submission).await?);
            }
            // What these keys do, scripts do.
            Step::Press(Key::Tab | Key::Escape) => {}
            Step::Frame(at) => {
                let address = self.frame(at)?;
                self.go_to(client.page(address.as_str()).await?);
            }
        }
        Ok(())
    }

    /// Selectors for what these no longer find, and a note about it.
    fn mended(
        &mut self,
        at: &[Selector],
        role: Option<Role>,
        what: &str,
        key: &str,
    ) -> Option<Vec<Selector>> {
        let html = Html::parse_document(&self.page.html);
        if selector::first(at, &html).is_some() {
            return None;
        }
        let healed = role?.find(&html, at)?;
        self.notes.push(healed.note(what, at, (&self.section, key)));
        Some(vec![healed.selector])
    }

    /// What the trigger sends, also where its selectors no longer find it.
    pub(super) fn triggered(&mut self, at: &[Selector], kind: Option<FileKind>) -> Result<Submission, Error> {
        let what = "the button that starts the export";
        let mended = self.mended(at, Some(Role::Trigger(kind)), what, "trigger");
        self.clicked(mended.as_deref().unwrap_or(at))
    }

    /// What a click on the first of these sends, with everything that was filled in.
    pub(super) fn clicked(&self, at: &[Selector]) -> Result<Submission, Error> {
        let html = Html::parse_document(&self.page.html);
        let what = "the button that starts the export";
        let trigger = selector::first(at, &html)
            .ok_or_else(|| not_found(what, &written(at), self.page.url.as_str()))?;
        let filled = self.filled(&html)?;
        let dates = self.dates(&html);
        scripted(&html, &self.page.url, trigger, &filled)
            .or_else(|| submitted(&html, &self.page.url, trigger, &filled, &dates))
            .or_else(|| linked(&self.page.url, trigger, &filled))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::ElementNotFound,
                    "this export works by JavaScript that cannot be followed without a browser",
                )
                .context("trigger", written(at))
                .hint("use `--driver auto` or `--driver browser`")
            })
    }

    /// Whether any of these is on the page; the first one's text.
    pub(super) fn shows(&self, at: &[Selector]) -> Option<String> {
        let html = Html::parse_document(&self.page.html);
        let text = selector::first(at, &html)?.text().collect::<String>();
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn set(&mut self, set: &Set, window: Window) -> Result<(), Error> {
        let value = match &set.fill {
            Fill::Text(pattern) => Value::Text(for_days(pattern, window)?),
            Fill::Check(on) => Value::Check(*on),
        };
        let mut set = set.clone();
        if let Some(at) = self.mended(&set.at, set.role, &set.what, set.key()) {
            set.at = at;
        }
        self.find_any(&set.at, &set.what)?;
        self.sets.push((set, value));
        // A list that has no such option is told here and not by a wrong file.
        self.filled(&Html::parse_document(&self.page.html)).map(|_| ())
    }

    fn find_any(&self, at: &[Selector], what: &str) -> Result<(), Error> {
        let html = Html::parse_document(&self.page.html);
        selector::first(at, &html)
            .map(|_| ())
            .ok_or_else(|| not_found(what, &written(at), self.page.url.as_str()))
    }

    /// The fields that were set, as elements of the page.
    fn filled<'a>(&self, html: &'a Html) -> Result<Vec<Filled<'a>>, Error> {
        let element = |(set, value): &(Set, Value)| {
            let element = selector::first(&set.at, html)
                .ok_or_else(|| not_found(&set.what, &written(&set.at), self.page.url.as_str()))?;
            let sent = match value {
                Value::Check(on) => on.then(|| element.value().attr("value").unwrap_or("on").to_owned()),
                Value::Text(text) if element.value().name() == "select" => {
                    let option = form::option(element, text).ok_or_else(|| {
                        not_found(
                            &format!("the choice `{text}` in {}", set.what),
                            &written(&set.at),
                            self.page.url.as_str(),
                        )
                    })?;
                    Some(option)
                }
                Value::Text(text) => Some(text.clone()),
            };
            Ok(Filled { element, sent })
        };
        self.sets.iter().map(element).collect()
    }

    /// The fields that hold the days.
    fn dates<'a>(&self, html: &'a Html) -> Vec<ElementRef<'a>> {
        let sets = self.sets.iter().filter(|(set, _)| set.role.is_some());
        sets.filter_map(|(set, _)| selector::first(&set.at, html)).collect()
    }

    /// What the Enter key sends from the field that was set last.
    fn entered(&self) -> Result<Submission, Error> {
        let html = Html::parse_document(&self.page.html);
        let filled = self.filled(&html)?;
        filled
            .last()
            .and_then(|last| form::form_of(&html, last.element))
            .and_then(|form| form::submission(&html, &self.page.url, form, None, &filled))
            .ok_or_else(|| {
                Error::new(ErrorKind::ElementNotFound, "the Enter key sends no form without JavaScript")
                    .context("page", self.page.url.path().to_owned())
                    .hint("use `--driver auto` or `--driver browser`")
            })
    }

    fn frame(&self, at: &[Selector]) -> Result<Url, Error> {
        let html = Html::parse_document(&self.page.html);
        selector::first(at, &html)
            .and_then(|frame| self.page.url.join(frame.value().attr("src")?).ok())
            .filter(|url| url.origin() == self.page.url.origin())
            .ok_or_else(|| not_found("the frame", &written(at), self.page.url.as_str()))
    }
}

/// The address that the trigger's script goes to. A foreign one is not ours to follow.
fn scripted(page: &Html, base: &Url, trigger: ElementRef<'_>, filled: &[Filled<'_>]) -> Option<Submission> {
    let values = |css: &str| {
        let element = page.select(&Css::parse(css).ok()?).next()?;
        match filled.iter().find(|field| field.element == element) {
            Some(field) => Some(field.sent.clone().unwrap_or_default()),
            None => Some(form::sent(element, None).unwrap_or_default()),
        }
    };
    let url = base.join(&script::target(page, trigger, &values)?).ok()?;
    (url.origin() == base.origin()).then(|| Submission::get(url).sent_from(base))
}

/// The form that the trigger submits, or is.
fn submitted(
    page: &Html,
    base: &Url,
    trigger: ElementRef<'_>,
    filled: &[Filled<'_>],
    dates: &[ElementRef<'_>],
) -> Option<Submission> {
    let kind = trigger.value().attr("type");
    let (form, button) = match trigger.value().name() {
        "form" => (trigger, None),
        "button" if kind.is_none_or(|kind| kind.eq_ignore_ascii_case("submit")) => {
            (form::form_of(page, trigger)?, Some(trigger))
        }
        "input" if matches!(kind, Some("submit" | "image")) => (form::form_of(page, trigger)?, Some(trigger)),
        _ => return None,
    };
    // The days must go with it, else the file would be of some other window.
    dates
        .iter()
        .all(|field| form::form_of(page, *field) == Some(form))
        .then(|| form::submission(page, base, form, button, filled))?
}

/// The address that the trigger links to, where nothing was filled in that it would lose.
fn linked(base: &Url, trigger: ElementRef<'_>, filled: &[Filled<'_>]) -> Option<Submission> {
    let href = trigger.value().attr("href").filter(|_| trigger.value().name() == "a" && filled.is_empty())?;
    if href.is_empty() || href.starts_with('#') || href.starts_with("javascript:") {
        return None;
    }
    let url = base.join(href).ok()?;
    (url.origin() == base.origin()).then(|| Submission::get(url).sent_from(base))
}
