//! Delivers what is in the outbox: in order for each channel, again after a failure, and
//! never by two processes at once.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use exporter_core::{
    Clock, Delivery, Error, ErrorKind, Fate, Letter, Mark, Message, Notifier, Outbox, Retry, Waiting,
};
use futures::future::join_all;
use serde::Deserialize;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument as _;

/// The turn to deliver outlives one delivery, a picture and all pauses included.
const TURN: TimeDelta = TimeDelta::minutes(5);
/// How often somebody looks whether the turn is free, or letters came from another process.
const LOOK: Duration = Duration::from_secs(5);
/// The pause after the first failed delivery; it doubles with each further one.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// No pause is longer, unless the service asks for it.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(15);
/// How long a finished run waits for its messages, for instance because a group takes twenty a
/// minute.
const LAST_CALL: Duration = Duration::from_mins(1);
/// How long it waits when a service has failed already.
const LAST_TRY: Duration = Duration::from_secs(5);

/// How long closing waits for a letter that is on its way.
const LAST_LETTER: Duration = Duration::from_secs(10);

/// What a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything goes there.
    #[default]
    Everybody,
    /// How the runs go; causes of failures go to the owner.
    Team,
    /// Failures with their causes, and recoveries.
    Owner,
    /// A program: everything, the beginning of each run as well, and always its end.
    Program,
}

/// A way to tell people, by name.
#[derive(Clone)]
pub struct Channel {
    /// Unique among the channels; letters in the outbox refer to it.
    pub name: String,
    /// How it is told.
    pub notifier: Arc<dyn Notifier>,
    /// What is told there.
    pub role: Role,
    /// Whether a message can take the place of an earlier one, so that a run's progress
    /// can be shown in one message.
    pub live: bool,
}

/// The place where letters are posted, and the task that delivers them.
pub struct Mailroom {
    outbox: Arc<dyn Outbox>,
    channels: Arc<[Channel]>,
    clock: Arc<dyn Clock>,
    account: Arc<str>,
    calls: UnboundedSender<Call>,
    remarks: Remarks,
    postman: JoinHandle<()>,
}

/// What notifiers remarked, each thing once.
type Remarks = Arc<Mutex<Vec<String>>>;

/// What the postman is asked for.
enum Call {
    /// There is something new.
    Wake,
    /// Deliver what can be delivered, pauses or not, and say when that is done, and whether
    /// another process had the turn.
    Last(oneshot::Sender<bool>),
}

impl Mailroom {
    /// Starts delivering: what is in the outbox from earlier first. Letters of another
    /// `account` over the same outbox are left to its own channels, which may be called the
    /// same. `who` names this room among all that use the outbox. Must be called within a
    /// Tokio runtime.
    pub fn open(
        outbox: Arc<dyn Outbox>,
        channels: Vec<Channel>,
        clock: Arc<dyn Clock>,
        account: &str,
        who: impl Into<String>,
    ) -> Self {
        let (calls, called) = unbounded_channel();
        let (channels, remarks): (Arc<[Channel]>, Remarks) = (channels.into(), Arc::default());
        let account: Arc<str> = account.into();
        let postman = Postman {
            outbox: outbox.clone(),
            channels: channels.clone(),
            clock: clock.clone(),
            account: account.clone(),
            who: who.into(),
            remarks: remarks.clone(),
        };
        let postman = tokio::spawn(postman.work(called).in_current_span());
        Self { outbox, channels, clock, account, calls, remarks, postman }
    }

    /// The channels, in their order.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The clock by which letters are dated.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The marks set so far.
    pub async fn marks(&self) -> Result<BTreeMap<String, String>, Error> {
        self.outbox.marks().await
    }

    /// Puts letters into the outbox; they are safe when this returns.
    pub async fn post(&self, letters: &[Letter], marks: &[Mark]) -> Result<(), Error> {
        let letters: Vec<Letter> = letters
            .iter()
            .map(|letter| Letter { channel: box_of(&self.account, &letter.channel), ..letter.clone() })
            .collect();
        self.outbox.post(&letters, marks, self.clock.now()).await?;
        self.call(Call::Wake);
        Ok(())
    }

    /// Tells those who have to act: every channel but those of the team.
    pub async fn tell_owner(&self, once: &str, message: &Message) -> Result<(), Error> {
        let channels = self.channels.iter().filter(|channel| channel.role != Role::Team);
        let letters: Vec<Letter> = channels
            .map(|channel| Letter {
                channel: channel.name.clone(),
                once: once.to_owned(),
                slot: None,
                message: message.clone(),
            })
            .collect();
        self.post(&letters, &[]).await
    }

    /// Says in the place of a run's progress that it was cut off.
    pub async fn tell_cut_off(&self, run: &str, message: &Message) -> Result<(), Error> {
        let live = self.channels.iter().filter(|channel| channel.live && channel.role != Role::Owner);
        let letters: Vec<Letter> = live
            .map(|channel| Letter {
                channel: channel.name.clone(),
                once: format!("{run}:cut off"),
                slot: Some(progress_slot(run)),
                message: message.clone(),
            })
            .collect();
        self.post(&letters, &[]).await
    }

    fn call(&self, call: Call) {
        if self.calls.send(call).is_err() {
            tracing::error!("the task that delivers messages is gone; they stay in the outbox");
        }
    }

    /// Waits until the run's letters are delivered, a minute at most, and hardly for a
    /// service that does not answer; returns what the run's report should say.
    pub async fn settle(&self, run: &str) -> Vec<String> {
        let (done, over) = oneshot::channel();
        self.call(Call::Last(done));
        let delivered = async {
            // Whether all is delivered is told below, from the outbox.
            if over.await == Ok(true) {
                self.delivered_by_others(run).await;
            }
        };
        tokio::select! {
            () = delivered => {}
            () = self.failing(run) => {}
            () = tokio::time::sleep(LAST_CALL) => {}
        }
        let mut notes = std::mem::take(&mut *self.remarks.lock().unwrap_or_else(PoisonError::into_inner));
        match self.outbox.mail(run).await {
            Ok((mail, why)) if mail.told < mail.given => {
                // What was not tried waits behind something that was.
                let why = match why {
                    Some(why) => why,
                    None => self.stuck().await.unwrap_or_else(|| "there was no time left".to_owned()),
                };
                let kept = match mail.refused + mail.told < mail.given {
                    false => "",
                    true if self.outbox.lasts() => {
                        "; they are kept, and sent by the next run or by `exporter serve`"
                    }
                    true => "; they are lost, because there is no state to keep them in",
                };
                let untold = mail.given - mail.told;
                notes
                    .push(format!("{untold} of {} messages could not be delivered: {why}{kept}", mail.given));
            }
            Ok(_) => {}
            Err(error) => notes.push(format!("nobody knows which messages were delivered: {error}")),
        }
        notes
    }

    /// Comes back when a letter of the run, or one before it, has been tried in vain for long
    /// enough.
    async fn failing(&self, run: &str) {
        tokio::time::sleep(LAST_TRY).await;
        while let Ok((_, None)) = self.outbox.mail(run).await {
            if self.stuck().await.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Why the first letter that waits could not be delivered, if it was tried.
    async fn stuck(&self) -> Option<String> {
        let heads = self.outbox.next().await.ok()?;
        heads.into_iter().filter(|head| is_of(&self.account, &head.letter.channel)).find_map(|head| head.why)
    }

    /// While another process has the turn, the run's letters are its business.
    async fn delivered_by_others(&self, run: &str) {
        while let Ok((mail, None)) = self.outbox.mail(run).await {
            if mail.told + mail.refused >= mail.given {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Stops delivering, after the letter that is on its way; what waits stays in the outbox.
    pub async fn close(self) {
        let Self { calls, mut postman, .. } = self;
        // Without anybody to call it, it ends after its round.
        drop(calls);
        if timeout(LAST_LETTER, &mut postman).await.is_err() {
            postman.abort();
        }
    }
}

/// The task that delivers.
struct Postman {
    outbox: Arc<dyn Outbox>,
    channels: Arc<[Channel]>,
    clock: Arc<dyn Clock>,
    account: Arc<str>,
    who: String,
    remarks: Remarks,
}

impl Postman {
    /// Delivers until nobody can post any more.
    async fn work(self, mut calls: UnboundedReceiver<Call>) {
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
                self.fate(&error, head.attempts)
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
    fn fate(&self, error: &Error, attempts: u32) -> Fate {
        let hint = error.hints().first().map(|hint| format!("; {hint}")).unwrap_or_default();
        let why = format!("{error}{hint}");
        if error.kind() == ErrorKind::MessageRefused && error.retry_class() == Retry::Never {
            return Fate::Refused(why);
        }
        let pause = (FIRST_PAUSE * 2_i32.saturating_pow(attempts.min(20))).min(LONGEST_PAUSE);
        let pause = match error.retry_class() {
            Retry::After(asked) => TimeDelta::from_std(asked).unwrap_or(LONGEST_PAUSE).max(pause),
            _ => pause,
        };
        Fate::Postponed(self.clock.now() + pause, why)
    }
}

/// What the outbox calls a channel of this account.
fn box_of(account: &str, name: &str) -> String {
    format!("{name} of {account}")
}

/// The channel's name, if it is one of this account.
fn name_of<'a>(account: &str, boxed: &'a str) -> Option<&'a str> {
    boxed.strip_suffix(account)?.strip_suffix(" of ")
}

/// Whether a letter that waits in the outbox for this channel is one of this account.
pub fn is_of(account: &str, channel: &str) -> bool {
    name_of(account, channel).is_some()
}

/// The mark that says what has become of a chat: what is configured may be the old id.
pub fn moved_name(chat: &str) -> String {
    format!("moved:{chat}")
}

/// The slot of the one message that shows how far a run is.
pub fn progress_slot(run: &str) -> String {
    format!("progress:{run}")
}
