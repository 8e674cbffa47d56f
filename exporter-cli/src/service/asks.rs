//! What people ask the service to do: how it is written, and how it waits for its turn.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::NaiveDate;
use exporter_core::{Answer, Error, ErrorKind, Window};
use tokio::sync::Notify;

/// What the service is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A run now, over these exports, or all when there are none, and these days, or those of
    /// the schedule.
    Run(Words),
    /// A run over everything that is missing.
    Retry,
    /// What such a run would change.
    Plan(Words),
    /// To look at the schedule now.
    Look,
}

/// The exports and days that were named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// The exports; all when empty.
    pub only: Vec<String>,
    /// The days.
    pub window: Option<Window>,
}

impl Words {
    /// Reads names of exports, and days as `2026-01-05`, two of them for a span, or how many
    /// until today.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] for a word that is none of these.
    pub fn read(words: &[&str], exports: &[String], today: NaiveDate) -> Result<Self, Error> {
        let (mut only, mut days, mut last) = (Vec::new(), Vec::new(), None);
        for word in words.iter().flat_map(|word| word.split([',', ';'])).filter(|word| !word.is_empty()) {
            if let Some(export) = exports.iter().find(|export| export.eq_ignore_ascii_case(word)) {
                only.push(export.clone());
            } else if let Some(day) = day(word) {
                days.push(day);
            } else if let Some(count) = word.parse().ok().filter(|count| (1..=MOST_DAYS).contains(count)) {
                last = Some(count);
            } else {
                return Err(not_understood(word, exports));
            }
        }
        let window = match (days.as_slice(), last) {
            ([], None) => None,
            ([], Some(count)) => Some(Window::last(count, today)),
            ([day], None) => Some(Window::day(*day)),
            ([first, last], None) => Some(Window::inclusive(*first, *last)?),
            _ => return Err(not_understood(&words.join(" "), exports)),
        };
        Ok(Self { only, window })
    }
}

/// More days are a matter for `exporter backfill`.
const MOST_DAYS: u32 = 366;

/// A day, in either of the ways in which the program itself writes one.
fn day(word: &str) -> Option<NaiveDate> {
    word.parse().ok().or_else(|| NaiveDate::parse_from_str(word, "%d/%m/%Y").ok())
}

fn not_understood(word: &str, exports: &[String]) -> Error {
    Error::new(ErrorKind::Config, format!("`{word}` is neither an export nor days"))
        .hint(format!("the exports are {}", exports.join(", ")))
        .hint("days are written 2026-01-05, or 2026-01-01 2026-01-05, or 3 for the last three")
}

/// What was asked and by which channel, one after the other.
#[derive(Debug, Default)]
pub struct Asks {
    inside: Mutex<Inside>,
    came: Notify,
}

#[derive(Debug, Default)]
struct Inside {
    waiting: VecDeque<(Ask, String)>,
    /// What is being done.
    current: Option<Ask>,
}

impl Asks {
    /// Puts something in, for the channel that asked; what is being done or waits already is
    /// not done twice. `running` says whether a run goes on that the schedule has started.
    pub fn put(&self, ask: Ask, channel: &str, running: bool) -> Answer {
        let mut inside = self.inside();
        let scheduled = running && inside.current.is_none() && ask == Ask::Run(Words::default());
        if scheduled
            || inside.current.as_ref() == Some(&ask)
            || inside.waiting.iter().any(|(known, _)| *known == ask)
        {
            return Answer::Already;
        }
        let busy = running || inside.current.is_some() || !inside.waiting.is_empty();
        inside.waiting.push_back((ask, channel.to_owned()));
        drop(inside);
        self.came.notify_one();
        if busy { Answer::Queued } else { Answer::Accepted }
    }

    /// Waits for what was asked first. It counts as being done until [`Asks::done`].
    pub async fn next(&self) -> (Ask, String) {
        loop {
            if let Some(ask) = self.take() {
                return ask;
            }
            self.came.notified().await;
        }
    }

    /// What was asked first, if anything waits. It counts as being done until [`Asks::done`].
    pub fn take(&self) -> Option<(Ask, String)> {
        let mut inside = self.inside();
        let (ask, channel) = inside.waiting.pop_front()?;
        inside.current = Some(ask.clone());
        Some((ask, channel))
    }

    /// What was taken last is done.
    pub fn done(&self) {
        self.inside().current = None;
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exports_and_days_are_read_in_any_order() {
        let exports = ["transaksi".to_owned(), "koin_pay".to_owned()];
        let today: NaiveDate = "2026-01-05".parse().unwrap();
        let read = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            let words = Words::read(&words, &exports, today).map_err(|error| error.to_string());
            words.map(|words| format!("{:?} {:?}", words.only, words.window.map(|window| window.to_string())))
        };
        for (text, meant) in [
            ("", "[] None"),
            ("Transaksi,koin_pay", r#"["transaksi", "koin_pay"] None"#),
            ("3 koin_pay", r#"["koin_pay"] Some("2026-01-03..2026-01-05")"#),
            ("2026-01-02", "[] Some(\"2026-01-02\")"),
            ("01/01/2026 2026-01-02 transaksi", r#"["transaksi"] Some("2026-01-01..2026-01-02")"#),
        ] {
            assert_eq!(read(text), Ok(meant.to_owned()), "{text}");
        }
        for text in ["transaksy", "0", "2026-13-01", "3 2026-01-02", "2026-01-02 2026-01-01", "--only user"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_done_or_waits_is_not_done_twice() {
        let (asks, run) = (Asks::default(), || Ask::Run(Words::default()));
        let one = || Ask::Run(Words { only: vec!["user".into()], window: None });
        assert_eq!(asks.put(run(), "chat", true), Answer::Already, "the schedule's run goes on");
        assert_eq!(asks.put(run(), "chat", false), Answer::Accepted);
        assert_eq!(asks.put(run(), "chat", false), Answer::Already);
        assert_eq!(asks.next().await, (run(), "chat".to_owned()));
        assert_eq!(asks.put(run(), "owner", true), Answer::Already);
        assert_eq!(asks.put(one(), "owner", true), Answer::Queued);
        asks.done();
        assert_eq!(asks.next().await, (one(), "owner".to_owned()));
    }
}
