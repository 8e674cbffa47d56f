//! Copies of the state: whether any is made, when the newest was, and whether that is long ago.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use exporter_core::{Error, ErrorKind};
use exporter_store::{backups, made_at};

use crate::config::Loaded;
use crate::state::backups::{Place, place};

/// Where copies are made by hand only, one is old after so many hours.
const WEEK: u32 = 7 * 24;

/// What `[backup]` says, as far as it is to be looked at.
pub struct Copies {
    config: PathBuf,
    wanted: Option<(Result<Place, Error>, u32)>,
}

impl Copies {
    /// The section of this configuration.
    pub fn of(loaded: &Loaded, config: &Path) -> Self {
        let wanted = loaded.config.backup.as_ref().map(|section| (place(loaded), section.every_hours));
        Self { config: config.to_path_buf(), wanted }
    }

    /// When the newest was made; an error where there is none, or none of late.
    pub fn look(self, now: DateTime<Utc>) -> Result<String, Error> {
        let Some((place, hours)) = self.wanted else {
            return Ok("none are made; docs/recovery.md says how `[backup]` has the state copied".to_owned());
        };
        let place = place?;
        let by_hand = format!("make one now: exporter backup --config {}", self.config.display());
        let old = |what: String, by_itself: &str| {
            let error = Error::new(ErrorKind::Io, what)
                .context("directory", place.directory.display().to_string())
                .hint(by_hand.clone());
            Err(if hours > 0 { error.hint(by_itself) } else { error })
        };
        let Some(newest) = newest(&place, now) else {
            return old("there is no copy of the state".to_owned(), "`exporter serve` makes one by itself");
        };
        let age = now - newest;
        // One that is due can fail once, or wait for a machine that is off over night.
        let most = if hours > 0 { hours.saturating_mul(2) } else { WEEK };
        if age <= TimeDelta::hours(most.into()) {
            return Ok(format!("the newest copy of the state is of {}", newest.format("%Y-%m-%d %H:%M UTC")));
        }
        let days = age.num_days();
        old(
            format!("the newest copy of the state is {days} days old"),
            "`exporter serve` makes them while it runs, and tells the owner why when it cannot",
        )
    }
}

/// When the newest backup was made, by its name; none when there is none.
pub fn newest(place: &Place, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    // One of a time to come is of a clock that was wrong: it is not new.
    let made = backups(&place.directory).ok()?;
    made.iter().filter_map(|backup| made_at(backup)).find(|at| *at <= now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use exporter_core::Secret;

    fn copies(directory: &Path, hours: u32) -> Copies {
        let place = Place { directory: directory.to_path_buf(), key: Secret::new("k"), keep: 14 };
        Copies { config: "exporter.toml".into(), wanted: Some((Ok(place), hours)) }
    }

    fn at(day: u32) -> DateTime<Utc> {
        format!("2026-01-{day:02}T01:00:00Z").parse().unwrap()
    }

    #[test]
    fn copies_are_looked_at_by_their_age() {
        let directory = tempfile::tempdir().unwrap();
        let look = |hours, day| copies(directory.path(), hours).look(at(day));
        let none = look(24, 5).unwrap_err();
        assert!(none.to_string().starts_with("there is no copy of the state ("), "{none}");
        assert_eq!(none.hints()[0], "make one now: exporter backup --config exporter.toml");
        std::fs::write(directory.path().join("state-20260105T010000000Z.backup"), "").unwrap();
        assert_eq!(look(24, 7).unwrap(), "the newest copy of the state is of 2026-01-05 01:00 UTC");
        let old = look(24, 8).unwrap_err();
        assert!(old.to_string().contains("is 3 days old") && old.hints().len() == 2, "{old:?}");
        // By hand once a week.
        assert!(look(0, 12).is_ok());
        assert_eq!(look(0, 13).unwrap_err().hints().len(), 1);
        let nowhere = copies(Path::new("/nowhere/at/all"), 24).look(at(5)).unwrap_err();
        assert!(nowhere.to_string().contains("no copy of the state"), "{nowhere}");
    }

    #[test]
    fn who_makes_none_is_told_that_one_can() {
        let none = Copies { config: "exporter.toml".into(), wanted: None };
        assert!(none.look(at(5)).unwrap().contains("`[backup]`"));
        let no_key = Err(Error::new(ErrorKind::SecretMissing, "the key of the backups is not there"));
        let broken = Copies { config: "exporter.toml".into(), wanted: Some((no_key, 24)) };
        assert_eq!(broken.look(at(5)).unwrap_err().kind(), ErrorKind::SecretMissing);
    }
}
