//! Many runs in one process: what is left behind in memory, open files, processes and on disk.
//!
//! `cargo xtask soak`, or `soak http 1000` and `soak browser 50`.
#![expect(clippy::print_stdout, reason = "the table is the result")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use exporter_core::{Driver, ExportRequest, Secret, Session as _, SystemClock, Window};
use exporter_sandbox::panel::{EMAIL, PASSWORD};
use exporter_sandbox::{Options, Sandbox};
use exporter_sources::{Panel, PanelOptions, preset};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a process holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    /// Kilobytes.
    memory: u64,
    files: usize,
    processes: usize,
    /// Entries of the temporary directory and of the downloads.
    leavings: usize,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let driver: Driver = arguments.next().as_deref().unwrap_or("http").parse()?;
    let runs: u32 = arguments.next().map_or(Ok(100), |runs| runs.parse())?;
    // The sandbox keeps every session that it gave out, so it must not be in this process.
    if let Ok(url) = std::env::var("EXPORTER_SOAK_PANEL") {
        return soak(&url, driver, runs).await;
    }
    let sandbox = Sandbox::start(Options::default()).await?;
    let status = tokio::process::Command::new(std::env::current_exe()?)
        .args([driver.to_string(), runs.to_string()])
        .env("EXPORTER_SOAK_PANEL", sandbox.panel_url())
        .status()
        .await?;
    if status.success() { Ok(()) } else { Err("something is left behind".into()) }
}

async fn soak(url: &str, driver: Driver, runs: u32) -> Result<(), Failure> {
    let downloads = tempfile::tempdir()?;
    let begun = Instant::now();
    let warm = (runs / 5).max(1);
    let mut first = None;
    for run in 1..=runs {
        one(url, driver, downloads.path()).await?;
        for file in std::fs::read_dir(downloads.path())? {
            std::fs::remove_file(file?.path())?;
        }
        if run == warm {
            first = Some(held(downloads.path()));
        }
    }
    let (first, last) = (first.ok_or("no run")?, held(downloads.path()));
    println!("{driver}, {runs} runs, {:.0} s", begun.elapsed().as_secs_f64());
    println!("after {warm:>5} runs: {first:?}");
    println!("after {runs:>5} runs: {last:?}");
    // An allocator keeps some pages; what leaks in each run shows up beyond that.
    let grown = last.memory.saturating_sub(first.memory);
    let left = last.files > first.files + 2 || last.processes > 0 || last.leavings > first.leavings;
    if left || grown > 6 * 1024 { Err(format!("left behind: {grown} KB, {last:?}").into()) } else { Ok(()) }
}

/// One run: login, one export, logout.
async fn one(url: &str, driver: Driver, downloads: &Path) -> Result<(), Failure> {
    let day = chrono::NaiveDate::from_ymd_opt(2026, 9, 10).ok_or("no such day")?;
    let (user, password) = (Secret::new(EMAIL), Secret::new(PASSWORD));
    let zone = chrono_tz::Asia::Jakarta;
    let mut options =
        PanelOptions::new(url, zone, user, password, downloads.to_path_buf(), Arc::new(SystemClock));
    options.driver = driver;
    let panel = Panel::new(&preset("andalan")?, options)?;
    panel.open().await?;
    let request = ExportRequest { window: Window::day(day), run: "soak".into(), attempt: 1 };
    let export = panel.sources()[0].export(&request).await?;
    panel.close().await?;
    if export.table.is_empty() { Err("no rows".into()) } else { Ok(()) }
}

fn held(downloads: &Path) -> Held {
    let entries = |path: &Path| std::fs::read_dir(path).map_or(0, Iterator::count);
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let mine = |name: &str| name.starts_with(&format!("exporter-browser-{}-", std::process::id()));
    let browsers = std::fs::read_dir(std::env::temp_dir())
        .into_iter()
        .flatten()
        .filter(|entry| entry.as_ref().is_ok_and(|entry| mine(&entry.file_name().to_string_lossy())))
        .count();
    Held {
        memory: memory.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0),
        files: entries(Path::new("/proc/self/fd")),
        processes: children(),
        leavings: browsers + entries(downloads),
    }
}

/// How many processes have this one as their parent.
fn children() -> usize {
    let parent = |name: &std::ffi::OsStr| -> Option<u32> {
        let stat = std::fs::read_to_string(Path::new("/proc").join(name).join("stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter(|entry| parent(&entry.file_name()) == Some(std::process::id())).count()
}
