//! A panel as data: the same shape is a built-in preset and a user's overrides.

use std::collections::{BTreeMap, BTreeSet};

use exporter_core::{ColumnType, EditRules, Error, ErrorKind, FileKind};
use serde::Deserialize;

/// What is known about a panel beside its address and credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PanelConfig {
    /// How to log in.
    pub login: LoginConfig,
    /// The order in which exports run; those not named follow by name.
    pub order: Option<Vec<String>>,
    /// The exports by name.
    pub exports: BTreeMap<String, ExportConfig>,
}

/// A [`PanelConfig`] that comes with the program.
pub type Preset = PanelConfig;

/// The login form. Selectors are lists: the first that matches wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoginConfig {
    /// Path of the login page, for instance `/login`.
    pub page: Option<String>,
    /// Selectors of the field for the user name or e-mail address.
    pub username: Option<Vec<String>>,
    /// Selectors of the field for the password.
    pub password: Option<Vec<String>>,
    /// Selectors of the button that sends the form.
    pub submit: Option<Vec<String>>,
}

/// One export: where its page is, how it is asked for, what comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExportConfig {
    /// Path of the export's page.
    pub page: Option<String>,
    /// Selectors of the field for the first day.
    pub start: Option<Vec<String>>,
    /// Selectors of the field for the last day.
    pub end: Option<Vec<String>>,
    /// How the fields want a day, in the letters `YYYY`, `MM` and `DD`.
    pub date_format: Option<String>,
    /// Selectors of what starts the download.
    pub trigger: Option<Vec<String>>,
    /// The kind of file that must come.
    pub file: Option<FileKind>,
    /// How many columns the file must have.
    pub columns: Option<usize>,
    /// The columns that identify a row.
    pub key: Option<Vec<String>>,
    /// What becomes of cells that people edited in the sheet.
    pub edits: Option<EditRules>,
    /// Columns that are written but never compared, such as a running number.
    pub ignore: Option<Vec<String>>,
    /// Declared types by column name.
    pub types: Option<BTreeMap<String, ColumnType>>,
    /// The tab of the spreadsheet; the export's own name unless given.
    pub tab: Option<String>,
}

impl PanelConfig {
    /// These settings with those of `over` in their place where `over` has any.
    #[must_use]
    pub fn overlay(mut self, over: Self) -> Self {
        for (name, export) in over.exports {
            let below = self.exports.remove(&name).unwrap_or_default();
            self.exports.insert(name, below.overlay(export));
        }
        Self {
            login: self.login.overlay(over.login),
            order: over.order.or(self.order),
            exports: self.exports,
        }
    }

    /// The names of the exports in the order in which they run.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the order names an export that is not there.
    pub fn names(&self) -> Result<Vec<&str>, Error> {
        let mut names = Vec::new();
        let mut seen = BTreeSet::new();
        for name in self.order.iter().flatten() {
            if !self.exports.contains_key(name) {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("`order` names the export `{name}`, which is not configured"),
                ));
            }
            if seen.insert(name.as_str()) {
                names.push(name.as_str());
            }
        }
        names.extend(self.exports.keys().map(String::as_str).filter(|name| !seen.contains(name)));
        Ok(names)
    }
}

impl LoginConfig {
    /// These settings under those of `over`.
    #[must_use]
    pub fn overlay(self, over: Self) -> Self {
        Self {
            page: over.page.or(self.page),
            username: over.username.or(self.username),
            password: over.password.or(self.password),
            submit: over.submit.or(self.submit),
        }
    }
}

impl ExportConfig {
    /// These settings under those of `over`.
    #[must_use]
    pub fn overlay(self, over: Self) -> Self {
        Self {
            page: over.page.or(self.page),
            start: over.start.or(self.start),
            end: over.end.or(self.end),
            date_format: over.date_format.or(self.date_format),
            trigger: over.trigger.or(self.trigger),
            file: over.file.or(self.file),
            edits: over.edits.or(self.edits),
            columns: over.columns.or(self.columns),
            key: over.key.or(self.key),
            ignore: over.ignore.or(self.ignore),
            types: over.types.or(self.types),
            tab: over.tab.or(self.tab),
        }
    }
}

/// The presets that come with the program.
const PRESETS: [(&str, &str); 1] = [("andalan", include_str!("../presets/andalan.toml"))];

/// The built-in preset of this name.
///
/// # Errors
/// [`ErrorKind::Config`] that lists the presets there are.
pub fn preset(name: &str) -> Result<Preset, Error> {
    let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = PRESETS.iter().map(|(known, _)| *known).collect();
        return Err(Error::new(ErrorKind::Config, format!("there is no preset `{name}`"))
            .hint(format!("the presets are: {}", known.join(", "))));
    };
    toml::from_str(text).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("the preset `{name}` is damaged")).source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid() {
        for (name, _) in PRESETS {
            preset(name).unwrap().names().unwrap();
        }
        let names = preset("andalan").unwrap();
        assert_eq!(names.names().unwrap(), ["transaksi", "point_trx", "user", "koin_pay"]);
    }

    #[test]
    fn an_unknown_preset_lists_those_there_are() {
        let error = preset("andalas").unwrap_err();
        assert_eq!(error.hints(), ["the presets are: andalan"]);
    }

    #[test]
    fn an_override_changes_only_what_it_names() {
        let over: PanelConfig =
            toml::from_str("[exports.user]\nkey = ['ID']\n[exports.more]\npage = '/x'").unwrap();
        let merged = preset("andalan").unwrap().overlay(over);
        assert_eq!(merged.exports["user"].key.as_deref(), Some(&["ID".to_owned()][..]));
        assert_eq!(merged.exports["user"].columns, Some(10));
        assert_eq!(merged.names().unwrap().last(), Some(&"more"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(toml::from_str::<PanelConfig>("[exports.user]\npag = '/x'").is_err());
    }
}
