//! Where a question waits for the code that somebody writes into the chat.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use exporter_core::{Error, Secret};
use exporter_notify::{Said, Telegram};
use tokio::sync::oneshot;

use super::Given;
use super::handover::Handover;

/// So many letters and digits has a code at most, and at least.
const LETTERS: std::ops::RangeInclusive<usize> = 4..=12;

/// One question at a time waits here: there is one run at a time.
#[derive(Debug, Default)]
pub struct Desk(Mutex<Option<oneshot::Sender<Given>>>);

/// What somebody wrote, as far as codes are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The code that was waited for.
    Taken,
    /// A code, but no login waits for one.
    NotAsked,
    /// Something else.
    Other,
}

impl Desk {
    /// A question waits from now on, until the receiver is dropped.
    pub fn open(&self) -> oneshot::Receiver<Given> {
        let (sender, receiver) = oneshot::channel();
        *self.waiting() = Some(sender);
        receiver
    }

    /// Takes a code to the question that waits, here or in another process, and out of the
    /// chat where that may be.
    ///
    /// # Errors
    /// When the state, through which it is handed over, cannot be read or written.
    pub async fn hear(
        &self,
        telegram: &Telegram,
        said: &Said,
        elsewhere: Option<(&Handover, DateTime<Utc>)>,
    ) -> Result<Heard, Error> {
        let Some(code) = code(&said.text) else { return Ok(Heard::Other) };
        let sender = self.waiting().take().filter(|sender| !sender.is_closed());
        let open = match elsewhere.filter(|_| sender.is_none()) {
            Some((handover, now)) => handover.open(now).await?.map(|open| (handover, open)),
            None => None,
        };
        // Without a question only who says that it is a code means one.
        if sender.is_none() && open.is_none() && !said.text.trim_start().starts_with('/') {
            return Ok(Heard::Other);
        }
        let left = match telegram.take_away(said).await {
            Ok(()) => false,
            Err(error) => {
                tracing::warn!(%error, "the message with the code cannot be deleted");
                true
            }
        };
        let given = Given { code, left };
        match (sender, open) {
            (Some(sender), _) => Ok(sender.send(given).map_or(Heard::NotAsked, |()| Heard::Taken)),
            (None, Some((handover, open))) => handover.give(&open, &given).await.map(|()| Heard::Taken),
            (None, None) => Ok(Heard::NotAsked),
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Option<oneshot::Sender<Given>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The code in what somebody wrote: all of it, or what follows `/code`.
fn code(text: &str) -> Option<Secret> {
    let mut words = text.split_whitespace();
    // In a group the bot's name follows the command.
    let command = words.clone().next().is_some_and(|word| word.split('@').next() == Some("/code"));
    if command {
        words.next();
    }
    let code: String = words.collect();
    let digits = code.chars().filter(char::is_ascii_digit).count();
    let plausible = code.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    (plausible && LETTERS.contains(&code.len()) && (command || digits >= *LETTERS.start()))
        .then(|| Secret::new(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_from_other_talk() {
        for (text, found) in [
            ("123456", Some("123456")),
            (" 123 456\n", Some("123456")),
            ("G-123456", Some("G-123456")),
            ("/code abcd", Some("abcd")),
            ("/code@sandbox_bot 12 34", Some("1234")),
            ("/code", None),
            ("/status", None),
            ("abcd", None),
            ("0812 3456 7890 1234", None),
            ("the code is 123456", None),
            ("12.500", None),
        ] {
            assert_eq!(code(text).as_ref().map(Secret::expose), found, "{text}");
        }
    }
}
