//! Telegram's limits, kept by us: one message a second in a chat over any three seconds ("short
//! bursts" are let through), twenty a minute in a group (core.telegram.org/bots/faq, "My bot is
//! hitting limits").

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// So many new messages, and as many edits, may follow each other at once: what a short run has
/// to say. Its program then ends without waiting for a turn.
const BURST: usize = 3;
/// In that long.
const BURST_SPAN: Duration = Duration::from_secs(3);
/// In a group, edits included: they count there.
const IN_GROUP: usize = 20;
/// The span of that limit.
const SPAN: Duration = Duration::from_mins(1);

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A new message.
    Send,
    /// A message is edited in place.
    Edit,
}

/// When this chat was written to.
#[derive(Debug, Default)]
pub struct Pace {
    sent: VecDeque<Instant>,
    edited: VecDeque<Instant>,
    recent: VecDeque<Instant>,
}

impl Pace {
    /// The earliest instant for this act; it counts as done then.
    fn reserve(&mut self, act: Act, group: bool, now: Instant) -> Instant {
        let last = match act {
            Act::Send => &mut self.sent,
            Act::Edit => &mut self.edited,
        };
        let mut at = last.back().map_or(now, |last| now.max(*last));
        if last.len() >= BURST {
            at = last.pop_front().map_or(at, |oldest| at.max(oldest + BURST_SPAN));
        }
        if group {
            while self.recent.len() >= IN_GROUP {
                let oldest = self.recent.pop_front().unwrap_or(now);
                at = at.max(oldest + SPAN);
            }
            self.recent.push_back(at);
        }
        last.push_back(at);
        at
    }
}

/// Waits for this act's turn in a chat.
pub async fn turn(pace: &std::sync::Mutex<Pace>, act: Act, chat: &str) {
    let group = chat.starts_with('-');
    let at = {
        let mut pace = pace.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        pace.reserve(act, group, Instant::now())
    };
    sleep_until(at).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(act: Act, group: bool, times: usize) -> Vec<u64> {
        let (mut pace, now) = (Pace::default(), Instant::now());
        (0..times).map(|_| (pace.reserve(act, group, now) - now).as_secs()).collect()
    }

    #[tokio::test]
    async fn three_at_once_and_one_a_second_in_the_long_run() {
        assert_eq!(seconds(Act::Send, false, 8), [0, 0, 0, 3, 3, 3, 6, 6]);
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.reserve(Act::Send, true, now);
        assert_eq!(pace.reserve(Act::Edit, true, now), now, "an edit is no new message");
    }

    #[tokio::test]
    async fn twenty_a_minute_in_a_group() {
        let at = seconds(Act::Send, true, 42);
        assert_eq!((at[19], at[20], at[21]), (18, 60, 60));
        assert_eq!(at[40], 120);
    }
}
