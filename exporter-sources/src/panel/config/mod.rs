//! A panel as data: the same shape is a built-in preset and a user's overrides.

mod export;
mod login;

use std::collections::{BTreeMap, BTreeSet};

use exporter_core::{Error, ErrorKind};
use serde::Deserialize;

pub use export::{Columns, ExportConfig, FieldValue, StepConfig};
pub use login::{LoginConfig, LoginKind};

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

/// The presets that come with the program.
const PRESETS: [(&str, &str); 1] = [("andalan", include_str!("../../presets/andalan.toml"))];

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
        assert_eq!(merged.exports["user"].columns, Some(Columns::count(10)));
        assert_eq!(merged.names().unwrap().last(), Some(&"more"));
    }

    #[test]
    fn what_becomes_of_new_columns_goes_over_how_many_there_are() {
        let columns = |text: &str| {
            let over: PanelConfig = toml::from_str(&format!("[exports.user]\ncolumns = {text}"))?;
            let merged = preset("andalan").unwrap().overlay(over);
            Ok::<_, toml::de::Error>(merged.exports["user"].columns.clone().unwrap())
        };
        let add = Some(exporter_core::NewColumns::Add);
        assert_eq!(columns("'add'").unwrap(), Columns { new: add, ..Columns::count(10) });
        assert_eq!(columns("{ count = 7, new = 'add' }").unwrap(), Columns { new: add, ..Columns::count(7) });
        let names = Some(vec!["ID".to_owned()]);
        assert_eq!(columns("['ID']").unwrap(), Columns { names, ..Columns::default() });
        let error = columns("'ad'").unwrap_err().to_string();
        assert!(error.contains("\"add\" or \"freeze\""), "{error}");
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(toml::from_str::<PanelConfig>("[exports.user]\npag = '/x'").is_err());
    }
}
