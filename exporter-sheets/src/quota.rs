//! Google's limits per minute, kept by us: a bucket of tokens for reads and one for writes,
//! shared by all tabs.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Google lets a user make 60 reads and 60 writes in a minute. What a bucket holds at once
/// and what flows into it in a minute stay below that together.
const AT_ONCE: u32 = 15;
const PER_MINUTE: u32 = 40;

/// Lets no more calls through than Google takes.
#[derive(Debug)]
pub struct Gate {
    reads: DefaultDirectRateLimiter,
    writes: DefaultDirectRateLimiter,
}

impl Default for Gate {
    fn default() -> Self {
        let at_once = NonZeroU32::new(AT_ONCE).unwrap_or(NonZeroU32::MIN);
        let per_minute = NonZeroU32::new(PER_MINUTE).unwrap_or(NonZeroU32::MIN);
        let bucket = || RateLimiter::direct(Quota::per_minute(per_minute).allow_burst(at_once));
        Self { reads: bucket(), writes: bucket() }
    }
}

impl Gate {
    /// Waits until a call may be made.
    pub async fn pass(&self, writes: bool) {
        let bucket = if writes { &self.writes } else { &self.reads };
        bucket.until_ready().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_never_sees_more_calls_than_google_takes() {
        const { assert!(AT_ONCE + PER_MINUTE <= 60) };
        let gate = Gate::default();
        let through = std::iter::repeat_with(|| gate.writes.check().is_ok()).take_while(|passed| *passed);
        assert_eq!(through.count(), AT_ONCE as usize);
        assert!(gate.reads.check().is_ok(), "reads have a bucket of their own");
    }
}
