//! `exporter check`: try the configuration, every credential and address, without writing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exporter_core::{Clock as _, Driver, Error, ErrorReport, ExportSpec, SystemClock, Topic};
use exporter_sources::{BrowserOptions, try_browser};
use exporter_store::Store;
use serde::Serialize;

use crate::args::CheckArgs;
use crate::asking::terminal;
use crate::assemble::{Parts, assemble};
use crate::config::load;
use crate::exit::Exit;
use crate::forecast::Forecast;
use crate::render::{progress::Progress, say};
use crate::watch::{Copies, Look, Watched};
use crate::{render, state};

/// How long a browser may take to show an empty page.
const BROWSER_PATIENCE: Duration = Duration::from_mins(1);

/// One thing that was tried.
#[derive(Debug, Serialize)]
struct Finding {
    what: String,
    ok: bool,
    /// Whether it is only something to see to: runs work all the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
    /// What was found there.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    error: Option<ErrorReport>,
}

impl Finding {
    /// How its line begins.
    fn verdict(&self) -> &'static str {
        match (self.ok, self.warning) {
            (true, _) => "ok    ",
            (false, true) => "warn  ",
            (false, false) => "failed",
        }
    }
}

/// Tries everything, tells each finding, and ends with 2 when a run would fail by one.
pub async fn main(args: CheckArgs) -> Exit {
    let findings = match findings(&args).await {
        Ok(findings) => findings,
        Err(error) => vec![finding("configuration", Err(error))],
    };
    let well = findings.iter().all(|finding| finding.ok || finding.warning);
    if args.json {
        say::text(render::json(&findings));
    } else {
        for finding in &findings {
            let detail = finding.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
            say::line(format_args!("{} {}{detail}", finding.verdict(), finding.what));
            if let Some(error) = &finding.error {
                say::note(render::error::text(error).trim_end());
            }
        }
    }
    if well { Exit::Ok } else { Exit::Config }
}

async fn findings(args: &CheckArgs) -> Result<Vec<Finding>, Error> {
    let mut loaded = load(Path::new(&args.config))?;
    // Somebody is looking: a password that was refused before may be right by now.
    loaded.config.panel.try_refused = true;
    let (watched, copies) = (Watched::of(&loaded), Copies::of(&loaded, &args.config));
    let store = state::look(&loaded).await.ok();
    let database = state::try_database(&loaded).await;
    let asker = terminal::here(&loaded.config, &Progress::here());
    let parts = assemble(loaded, None, &[], &(Arc::new(SystemClock) as _), None, asker)?;
    let mut findings = vec![finding("configuration", Ok(()))];
    if let Some(tried) = database {
        let detail = tried.as_ref().ok().map(ToString::to_string);
        findings.push(Finding { detail, ..finding("state", tried.map(drop)) });
    }
    let google = finding("Google Sheets", parts.sink.check().await);
    findings.push(Finding { detail: Some(format!("as {}", parts.google)), ..google });
    if findings.iter().all(|finding| finding.ok) {
        look_at_tabs(&parts, store.as_ref(), &mut findings).await;
    }
    let login = parts.session.open().await.map(drop);
    let logout = parts.session.close().await;
    findings.push(finding("login to the panel", login.and(logout)));
    if let Some((driver, options)) = parts.browser {
        findings.push(browser(driver, &options).await);
    }
    for channel in parts.channels {
        findings.push(finding(&channel.name, channel.notifier.check().await));
    }
    let copies = Look { topic: Topic::Backup, found: copies.look(SystemClock.now()) };
    for look in watched.look(&SystemClock).await.into_iter().chain([copies]) {
        let detail = look.found.as_ref().ok().cloned();
        let found = finding(name(look.topic), look.found.map(drop));
        findings.push(Finding { detail, warning: !found.ok, ..found });
    }
    Ok(findings)
}

fn name(topic: Topic) -> &'static str {
    match topic {
        Topic::Disk => "disk",
        Topic::Memory => "memory",
        Topic::Leftovers => "browsers left behind",
        Topic::Files => "files",
        Topic::Clock => "clock",
        Topic::Certificate => "certificate",
        Topic::Credentials => "key",
        Topic::Backup => "backup",
    }
}

/// Whether the browser starts, and what it takes; only a run that must have it fails without.
async fn browser(driver: Driver, options: &BrowserOptions) -> Finding {
    let tried = try_browser(options, BROWSER_PATIENCE).await;
    let detail = tried.as_ref().ok().map(ToString::to_string);
    let found = finding("browser", tried.map(drop));
    Finding { detail, warning: !found.ok && driver != Driver::Browser, ..found }
}

/// Whether the tabs that are there are as the next run needs them, and how much room is left.
async fn look_at_tabs(parts: &Parts, store: Option<&Arc<dyn Store>>, findings: &mut Vec<Finding>) {
    let specs: Vec<&ExportSpec> = parts.jobs.iter().map(|job| job.source.spec()).collect();
    match Forecast::make(&parts.sheets, &specs, store, &parts.account).await {
        Ok(forecast) => {
            let detail = Some(forecast.text());
            findings.push(Finding { detail, ..finding("room in the spreadsheet", Ok(())) });
        }
        Err(error) => findings.push(finding("room in the spreadsheet", Err(error))),
    }
    for spec in specs {
        match parts.sheets.inspect(spec).await {
            Ok(tabs) => {
                findings.extend(tabs.into_iter().map(|(tab, found)| finding(&format!("tab `{tab}`"), found)));
            }
            Err(error) => findings.push(finding(&format!("tab `{}`", spec.tab), Err(error))),
        }
    }
}

fn finding(what: &str, result: Result<(), Error>) -> Finding {
    let error = result.err().map(|error| error.report());
    Finding { what: what.to_owned(), ok: error.is_none(), warning: false, detail: None, error }
}
