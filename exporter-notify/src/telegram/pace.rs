//! Telegram's limits, kept by us: one new message a second in a chat, twenty a minute in
//! a group (core.telegram.org/bots/faq, "My bot is hitting limits").

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Between two new messages, and between two edits.
const APART: Duration = Duration::from_secs(1);
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
    sent: Option<Instant>,
    edited: Option<Instant>,
    recent: VecDeque<Instant>,
}

impl Pace {
    /// The earliest instant for this act; it counts as done then.
    fn reserve(&mut self, act: Act, group: bool, now: Instant) -> Instant {
        let last = match act {
            Act::Send => &mut self.sent,
            Act::Edit => &mut self.edited,
        };
        let mut at = last.map_or(now, |last| now.max(last + APART));
        if group {
            while self.recent.len() >= IN_GROUP {
                let oldest = self.recent.pop_front().unwrap_or(now);
                at = at.max(oldest + SPAN);
            }
            self.recent.push_back(at);
        }
        *last = Some(at);
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
    async fn one_a_second_in_a_chat() {
        assert_eq!(seconds(Act::Send, false, 3), [0, 1, 2]);
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.reserve(Act::Send, true, now);
        assert_eq!(pace.reserve(Act::Edit, true, now), now, "an edit is no new message");
    }

    #[tokio::test]
    async fn twenty_a_minute_in_a_group() {
        let at = seconds(Act::Send, true, 42);
        assert_eq!((at[19], at[20], at[21]), (19, 60, 61));
        assert_eq!(at[40], 120);
    }
}
