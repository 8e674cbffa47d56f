//! The driver that uses a real browser through WebDriver.

mod capabilities;
mod diary;
mod download;
mod driver;
mod evidence;
mod family;
mod grid;
mod installed;
pub(crate) mod leavings;
mod login;
mod process;
mod record;
mod trial;
mod walk;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use exporter_core::{Clock, Error, ErrorKind, Window};
use reqwest::Url;

use crate::driver::{Answer, Client, Cookie, Credentials, Login, Recipe};
use crate::panel::{BrowserOptions, Deadlines, PanelOptions};
use driver::Browser;

pub(crate) use record::{Act, Field, Recorder};
pub use trial::{TriedBrowser, try_browser};

/// How often a page is looked at while something is awaited.
const GLANCE: Duration = Duration::from_millis(100);

/// A session in a browser.
pub(crate) struct BrowserClient {
    base: Url,
    login: Login,
    credentials: Credentials,
    options: BrowserOptions,
    deadlines: Deadlines,
    zone: &'static str,
    directory: PathBuf,
    /// The most bytes that a file may have.
    limit: u64,
    /// Whether to watch what the browser sends.
    watches: bool,
    clock: Arc<dyn Clock>,
    browser: Option<Browser>,
    logged_in: bool,
    /// What a reader of the next report should know.
    notes: Vec<String>,
}

impl BrowserClient {
    /// A session whose browser starts with the login.
    pub(crate) fn new(base: Url, login: Login, credentials: Credentials, options: &PanelOptions) -> Self {
        Self {
            base,
            login,
            credentials,
            options: options.browser.clone(),
            deadlines: options.deadlines,
            zone: options.timezone.name(),
            directory: options.downloads.clone(),
            limit: options.limit,
            watches: options.state.is_some(),
            clock: options.clock.clone(),
            browser: None,
            logged_in: false,
            notes: Vec::new(),
        }
    }

    /// Closing does not log out: somebody else goes on with the session.
    pub(crate) fn stay(&mut self) {
        self.logged_in = false;
    }

    fn url(&self, path: &str) -> Result<String, Error> {
        let url = self.base.join(path);
        url.map(String::from)
            .map_err(|error| Error::new(ErrorKind::Config, format!("`{path}` is no address")).source(error))
    }

    fn browser(&self) -> Result<&Browser, Error> {
        self.browser
            .as_ref()
            .ok_or_else(|| Error::new(ErrorKind::SessionExpired, "the browser is not running"))
    }

    /// The error with a picture and the page, as far as those can be had.
    async fn shown(&self, error: Error, name: &str, private: &[String]) -> Error {
        let Some(browser) = &self.browser else { return error };
        let cookies = browser.cookies().await.unwrap_or_default();
        let mask = self.credentials.mask(&cookies, private);
        evidence::add(error, browser, &self.directory, name, (&mask, private)).await
    }
}

#[async_trait]
impl Client for BrowserClient {
    async fn login(&mut self) -> Result<(), Error> {
        if self.browser.is_none() {
            self.browser = Some(Browser::start(&self.options, self.zone, self.deadlines.page).await?);
        }
        match self.log_in().await {
            Ok(notes) => {
                self.notes = notes;
                self.logged_in = true;
                Ok(())
            }
            Err(error) => Err(self.shown(error, "login", &[]).await),
        }
    }

    async fn adopt(&mut self, cookies: &[Cookie]) -> Result<bool, Error> {
        self.take_over(cookies).await
    }

    async fn cookies(&self) -> Result<Vec<Cookie>, Error> {
        self.browser()?.cookies().await
    }

    async fn download(&mut self, recipe: &Recipe, window: Window) -> Result<Answer, Error> {
        match self.walk(recipe, window).await {
            Ok(mut answer) => {
                if let Answer::File(download) = &mut answer {
                    download.notes.append(&mut self.notes);
                }
                Ok(answer)
            }
            Err(error) => {
                let error = self.shown(error, &recipe.name, &recipe.private).await;
                // Nothing but its end keeps a browser from saving a file that does not end.
                if matches!(error.kind(), ErrorKind::TooLarge | ErrorKind::Timeout)
                    && let Some(browser) = self.browser.take()
                {
                    browser.stop().await?;
                }
                Err(error)
            }
        }
    }

    async fn witness(&self, error: Error, name: &str, private: &[String]) -> Error {
        self.shown(error, name, private).await
    }

    async fn logout(&mut self) -> Result<(), Error> {
        let Some(browser) = self.browser.take() else { return Ok(()) };
        let left = if std::mem::take(&mut self.logged_in) { self.leave(&browser).await } else { Ok(()) };
        browser.stop().await.and(left)
    }
}
