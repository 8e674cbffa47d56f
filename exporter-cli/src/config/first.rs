//! A first configuration, as a command found it out from the panel itself: the file that it goes
//! to, the way into the panel meanwhile, and its text.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use exporter_core::{Clock, Error, ErrorKind};
use exporter_sources::{PanelOptions, Surveyed};

use super::SecretRef;
use crate::render::say;

/// What is known of the panel beforehand, and where the file goes.
pub struct FirstConfig<'a> {
    /// The command that writes it.
    pub by: &'static str,
    pub url: &'a str,
    pub timezone: chrono_tz::Tz,
    pub username: &'a SecretRef,
    pub password: &'a SecretRef,
    pub out: &'a Path,
}

impl FirstConfig<'_> {
    /// Refuses a file that is there.
    ///
    /// # Errors
    /// [`ErrorKind::Config`].
    pub fn is_free(&self) -> Result<(), Error> {
        if self.out.exists() {
            return Err(Error::new(ErrorKind::Config, format!("{} is there already", self.out.display()))
                .hint("name another file with --out"));
        }
        Ok(())
    }

    /// How the panel is opened meanwhile; files come to `place`. Secrets are looked up from
    /// the directory one is in.
    ///
    /// # Errors
    /// Those of [`SecretRef::resolve`].
    pub fn options(&self, place: PathBuf, clock: Arc<dyn Clock>) -> Result<PanelOptions, Error> {
        let here = Path::new("");
        let username = self.username.resolve(here, "the panel's user name")?;
        let password = self.password.resolve(here, "the panel's password")?;
        Ok(PanelOptions::new(self.url, self.timezone, username, password, place, clock))
    }

    /// Writes the file (0600) with the login's page, where it is not the usual one, its
    /// selectors, and these exports; what was written.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(
        &self,
        page: Option<&str>,
        login: impl IntoIterator<Item = (&'static str, Vec<String>)>,
        exports: &[Surveyed],
    ) -> Result<String, Error> {
        let text = self.text(page, login, exports);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.out)?;
        file.write_all(text.as_bytes())?;
        Ok(text)
    }

    fn text(
        &self,
        page: Option<&str>,
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
        if let Some(page) = page {
            let _ = writeln!(out, "page = '{page}'");
        }
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

    /// Says what was written, and what to do with it.
    pub fn told(&self, text: &str) {
        say::line(format_args!("Written: {}\n\n{text}", self.out.display()));
        say::line(format_args!(
            "Next: fill in `spreadsheet` and `credentials`, then `exporter check --config {}`.",
            self.out.display()
        ));
    }
}
