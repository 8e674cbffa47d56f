//! How many messages and edits the service takes, and the clock by which it counts
//! (core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).

use std::collections::VecDeque;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

/// The service's time: the system's, or one that a test owns.
#[derive(Debug, Clone, Default)]
pub(super) struct Clock {
    stopped: Option<DateTime<Utc>>,
    ahead: TimeDelta,
}

impl Clock {
    pub fn now(&self) -> DateTime<Utc> {
        self.stopped.unwrap_or_else(|| SystemTime::now().into()) + self.ahead
    }

    /// Stops it at this moment.
    pub fn stop_at(&mut self, moment: DateTime<Utc>) {
        *self = Self { stopped: Some(moment), ahead: TimeDelta::zero() };
    }

    pub fn advance(&mut self, by: TimeDelta) {
        self.ahead += by;
    }
}

/// Messages in a span of time.
#[derive(Debug, Clone, Copy)]
struct Limit {
    messages: usize,
    span: TimeDelta,
}

/// All chats together: 30 in a second.
const OVERALL: Limit = Limit { messages: 30, span: TimeDelta::seconds(1) };
/// One group: 20 in a minute.
const GROUP: Limit = Limit { messages: 20, span: TimeDelta::minutes(1) };
/// One chat: one a second in the long run; the service forgives "short bursts", whose
/// length it does not tell. Ten in ten seconds is what a run with a few exports needs.
const CHAT: Limit = Limit { messages: 10, span: TimeDelta::seconds(10) };

/// When messages were taken; old moments are forgotten.
#[derive(Debug, Clone, Default)]
pub(super) struct Taken(VecDeque<DateTime<Utc>>);

impl Taken {
    fn note(&mut self, now: DateTime<Utc>) {
        self.0.retain(|at| *at > now - GROUP.span);
        self.0.push_back(now);
    }

    /// How long until one more is within the limit.
    fn wait(&self, limit: Limit, now: DateTime<Utc>) -> Option<TimeDelta> {
        let within: Vec<_> = self.0.iter().filter(|at| **at > now - limit.span).collect();
        let free = within.len().checked_sub(limit.messages)?;
        Some(*within[free] + limit.span - now)
    }
}

/// Takes a message or gives the seconds to wait, at least one.
pub(super) fn take(
    overall: &mut Taken,
    chat: &mut Taken,
    group: bool,
    now: DateTime<Utc>,
) -> Result<(), u64> {
    let in_group = group.then(|| chat.wait(GROUP, now)).flatten();
    let wait = [overall.wait(OVERALL, now), chat.wait(CHAT, now), in_group].into_iter().flatten().max();
    if let Some(wait) = wait {
        let seconds = (wait.num_milliseconds() + 999) / 1000;
        return Err(u64::try_from(seconds).unwrap_or(0).max(1));
    }
    overall.note(now);
    chat.note(now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_one_a_second_then_twenty_a_minute() {
        let mut clock = Clock::default();
        clock.stop_at(DateTime::UNIX_EPOCH);
        let (mut overall, mut chat) = (Taken::default(), Taken::default());
        let mut send = |clock: &Clock| take(&mut overall, &mut chat, true, clock.now());
        for _ in 0..10 {
            assert_eq!(send(&clock), Ok(()));
        }
        assert_eq!(send(&clock), Err(10));
        clock.advance(TimeDelta::milliseconds(10_001));
        for _ in 0..10 {
            assert_eq!(send(&clock), Ok(()));
        }
        assert_eq!(send(&clock), Err(50));
        clock.advance(TimeDelta::seconds(50));
        assert_eq!(send(&clock), Ok(()));
    }

    #[test]
    fn a_private_chat_has_no_limit_by_the_minute() {
        let (mut overall, mut chat) = (Taken::default(), Taken::default());
        for second in 0..40 {
            let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
            assert_eq!(take(&mut overall, &mut chat, false, now), Ok(()));
        }
    }

    #[test]
    fn thirty_a_second_over_all_chats() {
        let mut overall = Taken::default();
        let mut chats = vec![Taken::default(); 31];
        let refused =
            chats.iter_mut().filter_map(|chat| take(&mut overall, chat, true, DateTime::UNIX_EPOCH).err());
        assert_eq!(refused.collect::<Vec<_>>(), [1]);
    }
}
