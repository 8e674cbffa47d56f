//! A panel: one session, shared by its exports, over whichever driver works.

mod config;
mod downloads;
mod export;
mod options;

use std::sync::{Arc, Once};

use async_trait::async_trait;
use exporter_core::{Driver, Error, ErrorKind, ExportSource, ExportSpec, Session, Stage, Window};
use reqwest::Url;
use tokio::sync::Mutex;

pub use config::{ExportConfig, LoginConfig, PanelConfig, Preset, preset};
pub(crate) use downloads::BROWSER_PREFIX;
pub use downloads::{KEEP_DAYS, sweep};
pub use options::{BrowserOptions, Deadlines, PanelOptions};

use crate::browser::BrowserClient;
use crate::driver::{Client, Credentials, Download, Login, Recipe};
use crate::http::{HttpClient, Settings};
use export::PanelExport;

/// A web panel with its exports.
pub struct Panel {
    options: PanelOptions,
    url: Url,
    login: Login,
    exports: Vec<(ExportSpec, Recipe)>,
    open: Mutex<Clients>,
}

/// The sessions that are open, one per driver at most.
#[derive(Default)]
struct Clients {
    http: Option<Box<dyn Client>>,
    browser: Option<Box<dyn Client>>,
}

impl Clients {
    fn slot(&mut self, driver: Driver) -> &mut Option<Box<dyn Client>> {
        if driver == Driver::Browser { &mut self.browser } else { &mut self.http }
    }
}

impl Panel {
    /// Checks the description and makes a panel of it; nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a selector, address or export that cannot be used.
    pub fn new(config: &PanelConfig, options: PanelOptions) -> Result<Arc<Self>, Error> {
        let url = Url::parse(&options.url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some())
            .ok_or_else(|| {
                Error::new(ErrorKind::Config, "the panel's `url` is no web address")
                    .hint("write it with its scheme, for instance https://panel.example")
            })?;
        let exports = config
            .names()?
            .into_iter()
            .map(|name| {
                let export = &config.exports[name];
                Ok((spec(name, export), Recipe::new(name, export)?))
            })
            .collect::<Result<_, Error>>()?;
        let login = Login::new(&config.login)?;
        Ok(Arc::new(Self { options, url, login, exports, open: Mutex::default() }))
    }

    /// The exports in the configured order, all on this one session.
    pub fn sources(self: &Arc<Self>) -> Vec<Arc<dyn ExportSource>> {
        (0..self.exports.len())
            .map(|index| Arc::new(PanelExport::new(Arc::clone(self), index)) as Arc<dyn ExportSource>)
            .collect()
    }

    /// The driver that is tried first.
    fn first_driver(&self) -> Driver {
        if self.options.driver == Driver::Browser { Driver::Browser } else { Driver::Http }
    }

    fn client(&self, driver: Driver) -> Result<Box<dyn Client>, Error> {
        let credentials =
            Credentials { username: self.options.username.clone(), password: self.options.password.clone() };
        downloads::make_private(&self.options.downloads)?;
        if driver == Driver::Browser {
            return Ok(Box::new(BrowserClient::new(
                self.url.clone(),
                self.login.clone(),
                credentials,
                &self.options,
            )));
        }
        let settings = Settings {
            url: self.url.clone(),
            idle: self.options.deadlines.page,
            download: self.options.deadlines.download,
            limit: self.options.limit,
        };
        let directory = self.options.downloads.clone();
        Ok(Box::new(HttpClient::new(&settings, self.login.clone(), credentials, directory)?))
    }

    /// Logs in with this driver unless that is done.
    async fn logged_in<'a>(
        &self,
        clients: &'a mut Clients,
        driver: Driver,
    ) -> Result<&'a mut Box<dyn Client>, Error> {
        let slot = clients.slot(driver);
        let client = if let Some(client) = slot.take() {
            client
        } else {
            let mut client = self.client(driver)?;
            if let Err(error) = client.login().await {
                // Whatever the login left behind goes; its own error is the one that counts.
                if let Err(left) = client.logout().await {
                    tracing::debug!(%left, "after a failed login");
                }
                return Err(error.at(Stage::Login));
            }
            client
        };
        Ok(slot.insert(client))
    }

    /// The export's file, and the driver that fetched it.
    async fn download(&self, recipe: &Recipe, window: Window) -> Result<(Download, Driver), Error> {
        let mut clients = self.open.lock().await;
        let driver = self.first_driver();
        let result = self.logged_in(&mut clients, driver).await?.download(recipe, window).await;
        match result {
            Ok(download) => Ok((download, driver)),
            Err(error) if self.options.driver == Driver::Auto && needs_browser(&error) => {
                let client = self.logged_in(&mut clients, Driver::Browser).await?;
                let mut download = client.download(recipe, window).await?;
                download.notes.push(format!("fetched with the browser, because over HTTP: {error}"));
                Ok((download, Driver::Browser))
            }
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Session for Panel {
    async fn open(&self) -> Result<Driver, Error> {
        let mut clients = self.open.lock().await;
        let driver = self.first_driver();
        match self.logged_in(&mut clients, driver).await {
            // A login form that only JavaScript draws is one for the browser.
            Err(error)
                if self.options.driver == Driver::Auto && error.kind() == ErrorKind::LoginFormNotFound =>
            {
                self.logged_in(&mut clients, Driver::Browser).await.map(|_| Driver::Browser)
            }
            other => other.map(|_| driver),
        }
    }

    async fn close(&self) -> Result<(), Error> {
        let Clients { http, browser } = std::mem::take(&mut *self.open.lock().await);
        let mut result = Ok(());
        for mut client in [http, browser].into_iter().flatten() {
            result = client.logout().await.and(result);
        }
        result
    }
}

/// Whether another try in a browser may bring what HTTP could not.
fn needs_browser(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ElementNotFound | ErrorKind::WrongFile)
}

fn spec(name: &str, export: &ExportConfig) -> ExportSpec {
    ExportSpec {
        name: name.to_owned(),
        tab: export.tab.clone().unwrap_or_else(|| name.to_owned()),
        key: export.key.clone().unwrap_or_default(),
        ignore: export.ignore.clone().unwrap_or_default(),
        types: export.types.clone().unwrap_or_default(),
        edits: export.edits.clone().unwrap_or_default(),
        columns: export.columns,
    }
}

/// Both drivers speak through rustls, which needs one provider per process.
pub(crate) fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Fails when the program has installed one already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
