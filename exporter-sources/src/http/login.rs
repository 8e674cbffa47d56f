//! Logging in over HTTP: one form, two pages, a code; and out again.

use exporter_core::Error;
use scraper::Html;

use super::HttpClient;
use super::client::Page;
use super::form::{self, Filled, Submission};
use crate::driver::{Codes, Login, classify};
use crate::selector::{self, Selector, written};

impl HttpClient {
    /// Sends the login form, or forms; the page that comes then.
    pub(super) async fn log_in(&mut self) -> Result<Page, Error> {
        let mut login = self.login.clone();
        let mut page = self.connection.get(self.url(&login.page)?).await?;
        self.notes.extend(login.mend(&page.html));
        let wanted = format!("{} and {}", written(&login.username), written(&login.password));
        let missing = |page: &Page| classify::no_login_form(page.seen(), &wanted);
        let username = self.credentials.username.clone();
        let two_pages = !login.next.is_empty();
        if two_pages {
            let filled = [(login.username.as_slice(), username.expose())];
            let submission = filled_form(&page, &filled, &login.next).ok_or_else(|| missing(&page))?;
            let next = self.connection.submit(&submission).await?;
            // A user name that the panel does not know ends on the first page.
            if !shows(&next, &login.password) {
                return Err(classify::login_outcome(next.seen(), true).unwrap_or_else(|| missing(&next)));
            }
            page = next;
        }
        let password = self.credentials.password.clone();
        let mut filled = vec![(login.password.as_slice(), password.expose())];
        if !two_pages || shows(&page, &login.username) {
            filled.push((login.username.as_slice(), username.expose()));
        }
        let submission = filled_form(&page, &filled, &login.submit).ok_or_else(|| missing(&page))?;
        let answer = self.connection.submit(&submission).await?;
        match self.credentials.codes.clone() {
            Some(codes) if shows(&answer, &login.code) && !shows(&answer, &login.password) => {
                self.give_code(&codes, &login, answer).await
            }
            _ => Ok(answer),
        }
    }

    /// Sends the code of the second factor; the page that comes then.
    async fn give_code(&mut self, codes: &Codes, login: &Login, mut page: Page) -> Result<Page, Error> {
        let host = page.url.host_str().unwrap_or_default().to_owned();
        for turn in 0..codes.tries() {
            let code = codes.code(&*self.clock, &host, turn > 0).await?;
            let filled = [(login.code.as_slice(), code.expose())];
            let wanted = || classify::no_login_form(page.seen(), &written(&login.code));
            let submission = filled_form(&page, &filled, &login.submit).ok_or_else(wanted)?;
            page = self.connection.submit(&submission).await?;
            if !shows(&page, &login.code) {
                return Ok(page);
            }
        }
        Err(classify::wrong_code(page.seen(), codes))
    }

    /// Why the page after the login says that we are not in, if it does.
    pub(super) fn outcome(&self, answer: &Page) -> Result<(), Error> {
        let on_login_page = classify::is_login_page(&answer.html);
        if let Some(error) = classify::login_outcome(answer.seen(), on_login_page) {
            return Err(error);
        }
        if !self.login.success.is_empty() && !shows(answer, &self.login.success) {
            return Err(classify::not_in(answer.seen(), &written(&self.login.success)));
        }
        Ok(())
    }

    /// The form or link that logs out, as far as the page shows one.
    pub(super) fn way_out(&self, page: &Page) -> Option<Submission> {
        let html = Html::parse_document(&page.html);
        let out = selector::first(&self.login.logout, &html)?;
        match out.value().name() {
            "form" => form::submission(&html, &page.url, out, None, &[]),
            "a" => {
                let url = page.url.join(out.value().attr("href")?).ok()?;
                Some(Submission::get(url).sent_from(&page.url))
            }
            _ => form::submission(&html, &page.url, form::form_of(&html, out)?, Some(out), &[]),
        }
    }
}

fn shows(page: &Page, at: &[Selector]) -> bool {
    selector::first(at, &Html::parse_document(&page.html)).is_some()
}

/// The form around the first of the fields, with these texts in them.
fn filled_form(page: &Page, fields: &[(&[Selector], &str)], submit: &[Selector]) -> Option<Submission> {
    let html = Html::parse_document(&page.html);
    let filled: Vec<Filled<'_>> = fields
        .iter()
        .map(|(at, text)| {
            Some(Filled { element: selector::first(at, &html)?, sent: Some((*text).to_owned()) })
        })
        .collect::<Option<_>>()?;
    let form = form::form_of(&html, filled.first()?.element)?;
    let button =
        selector::all(submit, &html).into_iter().find(|button| form::form_of(&html, *button) == Some(form));
    form::submission(&html, &page.url, form, button, &filled)
}
