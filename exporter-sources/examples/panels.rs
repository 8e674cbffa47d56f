//! Every site of the sandbox in every driver that it allows: rows right, seconds, memory.
//!
//! `cargo xtask panels [chromium|edge|firefox]` runs it. Each line is measured in a process of its
//! own; with `EXPORTER_GRID=http://…` the browser is that of a WebDriver or Selenium grid.
#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use exporter_core::{Driver, ExportRequest, Retry, Secret, Session as _, SystemClock, Window};
use exporter_sandbox::panel::data::Dataset;
use exporter_sandbox::panel::{EMAIL, PASSWORD, TOTP_SECRET};
use exporter_sandbox::{Options, Sandbox, sites};
use exporter_sources::{BrowserKind, Panel, PanelConfig, PanelOptions, preset};
use serde::{Deserialize, Serialize};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A site, its description, and whether a browser helps there, or is all that does.
const SITES: [(&str, &str, &[Driver]); 14] = [
    ("panel", "andalan", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("django", "django", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("datatables", "datatables", &[Driver::Browser, Driver::Auto]),
    ("redmine", "redmine", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("flask_admin", "flask_admin", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("api", "api", &[Driver::Http]),
    ("two_step", "two_step", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("max_days", "max_days", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("renamed", "andalan", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("overlay", "andalan", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("new_tab", "andalan", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("single_session", "andalan", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("slow", "andalan", &[Driver::Http, Driver::Browser, Driver::Auto]),
    ("flaky", "andalan", &[Driver::Http, Driver::Browser]),
];

/// One line to be measured.
#[derive(Serialize, Deserialize)]
struct Task {
    url: String,
    site: String,
    config: String,
    driver: Driver,
    /// The first that is found, unless given.
    browser: Option<BrowserKind>,
    state: PathBuf,
}

/// What one process measured.
#[derive(Serialize, Deserialize)]
struct Measured {
    rows: Vec<(String, usize)>,
    seconds: f64,
    /// The most memory of the process itself, in MB.
    own: f64,
    /// That of driver and browser together while they ran, in MB.
    browser: f64,
    error: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    if let Ok(task) = std::env::var("EXPORTER_PANELS_TASK") {
        let measured = measure(serde_json::from_str(&task)?).await?;
        println!("{}", serde_json::to_string(&measured)?);
        return Ok(());
    }
    let browser = std::env::args().nth(1).map(|name| serde_json::from_value(name.into())).transpose()?;
    let sandbox = Sandbox::start(Options::default()).await?;
    let state = tempfile::tempdir()?;
    println!(
        "{:<15} {:<8} {:>11} {:>8} {:>9} {:>12}",
        "panel", "driver", "rows", "seconds", "exporter", "browser"
    );
    let mut wrong = 0;
    for (site, config, drivers) in SITES {
        let url = sandbox.sites().iter().find(|other| other.name == site).map(|site| site.url.clone());
        let url = url.unwrap_or_else(|| sandbox.panel_url());
        for driver in drivers {
            let task = Task {
                url: url.clone(),
                site: site.into(),
                config: config.into(),
                driver: *driver,
                browser,
                state: state.path().join(site),
            };
            let measured = run(&task).await?;
            wrong += usize::from(!print(&sandbox, &task, &measured));
        }
    }
    if wrong > 0 { Err(format!("{wrong} lines are not right").into()) } else { Ok(()) }
}

/// Measures in a process of its own.
async fn run(task: &Task) -> Result<Measured, Failure> {
    let output = tokio::process::Command::new(std::env::current_exe()?)
        .env("EXPORTER_PANELS_TASK", serde_json::to_string(task)?)
        .output()
        .await?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("{}: {}", task.site, String::from_utf8_lossy(&output.stderr)).into())
}

/// One line of the table; whether it is right.
fn print(sandbox: &Sandbox, task: &Task, measured: &Measured) -> bool {
    let window = window();
    let wanted = |name: &str| {
        let dataset = Dataset::ALL.into_iter().find(|dataset| dataset.name() == name);
        dataset
            .map_or(0, |dataset| sandbox.panel().rows(dataset, window.first_day(), window.last_day()).len())
    };
    let right: usize =
        measured.rows.iter().filter(|(name, rows)| *rows == wanted(name)).map(|(_, rows)| rows).sum();
    let all: usize = measured.rows.iter().map(|(name, _)| wanted(name)).sum();
    let browser = if measured.browser > 0.0 { format!("{:.0} MB", measured.browser) } else { "none".into() };
    println!(
        "{:<15} {:<8} {:>11} {:>8.2} {:>6.0} MB {:>12}{}",
        task.site,
        task.driver.to_string(),
        format!("{right}/{all}"),
        measured.seconds,
        measured.own,
        browser,
        measured.error.as_deref().map(|error| format!("  {error}")).unwrap_or_default(),
    );
    right == all && all > 0 && measured.error.is_none()
}

/// The days that are fetched.
fn window() -> Window {
    let day = |day| chrono::NaiveDate::from_ymd_opt(2026, 9, day).unwrap_or_default();
    Window::inclusive(day(10), day(12)).unwrap_or_else(|_| Window::day(day(10)))
}

fn described(name: &str) -> Result<PanelConfig, Failure> {
    if name == "andalan" {
        return Ok(preset(name)?);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/panels").join(format!("{name}.toml"));
    Ok(toml::from_str(&std::fs::read_to_string(path)?)?)
}

async fn measure(task: Task) -> Result<Measured, Failure> {
    let downloads = tempfile::tempdir()?;
    let password = if task.site == "api" { sites::API_TOKEN } else { PASSWORD };
    let zone = chrono_tz::Asia::Jakarta;
    let place = downloads.path().to_path_buf();
    let mut options = PanelOptions::new(
        &task.url,
        zone,
        Secret::new(EMAIL),
        Secret::new(password),
        place,
        Arc::new(SystemClock),
    );
    options.totp = Some(Secret::new(TOTP_SECRET));
    options.driver = task.driver;
    options.state = Some(task.state);
    options.browser.kind = task.browser;
    options.browser.remote = std::env::var("EXPORTER_GRID").ok();
    let panel = Panel::new(&described(&task.config)?, options)?;
    let begun = Instant::now();
    let mut measured = Measured { rows: Vec::new(), seconds: 0.0, own: 0.0, browser: 0.0, error: None };
    for source in panel.sources() {
        // A panel that fails now and then is asked again, as the pipeline does it.
        for attempt in 1..=4 {
            let request = ExportRequest { window: window(), run: "panels".into(), attempt };
            match source.export(&request).await {
                Ok(export) => {
                    measured.rows.push((source.spec().name.clone(), export.table.len()));
                    measured.error = None;
                    break;
                }
                Err(error) => {
                    measured.error = Some(error.to_string());
                    if error.retry_class() == Retry::Relogin {
                        panel.close().await?;
                    }
                }
            }
        }
    }
    measured.browser = family(std::process::id());
    if let Err(error) = panel.close().await {
        // As in a run: what was fetched counts, the failed logout is told.
        eprintln!("{} by {}: {error}", task.site, task.driver);
    }
    measured.seconds = begun.elapsed().as_secs_f64();
    measured.own = kilobytes("/proc/self/status", "VmHWM:") / 1024.0;
    Ok(measured)
}

/// The memory of all processes below this one, each shared page counted once, in MB.
fn family(root: u32) -> f64 {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: u32| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?))
        })
        .collect();
    let mut family = vec![root];
    let mut at = 0;
    while let Some(&parent) = family.get(at) {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    family[1..].iter().map(|pid| kilobytes(&format!("/proc/{pid}/smaps_rollup"), "Pss:")).sum::<f64>()
        / 1024.0
}

/// A number of kilobytes out of a file of `/proc`; 0 where there is none.
fn kilobytes(file: &str, name: &str) -> f64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
}
