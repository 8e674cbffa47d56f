//! A panel: one session, shared by its exports, over whichever driver works.

mod config;
mod content;
mod downloads;
mod export;
mod fetch;
mod keeper;
mod learning;
mod lockout;
mod options;
mod record;
mod reread;
mod session;
mod survey;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use exporter_core::{Error, ErrorKind, ExportSource, ExportSpec, tabs};
use reqwest::Url;
use tokio::sync::Mutex;

pub use config::{
    Columns, ExportConfig, FieldValue, LoginConfig, LoginKind, PanelConfig, Preset, StepConfig, preset,
};
pub(crate) use downloads::{BROWSER_PREFIX, make_private};
pub use downloads::{KEEP_DAYS, sweep};
pub use options::{BrowserKind, BrowserOptions, Deadlines, PanelOptions};
pub use record::{Recorded, Recording};
pub use reread::{Reread, reread};
pub use survey::{Surveyed, survey};

use crate::driver::{Codes, Login, Recipe};
use export::PanelExport;
use keeper::Keeper;
use lockout::Lockout;
use session::Clients;

use crate::totp::Totp;

/// A web panel with its exports.
pub struct Panel {
    options: PanelOptions,
    url: Url,
    login: Login,
    codes: Option<Codes>,
    keeper: Option<Keeper>,
    lockout: Option<Lockout>,
    exports: Vec<(ExportSpec, Recipe)>,
    open: Mutex<Clients>,
    /// Whether the panel said that it no longer knows the session.
    expired: AtomicBool,
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
                let spec = spec(name, export);
                tabs::check(&spec.tab)?;
                Ok((spec, Recipe::new(name, export)?))
            })
            .collect::<Result<Vec<(ExportSpec, Recipe)>, Error>>()?;
        let probe = exports.iter().find_map(|(_, recipe)| recipe.probe());
        let login = Login::new(&config.login, probe)?;
        let made = options.totp.as_ref().map(Totp::parse).transpose()?;
        let codes = made.map(Codes::Made).or_else(|| options.asker.clone().map(Codes::Asked));
        let account = format!("{} {}", url.origin().ascii_serialization(), options.username.expose());
        let state = options.state.as_deref();
        let lockout = state.map(|state| Lockout::new(state, &account, &options.password));
        let keeper = state.zip(options.session_key.as_ref());
        let keeper = keeper.map(|(state, key)| Keeper::new(state, key, account)).transpose()?;
        Ok(Arc::new(Self {
            options,
            url,
            login,
            codes,
            keeper,
            lockout,
            exports,
            open: Mutex::default(),
            expired: AtomicBool::new(false),
        }))
    }

    /// The exports in the configured order, all on this one session.
    pub fn sources(self: &Arc<Self>) -> Vec<Arc<dyn ExportSource>> {
        (0..self.exports.len())
            .map(|index| Arc::new(PanelExport::new(Arc::clone(self), index)) as Arc<dyn ExportSource>)
            .collect()
    }
}

fn spec(name: &str, export: &ExportConfig) -> ExportSpec {
    ExportSpec {
        name: name.to_owned(),
        tab: export.tab.clone().unwrap_or_else(|| name.to_owned()),
        tab_date: export.tab_date.clone(),
        key: export.key.clone().unwrap_or_default(),
        ignore: export.ignore.clone().unwrap_or_default(),
        types: export.types.clone().unwrap_or_default(),
        edits: export.edits.clone().unwrap_or_default(),
        columns: export.width(),
        new_columns: export.columns.as_ref().and_then(|columns| columns.new).unwrap_or_default(),
        long_texts: export.long_texts.unwrap_or_default(),
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
