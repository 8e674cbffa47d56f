//! `exporter record`: watches one export made by hand and writes a configuration that makes it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use exporter_core::{Clock, Error, ErrorKind, SystemClock};
use exporter_sources::{PanelOptions, Recorded, Recording};

use crate::args::RecordArgs;
use crate::commands::init::{About, is_free, told, write};
use crate::exit::{self, Exit};
use crate::render;

/// Opens the browser, watches, and writes the file.
pub async fn main(args: RecordArgs) -> Exit {
    match run(&args).await {
        Ok(text) => {
            told(&args.out, &text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn run(args: &RecordArgs) -> Result<String, Error> {
    is_free(&args.out)?;
    if !args.headless && !has_display() {
        return Err(Error::new(ErrorKind::Config, "there is no screen to open a browser on")
            .hint("run it where a desktop is, and take the file it writes to this machine")
            .hint("or look without watching: exporter init URL --page /path"));
    }
    let here = Path::new("");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let downloads = tempfile::tempdir()?;
    let username = args.username.resolve(here, "the panel's user name")?;
    let password = args.password.resolve(here, "the panel's password")?;
    let place = downloads.path().to_path_buf();
    let mut options = PanelOptions::new(&args.url, args.timezone, username, password, place, clock);
    options.browser.headless = args.headless;
    // What is learned lies where the first run will look for it.
    options.state = Some(args.out.parent().unwrap_or(here).join("state"));
    let recording = Recording::start(&options).await?;
    if args.headless {
        eprintln!("The browser has no window; drive it at {}", recording.webdriver());
    } else {
        eprintln!("Log in and make one export in the browser, over one day or more that has rows.");
        eprintln!("The browser closes when the file has come; then the export is tried once more.");
    }
    let Recorded { login, export } = recording.finish(Duration::from_secs(args.minutes * 60)).await?;
    for note in &export.notes {
        eprintln!("{note}");
    }
    let about = About {
        by: "record",
        url: &args.url,
        timezone: args.timezone,
        username: &args.username,
        password: &args.password,
    };
    let page = login.page.clone();
    let selectors = [
        ("username", login.username),
        ("password", login.password),
        ("submit", login.submit),
        ("next", login.next),
    ];
    let selectors = selectors.into_iter().filter_map(|(key, at)| Some((key, at?)));
    let mut text = about.text(selectors, &[export]);
    if let Some(page) = page.filter(|page| page != "/login") {
        text = text.replacen("[panel.login]\n", &format!("[panel.login]\npage = '{page}'\n"), 1);
    }
    write(&args.out, &text)
}

/// Whether windows can be opened: macOS has no such variable and always a screen.
fn has_display() -> bool {
    cfg!(target_os = "macos")
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
