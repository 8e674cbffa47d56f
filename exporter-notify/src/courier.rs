//! Turns a run's events into letters, on a task of its own: telling people never holds up
//! the run and never fails it.

mod incident;
mod policy;
mod upkeep;

use std::collections::BTreeMap;
use std::sync::Arc;

use exporter_core::{Event, Listener};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::Mailroom;
use policy::Policy;
pub use policy::{About, failing};
pub use upkeep::{daily, remind, stand, warn};

/// A messenger for one run.
///
/// In a chat: one message that shows the run's progress and is edited in place, and a
/// summary at the end. What failed for good is told once, with its cause, then once a day
/// as long as it lasts, then once when it is well again; what healed itself is not told.
pub struct Courier {
    desk: Arc<Desk>,
    /// Gone once everything is in the outbox.
    task: Option<JoinHandle<()>>,
    room: Arc<Mailroom>,
    run: String,
}

/// Where events come in.
struct Desk(UnboundedSender<Option<Event>>);

impl Courier {
    /// Starts a task that posts the run's letters.
    pub async fn start(room: Arc<Mailroom>, about: About, run: &str) -> Self {
        let marks = room.marks().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what was told before is not known");
            BTreeMap::new()
        });
        let policy = Policy::new(about, room.channels(), marks);
        let (out, events) = unbounded_channel();
        let task = tokio::spawn(write(room.clone(), policy, events).in_current_span());
        Self { desk: Arc::new(Desk(out)), task: Some(task), room, run: run.to_owned() }
    }

    /// The listener to give to the run.
    pub fn listener(&self) -> Arc<dyn Listener> {
        self.desk.clone()
    }

    /// Waits until all that the run has to say so far is in the outbox, where it outlives
    /// this process; returns why it is not. Nothing can be said after it.
    pub async fn posted(&mut self) -> Option<String> {
        let task = self.task.take()?;
        // A task that is gone already has nothing left to be waited for.
        let _ = self.desk.0.send(None);
        task.await.err().map(|error| format!("people could not be told: {error}"))
    }

    /// Waits until everything is told, a minute at most, and returns what the report
    /// should say: what could not be told and why, and what the notifiers remarked.
    pub async fn finish(mut self) -> Vec<String> {
        match self.posted().await {
            Some(trouble) => vec![trouble],
            None => self.room.settle(&self.run).await,
        }
    }
}

impl Listener for Desk {
    fn event(&self, event: &Event) {
        if self.0.send(Some(event.clone())).is_err() {
            tracing::error!("the messenger's task is gone");
        }
    }
}

/// Posts what each event is worth, in order.
async fn write(room: Arc<Mailroom>, mut policy: Policy, mut events: UnboundedReceiver<Option<Event>>) {
    while let Some(Some(event)) = events.recv().await {
        let (letters, marks) = policy.letters(&event);
        if letters.is_empty() && marks.is_empty() {
            continue;
        }
        if let Err(error) = room.post(&letters, &marks).await {
            tracing::warn!(%error, "messages could not be put into the outbox");
        }
    }
}
