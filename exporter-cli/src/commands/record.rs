//! `exporter record`: watches one export made by hand and writes a configuration that makes it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exporter_core::{Error, ErrorKind, SystemClock};
use exporter_sources::{Recorded, Recording};

use crate::args::RecordArgs;
use crate::config::FirstConfig;
use crate::exit::{self, Exit};
use crate::render::{self, say};

/// Opens the browser, watches, and writes the file.
pub async fn main(args: RecordArgs) -> Exit {
    let first = FirstConfig {
        by: "record",
        url: &args.url,
        timezone: args.timezone,
        username: &args.username,
        password: &args.password,
        out: &args.out,
    };
    match run(&args, &first).await {
        Ok(text) => {
            first.told(&text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn run(args: &RecordArgs, first: &FirstConfig<'_>) -> Result<String, Error> {
    first.is_free()?;
    if !args.headless && !has_display() {
        return Err(Error::new(ErrorKind::Config, "there is no screen to open a browser on")
            .hint("run it where a desktop is, and take the file it writes to this machine")
            .hint("or look without watching: exporter init URL --page /path"));
    }
    let downloads = tempfile::tempdir()?;
    let mut options = first.options(downloads.path().to_path_buf(), Arc::new(SystemClock))?;
    options.browser.headless = args.headless;
    // What is learned lies where the first run will look for it.
    options.state = Some(args.out.parent().unwrap_or(Path::new("")).join("state"));
    let recording = Recording::start(&options).await?;
    if args.headless {
        say::note(format_args!("The browser has no window; drive it at {}", recording.webdriver()));
    } else {
        say::note("Log in and make one export in the browser, over one day or more that has rows.");
        say::note("The browser closes when the file has come; then the export is tried once more.");
    }
    let Recorded { login, export } = recording.finish(Duration::from_secs(args.minutes * 60)).await?;
    for note in &export.notes {
        say::note(note);
    }
    // The login page of every panel that does not say otherwise.
    let page = login.page.filter(|page| page != "/login");
    let selectors = [
        ("username", login.username),
        ("password", login.password),
        ("submit", login.submit),
        ("next", login.next),
    ];
    let selectors = selectors.into_iter().filter_map(|(key, at)| Some((key, at?)));
    first.write(page.as_deref(), selectors, &[export])
}

/// Whether windows can be opened: macOS has no such variable and always a screen.
fn has_display() -> bool {
    cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
