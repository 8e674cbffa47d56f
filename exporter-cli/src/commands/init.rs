//! `exporter init`: looks at a panel and writes a configuration that works.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use exporter_core::{Clock, Error, ErrorKind, SystemClock, Window};
use exporter_sources::{PanelOptions, survey};

use crate::args::InitArgs;
use crate::exit::{self, Exit};
use crate::render;

/// Surveys the panel and writes the file.
pub async fn main(args: InitArgs) -> Exit {
    match run(&args).await {
        Ok(text) => {
            println!("Written: {}\n\n{text}", args.out.display());
            println!(
                "Next: fill in `spreadsheet` and `credentials`, then `exporter check --config {}`.",
                args.out.display()
            );
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn run(args: &InitArgs) -> Result<String, Error> {
    if args.out.exists() {
        return Err(Error::new(ErrorKind::Config, format!("{} is there already", args.out.display()))
            .hint("name another file with --out"));
    }
    let here = Path::new("");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let downloads = tempfile::tempdir()?;
    let username = args.username.resolve(here, "the panel's user name")?;
    let password = args.password.resolve(here, "the panel's password")?;
    let place = downloads.path().to_path_buf();
    let options = PanelOptions::new(&args.url, args.timezone, username, password, place, Arc::clone(&clock));
    let window = Window::last(args.last, clock.today(args.timezone));
    let (login, exports) = survey(&options, &args.pages, window).await?;

    let mut out = String::from(
        "# Written by `exporter init`. docs/panels.md explains every key.\nstore_name = 'My shop'\n\n",
    );
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "[panel]\npreset = 'none'\nurl = '{}'\ntimezone = '{}'\nusername = '{}'\npassword = '{}'\n\n[panel.login]",
        args.url, args.timezone, args.username, args.password
    );
    for (key, selector) in login {
        let _ = writeln!(out, "{key} = ['{selector}']");
    }
    out.push_str("\n[sheets]\n# The spreadsheet's address in the browser, shared with the service account.\nspreadsheet = 'CHANGE-ME'\ncredentials = 'file:service-account.json'\n");
    for export in &exports {
        let _ = write!(out, "\n{}", export.toml());
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&args.out)?;
    file.write_all(out.as_bytes())?;
    Ok(out)
}
