//! Stand-ins for the panel, Google Sheets and Telegram, on loopback.
//!
//! They answer as the real services do, so that what is claimed of exporter can be shown
//! without them. This crate knows no crate of ours, so that it cannot share our mistakes.

mod configuration;
mod control;
pub mod faults;
pub mod oauth;
pub mod panel;
pub mod person;
pub mod receivers;
mod server;
pub mod sheets;
pub mod sites;
pub mod telegram;
mod totp;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use faults::Faults;
use panel::data::Data;
use panel::{Manner, Panel};
use server::{Server, Service};
use sheets::{Quotas, Role, Sheets};
use sites::{Site, Sites};
use telegram::Telegram;

/// The id of the spreadsheet that is there from the start.
pub const SPREADSHEET: &str = "1SandboxTokoAndalanSpreadsheet0000000000001";

/// How a sandbox is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address of the panel; port 0 takes a free one.
    pub panel_addr: SocketAddr,
    /// Address of the Sheets API and its token endpoint.
    pub sheets_addr: SocketAddr,
    /// Address of the Bot API.
    pub telegram_addr: SocketAddr,
    /// Where spreadsheets and configuration outlive the process; a temporary directory
    /// when not given.
    pub data: Option<PathBuf>,
    /// Seed of the panel's rows and all ids.
    pub seed: u64,
    /// How calls of the Sheets API are counted. As the real service counts, over all
    /// spreadsheets of a project, or each spreadsheet for itself, so that independent tests
    /// through one account don't disturb one another.
    pub quotas: Quotas,
}

impl Default for Options {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            panel_addr: free,
            sheets_addr: free,
            telegram_addr: free,
            data: None,
            seed: 1,
            quotas: Quotas::PerSpreadsheet,
        }
    }
}

/// Running stand-ins; they stop when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    panel: (Panel, Server),
    sheets: (Arc<Sheets>, Server),
    telegram: (Telegram, Server),
    sites: Sites,
    control: Server,
    faults: Faults,
    directory: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Sandbox {
    /// Starts all stand-ins and writes a configuration that fits them.
    pub async fn start(options: Options) -> io::Result<Self> {
        let temporary = options.data.is_none().then(tempfile::tempdir).transpose()?;
        let directory = match (&options.data, &temporary) {
            (Some(data), _) => data.clone(),
            (None, Some(temporary)) => temporary.path().to_path_buf(),
            (None, None) => return Err(io::Error::other("no directory for the configuration")),
        };
        std::fs::create_dir_all(&directory)?;
        let faults = Faults::default();

        let rows = Data::new(options.seed);
        let panel = Panel::new(rows.clone(), Manner::Usual);
        let router = panel::router(panel.clone());
        let panel_server =
            Server::start(options.panel_addr, panel::service("panel"), router, faults.clone()).await?;

        let sites = Sites::start(&rows, &faults).await?;

        let service_options = sheets::Options {
            seed: options.seed,
            quotas: options.quotas,
            data: options.data.clone(),
            ..sheets::Options::default()
        };
        let sheets = Sheets::new(&service_options)?;
        if !sheets.ids().iter().any(|id| id == SPREADSHEET) {
            sheets.create_with_id(SPREADSHEET, "Toko Andalan", sheets::OWNER);
        }
        sheets
            .share(SPREADSHEET, oauth::SERVICE_ACCOUNT, Role::Editor)
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        let router = sheets::router(Arc::clone(&sheets));
        let sheets_server = Server::start(options.sheets_addr, SHEETS, router, faults.clone()).await?;

        let telegram = Telegram::default();
        let router = telegram::router(telegram.clone());
        let telegram_server =
            Server::start(options.telegram_addr, telegram::SERVICE, router, faults.clone()).await?;

        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let router = control::router(control::Handles {
            panel: panel.clone(),
            sheets: Arc::clone(&sheets),
            telegram: telegram.clone(),
            sites: sites.list().to_vec(),
            faults: faults.clone(),
            addresses: control::Addresses {
                panel: panel_server.url(),
                spreadsheet: format!("{}/spreadsheets/d/{SPREADSHEET}", sheets_server.url()),
                chat: telegram_server.url(),
            },
        });
        // Its own faults: a control path that breaks or logs itself controls nothing.
        let control = Server::start(free, panel::service("control"), router, Faults::default()).await?;

        let addresses = configuration::Addresses {
            panel: &panel_server.url(),
            sheets: &sheets_server.url(),
            telegram: &telegram_server.url(),
            spreadsheet: SPREADSHEET,
        };
        configuration::write(&directory, &addresses)?;
        Ok(Self {
            panel: (panel, panel_server),
            sheets: (sheets, sheets_server),
            telegram: (telegram, telegram_server),
            sites,
            control,
            faults,
            directory,
            _temporary: temporary,
        })
    }

    /// Address of the panel.
    pub fn panel_url(&self) -> String {
        self.panel.1.url()
    }

    /// Address of the Sheets API.
    pub fn sheets_url(&self) -> String {
        self.sheets.1.url()
    }

    /// Address of the token endpoint.
    pub fn token_url(&self) -> String {
        format!("{}/token", self.sheets_url())
    }

    /// Address of the Bot API.
    pub fn telegram_url(&self) -> String {
        self.telegram.1.url()
    }

    /// Address of the control path.
    pub fn control_url(&self) -> String {
        self.control.url()
    }

    /// The other panels: their names, addresses and what is particular about each.
    pub fn sites(&self) -> &[Site] {
        self.sites.list()
    }

    /// Address of another panel, such as `django` or `renamed`.
    pub fn site_url(&self, name: &str) -> Option<String> {
        self.sites().iter().find(|site| site.name == name).map(|site| site.url.clone())
    }

    /// The handle of another panel that is [`Panel`] in another manner, such as `renamed`.
    pub fn site_panel(&self, name: &str) -> Option<&Panel> {
        self.sites.panel(name)
    }

    /// Id of the spreadsheet in the configuration.
    pub fn spreadsheet_id(&self) -> &'static str {
        SPREADSHEET
    }

    /// The ready-made configuration.
    pub fn config_path(&self) -> PathBuf {
        self.directory.join("exporter.toml")
    }

    /// The panel's handle.
    pub fn panel(&self) -> &Panel {
        &self.panel.0
    }

    /// The Sheets API's handle.
    pub fn sheets(&self) -> &Arc<Sheets> {
        &self.sheets.0
    }

    /// The messenger's handle.
    pub fn telegram(&self) -> &Telegram {
        &self.telegram.0
    }

    /// Faults to inject, and the calls so far.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Stops listening and writes spreadsheets that outlive the process to the disk.
    pub async fn stop(self) -> io::Result<()> {
        let sheets = Arc::clone(self.sheets());
        drop(self);
        tokio::task::spawn_blocking(move || sheets.flush()).await.map_err(io::Error::other)?
    }
}

/// The Sheets API as a service.
const SHEETS: Service =
    Service { name: "sheets", endpoint: sheets_endpoint, logged: str::to_owned, words: sheets_words };

fn sheets_endpoint(method: &str, path: &str) -> String {
    sheets::endpoint(method, path).to_owned()
}

/// The body that Google sends with an error status.
fn sheets_words(endpoint: &str, code: u16, _pause: Option<u32>) -> String {
    if endpoint == "token" {
        let error = match code {
            429 => "rate_limit_exceeded",
            500.. => "internal_failure",
            _ => "invalid_grant",
        };
        return serde_json::json!({ "error": error }).to_string();
    }
    let reads = ["get", "values.get", "values.batchGet", "getByDataFilter", "values.batchGetByDataFilter"];
    let body = sheets::errors::ApiError::of(code, !reads.contains(&endpoint)).body();
    serde_json::to_string_pretty(&body).unwrap_or_default()
}
