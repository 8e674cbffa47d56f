//! The driver that uses a real browser through WebDriver.

mod download;
mod driver;
mod evidence;
mod leavings;
mod process;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use exporter_core::{Error, ErrorKind, Window};
use reqwest::Url;

use crate::driver::{Client, Cookie, Credentials, Download, Login, Recipe, classify, expired, not_found};
use crate::panel::{BrowserOptions, Deadlines, PanelOptions};
use crate::selector::{Selector, written};
use driver::{Browser, Look};

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
    /// Whether to watch what the browser sends.
    watches: bool,
    browser: Option<Browser>,
    logged_in: bool,
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
            watches: options.state.is_some(),
            browser: None,
            logged_in: false,
        }
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

    /// Fills in the login form, sends it, and reads what comes.
    async fn log_in(&self) -> Result<(), Error> {
        let browser = self.browser()?;
        let look = browser.open(&self.url(&self.login.page)?).await?;
        let wanted = format!("{} and {}", written(&self.login.username), written(&self.login.password));
        for (field, text) in [
            (&self.login.username, &self.credentials.username),
            (&self.login.password, &self.credentials.password),
        ] {
            if browser.fill(field, text.expose()).await?.is_none() {
                return Err(classify::no_login_form(look.seen(), &wanted));
            }
        }
        if !browser.click(&self.login.submit).await? {
            return Err(classify::no_login_form(look.seen(), &written(&self.login.submit)));
        }
        let after = self.next_page(browser).await?;
        classify::login_outcome(after.seen(), classify::is_login_page(&after.html)).map_or(Ok(()), Err)
    }

    /// The page after a click: the next one, or the same when nothing else comes in time.
    async fn next_page(&self, browser: &Browser) -> Result<Look, Error> {
        let begun = std::time::Instant::now();
        loop {
            tokio::time::sleep(GLANCE).await;
            // Between two pages there is nothing to ask.
            match browser.look().await {
                Ok(look) if look.ready && !look.marked => return Ok(look),
                Ok(look) if begun.elapsed() > self.deadlines.page => return Ok(look),
                Err(error) if begun.elapsed() > self.deadlines.page => return Err(error),
                _ => {}
            }
        }
    }

    async fn fetch(&self, recipe: &Recipe, window: Window) -> Result<Download, Error> {
        let browser = self.browser()?;
        let url = self.url(&recipe.page)?;
        let look = browser.open(&url).await?;
        if let Some(error) = classify::refusal(look.seen()) {
            return Err(error);
        }
        if classify::is_login_page(&look.html) {
            return Err(expired(&look.url));
        }
        let (first, last) = recipe.days(window);
        self.set(browser, "the field for the first day", &recipe.start, &first, &look.url).await?;
        self.set(browser, "the field for the last day", &recipe.end, &last, &look.url).await?;
        let missing = || not_found("the button that starts the export", &written(&recipe.trigger), &look.url);
        let place = download::Place { directory: &self.directory, watches: self.watches };
        download::take(browser, &recipe.trigger, place, self.deadlines, missing).await
    }

    /// Sets a date field and makes sure that the page took it.
    async fn set(
        &self,
        browser: &Browser,
        what: &str,
        field: &[Selector],
        text: &str,
        page: &str,
    ) -> Result<(), Error> {
        match browser.fill(field, text).await? {
            None => Err(not_found(what, &written(field), page)),
            Some(value) if value == text => Ok(()),
            Some(value) => {
                Err(Error::new(ErrorKind::ElementNotFound, format!("{what} does not take the date"))
                    .context("set", text)
                    .context("shows", value)
                    .hint("correct the export's `date_format` in the configuration"))
            }
        }
    }

    /// The error with a picture and the page, as far as those can be had.
    async fn shown(&self, error: Error, name: &str) -> Error {
        match &self.browser {
            Some(browser) => evidence::add(error, browser, &self.directory, name).await,
            None => error,
        }
    }
}

#[async_trait]
impl Client for BrowserClient {
    async fn login(&mut self) -> Result<(), Error> {
        if self.browser.is_none() {
            self.browser = Some(Browser::start(&self.options, self.zone, self.deadlines.page).await?);
        }
        match self.log_in().await {
            Ok(()) => {
                self.logged_in = true;
                Ok(())
            }
            Err(error) => Err(self.shown(error, "login").await),
        }
    }

    async fn adopt(&mut self, cookies: &[Cookie]) -> Result<bool, Error> {
        let browser = Browser::start(&self.options, self.zone, self.deadlines.page).await?;
        let probe = self.url(self.login.probe.as_deref().unwrap_or(&self.login.page))?;
        let look = browser.adopt(cookies, &probe).await;
        self.browser = Some(browser);
        let look = look?;
        classify::refusal(look.seen()).map_or(Ok(()), Err)?;
        Ok(!classify::is_login_page(&look.html))
    }

    async fn cookies(&self) -> Result<Vec<Cookie>, Error> {
        self.browser()?.cookies().await
    }

    async fn download(&mut self, recipe: &Recipe, window: Window) -> Result<Download, Error> {
        match self.fetch(recipe, window).await {
            Ok(download) => Ok(download),
            Err(error) => Err(self.shown(error, &recipe.name).await),
        }
    }

    async fn logout(&mut self) -> Result<(), Error> {
        let Some(browser) = self.browser.take() else { return Ok(()) };
        let left = if std::mem::take(&mut self.logged_in) { leave(&browser).await } else { Ok(()) };
        browser.stop().await.and(left)
    }
}

/// Sends the page's own form for logging out, or follows its link, if there is one.
async fn leave(browser: &Browser) -> Result<(), Error> {
    let script = "const out = document.querySelector('form[action*=logout], form[action*=keluar]');
        if (out) { window.exporterMark = true; HTMLFormElement.prototype.submit.call(out); return true; }
        const link = document.querySelector('a[href*=logout], a[href*=keluar]');
        if (link) { window.exporterMark = true; link.click(); return true; }
        return false;";
    if browser.ask(script, Vec::new()).await? != serde_json::Value::Bool(true) {
        return Ok(());
    }
    // A few glances are enough for a page that only says good-bye.
    for _ in 0..50 {
        tokio::time::sleep(GLANCE).await;
        if browser.look().await.is_ok_and(|look| look.ready && !look.marked) {
            break;
        }
    }
    Ok(())
}
