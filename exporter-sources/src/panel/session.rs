//! The panel's session: logged in once, shared by both drivers, closed whatever happens.

use async_trait::async_trait;
use exporter_core::{Driver, Error, ErrorKind, Session, Stage};

use super::{Panel, make_private};
use crate::browser::BrowserClient;
use crate::driver::{Client, Credentials};
use crate::http::{HttpClient, Settings};

/// What is open, one of each driver at most. Both hold the same session of the panel.
#[derive(Default)]
pub(super) struct Clients {
    pub http: Option<HttpClient>,
    pub browser: Option<BrowserClient>,
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
        enter(&mut client).await?;
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
        enter(&mut client).await?;
        Ok(client)
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

    fn http_client(&self) -> Result<HttpClient, Error> {
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
            totp: self.totp.clone(),
        }
    }
}

/// Logs in; what a failed login left behind goes, and its own error is the one that counts.
async fn enter(client: &mut dyn Client) -> Result<(), Error> {
    let Err(error) = client.login().await else { return Ok(()) };
    if let Err(left) = client.logout().await {
        tracing::debug!(%left, "after a failed login");
    }
    Err(error.at(Stage::Login))
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
        let Clients { http, browser } = std::mem::take(&mut *self.open.lock().await);
        let mut result = Ok(());
        if let Some(mut http) = http {
            result = http.logout().await;
        }
        if let Some(mut browser) = browser {
            result = browser.logout().await.and(result);
        }
        result
    }
}
