//! What every notifier promises, as a suite: order, letters kept through failures and
//! restarts, pauses that are asked for, refused markup, long texts, hostile data, secrets.
//!
//! A notifier's test says how its service is watched and disturbed; see [`Inbox`]. The
//! notifiers of this crate run the same suite against stand-ins.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use exporter_core::{Delivery, Error, FixedClock, Letter, Message, MessageBody, Notifier, Retry};

use crate::{Channel, Mailroom, MemoryOutbox, Role};

/// A service that messages arrive at.
pub trait Inbox: Send + Sync {
    /// A notifier that tells this service, as a new process would make it.
    fn notifier(&self) -> Arc<dyn Notifier>;

    /// What people read there, oldest first: in words, without markup.
    fn arrived(&self) -> Vec<String>;

    /// Lets the service fail from now on, or work again.
    fn set_down(&self, down: bool);

    /// Lets the service answer the next message by asking for a pause; false where it knows
    /// no such answer.
    fn ask_to_wait(&self, _seconds: u64) -> bool {
        false
    }

    /// Lets the service refuse the markup of the next message; false where there is none.
    fn refuse_markup(&self) -> bool {
        false
    }

    /// A message with these lines, where the notifier tells other ones only.
    fn body(&self, text: &str) -> MessageBody {
        MessageBody::Note { text: text.to_owned() }
    }

    /// Whether of a long text everything arrives, and not only its end.
    fn is_whole(&self) -> bool {
        true
    }

    /// What must never be seen.
    fn secrets(&self) -> Vec<String>;
}

/// Runs the whole suite, each case on a fresh service.
///
/// # Panics
/// When the notifier breaks its contract; the message says how.
pub async fn contract<I: Inbox>(fresh: impl AsyncFn() -> I) {
    letters_arrive_in_order(&fresh().await).await;
    letters_are_kept_until_they_are_delivered(&fresh().await).await;
    a_pause_is_kept(&fresh().await).await;
    refused_markup_becomes_plain_text(&fresh().await).await;
    a_long_text_arrives(&fresh().await).await;
    data_stays_data(&fresh().await).await;
    checking_tells_nobody(&fresh().await).await;
    secrets_are_never_shown(&fresh().await).await;
}

const RUN: &str = "20260105T010000000Z";

fn message(inbox: &impl Inbox, text: &str) -> Message {
    Message::new("Toko", RUN, inbox.body(text))
}

/// A mailroom as a process has it, over this outbox.
fn room(inbox: &impl Inbox, outbox: &Arc<MemoryOutbox>, clock: &FixedClock) -> Mailroom {
    let channel =
        Channel { name: "it".into(), notifier: inbox.notifier(), role: Role::Everybody, live: false };
    Mailroom::open(outbox.clone(), vec![channel], Arc::new(clock.clone()), "account", "contract")
}

fn letters(inbox: &impl Inbox, words: &[&str]) -> Vec<Letter> {
    let letter = |words: &&str| Letter {
        channel: "it".into(),
        once: (*words).to_owned(),
        slot: None,
        message: message(inbox, words),
    };
    words.iter().map(letter).collect()
}

fn clock() -> FixedClock {
    FixedClock::at(DateTime::UNIX_EPOCH + TimeDelta::days(20_000))
}

/// In which order these words arrived, each as often as it did.
fn order(inbox: &impl Inbox, words: &[&str]) -> Vec<String> {
    let arrived = inbox.arrived();
    let known =
        |text: &String| words.iter().find(|word| text.contains(**word)).map(|word| (*word).to_owned());
    arrived.iter().filter_map(known).collect()
}

async fn letters_arrive_in_order(inbox: &impl Inbox) {
    let (outbox, words) = (Arc::default(), ["alpha", "beta", "gamma"]);
    let room = room(inbox, &outbox, &clock());
    assert!(room.post(&letters(inbox, &words), &[]).await.is_ok());
    assert_eq!(room.settle(RUN).await, Vec::<String>::new(), "everything is delivered");
    assert_eq!(order(inbox, &words), words, "in order: {:?}", inbox.arrived());
}

async fn letters_are_kept_until_they_are_delivered(inbox: &impl Inbox) {
    let (outbox, words, clock) = (Arc::default(), ["alpha", "beta"], clock());
    inbox.set_down(true);
    let first = room(inbox, &outbox, &clock);
    assert!(first.post(&letters(inbox, &words), &[]).await.is_ok());
    let notes = first.settle(RUN).await;
    assert!(
        notes.iter().any(|note| note.contains("could not be delivered")),
        "the report says so: {notes:?}"
    );
    assert_eq!(order(inbox, &words), Vec::<String>::new(), "a service that is down has nothing");
    first.close().await;

    inbox.set_down(false);
    clock.advance(TimeDelta::hours(1));
    let next = room(inbox, &outbox, &clock);
    assert_eq!(next.settle(RUN).await, Vec::<String>::new(), "after a restart everything is delivered");
    assert_eq!(order(inbox, &words), words, "once and in order: {:?}", inbox.arrived());
}

async fn a_pause_is_kept(inbox: &impl Inbox) {
    if !inbox.ask_to_wait(3600) {
        return;
    }
    let error = failed(inbox.notifier().notify(&message(inbox, "alpha")).await);
    assert_eq!(error.retry_class(), Retry::After(Duration::from_hours(1)), "{error:?}");
}

async fn refused_markup_becomes_plain_text(inbox: &impl Inbox) {
    if !inbox.refuse_markup() {
        return;
    }
    match inbox.notifier().notify(&message(inbox, "alpha <beta> & gamma")).await {
        Ok(delivery) => assert!(delivery.plain, "the delivery says that it went as plain text"),
        Err(error) => panic!("a message is lost to its markup: {error:?}"),
    }
    assert!(inbox.arrived().concat().contains("alpha <beta> & gamma"), "{:?}", inbox.arrived());
}

/// Delivers a message with all its parts; how the first one arrived.
///
/// # Errors
/// That of the first part that does not arrive.
pub async fn notify_all(notifier: &dyn Notifier, mut message: Message) -> Result<Delivery, Error> {
    let first = notifier.notify(&message).await?;
    let mut more = first.more;
    while more {
        message.part += 1;
        more = notifier.notify(&message).await?.more;
    }
    Ok(first)
}

async fn a_long_text_arrives(inbox: &impl Inbox) {
    let lines: Vec<String> = (1000..1900).map(|number| format!("line {number}, and words")).collect();
    if let Err(error) = notify_all(&*inbox.notifier(), message(inbox, &lines.join("\n"))).await {
        panic!("a long text is refused: {error:?}");
    }
    let arrived = inbox.arrived().concat();
    let wanted = if inbox.is_whole() { &lines[..] } else { &lines[lines.len() - 1..] };
    for line in wanted {
        assert!(arrived.contains(line.as_str()), "`{line}` is missing");
    }
}

async fn data_stays_data(inbox: &impl Inbox) {
    let hostile = "</b><a href=\"x\">&amp; *y* _z_ [k](v) {store}";
    if let Err(error) = inbox.notifier().notify(&message(inbox, hostile)).await {
        panic!("data breaks the markup: {error:?}");
    }
    assert!(inbox.arrived().concat().contains(hostile), "{:?}", inbox.arrived());
}

async fn checking_tells_nobody(inbox: &impl Inbox) {
    if let Err(error) = inbox.notifier().check().await {
        panic!("a service that is well is found bad: {error:?}");
    }
    assert_eq!(inbox.arrived(), Vec::<String>::new(), "nobody was told");
    inbox.set_down(true);
    assert!(inbox.notifier().check().await.is_err(), "a service that is down is found well");
}

async fn secrets_are_never_shown(inbox: &impl Inbox) {
    inbox.set_down(true);
    let notifier = inbox.notifier();
    let error = failed(notifier.notify(&message(inbox, "alpha")).await);
    let shown = format!("{error} {error:?} {:?}", error.report());
    for secret in inbox.secrets() {
        assert!(!secret.is_empty() && !shown.contains(&secret), "a secret is in an error: {shown}");
    }
}

fn failed(result: Result<Delivery, Error>) -> Error {
    match result {
        Err(error) => error,
        Ok(delivery) => panic!("a service that is down took a message: {delivery:?}"),
    }
}
