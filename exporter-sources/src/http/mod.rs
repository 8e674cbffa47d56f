//! The driver that talks plain HTTP: cookies, forms and links, no JavaScript.

mod client;
mod disposition;
mod form;
mod jar;
mod login;
mod paged;
mod replay;
mod script;
mod visit;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use exporter_core::{Clock, Error, ErrorKind, FileKind, Window};
use reqwest::Url;

use crate::driver::classify::{self, Seen};
use crate::driver::{Answer, Client, Cookie, Credentials, Login, Place, Recipe, expired, for_days};
use crate::evidence;
use crate::panel::LoginKind;
use client::{Connection, Page, Saved, page_instead};
use form::Submission;
use visit::Visit;

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
    /// What a reader of the next report should know.
    notes: Vec<String>,
    clock: Arc<dyn Clock>,
}

impl HttpClient {
    /// A session that is not logged in yet.
    pub(crate) fn new(
        settings: &Settings,
        login: Login,
        credentials: Credentials,
        directory: PathBuf,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let base = settings.url.clone();
        Ok(Self {
            connection: Connection::new(settings, &login, &credentials, clock.clone())?,
            base,
            login,
            credentials,
            directory,
            way_out: None,
            borrowed: false,
            notes: Vec::new(),
            clock,
        })
    }

    /// The HTML of a page, whatever it is.
    pub(crate) async fn html(&mut self, path: &str) -> Result<String, Error> {
        Ok(self.connection.get(self.url(path)?).await?.html)
    }

    /// Closing does not log out: somebody else goes on with the session.
    pub(crate) fn stay(&mut self) {
        self.borrowed = true;
    }

    fn url(&self, path: &str) -> Result<Url, Error> {
        self.base
            .join(path)
            .map_err(|error| Error::new(ErrorKind::Config, format!("`{path}` is no address")).source(error))
    }

    /// A page of the panel, or why it is not the one asked for.
    async fn page(&mut self, path: &str) -> Result<Page, Error> {
        let page = self.connection.get(self.url(path)?).await?;
        self.seen(page)
    }

    /// A page that came, unless it says that it is not the one asked for.
    fn seen(&mut self, page: Page) -> Result<Page, Error> {
        if let Some(error) = classify::refusal(page.seen()) {
            return Err(error);
        }
        if page.status == classify::PAGE_EXPIRED || classify::is_login_page(&page.html) {
            return Err(expired(page.url.as_str()));
        }
        if page.status >= 400 {
            return Err(Error::new(ErrorKind::ElementNotFound, "the panel has no such page")
                .context("page", classify::without_query(page.url.as_str()))
                .context("status", page.status.to_string())
                .hint("correct the export's `page` in the configuration"));
        }
        if let Some(way_out) = self.way_out(&page) {
            self.way_out = Some(way_out);
        }
        Ok(page)
    }

    /// Sends what ends in the export's file; `direct` when no page led to it.
    async fn take(&self, submission: &Submission, recipe: &Recipe, direct: bool) -> Result<Answer, Error> {
        let wants_page = recipe.file == Some(FileKind::Html);
        match self.connection.save(submission, &self.directory, wants_page).await? {
            Saved::File(download) => Ok(Answer::File(download)),
            Saved::Page(page) => {
                let visit = Visit::new(page, &recipe.name);
                match visit.shows(&recipe.empty) {
                    Some(said) => Ok(Answer::Nothing { said }),
                    None => Err(page_instead(&visit.page, direct)),
                }
            }
        }
    }

    /// Sends what a step on a page sends, and takes the page that comes.
    async fn follow(&mut self, submission: &Submission) -> Result<Page, Error> {
        let page = self.connection.submit(submission).await?;
        self.seen(page)
    }
}

#[async_trait]
impl Client for HttpClient {
    async fn login(&mut self) -> Result<(), Error> {
        self.borrowed = false;
        if self.login.kind != LoginKind::Form {
            return Ok(());
        }
        let answer = self.log_in().await?;
        self.outcome(&answer)?;
        self.way_out = self.way_out(&answer);
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

    async fn download(&mut self, recipe: &Recipe, window: Window) -> Result<Answer, Error> {
        let (submission, visit) = match &recipe.place {
            Place::Address { address, headers, next } => {
                let mut submission = Submission::get(self.url(&for_days(address, window)?)?);
                for (name, value) in headers {
                    submission.headers.push((name.clone(), for_days(value, window)?));
                }
                if let Some(next) = next {
                    return self.pages(&submission, next, recipe).await;
                }
                (submission, None)
            }
            Place::Page { page, steps, trigger } => {
                let mut visit = Visit::new(self.page(&for_days(page, window)?).await?, &recipe.name);
                for step in steps {
                    visit.step(self, step, window).await?;
                }
                // Where the page is filtered by now, what it shows is about the days asked for.
                if let Some(said) = visit.shows(&recipe.empty).filter(|_| recipe.is_filtered()) {
                    return Ok(Answer::Nothing { said });
                }
                (visit.triggered(trigger, recipe.file)?, Some(visit))
            }
        };
        let mut answer = self.take(&submission, recipe, visit.is_none()).await?;
        if let Answer::File(download) = &mut answer {
            download.notes.append(&mut self.notes);
            download.notes.extend(visit.into_iter().flat_map(|visit| visit.notes));
        }
        Ok(answer)
    }

    async fn witness(&self, error: Error, name: &str, private: &[String]) -> Error {
        let mask = self.credentials.mask(&self.connection.jar().all(), private);
        let mut files = vec![(".har", self.connection.log().har(&mask))];
        files.extend(self.connection.last_page().map(|html| (".html", mask.page(&html).into_bytes())));
        files.into_iter().fold(error, |error, (ending, bytes)| {
            match evidence::keep(&self.directory, name, ending, &bytes) {
                Ok(file) => error.evidence(file),
                Err(failed) => error.context("no evidence", failed.message()),
            }
        })
    }

    async fn logout(&mut self) -> Result<(), Error> {
        let Some(way_out) = self.way_out.take().filter(|_| !self.borrowed) else { return Ok(()) };
        self.connection.submit(&way_out).await.map(|_| ())
    }
}

impl Page {
    fn seen(&self) -> Seen<'_> {
        Seen { url: self.url.as_str(), status: Some(self.status), pause: self.pause, html: &self.html }
    }
}
