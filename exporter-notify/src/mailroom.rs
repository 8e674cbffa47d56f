//! Where letters are posted, and waited for.

mod postman;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use exporter_core::{Clock, Error, Letter, Mark, Message, Notifier, Outbox};
use serde::Deserialize;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::Instrument as _;

use postman::{Call, Pauses, Postman, Remarks};

/// How long a finished run waits for its messages, for instance because a group takes twenty a
/// minute.
const LAST_CALL: Duration = Duration::from_mins(1);
/// How long it waits when a service has failed already.
const LAST_TRY: Duration = Duration::from_secs(5);

/// How long closing waits for a letter that is on its way.
const LAST_LETTER: Duration = Duration::from_secs(10);
/// How long it waits for one to a service that has failed.
const LAST_GASP: Duration = Duration::from_secs(2);

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
    pauses: Pauses,
    postman: JoinHandle<()>,
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
        let pauses = Pauses::default();
        let account: Arc<str> = account.into();
        let postman = Postman {
            outbox: outbox.clone(),
            channels: channels.clone(),
            clock: clock.clone(),
            account: account.clone(),
            who: who.into(),
            remarks: remarks.clone(),
            pauses: pauses.clone(),
        };
        let postman = tokio::spawn(postman.work(called).in_current_span());
        Self { outbox, channels, clock, account, calls, remarks, pauses, postman }
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
                    None => self.stuck().unwrap_or_else(|| "there was no time left".to_owned()),
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
            if self.stuck().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Why the last delivery to one of the channels failed, if it did.
    fn stuck(&self) -> Option<String> {
        let pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        pauses.values().next().map(|pause| pause.why.clone())
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

    /// Stops delivering, after the letter that is on its way, unless that goes to a service that
    /// has failed; what waits stays in the outbox.
    pub async fn close(self) {
        let patience = if self.stuck().is_some() { LAST_GASP } else { LAST_LETTER };
        let Self { calls, mut postman, .. } = self;
        // Without anybody to call it, it ends after its round.
        drop(calls);
        if timeout(patience, &mut postman).await.is_err() {
            postman.abort();
        }
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
