//! The mailroom: order, restarts, failures, channels that are gone, two at once.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use exporter_core::{
    Clock, Delivery, Error, ErrorKind, FixedClock, Letter, Message, MessageBody, Notifier, Outbox, Result,
    Retry,
};
use exporter_notify::{Channel, Mailroom, MemoryOutbox, Role};
use serde_json::json;

use crate::bot::{Bot, refusal};

/// Answers from a script, then yes; remembers what arrived.
#[derive(Default)]
struct Service {
    answers: Mutex<VecDeque<Error>>,
    arrived: Mutex<Vec<String>>,
}

impl Service {
    fn failing(errors: Vec<Error>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(errors.into()), ..Self::default() })
    }

    fn arrived(&self) -> Vec<String> {
        self.arrived.lock().unwrap().clone()
    }
}

#[async_trait]
impl Notifier for Service {
    async fn check(&self) -> Result<()> {
        Ok(())
    }

    async fn notify(&self, message: &Message) -> Result<Delivery> {
        if let Some(error) = self.answers.lock().unwrap().pop_front() {
            return Err(error);
        }
        let MessageBody::Note { text } = &message.body else { panic!("{message:?}") };
        let mut arrived = self.arrived.lock().unwrap();
        arrived.push(match &message.replaces {
            Some(earlier) => format!("{text} in place of {earlier}"),
            None => text.clone(),
        });
        Ok(Delivery { id: Some(arrived.len().to_string()), ..Delivery::default() })
    }
}

fn clock() -> FixedClock {
    FixedClock::at("2026-01-05T01:00:00Z".parse().unwrap())
}

fn letter(channel: &str, text: &str, slot: Option<&str>) -> Letter {
    let message = Message::new("Toko", "r1", MessageBody::Note { text: text.into() });
    Letter { channel: channel.into(), once: text.into(), slot: slot.map(Into::into), message }
}

fn channel(name: &str, service: &Arc<Service>) -> Channel {
    Channel { name: name.into(), notifier: service.clone(), role: Role::Everybody, live: true }
}

fn down() -> Error {
    Error::new(ErrorKind::MessengerDown, "no answer").hint("look at the network")
}

#[tokio::test]
async fn letters_arrive_in_order_and_edits_know_what_they_replace() {
    let (service, outbox) = (Service::failing(vec![]), Arc::new(MemoryOutbox::default()));
    let room = Mailroom::open(outbox, vec![channel("chat", &service)], Arc::new(clock()), "account", "r1");
    room.post(&[letter("chat", "one", Some("live"))], &[]).await.unwrap();
    assert!(room.settle("r1").await.is_empty());
    room.post(&[letter("chat", "two", None), letter("chat", "three", Some("live"))], &[]).await.unwrap();
    assert!(room.settle("r1").await.is_empty());
    assert_eq!(service.arrived(), ["one", "two", "three in place of 1"]);
}

#[tokio::test]
async fn a_service_that_is_down_holds_up_nobody_else_and_its_letters_are_kept() {
    let (broken, well) = (Service::failing(vec![down(), down(), down()]), Service::failing(vec![]));
    let (outbox, clock) = (Arc::new(MemoryOutbox::default()), clock());
    let channels = vec![channel("broken", &broken), channel("well", &well)];
    let room = Mailroom::open(outbox.clone(), channels, Arc::new(clock.clone()), "account", "r1");
    let letters =
        [letter("broken", "one", None), letter("broken", "two", None), letter("well", "three", None)];
    room.post(&letters, &[]).await.unwrap();
    let notes = room.settle("r1").await;
    assert_eq!(
        notes,
        [
            "2 of 3 messages could not be delivered: no answer; look at the network; they are lost, because there is no state to keep them in"
        ]
    );
    assert_eq!((well.arrived(), broken.arrived()), (vec!["three".to_owned()], vec![]));
    room.close().await;

    // The next process, later: in order, and nothing twice.
    broken.answers.lock().unwrap().clear();
    clock.advance(TimeDelta::hours(1));
    let room = Mailroom::open(outbox, vec![channel("broken", &broken)], Arc::new(clock), "account", "r2");
    assert!(room.settle("r1").await.is_empty());
    assert_eq!(broken.arrived(), ["one", "two"]);
}

#[tokio::test]
async fn a_message_that_is_never_taken_does_not_stop_those_after_it() {
    let service = Service::failing(vec![Error::new(ErrorKind::MessageRefused, "too odd")]);
    let outbox = Arc::new(MemoryOutbox::default());
    let room = Mailroom::open(outbox, vec![channel("chat", &service)], Arc::new(clock()), "account", "r1");
    let letters = [letter("chat", "odd", None), letter("chat", "good", None), letter("gone", "x", None)];
    room.post(&letters, &[]).await.unwrap();
    let notes = room.settle("r1").await;
    assert_eq!(service.arrived(), ["good"]);
    assert_eq!(notes, ["2 of 3 messages could not be delivered: there is no channel `gone` any more"]);
}

#[tokio::test]
async fn a_chat_that_can_be_mended_keeps_its_letters() {
    let refused = Error::new(ErrorKind::MessageRefused, "the bot was kicked");
    let service = Service::failing(vec![refused.retry(Retry::After(Duration::from_mins(5)))]);
    let (outbox, clock) = (Arc::new(MemoryOutbox::default()), clock());
    let room = Mailroom::open(
        outbox.clone(),
        vec![channel("chat", &service)],
        Arc::new(clock.clone()),
        "account",
        "r1",
    );
    room.post(&[letter("chat", "one", None)], &[]).await.unwrap();
    while outbox.next().await.unwrap()[0].attempts == 0 {
        tokio::task::yield_now().await;
    }
    let waits = outbox.next().await.unwrap()[0].not_before.unwrap() - clock.now();
    assert_eq!(waits, TimeDelta::minutes(5));
    assert!(room.settle("r1").await.is_empty(), "a last call does not wait for that");
    assert_eq!(service.arrived(), ["one"]);
}

#[tokio::test]
async fn two_rooms_over_one_outbox_send_nothing_twice() {
    let (service, outbox) = (Service::failing(vec![]), Arc::new(MemoryOutbox::default()));
    let open = |who: &str| {
        Mailroom::open(outbox.clone(), vec![channel("chat", &service)], Arc::new(clock()), "account", who)
    };
    let (one, two) = (open("one"), open("two"));
    let texts: Vec<String> = (10..60).map(|number| number.to_string()).collect();
    for text in &texts {
        one.post(&[letter("chat", text, None)], &[]).await.unwrap();
    }
    let (first, second) = tokio::join!(one.settle("r1"), two.settle("r1"));
    assert!(first.is_empty() && second.is_empty());
    assert_eq!(service.arrived(), texts);
}

#[tokio::test]
async fn two_shops_over_one_outbox_have_each_their_own_chat() {
    let (one, two) = (Service::failing(vec![down()]), Service::failing(vec![]));
    let outbox = Arc::new(MemoryOutbox::default());
    let open = |service: &Arc<Service>, account: &str| {
        Mailroom::open(outbox.clone(), vec![channel("chat", service)], Arc::new(clock()), account, account)
    };
    let first = open(&one, "panel-1");
    first.post(&[letter("chat", "of one", None)], &[]).await.unwrap();
    while !one.answers.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    first.close().await;
    let second = open(&two, "panel-2");
    let letters = [letter("chat", "of two", None), letter("mail", "nowhere", None)];
    second.post(&letters, &[]).await.unwrap();
    let notes = second.settle("r1").await;
    assert_eq!(two.arrived(), ["of two"], "a letter of the other shop is none of its business");
    assert!(notes[0].starts_with("2 of 3 messages could not be delivered: "), "{notes:?}");
    let first = open(&one, "panel-1");
    first.settle("r1").await;
    assert_eq!(one.arrived(), ["of one"]);
}

/// Fails once, then never answers.
struct Silent(Mutex<bool>);

#[async_trait]
impl Notifier for Silent {
    async fn check(&self) -> Result<()> {
        Ok(())
    }

    async fn notify(&self, _: &Message) -> Result<Delivery> {
        let first = std::mem::replace(&mut *self.0.lock().unwrap(), false);
        if first { Err(down()) } else { std::future::pending().await }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_hardly_waits_for_a_service_that_has_failed() {
    let silent = Arc::new(Silent(Mutex::new(true)));
    let channel = Channel { name: "chat".into(), notifier: silent, role: Role::Everybody, live: true };
    let outbox = Arc::new(MemoryOutbox::default());
    let room = Mailroom::open(outbox.clone(), vec![channel], Arc::new(clock()), "account", "r1");
    room.post(&[letter("chat", "one", None)], &[]).await.unwrap();
    while outbox.next().await.unwrap()[0].attempts == 0 {
        tokio::task::yield_now().await;
    }
    let begun = tokio::time::Instant::now();
    let notes = room.settle("r1").await;
    assert!(notes[0].contains("no answer"), "{notes:?}");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_long_message_that_breaks_off_goes_on_with_the_part_that_failed() {
    let sent = (200, json!({"ok": true, "result": {"message_id": 1}}));
    let bot = Bot::start([sent, refusal(502, "Bad Gateway")]).await;
    let channel = Channel {
        name: "team".into(),
        notifier: Arc::new(bot.telegram()),
        role: Role::Everybody,
        live: true,
    };
    let room = Mailroom::open(
        Arc::new(MemoryOutbox::default()),
        vec![channel],
        Arc::new(clock()),
        "account",
        "test",
    );
    let lines: Vec<String> = (1000..1600).map(|number| format!("line {number}")).collect();
    room.post(&[letter("team", &lines.join("\n"), None)], &[]).await.unwrap();
    while bot.calls().len() < 3 {
        room.settle("r1").await;
    }
    let texts: Vec<String> =
        bot.calls().iter().map(|call| call.json["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(texts.len(), 3, "two parts, one of them twice");
    assert_eq!(texts[1], texts[2]);
    let arrived = [texts[0].as_str(), &texts[2]].concat();
    assert!(lines.iter().all(|line| arrived.matches(line.as_str()).count() == 1), "{arrived}");
}

#[tokio::test(start_paused = true)]
async fn a_run_does_not_wait_behind_an_older_message_that_fails() {
    let broken = Service::failing((0..9).map(|_| down()).collect());
    let outbox = Arc::new(MemoryOutbox::default());
    let channels = vec![channel("chat", &broken)];
    let room = Mailroom::open(outbox.clone(), channels, Arc::new(clock()), "account", "r2");
    let older = Message::new("Toko", "r0", MessageBody::Note { text: "older".into() });
    let older = Letter { message: older, ..letter("chat", "older", None) };
    room.post(&[older, letter("chat", "one", None)], &[]).await.unwrap();
    let begun = tokio::time::Instant::now();
    let notes = room.settle("r1").await;
    assert!(notes[0].starts_with("1 of 1 messages could not be delivered: no answer"), "{notes:?}");
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_pause_that_the_service_asks_for_is_kept_for_later_letters_as_well() {
    let asked = down().retry(Retry::After(Duration::from_mins(5)));
    let service = Service::failing(vec![asked]);
    let (outbox, clock) = (Arc::new(MemoryOutbox::default()), clock());
    let channels = vec![channel("chat", &service)];
    let room = Mailroom::open(outbox.clone(), channels, Arc::new(clock.clone()), "account", "r1");
    for text in ["one", "two", "three"] {
        // Each takes the place of the one before, which was put off.
        room.post(&[letter("chat", text, Some("live"))], &[]).await.unwrap();
        let notes = room.settle("r1").await;
        assert!(notes[0].contains("no answer"), "{notes:?}");
    }
    assert!(service.arrived().is_empty(), "within the pause nothing is sent: {:?}", service.arrived());
    clock.advance(TimeDelta::minutes(5));
    assert!(room.settle("r1").await.is_empty());
    assert_eq!(service.arrived(), ["three"]);
}
