//! `exporter init`: looks at a panel and writes a configuration that works.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use exporter_core::{Clock, Error, ErrorKind, SystemClock, Window};
use exporter_sources::{PanelOptions, Surveyed, survey};

use crate::args::InitArgs;
use crate::config::SecretRef;
use crate::exit::{self, Exit};
use crate::render;

/// Surveys the panel and writes the file.
pub async fn main(args: InitArgs) -> Exit {
    match run(&args).await {
        Ok(text) => {
            told(&args.out, &text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

/// Says what was written, and what to do with it.
pub(super) fn told(out: &Path, text: &str) {
    println!("Written: {}\n\n{text}", out.display());
    println!(
        "Next: fill in `spreadsheet` and `credentials`, then `exporter check --config {}`.",
        out.display()
    );
}

async fn run(args: &InitArgs) -> Result<String, Error> {
    is_free(&args.out)?;
    let here = Path::new("");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let downloads = tempfile::tempdir()?;
    let username = args.username.resolve(here, "the panel's user name")?;
    let password = args.password.resolve(here, "the panel's password")?;
    let place = downloads.path().to_path_buf();
    let options = PanelOptions::new(&args.url, args.timezone, username, password, place, Arc::clone(&clock));
    let window = Window::last(args.last, clock.today(args.timezone));
    let (login, exports) = survey(&options, &args.pages, window).await?;

    let login = login.into_iter().map(|(key, selector)| (key, vec![selector]));
    let about = About {
        by: "init",
        url: &args.url,
        timezone: args.timezone,
        username: &args.username,
        password: &args.password,
    };
    write(&args.out, &about.text(login, &exports))
}

/// What a first configuration says of the panel.
pub(super) struct About<'a> {
    /// The command that writes it.
    pub by: &'static str,
    pub url: &'a str,
    pub timezone: chrono_tz::Tz,
    pub username: &'a SecretRef,
    pub password: &'a SecretRef,
}

impl About<'_> {
    /// A configuration of these selectors of the login form and these exports.
    pub(super) fn text(
        &self,
        login: impl IntoIterator<Item = (&'static str, Vec<String>)>,
        exports: &[Surveyed],
    ) -> String {
        let mut out = format!(
            "# Written by `exporter {}`. docs/panels.md explains every key.\nstore_name = 'My shop'\n\n",
            self.by
        );
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "[panel]\npreset = 'none'\nurl = '{}'\ntimezone = '{}'\nusername = '{}'\npassword = '{}'\n\n[panel.login]",
            self.url, self.timezone, self.username, self.password
        );
        for (key, selectors) in login {
            let quoted =
                |text: &String| if text.contains('\'') { format!("{text:?}") } else { format!("'{text}'") };
            let selectors: Vec<String> = selectors.iter().map(quoted).collect();
            let _ = writeln!(out, "{key} = [{}]", selectors.join(", "));
        }
        out.push_str("\n[sheets]\n# The spreadsheet's address in the browser, shared with the service account.\nspreadsheet = 'CHANGE-ME'\ncredentials = 'file:service-account.json'\n");
        for export in exports {
            let _ = write!(out, "\n{}", export.toml());
        }
        out
    }
}

/// Refuses a file that is there.
pub(super) fn is_free(out: &Path) -> Result<(), Error> {
    if out.exists() {
        return Err(Error::new(ErrorKind::Config, format!("{} is there already", out.display()))
            .hint("name another file with --out"));
    }
    Ok(())
}

/// Writes the configuration (0600); what was written.
pub(super) fn write(out: &Path, text: &str) -> Result<String, Error> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(out)?;
    file.write_all(text.as_bytes())?;
    Ok(text.to_owned())
}
