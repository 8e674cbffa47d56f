//! Configuration, checked: what a driver does for a login and for one export.

use chrono::NaiveDate;
use exporter_core::{Error, ErrorKind, FileKind, Window};
use sha2::{Digest as _, Sha256};

use crate::panel::{ExportConfig, LoginConfig};
use crate::selector::Selector;

/// How to log in.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub page: String,
    pub username: Vec<Selector>,
    pub password: Vec<Selector>,
    pub submit: Vec<Selector>,
    /// A page that only somebody who is logged in sees.
    pub probe: Option<String>,
}

/// How to get one export.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub name: String,
    pub page: String,
    pub start: Vec<Selector>,
    pub end: Vec<Selector>,
    pub trigger: Vec<Selector>,
    pub file: Option<FileKind>,
    /// The date format for chrono.
    pub format: String,
    /// Changes when anything in the export's description does.
    pub fingerprint: String,
}

impl Login {
    /// `probe` is a page of the panel behind the login.
    pub(crate) fn new(config: &LoginConfig, probe: Option<String>) -> Result<Self, Error> {
        let selectors = |list: &Option<Vec<String>>, usual: &[&str]| match list {
            Some(list) => Selector::list(list),
            None => usual.iter().map(|selector| Selector::parse(selector)).collect(),
        };
        Ok(Self {
            page: config.page.clone().unwrap_or_else(|| "/login".to_owned()),
            username: selectors(
                &config.username,
                &["[name=\"email\"]", "[name=\"username\"]", "input[type=\"email\"]"],
            )?,
            password: selectors(&config.password, &["[name=\"password\"]", "input[type=\"password\"]"])?,
            submit: selectors(
                &config.submit,
                &["button[type=\"submit\"]", "input[type=\"submit\"]", "form button"],
            )?,
            probe,
        })
    }
}

impl Recipe {
    pub(crate) fn new(name: &str, config: &ExportConfig) -> Result<Self, Error> {
        let missing =
            |field: &str| Error::new(ErrorKind::Config, format!("the export `{name}` has no `{field}`"));
        let selectors = |list: &Option<Vec<String>>, field: &str| match list {
            Some(list) if !list.is_empty() => Selector::list(list),
            _ => Err(missing(field)),
        };
        Ok(Self {
            fingerprint: fingerprint(config),
            name: name.to_owned(),
            page: config.page.clone().ok_or_else(|| missing("page"))?,
            start: selectors(&config.start, "start")?,
            end: selectors(&config.end, "end")?,
            trigger: selectors(&config.trigger, "trigger")?,
            file: config.file,
            format: date_format(config.date_format.as_deref().unwrap_or("YYYY-MM-DD")).ok_or_else(|| {
                missing("date_format").hint("write it with YYYY, MM and DD, for instance DD/MM/YYYY")
            })?,
        })
    }

    /// First and last day as the page's fields want them.
    pub(crate) fn days(&self, window: Window) -> (String, String) {
        let written = |day: NaiveDate| day.format(&self.format).to_string();
        (written(window.first_day()), written(window.last_day()))
    }
}

/// A short name for a description.
fn fingerprint(config: &ExportConfig) -> String {
    use std::fmt::Write as _;
    Sha256::digest(format!("{config:?}")).iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `DD/MM/YYYY` as chrono writes it; `None` unless each part is there once.
fn date_format(letters: &str) -> Option<String> {
    let once = |part: &str| letters.matches(part).count() == 1;
    let format = letters.replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d");
    (once("YYYY") && once("MM") && once("DD") && !letters.contains('%')).then_some(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_formats() {
        assert_eq!(date_format("DD/MM/YYYY").as_deref(), Some("%d/%m/%Y"));
        assert_eq!(date_format("YYYY-MM-DD").as_deref(), Some("%Y-%m-%d"));
        assert_eq!(date_format("%d/MM/YYYY"), None);
        assert_eq!(date_format("DD/MM"), None);
    }

    #[test]
    fn an_export_without_a_page_is_refused() {
        let error = Recipe::new("x", &ExportConfig::default()).unwrap_err();
        assert_eq!(error.to_string(), "the export `x` has no `page`");
    }
}
