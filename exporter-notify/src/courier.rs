//! Carries a run's events to a notifier, in order and on a task of its own: a slow or
//! silent messenger never holds up the run and never fails it.

mod policy;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use exporter_core::{Event, Listener, Message, MessageBody, Notifier};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use policy::Policy;

/// How long a finished run waits for the messages that are still on their way.
const LAST_CALL: Duration = Duration::from_mins(1);

/// A messenger for one run.
///
/// Tells: the run's start, every export that is done, every failed attempt, and at the
/// end the summary, or the one error because of which nothing could run.
///
/// ```no_run
/// # async fn example(telegram: std::sync::Arc<dyn exporter_core::Notifier>) {
/// let courier = exporter_notify::Courier::start(telegram, "Toko Andalan");
/// let listener = courier.listener(); // one of the listeners of `exporter_core::Events`
/// // … the run …
/// let notes = courier.finish().await; // for the run's report
/// # }
/// ```
#[derive(Debug)]
pub struct Courier {
    desk: Arc<Desk>,
    task: JoinHandle<()>,
    log: Arc<Mutex<Log>>,
}

/// Where events become messages.
#[derive(Debug)]
struct Desk {
    store: String,
    out: UnboundedSender<Order>,
    policy: Mutex<Policy>,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug)]
enum Order {
    Tell(Box<Message>),
    Stop,
}

/// What became of the messages so far.
#[derive(Debug, Default)]
struct Log {
    /// How many were to be told.
    given: usize,
    /// How many were.
    told: usize,
    /// The last reason why one was not.
    why: Option<String>,
    /// What the notifier remarked, each thing once.
    remarks: Vec<String>,
}

impl Courier {
    /// Starts a task that delivers to this notifier; `store` names the shop in every
    /// message. Must be called within a Tokio runtime.
    pub fn start(notifier: Arc<dyn Notifier>, store: impl Into<String>) -> Self {
        let (out, orders) = unbounded_channel();
        let log = Arc::new(Mutex::new(Log::default()));
        let task = tokio::spawn(deliver(notifier, orders, log.clone()));
        let desk = Desk { store: store.into(), out, policy: Mutex::default(), log: log.clone() };
        Self { desk: Arc::new(desk), task, log }
    }

    /// The listener to give to the run.
    pub fn listener(&self) -> Arc<dyn Listener> {
        self.desk.clone()
    }

    /// Waits until everything is told, a minute at most, and returns what the report
    /// should say: what could not be told and why, and what the notifier remarked.
    pub async fn finish(mut self) -> Vec<String> {
        // A task that is gone already has nothing left to be waited for.
        let stopping = self.desk.out.send(Order::Stop).is_ok();
        if stopping && timeout(LAST_CALL, &mut self.task).await.is_err() {
            self.task.abort();
        }
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let mut notes = std::mem::take(&mut log.remarks);
        let (given, untold) = (log.given, log.given - log.told);
        if untold > 0 {
            let why = log.why.take().unwrap_or_else(|| "there was no time left".to_owned());
            notes.push(format!("{untold} of {given} messages could not be delivered: {why}"));
        }
        notes
    }
}

impl Listener for Desk {
    fn event(&self, event: &Event) {
        let bodies = self.policy.lock().unwrap_or_else(PoisonError::into_inner).messages(&event.fact);
        for body in bodies {
            self.hand_over(&event.run, body);
        }
    }
}

impl Desk {
    fn hand_over(&self, run: &str, body: MessageBody) {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).given += 1;
        let message = Message { store: self.store.clone(), run: run.to_owned(), body };
        if self.out.send(Order::Tell(Box::new(message))).is_err() {
            // It stays counted as given and not told.
            tracing::error!("the messenger's task is gone");
        }
    }
}

/// Delivers one message after another until it is told to stop.
async fn deliver(notifier: Arc<dyn Notifier>, mut orders: UnboundedReceiver<Order>, log: Arc<Mutex<Log>>) {
    while let Some(Order::Tell(message)) = orders.recv().await {
        let result = notifier.notify(&message).await;
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(delivery) => {
                log.told += 1;
                for remark in delivery.notes {
                    if !log.remarks.contains(&remark) {
                        log.remarks.push(remark);
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a message could not be delivered");
                let hint = error.hints().first().map(|hint| format!("; {hint}")).unwrap_or_default();
                log.why = Some(format!("{error}{hint}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use exporter_core::{Delivery, Error, ErrorKind, Events, Fact, FixedClock, Result, Window};

    use super::*;

    /// Answers as told and remembers what it was given.
    struct Scripted(Mutex<Vec<Message>>, fn(usize) -> Result<Delivery>);

    #[async_trait]
    impl Notifier for Scripted {
        async fn check(&self) -> Result<()> {
            Ok(())
        }

        async fn notify(&self, message: &Message) -> Result<Delivery> {
            let number = {
                let mut told = self.0.lock().unwrap();
                told.push(message.clone());
                told.len()
            };
            if number == 1 && message.run == "slow" {
                std::future::pending::<()>().await;
            }
            (self.1)(number)
        }
    }

    async fn run(run: &str, answer: fn(usize) -> Result<Delivery>) -> (Vec<Message>, Vec<String>) {
        let notifier = Arc::new(Scripted(Mutex::default(), answer));
        let courier = Courier::start(notifier.clone(), "Toko");
        let clock = Arc::new(FixedClock::at("2026-01-05T01:00:00Z".parse().unwrap()));
        let events = Events::new(run, clock, vec![courier.listener()]);
        for export in ["a", "b", "c"] {
            let window = Window::day("2026-01-05".parse().unwrap());
            events.emit(Fact::RunStarted { window, exports: vec![export.into()] });
            events.emit(Fact::LoginStarted);
        }
        let notes = courier.finish().await;
        let told = std::mem::take(&mut *notifier.0.lock().unwrap());
        (told, notes)
    }

    #[tokio::test]
    async fn messages_go_out_in_order_and_remarks_come_back_once() {
        let remark = |_| Ok(Delivery { notes: vec!["the chat has moved".into()], ..Delivery::default() });
        let (told, notes) = run("r1", remark).await;
        let exports: Vec<_> = told
            .iter()
            .map(|message| match &message.body {
                MessageBody::RunStarted { exports, .. } => exports[0].as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(exports, ["a", "b", "c"]);
        assert_eq!((told[0].store.as_str(), told[0].run.as_str()), ("Toko", "r1"));
        assert_eq!(notes, ["the chat has moved"]);
    }

    #[tokio::test]
    async fn what_could_not_be_told_is_counted_with_the_reason() {
        let answer = |number| match number {
            2 => Ok(Delivery::default()),
            _ => Err(Error::new(ErrorKind::MessengerDown, "no answer").hint("look at the network")),
        };
        let (told, notes) = run("r1", answer).await;
        assert_eq!(told.len(), 3, "one failure does not keep the others");
        assert_eq!(notes, ["2 of 3 messages could not be delivered: no answer; look at the network"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_messenger_that_hangs_is_given_up() {
        let (_, notes) = run("slow", |_| Ok(Delivery::default())).await;
        assert_eq!(notes, ["3 of 3 messages could not be delivered: there was no time left"]);
    }
}
