//! A failure that people know of: told once, then once a day, then once when it is over.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use exporter_core::{ErrorKind, ErrorReport};
use serde::{Deserialize, Serialize};

/// A failure that goes on, as it is remembered between runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// When it was first seen.
    pub since: DateTime<Utc>,
    /// In how many runs.
    pub runs: u32,
    /// Its class; another one is a new thing to tell.
    pub kind: ErrorKind,
    /// The day on which it was told last, in the panel's time zone.
    pub told: NaiveDate,
    /// How it showed last, for a day on which no run shows it.
    #[serde(default)]
    pub error: Option<Box<ErrorReport>>,
}

/// What a failure is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// It is new, or its cause is another one.
    Tell,
    /// It goes on, and today nobody was told yet.
    Remind,
    /// It goes on, and people know.
    Nothing,
}

impl Incident {
    /// The failure after one more run in which it was seen, and what that is worth.
    pub fn next(known: Option<Self>, error: &ErrorReport, at: DateTime<Utc>, zone: Tz) -> (Self, Worth) {
        let today = at.with_timezone(&zone).date_naive();
        let Some(known) = known else {
            let shown = Some(Box::new(error.clone()));
            let first = Self { since: at, runs: 1, kind: error.kind, told: today, error: shown };
            return (first, Worth::Tell);
        };
        let next = Self {
            since: known.since,
            runs: known.runs + 1,
            kind: error.kind,
            told: today,
            error: Some(Box::new(error.clone())),
        };
        if known.kind != error.kind {
            (next, Worth::Tell)
        } else if known.told < today {
            (next, Worth::Remind)
        } else {
            (next, Worth::Nothing)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exporter_core::Error;

    #[test]
    fn a_failure_is_told_once_then_daily_and_again_when_its_cause_changes() {
        let error = |kind| Error::new(kind, "no").report();
        let mut known = None;
        let mut worth = |at: &str, kind| {
            let at = format!("2026-01-{at}:00:00Z").parse().unwrap();
            let (next, worth) = Incident::next(known.take(), &error(kind), at, Tz::Asia__Jakarta);
            known = Some(next);
            worth
        };
        assert_eq!(worth("05T01", ErrorKind::PanelDown), Worth::Tell);
        assert_eq!(worth("05T11", ErrorKind::PanelDown), Worth::Nothing);
        assert_eq!(worth("05T18", ErrorKind::PanelDown), Worth::Remind, "it is the 6th in Jakarta");
        assert_eq!(worth("06T01", ErrorKind::WrongPassword), Worth::Tell);
        assert_eq!(known.unwrap().runs, 4);
    }
}
