//! The one place that decides whether something is tried again, and when.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::{Error, Retry};

/// How often a step is tried, and how long the pauses between are.
///
/// It never crosses a write whose outcome is unknown: such an error has
/// [`Retry::Never`], and the sink settles it by reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often at most, the first time included.
    pub attempts: u32,
    /// The first pause; each further one is about twice as long.
    pub first_pause: Duration,
    /// No pause is longer, unless the server asks for it.
    pub longest_pause: Duration,
}

impl Default for RetryPolicy {
    /// Three attempts; 2 s, then 4 s, each with up to as much again as jitter.
    fn default() -> Self {
        Self { attempts: 3, first_pause: Duration::from_secs(2), longest_pause: Duration::from_secs(64) }
    }
}

impl RetryPolicy {
    /// How long to wait before the attempt after the failed one (`attempt`, from 1);
    /// `None` when there is none.
    pub fn pause(&self, error: &Error, attempt: u32) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        let backoff = || {
            ExponentialBuilder::new()
                .with_min_delay(self.first_pause)
                .with_max_delay(self.longest_pause)
                .with_max_times(self.attempts as usize)
                .with_jitter()
                .build()
                .nth(attempt as usize - 1)
                .unwrap_or(self.longest_pause)
        };
        match error.retry_class() {
            Retry::Never | Retry::GaveUp => None,
            Retry::Relogin => Some(Duration::ZERO),
            Retry::After(asked) => Some(asked.max(backoff())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn pauses_grow_until_the_attempts_are_used() {
        let policy = RetryPolicy::default();
        let error = Error::new(ErrorKind::PanelDown, "no answer");
        let first = policy.pause(&error, 1).unwrap();
        let second = policy.pause(&error, 2).unwrap();
        assert!((2..=4).contains(&first.as_secs()), "{first:?}");
        assert!((4..=8).contains(&second.as_secs()), "{second:?}");
        assert_eq!(policy.pause(&error, 3), None);
    }

    #[test]
    fn what_cannot_help_is_not_tried() {
        let policy = RetryPolicy::default();
        for kind in [ErrorKind::WrongPassword, ErrorKind::OutcomeUnknown, ErrorKind::MissingColumn] {
            assert_eq!(policy.pause(&Error::new(kind, "no"), 1), None);
        }
    }

    #[test]
    fn the_servers_own_pause_is_kept() {
        let asked = Duration::from_mins(2);
        let error = Error::new(ErrorKind::Quota, "too many").retry(Retry::After(asked));
        assert_eq!(RetryPolicy::default().pause(&error, 1), Some(asked));
    }
}
