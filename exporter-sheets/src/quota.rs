//! Google's limits per minute, kept by us: buckets of tokens for the reads and for the writes
//! of a user and of a project, shared by all tabs, runs and clients of this process.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Google lets a user make 60 reads and 60 writes in a minute, and a project 300 of each. What
/// a bucket holds at once and what flows into it in a minute stay below that together.
const USER: Limit = Limit { at_once: 15, per_minute: 40 };
const PROJECT: Limit = Limit { at_once: 60, per_minute: 220 };

#[derive(Debug, Clone, Copy)]
struct Limit {
    at_once: u32,
    per_minute: u32,
}

/// The gates of this process, by user and by project.
static GATES: LazyLock<Mutex<HashMap<String, Arc<Buckets>>>> = LazyLock::new(Mutex::default);

/// Lets no more calls through than Google takes.
#[derive(Debug)]
pub struct Gate {
    user: Arc<Buckets>,
    project: Arc<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    reads: DefaultDirectRateLimiter,
    writes: DefaultDirectRateLimiter,
}

impl Buckets {
    fn new(limit: Limit) -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(number(limit.per_minute)).allow_burst(number(limit.at_once));
        Self { reads: RateLimiter::direct(quota), writes: RateLimiter::direct(quota) }
    }

    fn of(&self, writes: bool) -> &DefaultDirectRateLimiter {
        if writes { &self.writes } else { &self.reads }
    }
}

impl Gate {
    /// The gate of a user and the project that their calls are counted for: the same buckets
    /// whoever asks, so that the windows of a backfill do not each begin with full ones.
    pub fn of(user: &str, project: &str) -> Self {
        let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buckets = |name: String, limit| {
            Arc::clone(gates.entry(name).or_insert_with(|| Arc::new(Buckets::new(limit))))
        };
        Self {
            user: buckets(format!("user {user}"), USER),
            project: buckets(format!("project {project}"), PROJECT),
        }
    }

    /// Waits until a call may be made.
    pub async fn pass(&self, writes: bool) {
        self.user.of(writes).until_ready().await;
        self.project.of(writes).until_ready().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many calls pass at once.
    fn through(bucket: &DefaultDirectRateLimiter) -> usize {
        std::iter::repeat_with(|| bucket.check().is_ok()).take_while(|passed| *passed).count()
    }

    #[test]
    fn a_minute_never_sees_more_calls_than_google_takes() {
        const { assert!(USER.at_once + USER.per_minute <= 60) };
        const { assert!(PROJECT.at_once + PROJECT.per_minute <= 300) };
        let gate = Gate::of("a", "p");
        assert_eq!(through(&gate.user.writes), USER.at_once as usize);
        assert!(gate.user.reads.check().is_ok(), "reads have a bucket of their own");
    }

    #[test]
    fn all_clients_of_a_user_share_a_bucket_and_all_users_of_a_project_one_more() {
        let (first, second, other) = (Gate::of("b", "q"), Gate::of("b", "q"), Gate::of("c", "q"));
        assert_eq!(through(&first.user.reads), USER.at_once as usize);
        assert!(second.user.reads.check().is_err(), "another client of the same user");
        assert!(other.user.reads.check().is_ok());
        assert_eq!(through(&first.project.reads), PROJECT.at_once as usize);
        assert!(other.project.reads.check().is_err(), "another user of the same project");
    }
}
