//! `exporter schedule`: when runs are due, and files for schedulers outside.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use exporter_core::{Clock as _, Error, ErrorKind, SystemClock};

use crate::args::{InstallArgs, NextArgs, ScheduleCommand};
use crate::config::load;
use crate::exit::{self, Exit};
use crate::render::install::{self, Job, Platform};
use crate::render::{self, say};
use crate::service::schedule;

/// Prints the next runs, or prints or writes the files of a platform.
pub fn main(what: ScheduleCommand) -> Exit {
    let result = match what {
        ScheduleCommand::Next(args) => next(&args),
        ScheduleCommand::Install(args) => install(&args),
    };
    match result {
        Ok(text) => {
            say::text(&text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

fn next(args: &NextArgs) -> Result<String, Error> {
    let now = SystemClock.now();
    let schedule = schedule::of(&load(&args.config)?, now)?;
    let ticks = std::iter::successors(schedule.next(now), |tick: &DateTime<Utc>| schedule.next(*tick));
    let zone = schedule.cron.zone();
    let line = |tick: DateTime<Utc>| {
        let local = tick.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z");
        format!("{local}  fetches {}\n", schedule.window(tick))
    };
    Ok(ticks.take(args.count).map(line).collect::<Vec<_>>().concat())
}

fn install(args: &InstallArgs) -> Result<String, Error> {
    let now = SystemClock.now();
    let loaded = load(&args.config)?;
    let schedule = schedule::of(&loaded, now)?;
    let job =
        Job { schedule: &schedule, program: program()?, config: std::path::absolute(&args.config)?, now };
    let platform = match args {
        InstallArgs { systemd: true, .. } => Platform::Systemd,
        InstallArgs { cron: true, .. } => Platform::Cron,
        InstallArgs { windows: true, .. } => Platform::Windows,
        InstallArgs { render: true, .. } => Platform::Render,
        InstallArgs { docker: true, .. } => Platform::Docker,
        _ => Platform::Kubernetes,
    };
    let files = install::files(platform, &job)?;
    if schedule.calendar.has_holidays() && platform != Platform::Docker {
        say::note(
            "note: `holidays` cannot be told to this platform, which runs on them as well; `exporter serve` leaves them out",
        );
    }
    if platform == Platform::Windows {
        say::note("note: exporter is built and tried on Linux; on Windows it does not compile yet");
    }
    match &args.write {
        None => {
            let shown = files.iter().map(|(name, text)| format!("# --- {name}\n{text}\n"));
            Ok(shown.collect::<Vec<_>>().concat())
        }
        Some(directory) => write(directory, &files),
    }
}

/// Writes the files; one that is there already is never written over.
fn write(directory: &Path, files: &[(String, String)]) -> Result<String, Error> {
    std::fs::create_dir_all(directory)?;
    if let Some((name, _)) = files.iter().find(|(name, _)| directory.join(name).exists()) {
        let there = directory.join(name);
        return Err(Error::new(ErrorKind::Config, format!("{} is there already", there.display()))
            .hint("move it away, or choose another directory with --write"));
    }
    let mut written = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        std::fs::write(&path, text)?;
        written.push(format!("{}\n", path.display()));
    }
    Ok(written.concat())
}

/// Where this program is.
fn program() -> Result<PathBuf, Error> {
    std::env::current_exe()
        .map_err(|error| Error::new(ErrorKind::Io, "the place of this program is not known").source(error))
}
