//! From a configuration to the parts of a run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exporter_core::checks::Checks;
use exporter_core::layers::{Deadline, Reference};
use exporter_core::{
    Asker, Clock, Driver, Error, ErrorKind, ExportSource, Job, Journal, Secret, Session, Sink,
};
use exporter_notify::Channel;
use exporter_sheets::{Credentials, SheetsClient, SheetsConfig, SheetsSink};
use exporter_sources::{BrowserOptions, LoginKind, Panel, PanelConfig, PanelOptions, sweep};
use sha2::{Digest as _, Sha256};

use crate::channels::channels;
use crate::config::{Loaded, load_panel};

/// One export, download and reading together, may take this long.
const EXPORT_LIMIT: Duration = Duration::from_mins(10);
/// Reading or writing one tab may take this long.
const SHEET_LIMIT: Duration = Duration::from_mins(15);

/// What a run is made of.
pub struct Parts {
    /// The exports and where they go, in order.
    pub jobs: Vec<Job>,
    /// What is looked at in each table.
    pub checks: Checks,
    /// What the exports refer to in each other.
    pub references: Vec<Reference>,
    /// The panel account: address and a digest of the user name.
    pub account: String,
    /// The spreadsheet.
    pub sheet: String,
    /// Who we are to Google, and where the credentials were found.
    pub google: String,
    /// The browser that the panel's exports may need, with its driver.
    pub browser: Option<(Driver, BrowserOptions)>,
    /// The panel's session.
    pub session: Arc<dyn Session>,
    /// The spreadsheet as a sink, for what only it can do.
    pub sheets: Arc<SheetsSink>,
    /// The sink, to try it without an export.
    pub sink: Arc<dyn Sink>,
    /// The ways to tell people.
    pub channels: Vec<Channel>,
}

/// The panel of a configuration: its preset, and what the configuration says otherwise.
///
/// # Errors
/// [`ErrorKind::Config`] when there is no such preset, or it has a mistake.
pub fn described(loaded: &Loaded) -> Result<PanelConfig, Error> {
    let panel = &loaded.config.panel;
    let over = PanelConfig {
        login: panel.login.clone(),
        order: panel.order.clone(),
        exports: loaded.config.exports.clone(),
    };
    Ok(preset(&panel.preset, &loaded.directory)?.overlay(over))
}

/// The exports of a configuration, in their order.
///
/// # Errors
/// Those of [`described`], and a mistake in their order.
pub fn export_names(loaded: &Loaded) -> Result<Vec<String>, Error> {
    Ok(described(loaded)?.names()?.into_iter().map(str::to_owned).collect())
}

/// Builds the parts; fetches every secret on the way, so that a missing one is told first.
///
/// # Errors
/// [`ErrorKind::Config`], [`ErrorKind::SecretMissing`] or [`ErrorKind::SheetCredentials`].
pub fn assemble(
    loaded: Loaded,
    driver: Option<Driver>,
    only: &[String],
    clock: &Arc<dyn Clock>,
    journal: Option<Arc<dyn Journal>>,
    asker: Option<Arc<dyn Asker>>,
) -> Result<Parts, Error> {
    let state = loaded.state();
    let described = described(&loaded)?;
    let Loaded { config, directory } = loaded;
    let channels = channels(&config, &directory)?;
    let panel = config.panel;
    let panel_zone = panel.timezone;
    check_names(only, &described.names()?)?;
    check_references(&config.references, &described.names()?)?;

    let downloads = directory.join(config.files.downloads.unwrap_or_else(|| "downloads".into()));
    let username = match &panel.username {
        Some(place) => place.resolve(&directory, "the panel's user name")?,
        None if matches!(described.login.kind, Some(LoginKind::Bearer | LoginKind::None)) => Secret::new(""),
        None => {
            return Err(Error::new(ErrorKind::Config, "`[panel]` has no `username`")
                .hint("say where it is kept: username = \"env:PANEL_USER\" or \"file:panel-user\""));
        }
    };
    let (account, sheet) = (account(&panel.url, &username), config.sheets.spreadsheet.clone());
    let mut options = PanelOptions::new(
        panel.url,
        panel.timezone,
        username,
        panel.password.resolve(&directory, "the panel's password")?,
        downloads.clone(),
        clock.clone(),
    );
    let totp = panel.totp.as_ref().map(|place| place.resolve(&directory, "the secret of the second factor"));
    options.totp = totp.transpose()?;
    options.asker = asker;
    let key = panel.session_key.as_ref();
    let key = key.map(|place| place.resolve_or_make(&directory, "the key that keeps sessions"));
    options.session_key = key.transpose()?;
    options.try_refused = panel.try_refused;
    options.state = Some(state);
    options.driver = driver.unwrap_or(panel.driver);
    options.browser = BrowserOptions {
        kind: config.browser.kind,
        binary: config.browser.binary,
        driver: config.browser.driver,
        remote: config.browser.remote,
        ..BrowserOptions::default()
    };
    let needs =
        options.driver != Driver::Http && matches!(described.login.kind, None | Some(LoginKind::Form));
    let browser = needs.then(|| (options.driver, options.browser.clone()));
    let panel = Panel::new(&described, options)?;
    if downloads.is_dir() {
        sweep(&downloads, &**clock)?;
    }

    let (credentials, found_in) = match &config.sheets.credentials {
        Some(place) => {
            let key = place.resolve(&directory, "the key file for Google Sheets")?;
            (Credentials::Key(key), place.to_string())
        }
        None => Credentials::application_default()?,
    };
    let sheets = SheetsClient::new(SheetsConfig {
        spreadsheet: config.sheets.spreadsheet,
        credentials,
        base_url: config.sheets.base_url,
    })
    .map_err(|error| error.context("credentials", found_in.clone()))?;
    let google = format!("{}, from {found_in}", sheets.identity());
    let sheets = SheetsSink::new(sheets);
    let sheets = match config.sheets.changes {
        Some(tab) => sheets.with_changes(tab, panel_zone),
        None => sheets,
    };
    let sheets = match journal {
        Some(journal) => sheets.with_journal(journal, clock.clone()),
        None => sheets,
    };
    let sheets = Arc::new(sheets);
    let sink: Arc<dyn Sink> = sheets.clone();
    let sink: Arc<dyn Sink> = Arc::new(Deadline::new(sink, SHEET_LIMIT));

    let jobs = panel
        .sources()
        .into_iter()
        .filter(|source| only.is_empty() || only.contains(&source.spec().name))
        .map(|source| {
            let source: Arc<dyn ExportSource> = Arc::new(Deadline::new(source, EXPORT_LIMIT));
            Job { source, sink: sink.clone() }
        })
        .collect();
    Ok(Parts {
        jobs,
        checks: config.checks,
        references: config.references,
        account,
        sheet,
        google,
        browser,
        session: panel,
        sheets,
        sink,
        channels,
    })
}

/// What is referred to has to be fetched before: else nothing would ever be looked at.
fn check_references(references: &[Reference], order: &[&str]) -> Result<(), Error> {
    let place = |name: &String| order.iter().position(|other| other == name);
    for Reference { export, target, .. } in references {
        check_names(&[export.clone(), target.clone()], order)?;
        if place(target) >= place(export) {
            let why = format!("`{export}` refers to `{target}`, which is not fetched before it");
            return Err(Error::new(ErrorKind::Config, why)
                .hint(format!("put `{target}` before `{export}` in `order` under [panel]")));
        }
    }
    Ok(())
}

/// The panel that `preset` means: a file by its path, else a built-in one.
fn preset(preset: &str, directory: &Path) -> Result<PanelConfig, Error> {
    match preset {
        "none" => Ok(PanelConfig::default()),
        path if path.contains('/') || Path::new(path).extension().is_some_and(|kind| kind == "toml") => {
            load_panel(&directory.join(path))
        }
        name => exporter_sources::preset(name),
    }
}

/// Names a panel account: its address and a digest of the user name.
pub fn account(url: &str, username: &Secret) -> String {
    let digest = Sha256::digest(username.expose());
    let digest = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    format!("{}#{digest:08x}", url.trim_end_matches('/'))
}

/// Every name after `--only` must be an export.
fn check_names(only: &[String], names: &[&str]) -> Result<(), Error> {
    match only.iter().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => Err(Error::new(ErrorKind::Config, format!("there is no export `{unknown}`"))
            .hint(format!("the exports are {}", names.join(", ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_to_what_is_fetched_later_is_refused() {
        let reference = |target: &str| Reference {
            export: "orders".into(),
            column: "User".into(),
            target: target.into(),
            action: exporter_core::checks::Action::Stop,
        };
        let check = |target: &str| check_references(&[reference(target)], &["users", "orders", "coins"]);
        assert!(check("users").is_ok());
        for target in ["coins", "orders"] {
            let error = check(target).unwrap_err();
            assert!(error.hints()[0].contains(&format!("`{target}` before `orders`")), "{error:?}");
        }
        assert!(check("persons").is_err());
    }
}
