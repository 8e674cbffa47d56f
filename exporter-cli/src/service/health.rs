//! What the service knows about itself, for those who watch it from outside.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// The loop looks at least once a minute; after this long without, it hangs.
const HANGS: TimeDelta = TimeDelta::minutes(5);
/// No run takes longer.
const LONGEST_RUN: TimeDelta = TimeDelta::hours(3);

/// The service's own state.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// When it was started.
    pub started: DateTime<Utc>,
    /// When its loop came round last.
    pub beat: DateTime<Utc>,
    /// Since when a run goes on.
    pub running: Option<DateTime<Utc>>,
    /// When the next run is due.
    pub next: Option<DateTime<Utc>>,
    /// Whether it was told to stop, and finishes the run that goes on.
    pub stopping: bool,
    /// Why it cannot run: state or configuration.
    pub trouble: Option<String>,
}

/// Shared between the loop and those who ask.
#[derive(Debug)]
pub struct Health(Mutex<Facts>);

impl Health {
    /// Of a service that starts now.
    pub fn new(now: DateTime<Utc>) -> Self {
        let trouble = Some("it is just starting".to_owned());
        Self(Mutex::new(Facts {
            started: now,
            beat: now,
            running: None,
            next: None,
            stopping: false,
            trouble,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As it is now.
    pub fn facts(&self) -> Facts {
        self.lock().clone()
    }

    /// Notes a change.
    pub fn note(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.lock());
    }
}

impl Facts {
    /// Whether the process works, or what hangs.
    pub fn alive(&self, now: DateTime<Utc>) -> Result<(), String> {
        match self.running {
            Some(since) if now - since > LONGEST_RUN => Err(format!("a run goes on since {since}")),
            None if now - self.beat > HANGS => {
                Err(format!("the loop has not come round since {}", self.beat))
            }
            _ => Ok(()),
        }
    }

    /// Whether the next run can begin, or what keeps it from that.
    pub fn ready(&self, now: DateTime<Utc>) -> Result<(), String> {
        self.alive(now)?;
        if self.stopping {
            return Err("it is stopping".to_owned());
        }
        self.trouble.clone().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_hangs_and_a_run_without_end_are_told() {
        let now = "2026-01-05T01:00:00Z".parse().unwrap();
        let health = Health::new(now);
        assert!(health.facts().alive(now).is_ok());
        assert_eq!(health.facts().ready(now), Err("it is just starting".to_owned()));
        health.note(|facts| facts.trouble = None);
        assert!(health.facts().ready(now).is_ok());
        let mut stopping = health.facts();
        stopping.stopping = true;
        assert_eq!(stopping.ready(now), Err("it is stopping".to_owned()));
        assert!(stopping.alive(now).is_ok(), "it works still");
        assert!(health.facts().alive(now + TimeDelta::minutes(6)).is_err());
        health.note(|facts| facts.running = Some(now));
        assert!(health.facts().alive(now + TimeDelta::hours(2)).is_ok());
        assert!(health.facts().alive(now + TimeDelta::hours(4)).is_err());
    }
}
