//! The limits per minute: 60 reads and 60 writes of a user, 300 of a project.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::errors::{Answer, ApiError};

/// Calls a user may make in a minute, of each kind.
pub const PER_USER: u32 = 60;
/// Calls a project may make in a minute, of each kind.
pub const PER_PROJECT: u32 = 300;

const MINUTE: Duration = Duration::from_mins(1);

/// Whether limits are enforced, and what they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quotas {
    /// No limit.
    #[default]
    Off,
    /// Each spreadsheet is counted for itself, so that independent tests through one
    /// account don't disturb one another.
    PerSpreadsheet,
    /// As the real service counts: over all spreadsheets.
    Project,
}

/// Calls counted in the current minute.
#[derive(Debug, Default)]
pub struct Counter {
    windows: HashMap<Key, Window>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    writes: bool,
    /// The user; `None` for the project.
    user: Option<String>,
    project: String,
    spreadsheet: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    since: Instant,
    used: u32,
}

/// A call to be counted.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    /// Whether it writes.
    pub writes: bool,
    /// The account, or what `quotaUser` names.
    pub user: &'a str,
    /// The account's address, which names its project.
    pub email: &'a str,
    /// The spreadsheet; `None` for a new one.
    pub spreadsheet: Option<&'a str>,
}

impl Counter {
    /// Counts a call, or refuses it with 429; what is refused does not count.
    pub fn count(&mut self, quotas: Quotas, call: Counted, now: Instant) -> Answer<()> {
        if quotas == Quotas::Off {
            return Ok(());
        }
        let (project, number) = project(call.email);
        let spreadsheet = match quotas {
            Quotas::PerSpreadsheet => call.spreadsheet.map(str::to_owned),
            _ => None,
        };
        if quotas == Quotas::PerSpreadsheet && spreadsheet.is_none() {
            return Ok(());
        }
        let key = |user: Option<&str>| Key {
            writes: call.writes,
            user: user.map(str::to_owned),
            project: project.to_owned(),
            spreadsheet: spreadsheet.clone(),
        };
        let kind = if call.writes { "Write" } else { "Read" };
        let limits = [(key(Some(call.user)), PER_USER), (key(None), PER_PROJECT)];
        for (key, limit) in &limits {
            if self.used(key, now) >= *limit {
                return Err(ApiError::quota(kind, key.user.is_some(), *limit, number));
            }
        }
        for (key, _) in limits {
            let window = self.windows.entry(key).or_insert(Window { since: now, used: 0 });
            window.used += 1;
        }
        Ok(())
    }

    fn used(&mut self, key: &Key, now: Instant) -> u32 {
        match self.windows.get(key) {
            Some(window) if now.duration_since(window.since) < MINUTE => window.used,
            Some(_) => {
                self.windows.remove(key);
                0
            }
            None => 0,
        }
    }
}

/// A service account's project is part of its address; people share one.
fn project(email: &str) -> (&str, u64) {
    let domain = email.split('@').nth(1).unwrap_or_default();
    let name = domain.strip_suffix(".iam.gserviceaccount.com").unwrap_or("people");
    let sum = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    (name, 100_000_000_000 + sum % 900_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call<'a>(user: &'a str, spreadsheet: &'a str) -> Counted<'a> {
        Counted { writes: false, user, email: user, spreadsheet: Some(spreadsheet) }
    }

    #[test]
    fn the_61st_read_is_refused_until_the_minute_is_over() {
        let (mut counter, start) = (Counter::default(), Instant::now());
        for _ in 0..PER_USER {
            counter.count(Quotas::Project, call("a@b.c", "x"), start).unwrap();
        }
        let error = counter.count(Quotas::Project, call("a@b.c", "y"), start).unwrap_err();
        assert_eq!(error.code, 429);
        assert_eq!(error.details[0]["metadata"]["quota_limit"], "ReadRequestsPerMinutePerUser");
        let writes = Counted { writes: true, ..call("a@b.c", "x") };
        assert!(counter.count(Quotas::Project, writes, start).is_ok());
        assert!(counter.count(Quotas::Project, call("a@b.c", "x"), start + MINUTE).is_ok());
    }

    #[test]
    fn a_project_has_its_own_limit() {
        let (mut counter, start) = (Counter::default(), Instant::now());
        let user = |number: u32| format!("u{number}@p.iam.gserviceaccount.com");
        for number in 0..PER_PROJECT {
            counter.count(Quotas::Project, call(&user(number % 10), "x"), start).unwrap();
        }
        let error = counter.count(Quotas::Project, call(&user(11), "x"), start).unwrap_err();
        assert!(error.message.contains("'Read requests per minute' of"));
    }

    #[test]
    fn spreadsheets_can_count_apart() {
        let (mut counter, start) = (Counter::default(), Instant::now());
        for _ in 0..PER_USER {
            counter.count(Quotas::PerSpreadsheet, call("a@b.c", "x"), start).unwrap();
        }
        assert!(counter.count(Quotas::PerSpreadsheet, call("a@b.c", "y"), start).is_ok());
        assert!(counter.count(Quotas::PerSpreadsheet, call("a@b.c", "x"), start).is_err());
    }
}
