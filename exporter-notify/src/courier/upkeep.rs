//! What is told between runs: warnings to the owner, each once and then once a day as long
//! as it lasts, and how the day went.

use chrono::{DateTime, NaiveDateTime, Utc};
use exporter_core::{Daily, Error, ErrorReport, Letter, Mark, Message, MessageBody, Topic};

use super::incident::{Incident, Worth};
use super::policy::About;
use crate::mailroom::{Channel, Mailroom, Role};

/// Tells what changed about these topics: what is wrong with each, or that nothing is.
///
/// # Errors
/// When the outbox cannot be read or written.
pub async fn warn(
    room: &Mailroom,
    about: &About,
    looks: &[(Topic, Option<ErrorReport>)],
) -> Result<(), Error> {
    let known = room.marks().await?;
    let now = room.clock().now();
    let today = now.with_timezone(&about.zone).date_naive();
    let (mut letters, mut marks) = (Vec::new(), Vec::new());
    for (topic, wrong) in looks {
        // A topic's name in JSON is a word.
        let word = serde_json::to_value(topic).ok().and_then(|word| word.as_str().map(str::to_owned));
        let word = word.unwrap_or_default();
        let name = format!("watch:{}:{word}", about.account);
        let incident = known.get(&name).and_then(|mark| serde_json::from_str::<Incident>(mark).ok());
        let (body, value) = match (wrong, incident) {
            (None, None) => continue,
            (None, Some(incident)) => {
                let since = local(about, incident.since);
                (Some(MessageBody::AllClear { topic: *topic, since }), None)
            }
            (Some(error), incident) => {
                let before = incident.as_ref().map(|incident| local(about, incident.since));
                let (incident, worth) = Incident::next(incident, error, now, about.zone);
                let since = before.filter(|_| worth == Worth::Remind);
                let body = MessageBody::Warning { topic: *topic, error: Box::new(error.clone()), since };
                // An incident holds nothing that JSON cannot.
                let value = serde_json::to_string(&incident).unwrap_or_default();
                ((worth != Worth::Nothing).then_some(body), Some(value))
            }
        };
        if let Some(body) = body {
            let state = if wrong.is_some() { "wrong" } else { "well" };
            // Two services over one state tell it once.
            let once = format!("watch:{}:{word}:{state}:{today}", about.account);
            letters.extend(to(room, about, &once, &body, |role| role != Role::Team));
        }
        marks.push(Mark { name, value });
    }
    if marks.is_empty() { Ok(()) } else { room.post(&letters, &marks).await }
}

/// Tells everybody how a day went; a day is told once.
///
/// # Errors
/// When the outbox cannot be written.
pub async fn daily(room: &Mailroom, about: &About, daily: Daily) -> Result<(), Error> {
    let once = format!("daily:{}:{}", about.account, daily.day);
    let body = MessageBody::Daily { daily: Box::new(daily) };
    let letters: Vec<Letter> = to(room, about, &once, &body, |_| true).collect();
    room.post(&letters, &[]).await
}

fn to<'a>(
    room: &'a Mailroom,
    about: &'a About,
    once: &'a str,
    body: &'a MessageBody,
    meant: impl Fn(Role) -> bool + 'a,
) -> impl Iterator<Item = Letter> + 'a {
    // Only what has to be acted on rings.
    let silent = !matches!(body, MessageBody::Warning { .. });
    let message = Message { silent, ..Message::new(&about.store, "serve", body.clone()) };
    let channels = room.channels().iter().filter(move |channel| meant(channel.role));
    channels.map(move |Channel { name, .. }| Letter {
        channel: name.clone(),
        once: once.to_owned(),
        slot: None,
        message: message.clone(),
    })
}

fn local(about: &About, at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&about.zone).naive_local()
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use chrono::TimeDelta;
    use exporter_core::{Delivery, ErrorKind, FixedClock, Notifier, Result};

    use super::*;
    use crate::{Language, MemoryOutbox, html, plain};

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    #[async_trait]
    impl Notifier for Heard {
        async fn check(&self) -> Result<()> {
            Ok(())
        }

        async fn notify(&self, message: &Message) -> Result<Delivery> {
            self.0.lock().unwrap().push(plain(&html(message, Language::Id)));
            Ok(Delivery::default())
        }
    }

    #[tokio::test]
    async fn a_warning_is_told_once_then_daily_then_that_it_is_over_and_to_the_owner_only() {
        let (team, owner) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
        let channel = |name: &str, notifier: &Arc<Heard>, role| Channel {
            name: name.into(),
            notifier: notifier.clone(),
            role,
            live: false,
        };
        let channels = vec![channel("team", &team, Role::Team), channel("owner", &owner, Role::Owner)];
        let clock = FixedClock::at("2026-01-05T01:00:00Z".parse().unwrap());
        let room =
            Mailroom::open(Arc::new(MemoryOutbox::default()), channels, Arc::new(clock.clone()), "test");
        let about = About {
            store: "Toko".into(),
            account: "a".into(),
            zone: chrono_tz::Tz::Asia__Jakarta,
            next_run: None,
        };
        let full = Error::new(ErrorKind::Io, "only 12 MB are free on the disk").report();
        let mut told = Vec::new();
        for (hours, wrong) in [(1, true), (1, true), (24, true), (1, true), (1, false), (1, false)] {
            let looks = [(Topic::Disk, wrong.then(|| full.clone())), (Topic::Clock, None)];
            warn(&room, &about, &looks).await.unwrap();
            room.settle("serve").await;
            told.push(owner.0.lock().unwrap().drain(..).collect::<Vec<_>>().join("|"));
            clock.advance(TimeDelta::hours(hours));
        }
        let day = Daily {
            day: "2026-01-06".parse().unwrap(),
            runs: 2,
            failed: 0,
            exports: vec![exporter_core::DailyExport { name: "user".into(), new: 1234, updated: 0 }],
            failing: vec!["*".into()],
            missing: 3,
            next_run: None,
        };
        daily(&room, &about, day.clone()).await.unwrap();
        daily(&room, &about, day).await.unwrap();
        room.settle("serve").await;
        insta::assert_snapshot!(format!(
            "{}\n--- team\n{}",
            told.join("\n-\n"),
            team.0.lock().unwrap().join("|")
        ));
    }
}
