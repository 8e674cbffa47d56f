//! Logging in with a browser: one form, two pages, a code; and out again.

use std::time::Instant;

use exporter_core::{Error, ErrorKind};

use super::driver::{Browser, Look};
use super::{BrowserClient, GLANCE};
use crate::driver::{Codes, Cookie, Login, classify};
use crate::selector::{Selector, written};

/// How many glances a page gets that only says good-bye.
const GOOD_BYE: u32 = 50;

impl BrowserClient {
    /// Fills in the login form, or forms, sends them, and reads what comes.
    pub(super) async fn log_in(&self) -> Result<Vec<String>, Error> {
        let browser = self.browser()?;
        let mut login = self.login.clone();
        let mut look = browser.open(&self.url(&login.page)?).await?;
        // What a script draws later is looked for only where the page has some form.
        let notes =
            if browser.shows(&login.username).await?.is_some() { Vec::new() } else { login.mend(&look.html) };
        let wanted = format!("{} and {}", written(&login.username), written(&login.password));
        let missing = |look: &Look| classify::no_login_form(look.seen(), &wanted);
        browser.dismiss().await?;
        if !self.fills(&login.username, self.credentials.username.expose()).await? {
            return Err(missing(&look));
        }
        if !login.next.is_empty() {
            if !browser.click(&login.next).await? {
                return Err(classify::no_login_form(look.seen(), &written(&login.next)));
            }
            if !self.appears(&login.password).await? {
                let after = browser.look().await?;
                return Err(classify::login_outcome(after.seen(), true).unwrap_or_else(|| missing(&after)));
            }
            look = browser.look().await?;
        }
        if !self.fills(&login.password, self.credentials.password.expose()).await? {
            return Err(missing(&look));
        }
        if !browser.click(&login.submit).await? {
            return Err(classify::no_login_form(look.seen(), &written(&login.submit)));
        }
        let mut after = self.next_page().await?;
        if let Some(codes) = &self.credentials.codes
            && browser.shows(&login.code).await?.is_some()
            && !classify::is_login_page(&after.html)
        {
            after = self.give_code(browser, codes, &login, after).await?;
        }
        self.outcome(browser, &after).await?;
        Ok(notes)
    }

    /// Sends the code of the second factor; how the page looks then.
    async fn give_code(
        &self,
        browser: &Browser,
        codes: &Codes,
        login: &Login,
        mut look: Look,
    ) -> Result<Look, Error> {
        let host = self.base.host_str().unwrap_or_default();
        for turn in 0..codes.tries() {
            let code = codes.code(&*self.clock, host, turn > 0).await?;
            self.fills(&login.code, code.expose()).await?;
            if !browser.click(&login.submit).await? {
                return Err(classify::no_login_form(look.seen(), &written(&login.submit)));
            }
            look = self.next_page().await?;
            if browser.shows(&login.code).await?.is_none() {
                return Ok(look);
            }
        }
        Err(classify::wrong_code(look.seen(), codes))
    }

    async fn outcome(&self, browser: &Browser, after: &Look) -> Result<(), Error> {
        if let Some(error) = classify::login_outcome(after.seen(), classify::is_login_page(&after.html)) {
            return Err(error);
        }
        if !self.login.success.is_empty() && browser.shows(&self.login.success).await?.is_none() {
            return Err(classify::not_in(after.seen(), &written(&self.login.success)));
        }
        Ok(())
    }

    /// Takes over the session of these cookies; whether the panel still knows it.
    pub(super) async fn take_over(&mut self, cookies: &[Cookie]) -> Result<bool, Error> {
        let browser = Browser::start(&self.options, self.zone, self.deadlines.page).await?;
        let probe = self.url(self.login.probe.as_deref().unwrap_or(&self.login.page))?;
        let look = browser.adopt(cookies, &probe).await;
        self.browser = Some(browser);
        let look = look?;
        classify::refusal(look.seen()).map_or(Ok(()), Err)?;
        Ok(!classify::is_login_page(&look.html))
    }

    /// Sends the page's own form for logging out, or follows its link, if there is one.
    pub(super) async fn leave(&self, browser: &Browser) -> Result<(), Error> {
        if !browser.leave(&self.login.logout).await? {
            return Ok(());
        }
        for _ in 0..GOOD_BYE {
            tokio::time::sleep(GLANCE).await;
            if browser.look().await.is_ok_and(|look| look.ready && !look.marked) {
                break;
            }
        }
        Ok(())
    }

    async fn fills(&self, field: &[Selector], text: &str) -> Result<bool, Error> {
        Ok(self.browser()?.fill(field, text.into()).await?.is_some())
    }

    /// Waits for an element, as long as a page may take; whether it came.
    pub(super) async fn appears(&self, at: &[Selector]) -> Result<bool, Error> {
        let browser = self.browser()?;
        let begun = Instant::now();
        loop {
            // Between two pages there is nothing to ask.
            match browser.shows(at).await {
                Ok(Some(_)) => return Ok(true),
                Err(error) if begun.elapsed() > self.deadlines.page => return Err(error),
                Ok(None) if begun.elapsed() > self.deadlines.page => return Ok(false),
                _ => tokio::time::sleep(GLANCE).await,
            }
        }
    }

    /// The page after a click: the next one, or the same once it has changed what it shows.
    async fn next_page(&self) -> Result<Look, Error> {
        let browser = self.browser()?;
        let begun = Instant::now();
        loop {
            tokio::time::sleep(GLANCE).await;
            // Between two pages there is nothing to ask.
            match browser.look().await {
                Ok(look) if look.ready && !look.marked => return Ok(look),
                Ok(look) if begun.elapsed() > self.deadlines.page => return Ok(look),
                Ok(look) if begun.elapsed() > GLANCE * 10 && answers_in_place(&look) => return Ok(look),
                Err(error) if begun.elapsed() > self.deadlines.page => return Err(error),
                _ => {}
            }
        }
    }
}

/// Whether a page that sends its form by script shows the answer already.
fn answers_in_place(look: &Look) -> bool {
    !classify::is_login_page(&look.html)
        || classify::login_outcome(look.seen(), false)
            .is_some_and(|error| error.kind() != ErrorKind::LoginFormNotFound)
        || classify::says_wrong_password(&look.html)
}
