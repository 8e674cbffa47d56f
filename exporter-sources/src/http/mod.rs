//! The driver that talks plain HTTP: cookies, forms and links, no JavaScript.

mod client;
mod disposition;
mod export;
mod form;
mod jar;
mod replay;
mod script;

use std::path::PathBuf;

use async_trait::async_trait;
use exporter_core::{Error, ErrorKind, Window};
use reqwest::Url;
use scraper::Html;

use crate::driver::classify::{self, Seen};
use crate::driver::{Client, Cookie, Credentials, Download, Login, Recipe, expired};
use crate::selector::{self, written};
use client::{Connection, Page};
use form::Submission;

pub(crate) use client::Settings;

/// A session over HTTP.
pub(crate) struct HttpClient {
    connection: Connection,
    base: Url,
    login: Login,
    credentials: Credentials,
    /// Where downloads go.
    directory: PathBuf,
    /// How the last page said to log out, while logged in.
    way_out: Option<Submission>,
    /// Whether the session is another's, who logs out.
    borrowed: bool,
}

impl HttpClient {
    /// A session that is not logged in yet.
    pub(crate) fn new(
        settings: &Settings,
        login: Login,
        credentials: Credentials,
        directory: PathBuf,
    ) -> Result<Self, Error> {
        let base = settings.url.clone();
        Ok(Self {
            connection: Connection::new(settings)?,
            base,
            login,
            credentials,
            directory,
            way_out: None,
            borrowed: false,
        })
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        self.base
            .join(path)
            .map_err(|error| Error::new(ErrorKind::Config, format!("`{path}` is no address")).source(error))
    }

    /// What to send to log in, read off the login page.
    fn login_form(&self, page: &Page) -> Result<Submission, Error> {
        let html = Html::parse_document(&page.html);
        let wanted = format!("{} and {}", written(&self.login.username), written(&self.login.password));
        let missing = || classify::no_login_form(page.seen(), &wanted);
        let username = selector::first(&self.login.username, &html).ok_or_else(missing)?;
        let password = selector::first(&self.login.password, &html).ok_or_else(missing)?;
        let form = form::form_of(&html, password).ok_or_else(missing)?;
        let button = selector::first(&self.login.submit, &html)
            .filter(|button| form::form_of(&html, *button) == Some(form));
        let filled =
            [(username, self.credentials.username.expose()), (password, self.credentials.password.expose())];
        form::submission(&html, &page.url, form, button, &filled).ok_or_else(missing)
    }

    /// A page of the panel, or why it is not the one asked for.
    async fn page(&mut self, path: &str) -> Result<Page, Error> {
        let page = self.connection.get(self.url(path)?).await?;
        if let Some(error) = classify::refusal(page.seen()) {
            return Err(error);
        }
        if classify::is_login_page(&page.html) {
            return Err(expired(page.url.as_str()));
        }
        if page.status >= 400 {
            return Err(Error::new(ErrorKind::ElementNotFound, "the panel has no such page")
                .context("page", classify::without_query(page.url.as_str()))
                .context("status", page.status.to_string())
                .hint("correct the export's `page` in the configuration"));
        }
        if let Some(way_out) = way_out(&page) {
            self.way_out = Some(way_out);
        }
        Ok(page)
    }
}

#[async_trait]
impl Client for HttpClient {
    async fn login(&mut self) -> Result<(), Error> {
        let page = self.connection.get(self.url(&self.login.page)?).await?;
        let submission = self.login_form(&page)?;
        let answer = self.connection.submit(&submission).await?;
        let on_login_page = classify::is_login_page(&answer.html);
        if let Some(error) = classify::login_outcome(answer.seen(), on_login_page) {
            return Err(error);
        }
        self.way_out = way_out(&answer);
        Ok(())
    }

    async fn adopt(&mut self, cookies: &[Cookie]) -> Result<bool, Error> {
        self.borrowed = true;
        self.connection.jar().put(cookies, &self.base);
        let Some(probe) = self.login.probe.clone() else { return Ok(true) };
        match self.page(&probe).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::SessionExpired => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn cookies(&self) -> Result<Vec<Cookie>, Error> {
        Ok(self.connection.jar().all())
    }

    async fn download(&mut self, recipe: &Recipe, window: Window) -> Result<Download, Error> {
        let page = self.page(&recipe.page).await?;
        let submission = export::request(&page, recipe, window)?;
        self.connection.save(&submission, &self.directory).await
    }

    async fn logout(&mut self) -> Result<(), Error> {
        let Some(way_out) = self.way_out.take().filter(|_| !self.borrowed) else { return Ok(()) };
        self.connection.submit(&way_out).await.map(|_| ())
    }
}

/// The form or link that logs out, as far as the page shows one.
fn way_out(page: &Page) -> Option<Submission> {
    let html = Html::parse_document(&page.html);
    if let Some(form) = form::all(&html, "form[action*=logout], form[action*=keluar]").first() {
        return form::submission(&html, &page.url, *form, None, &[]);
    }
    let link = *form::all(&html, "a[href*=logout], a[href*=keluar]").first()?;
    let url = page.url.join(link.value().attr("href")?).ok()?;
    Some(Submission::get(url).sent_from(&page.url))
}

impl Page {
    fn seen(&self) -> Seen<'_> {
        Seen { url: self.url.as_str(), status: Some(self.status), html: &self.html }
    }
}
