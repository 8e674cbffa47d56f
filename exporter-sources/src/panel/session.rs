//! The panel's session: logged in once, shared by both drivers, closed whatever happens.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use exporter_core::{Driver, Error, ErrorKind, Session, Stage};

use super::keeper::Keeper;
use super::{LoginKind, Panel, make_private};
use crate::browser::BrowserClient;
use crate::driver::{Client, Credentials};
use crate::http::{HttpClient, Settings};

/// What is open, one of each driver at most. Both hold the same session of the panel.
#[derive(Default)]
pub(super) struct Clients {
    pub http: Option<HttpClient>,
    pub browser: Option<BrowserClient>,
}

impl Clients {
    /// Closing them does not log out.
    fn stay(&mut self) {
        if let Some(http) = &mut self.http {
            http.stay();
        }
        if let Some(browser) = &mut self.browser {
            browser.stay();
        }
    }
}

impl Panel {
    /// The session over HTTP: the one that is open, the browser's, or a new one.
    pub(super) async fn http<'a>(&self, clients: &'a mut Clients) -> Result<&'a mut HttpClient, Error> {
        let client = match clients.http.take() {
            Some(client) => client,
            None => self.new_http(clients.browser.as_ref()).await?,
        };
        Ok(clients.http.insert(client))
    }

    async fn new_http(&self, browser: Option<&BrowserClient>) -> Result<HttpClient, Error> {
        let mut client = self.http_client()?;
        if let Some(browser) = browser
            && client.adopt(&browser.cookies().await?).await?
        {
            return Ok(client);
        }
        if browser.is_none() && self.take_up(&mut client).await {
            return Ok(client);
        }
        self.enter(&mut client).await?;
        Ok(client)
    }

    /// The session in the browser: the one that is open, the HTTP client's, or a new one.
    pub(super) async fn browser<'a>(&self, clients: &'a mut Clients) -> Result<&'a mut BrowserClient, Error> {
        let client = match clients.browser.take() {
            Some(client) => client,
            None => self.new_browser(clients.http.as_ref()).await?,
        };
        Ok(clients.browser.insert(client))
    }

    async fn new_browser(&self, http: Option<&HttpClient>) -> Result<BrowserClient, Error> {
        make_private(&self.options.downloads)?;
        let mut client =
            BrowserClient::new(self.url.clone(), self.login.clone(), self.credentials(), &self.options);
        if let Some(http) = http {
            let cookies = http.cookies().await?;
            // A panel that ties its sessions to one kind of client wants a login of its own.
            if !cookies.is_empty() && client.adopt(&cookies).await? {
                return Ok(client);
            }
        }
        if http.is_none() && self.take_up(&mut client).await {
            return Ok(client);
        }
        self.enter(&mut client).await?;
        Ok(client)
    }

    /// Goes on with the session of the run before; whether the panel still knows it.
    async fn take_up(&self, client: &mut dyn Client) -> bool {
        let Some(cookies) = self.keeper.as_ref().and_then(Keeper::load) else { return false };
        // A probe that fails says nothing worth stopping for: the login will say it again.
        client.adopt(&cookies).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the kept session cannot be tried");
            false
        })
    }

    /// Logs in, unless this password was refused before; what a failed login left behind
    /// goes, and its own error is the one that counts.
    async fn enter(&self, client: &mut dyn Client) -> Result<(), Error> {
        let guard = self.lockout.as_ref().filter(|_| self.login.kind == LoginKind::Form);
        if let Some(guard) = guard.filter(|_| !self.options.try_refused) {
            guard.check().map_err(|error| error.at(Stage::Login))?;
        }
        let Err(error) = client.login().await else {
            guard.inspect(|guard| guard.clear());
            return Ok(());
        };
        if let Some(guard) = guard.filter(|_| error.kind() == ErrorKind::WrongPassword) {
            guard.note(self.now())?;
        }
        // A browser has taken its picture already.
        let shown = error.evidence_files().next().is_some();
        let error = if shown { error } else { client.witness(error, "login", &[]).await };
        if let Err(left) = client.logout().await {
            tracing::debug!(%left, "after a failed login");
        }
        Err(error.at(Stage::Login))
    }

    /// The panel no longer knows the session: neither will the next run.
    pub(super) fn forget_session(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.forget();
        }
        self.expired.store(true, Ordering::Relaxed);
    }

    /// Keeps the session for the next run instead of logging out.
    async fn keep(&self, clients: &Clients) -> Result<bool, Error> {
        let Some(keeper) = &self.keeper else { return Ok(false) };
        if self.expired.swap(false, Ordering::Relaxed) {
            return Ok(true);
        }
        let cookies = match (&clients.http, &clients.browser) {
            (Some(http), _) => http.cookies().await?,
            (None, Some(browser)) => browser.cookies().await?,
            (None, None) => return Ok(true),
        };
        keeper.save(cookies)?;
        Ok(true)
    }

    /// The HTTP client with the browser's session, without any login of its own.
    pub(super) async fn borrowed<'a>(&self, clients: &'a mut Clients) -> Result<&'a mut HttpClient, Error> {
        if let (None, Some(browser)) = (&clients.http, &clients.browser) {
            let mut client = self.http_client()?;
            if client.adopt(&browser.cookies().await?).await? {
                clients.http = Some(client);
            }
        }
        clients
            .http
            .as_mut()
            .ok_or_else(|| Error::new(ErrorKind::SessionExpired, "the panel ties the session to the browser"))
    }

    pub(super) fn http_client(&self) -> Result<HttpClient, Error> {
        make_private(&self.options.downloads)?;
        let settings = Settings {
            url: self.url.clone(),
            idle: self.options.deadlines.page,
            download: self.options.deadlines.download,
            limit: self.options.limit,
        };
        let directory = self.options.downloads.clone();
        let clock = self.options.clock.clone();
        HttpClient::new(&settings, self.login.clone(), self.credentials(), directory, clock)
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            username: self.options.username.clone(),
            password: self.options.password.clone(),
            codes: self.codes.clone(),
        }
    }
}

#[async_trait]
impl Session for Panel {
    async fn open(&self) -> Result<Driver, Error> {
        let mut clients = self.open.lock().await;
        if self.options.driver == Driver::Browser {
            return self.browser(&mut clients).await.map(|_| Driver::Browser);
        }
        match self.http(&mut clients).await {
            // A login form that only JavaScript draws is one for the browser.
            Err(error)
                if self.options.driver == Driver::Auto && error.kind() == ErrorKind::LoginFormNotFound =>
            {
                self.browser(&mut clients).await.map(|_| Driver::Browser)
            }
            other => other.map(|_| Driver::Http),
        }
    }

    async fn close(&self) -> Result<(), Error> {
        let mut clients = std::mem::take(&mut *self.open.lock().await);
        let kept = self.keep(&clients).await;
        if let Ok(true) = kept {
            clients.stay();
        }
        let mut result = kept.map(drop);
        if let Some(mut http) = clients.http {
            result = http.logout().await.and(result);
        }
        if let Some(mut browser) = clients.browser {
            result = browser.logout().await.and(result);
        }
        result
    }
}
