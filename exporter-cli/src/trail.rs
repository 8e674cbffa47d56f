//! What changed in the configuration, for the audit log: the names of settings, never what
//! they are set to.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, Utc};
use exporter_core::{Error, ErrorKind};
use exporter_store::{AuditEntry, Store};
use sha2::{Digest as _, Sha256};

use crate::config::Loaded;
use crate::hex::hex;
use crate::service::schedule;

/// The scope of the facts, one for each configuration over a state.
const SCOPE: &str = "configuration";

/// Each setting by its name, `schedule.cron`, with a digest of what it is set to.
type Trail = BTreeMap<String, String>;

/// Writes into the audit log what has changed since somebody used this configuration last.
///
/// # Errors
/// When the file cannot be read any more, or the state cannot be read or written.
pub async fn note(
    store: &dyn Store,
    config: &Path,
    loaded: &Loaded,
    who: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let path = std::fs::canonicalize(config)?.display().to_string();
    let trail = trail(&std::fs::read_to_string(config)?, loaded)?;
    let text = serde_json::to_string(&trail)
        .map_err(|error| Error::new(ErrorKind::Internal, "settings cannot be noted").source(error))?;
    let before = store.fact(SCOPE, &path).await?;
    if before.as_ref() == Some(&text) {
        return Ok(());
    }
    // What an older version noted in another way is only replaced.
    if let Some(before) = before.and_then(|before| serde_json::from_str(&before).ok()) {
        let detail = format!("{path}: {}", differences(&before, &trail).join(", "));
        let what = "configuration changed".to_owned();
        store.audit(&AuditEntry { at: now, who: who.to_owned(), what, detail }).await?;
    }
    store.set_fact(SCOPE, &path, Some(&text)).await
}

fn trail(text: &str, loaded: &Loaded) -> Result<Trail, Error> {
    let table: toml::Table = text
        .parse()
        .map_err(|error| Error::new(ErrorKind::Config, "the configuration cannot be read").source(error))?;
    let mut trail = Trail::new();
    lay_out("", &toml::Value::Table(table), &mut trail);
    let days = schedule::beside(loaded);
    if !days.is_empty() {
        trail.insert("the file of holidays".to_owned(), digest(&days));
    }
    Ok(trail)
}

/// Takes down each setting; a list is one.
fn lay_out(name: &str, value: &toml::Value, trail: &mut Trail) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                lay_out(&name, value, trail);
            }
        }
        value => {
            trail.insert(name.to_owned(), digest(&value.to_string()));
        }
    }
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text)[..8])
}

/// `schedule.cron changed`, `checks.keys added`, `backup.keep taken away`.
fn differences(before: &Trail, now: &Trail) -> Vec<String> {
    let there = now.iter().filter_map(|(name, digest)| match before.get(name) {
        None => Some(format!("{name} added")),
        Some(old) => (old != digest).then(|| format!("{name} changed")),
    });
    let gone = before.keys().filter(|name| !now.contains_key(*name)).map(|name| format!("{name} taken away"));
    there.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail_of(text: &str) -> Trail {
        let mut trail = Trail::new();
        lay_out("", &toml::Value::Table(text.parse().unwrap()), &mut trail);
        trail
    }

    #[test]
    fn settings_that_came_went_or_changed_are_named_and_nothing_of_them_is_kept() {
        let before =
            trail_of("store_name = \"Toko\"\n[schedule]\ncron = \"0 8 * * *\"\nholidays = [2026-01-01]");
        let now = trail_of(
            "# new\nstore_name = \"Toko\"\n[schedule]\ncron = \"0 9 * * *\"\n[checks]\nkeys = \"stop\"",
        );
        assert_eq!(
            differences(&before, &now),
            ["checks.keys added", "schedule.cron changed", "schedule.holidays taken away"]
        );
        assert!(!serde_json::to_string(&now).unwrap().contains("Toko"));
    }
}
