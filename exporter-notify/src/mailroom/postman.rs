//! Delivers what is in the outbox: in order for each channel, again after a failure, and
//! never by two processes at once.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use exporter_core::{Clock, Delivery, Error, ErrorKind, Fate, Mark, Message, Outbox, Retry, Waiting};
use futures::future::join_all;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Channel, is_of, moved_name, name_of};

/// No pause is longer, unless the service asks for it.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);
/// The pause after the first failed delivery; it doubles with each further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// How often somebody looks whether the turn is free, or letters came from another process.
const LOOK: Duration = Duration::from_secs(5);
/// The turn to deliver outlives one delivery, a picture and all pauses included.
const TURN: TimeDelta = TimeDelta::minutes(5);

/// What notifiers remarked, each thing once.
pub type Remarks = Arc<Mutex<Vec<String>>>;

/// What the postman is asked for.
pub enum Call {
    /// There is something new.
    Wake,
    /// Deliver what can be delivered, pauses or not, and say when that is done, and whether
    /// another process had the turn.
    Last(oneshot::Sender<bool>),
}

/// Channels whose last delivery failed, as the outbox calls them.
pub type Pauses = Arc<Mutex<HashMap<String, Pause>>>;

/// How long a channel is left in peace.
pub struct Pause {
    until: DateTime<Utc>,
    /// Whether the service itself has asked for it.
    asked: bool,
    /// Why.
    pub why: String,
}

/// The task that delivers.
pub struct Postman {
    pub outbox: Arc<dyn Outbox>,
    pub channels: Arc<[Channel]>,
    pub clock: Arc<dyn Clock>,
    pub account: Arc<str>,
    pub who: String,
    pub remarks: Remarks,
    pub pauses: Pauses,
}

impl Postman {
    /// Delivers until nobody can post any more.
    pub async fn work(self, mut calls: UnboundedReceiver<Call>) {
        loop {
            self.round(false).await;
            match timeout(LOOK, calls.recv()).await {
                Err(_) | Ok(Some(Call::Wake)) => {}
                Ok(Some(Call::Last(done))) => {
                    let others = self.round(true).await;
                    // Who asked may have lost patience.
                    let _ = done.send(others);
                }
                Ok(None) => return,
            }
        }
    }

    /// Delivers what is due, or with `last` what is there, until each channel is empty or
    /// has failed; whether another process had the turn.
    async fn round(&self, last: bool) -> bool {
        let others = self.deliver_all(last).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the outbox cannot be read or written");
            false
        });
        if let Err(error) = self.outbox.end_turn(&self.who).await {
            tracing::warn!(%error, "the turn to deliver could not be let go; it ends by itself");
        }
        others
    }

    async fn deliver_all(&self, last: bool) -> Result<bool, Error> {
        let mut stuck: HashSet<String> = HashSet::new();
        loop {
            let heads = self.outbox.next().await?;
            let now = self.clock.now();
            let due = |head: &Waiting| {
                is_of(&self.account, &head.letter.channel)
                    && !stuck.contains(&head.letter.channel)
                    && !self.pauses(&head.letter.channel, now, last)
                    && (last || head.not_before.is_none_or(|at| at <= now))
            };
            let due: Vec<Waiting> = heads.into_iter().filter(due).collect();
            if due.is_empty() {
                return Ok(false);
            }
            if !self.outbox.take_turn(&self.who, now, now + TURN).await? {
                return Ok(true);
            }
            let fates = join_all(due.iter().map(|head| self.deliver(head))).await;
            for (head, fate) in due.into_iter().zip(fates) {
                self.outbox.settle(head.id, &fate, self.clock.now()).await?;
                if let Fate::Delivered(Delivery { moved: Some((old, new)), .. }) = &fate {
                    let mark = Mark { name: moved_name(old), value: Some(new.clone()) };
                    self.outbox.post(&[], &[mark], self.clock.now()).await?;
                }
                if matches!(fate, Fate::Postponed(..)) {
                    stuck.insert(head.letter.channel);
                } else {
                    self.paused().remove(&head.letter.channel);
                }
            }
        }
    }

    async fn deliver(&self, head: &Waiting) -> Fate {
        let name = name_of(&self.account, &head.letter.channel).unwrap_or_default();
        let Some(channel) = self.channels.iter().find(|channel| channel.name == name) else {
            return Fate::Refused(format!("there is no channel `{name}` any more"));
        };
        let (replaces, part) = (head.replaces.clone(), head.parts);
        let message = Message { replaces, part, ..head.letter.message.clone() };
        match channel.notifier.notify(&message).await {
            Ok(delivery) => {
                self.remark(&delivery);
                Fate::Delivered(delivery)
            }
            Err(error) => {
                let run = &head.letter.message.run;
                tracing::warn!(%error, run, channel = channel.name, "a message could not be delivered");
                self.fate(&error, head)
            }
        }
    }

    fn remark(&self, delivery: &Delivery) {
        let mut remarks = self.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        for note in &delivery.notes {
            if !remarks.contains(note) {
                remarks.push(note.clone());
            }
        }
    }

    /// A message that the service will never take is given up; all else is tried again.
    fn fate(&self, error: &Error, head: &Waiting) -> Fate {
        let hint = error.hints().first().map(|hint| format!("; {hint}")).unwrap_or_default();
        let why = format!("{error}{hint}");
        if error.kind() == ErrorKind::MessageRefused && error.retry_class() == Retry::Never {
            return Fate::Refused(why);
        }
        let pause = (FIRST_PAUSE * 2_i32.saturating_pow(head.attempts.min(20))).min(LONGEST_PAUSE);
        let pause = match error.retry_class() {
            Retry::After(asked) => TimeDelta::from_std(asked).unwrap_or(LONGEST_PAUSE).max(pause),
            _ => pause,
        };
        let until = self.clock.now() + pause;
        // What only a person can mend may be mended at any time.
        let asked = error.kind() == ErrorKind::MessengerDown && error.retry_class() != error.kind().retry();
        let failed = Pause { until, asked, why: why.clone() };
        self.paused().insert(head.letter.channel.clone(), failed);
        Fate::Postponed(until, why)
    }

    /// Whether a channel has to be left in peace: a letter that overtakes another one waits as
    /// that one would. A last call waits for what the service itself has asked for only.
    fn pauses(&self, channel: &str, now: DateTime<Utc>, last: bool) -> bool {
        self.paused().get(channel).is_some_and(|pause| pause.until > now && (!last || pause.asked))
    }

    fn paused(&self) -> MutexGuard<'_, HashMap<String, Pause>> {
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
