//! What a panel needs beside its description: address, credentials, limits, places.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use exporter_core::{Asker, Clock, Driver, Secret};
use serde::{Deserialize, Serialize};

/// Where a panel is, who logs in, and what one run may cost.
#[derive(Debug, Clone)]
pub struct PanelOptions {
    /// The panel's address, for instance `https://panel.example`.
    pub url: String,
    /// The panel's time zone.
    pub timezone: Tz,
    /// User name or e-mail address.
    pub username: Secret,
    /// Password, or the token of a panel that wants one in each request.
    pub password: Secret,
    /// What the codes of a second factor are made from, as the panel shows it beside its
    /// QR code.
    pub totp: Option<Secret>,
    /// Who is asked for the code of a second factor where there is no `totp`.
    pub asker: Option<Arc<dyn Asker>>,
    /// How to talk to the panel.
    pub driver: Driver,
    /// A directory for downloaded files and evidence; made private (0700).
    pub downloads: PathBuf,
    /// A directory for what is kept between runs, such as learned routes; made private
    /// (0700). Nothing is kept without one.
    pub state: Option<PathBuf>,
    /// What keeps the session between runs, sealed; without it each run logs in and out.
    pub session_key: Option<Secret>,
    /// Whether a password that the panel refused before may be sent once more.
    pub try_refused: bool,
    /// How long a learned route is trusted before its table is compared with the browser's.
    pub compare_after: Duration,
    /// Which browser, and how.
    pub browser: BrowserOptions,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// The most bytes that a downloaded file may have.
    pub limit: u64,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl PanelOptions {
    /// The usual limits, driver `auto`.
    pub fn new(
        url: impl Into<String>,
        timezone: Tz,
        username: Secret,
        password: Secret,
        downloads: PathBuf,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            url: url.into(),
            timezone,
            username,
            password,
            totp: None,
            asker: None,
            driver: Driver::Auto,
            downloads,
            state: None,
            session_key: None,
            try_refused: false,
            compare_after: Duration::from_hours(7 * 24),
            browser: BrowserOptions::default(),
            deadlines: Deadlines::default(),
            limit: 256 << 20,
            clock,
        }
    }
}

/// A family of browsers that one driver drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BrowserKind {
    /// Chromium and Google Chrome, by chromedriver.
    #[serde(alias = "chrome")]
    Chromium,
    /// Microsoft Edge, by msedgedriver.
    Edge,
    /// Mozilla Firefox, by geckodriver.
    Firefox,
}

/// Which browser is driven, and how.
#[derive(Debug, Clone)]
pub struct BrowserOptions {
    /// The family; unless given it is that of `binary`, else of the first browser whose driver
    /// is there too: Chromium, Chrome, Edge, Firefox. A grid is asked for Chrome.
    pub kind: Option<BrowserKind>,
    /// The browser; found among the usual places unless given.
    pub binary: Option<PathBuf>,
    /// Its driver; found on the `PATH` unless given.
    pub driver: Option<PathBuf>,
    /// Address of a WebDriver or a Selenium grid that has the browser; instead of starting
    /// one here.
    pub remote: Option<String>,
    /// Without a window.
    pub headless: bool,
}

impl Default for BrowserOptions {
    fn default() -> Self {
        Self { kind: None, binary: None, driver: None, remote: None, headless: true }
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// A page of the panel.
    pub page: Duration,
    /// An export, from the click to the whole file.
    pub download: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { page: Duration::from_mins(1), download: Duration::from_mins(5) }
    }
}
