//! What every [`Outbox`] promises, as a suite.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{Delivery, Fate, Letter, Mark, Message, MessageBody, Outbox, Result};

/// Runs the whole suite; `fresh` makes an empty outbox.
///
/// # Panics
/// When the outbox breaks its contract; the message says how.
pub async fn outbox<O: Outbox>(fresh: impl AsyncFn() -> O) {
    in_order_for_each_channel_and_only_once(&fresh().await).await;
    letters_of_one_slot_overtake_each_other(&fresh().await).await;
    one_at_a_time_has_the_turn(&fresh().await).await;
    marks_are_kept_until_they_are_forgotten(&fresh().await).await;
    a_long_letter_goes_on_where_it_was(&fresh().await).await;
}

fn letter(channel: &str, once: &str, slot: Option<&str>) -> Letter {
    let message = Message::new("shop", "r1", MessageBody::Note { text: once.into() });
    Letter { channel: channel.into(), once: once.into(), slot: slot.map(Into::into), message }
}

fn ok<T>(result: Result<T>) -> T {
    super::ok(result, "the outbox answers")
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// The names of the letters at the heads of the channels.
async fn heads(outbox: &impl Outbox) -> Vec<(String, String)> {
    let heads = ok(outbox.next().await);
    heads.into_iter().map(|head| (head.letter.channel, head.letter.once)).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(channel, once)| ((*channel).to_owned(), (*once).to_owned())).collect()
}

async fn in_order_for_each_channel_and_only_once(outbox: &impl Outbox) {
    let letters = [letter("team", "1", None), letter("owner", "1", None), letter("team", "2", None)];
    ok(outbox.post(&letters, &[], now()).await);
    ok(outbox.post(&letters[..1], &[], now()).await);
    assert_eq!(heads(outbox).await, pairs(&[("team", "1"), ("owner", "1")]), "the oldest of each channel");

    let (first, owner) = match ok(outbox.next().await).as_slice() {
        [first, owner] => (first.clone(), owner.clone()),
        other => panic!("two channels have letters: {other:?}"),
    };
    let later = now() + TimeDelta::seconds(30);
    ok(outbox.settle(first.id, &Fate::Postponed(later, "no answer".into()), now()).await);
    let again = ok(outbox.next().await).remove(0);
    assert_eq!(
        (again.id, again.attempts, again.not_before, again.why.as_deref()),
        (first.id, 1, Some(later), Some("no answer")),
        "a letter that was postponed keeps its place"
    );
    assert_eq!(ok(outbox.mail("r1").await).1.as_deref(), Some("no answer"), "why a letter waits is known");

    ok(outbox.settle(first.id, &Fate::Delivered(Delivery::default()), now()).await);
    assert_eq!(heads(outbox).await, pairs(&[("owner", "1"), ("team", "2")]), "the next one's turn has come");
    ok(outbox.settle(owner.id, &Fate::Refused("chat not found".into()), now()).await);
    let (mail, why) = ok(outbox.mail("r1").await);
    assert_eq!((mail.given, mail.told, mail.refused), (3, 1, 1), "letters are counted");
    assert_eq!(why.as_deref(), Some("chat not found"), "why a letter was refused is known");
    assert_eq!(ok(outbox.mail("r2").await), (crate::Mail::default(), None), "runs are told apart");
}

async fn letters_of_one_slot_overtake_each_other(outbox: &impl Outbox) {
    ok(outbox.post(&[letter("team", "1", Some("live"))], &[], now()).await);
    let first = ok(outbox.next().await).remove(0);
    assert_eq!(first.replaces, None, "nothing was sent before");
    let delivery = Delivery { id: Some("77".into()), ..Delivery::default() };
    ok(outbox.settle(first.id, &Fate::Delivered(delivery), now()).await);
    let more =
        [letter("team", "2", Some("live")), letter("team", "x", None), letter("team", "3", Some("live"))];
    ok(outbox.post(&more, &[], now()).await);
    let head = ok(outbox.next().await).remove(0);
    assert_eq!(head.letter.once, "x", "the second of the slot was overtaken by the third");
    ok(outbox.settle(head.id, &Fate::Delivered(Delivery::default()), now()).await);
    let head = ok(outbox.next().await).remove(0);
    assert_eq!(
        (head.letter.once.as_str(), head.replaces.as_deref()),
        ("3", Some("77")),
        "it replaces the first"
    );
    let (mail, _) = ok(outbox.mail("r1").await);
    assert_eq!((mail.given, mail.told), (4, 3), "what was overtaken counts as told");
}

async fn a_long_letter_goes_on_where_it_was(outbox: &impl Outbox) {
    ok(outbox.post(&[letter("team", "long", Some("live"))], &[], now()).await);
    let part = |id: &str, more| Delivery { id: Some(id.into()), more, ..Delivery::default() };
    for parts in 0..3 {
        let head = ok(outbox.next().await).remove(0);
        assert_eq!((head.parts, head.attempts), (parts, 0), "each part that arrived is counted");
        if parts == 1 {
            ok(outbox.settle(head.id, &Fate::Postponed(now(), "no answer".into()), now()).await);
            let again = ok(outbox.next().await).remove(0);
            assert_eq!((again.parts, again.attempts), (1, 1), "a part that failed is tried again");
        }
        let fate = Fate::Delivered(part(&format!("{parts}"), parts < 2));
        ok(outbox.settle(head.id, &fate, now()).await);
    }
    assert!(ok(outbox.next().await).is_empty(), "the last part ends it");
    ok(outbox.post(&[letter("team", "next", Some("live"))], &[], now()).await);
    let next = ok(outbox.next().await).remove(0);
    assert_eq!((next.replaces.as_deref(), next.parts), (Some("0"), 0), "its first part is its id");
}

async fn one_at_a_time_has_the_turn(outbox: &impl Outbox) {
    let until = now() + TimeDelta::minutes(1);
    assert!(ok(outbox.take_turn("one", now(), until).await), "nobody has it");
    assert!(ok(outbox.take_turn("one", now(), until).await), "it is kept on");
    assert!(!ok(outbox.take_turn("two", now(), until).await), "another has it");
    assert!(ok(outbox.take_turn("two", until, until + TimeDelta::minutes(1)).await), "it has run out");
    ok(outbox.end_turn("one").await);
    assert!(!ok(outbox.take_turn("one", until, until).await), "only who has it can end it");
    ok(outbox.end_turn("two").await);
    assert!(ok(outbox.take_turn("one", until, until).await), "it was let go");
}

async fn marks_are_kept_until_they_are_forgotten(outbox: &impl Outbox) {
    let mark = |name: &str, value: Option<&str>| Mark { name: name.into(), value: value.map(Into::into) };
    ok(outbox.post(&[], &[mark("a", Some("1")), mark("b", Some("2"))], now()).await);
    ok(outbox.post(&[], &[mark("a", None), mark("b", Some("3"))], now()).await);
    let marks = ok(outbox.marks().await);
    assert_eq!(marks.into_iter().collect::<Vec<_>>(), pairs(&[("b", "3")]), "the last word counts");
}
