//! What is told between runs: warnings to the owner, each once and then once a day as long
//! as it lasts, and how the day went.

use std::collections::HashSet;

use exporter_core::{Daily, Error, ErrorReport, Letter, Mark, Message, MessageBody, Topic};

use super::incident::{Incident, Worth};
use super::policy::{About, WHOLE};
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
                let since = about.local(incident.since);
                (Some(MessageBody::AllClear { topic: *topic, since }), None)
            }
            (Some(error), incident) => {
                let before = incident.as_ref().map(|incident| about.local(incident.since));
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

/// Tells of the failures of runs that last and of which nobody was told today: no run came
/// that would have done so.
///
/// # Errors
/// When the outbox cannot be read or written.
pub async fn remind(room: &Mailroom, about: &About) -> Result<(), Error> {
    let today = room.clock().now().with_timezone(&about.zone).date_naive();
    let prefix = about.incident_name("");
    let (mut letters, mut marks, mut said) = (Vec::new(), Vec::new(), HashSet::new());
    for (mark, value) in room.marks().await? {
        let Some(export) = mark.strip_prefix(&prefix) else { continue };
        let Ok(incident) = serde_json::from_str::<Incident>(&value) else { continue };
        let Some(error) = incident.error.clone().filter(|_| incident.told < today) else { continue };
        // One cause of four exports is told once.
        if said.insert(error.message.clone()) {
            let body = MessageBody::StillFailing {
                export: (export != WHOLE).then(|| export.to_owned()),
                since: about.local(incident.since),
                runs: incident.runs,
                error,
            };
            let once = format!("reminded:{mark}:{today}");
            letters.extend(to(room, about, &once, &body, |role| role != Role::Team));
        }
        // An incident holds nothing that JSON cannot.
        let value = serde_json::to_string(&Incident { told: today, ..incident }).unwrap_or_default();
        marks.push(Mark { name: mark, value: Some(value) });
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

/// Renews the message that says how things stand, as when somebody has paused the schedule.
///
/// # Errors
/// When the outbox cannot be read or written.
pub async fn stand(room: &Mailroom, about: &About) -> Result<(), Error> {
    let Some(body) = about.standing(&room.marks().await?) else { return Ok(()) };
    let message = Message { silent: true, pin: true, ..Message::new(&about.store, "serve", body) };
    let live = room.channels().iter().filter(|channel| channel.live && channel.role != Role::Owner);
    let once = format!("standing:{}:{}", about.account, room.clock().now().to_rfc3339());
    let letter = |channel: &Channel| Letter {
        channel: channel.name.clone(),
        once: once.clone(),
        slot: Some(about.standing_slot()),
        message: message.clone(),
    };
    room.post(&live.map(letter).collect::<Vec<_>>(), &[]).await
}

fn to<'a>(
    room: &'a Mailroom,
    about: &'a About,
    once: &'a str,
    body: &'a MessageBody,
    meant: impl Fn(Role) -> bool + 'a,
) -> impl Iterator<Item = Letter> + 'a {
    // Only what has to be acted on rings.
    let silent = !matches!(body, MessageBody::Warning { .. } | MessageBody::StillFailing { .. });
    let message = Message { silent, ..Message::new(&about.store, "serve", body.clone()) };
    let channels = room.channels().iter().filter(move |channel| meant(channel.role));
    channels.map(move |Channel { name, .. }| Letter {
        channel: name.clone(),
        once: once.to_owned(),
        slot: None,
        message: message.clone(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use async_trait::async_trait;
    use chrono::TimeDelta;
    use exporter_core::{Clock as _, Delivery, ErrorKind, FixedClock, Notifier, Result};

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
        let room = Mailroom::open(
            Arc::new(MemoryOutbox::default()),
            channels,
            Arc::new(clock.clone()),
            "account",
            "test",
        );
        let about = About {
            store: "Toko".into(),
            account: "a".into(),
            zone: chrono_tz::Tz::Asia__Jakarta,
            next_run: None,
            paused: false,
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

    #[tokio::test]
    async fn a_failure_that_lasts_is_told_on_a_day_without_runs_once_and_with_its_cause() {
        let owner = Arc::new(Heard::default());
        let channel =
            Channel { name: "owner".into(), notifier: owner.clone(), role: Role::Owner, live: false };
        let clock = FixedClock::at("2026-01-05T01:00:00Z".parse().unwrap());
        let outbox = Arc::new(MemoryOutbox::default());
        let room = Mailroom::open(outbox, vec![channel], Arc::new(clock.clone()), "account", "test");
        let zone = chrono_tz::Tz::Asia__Jakarta;
        let about = About { store: "Toko".into(), account: "a".into(), zone, next_run: None, paused: false };
        let down = Error::new(ErrorKind::PanelDown, "the panel does not answer in time").report();
        let (incident, _) = Incident::next(None, &down, clock.now(), zone);
        let value = serde_json::to_string(&incident).unwrap();
        // A mark of an earlier version has no cause.
        let old = r#"{"since":"2026-01-01T00:00:00Z","runs":1,"kind":"panel_down","told":"2026-01-01"}"#;
        let mark = |name: &str, value: &str| Mark { name: name.into(), value: Some(value.into()) };
        let marks = [
            mark("failing:a:user", &value),
            mark("failing:a:koin_pay", &value),
            mark("failing:a:old", old),
            mark("failing:b:user", &value),
        ];
        room.post(&[], &marks).await.unwrap();
        let mut told = Vec::new();
        for hours in [1, 24, 1, 24] {
            remind(&room, &about).await.unwrap();
            room.settle("serve").await;
            told.push(owner.0.lock().unwrap().drain(..).collect::<Vec<_>>());
            clock.advance(TimeDelta::hours(hours));
        }
        assert_eq!(told.iter().map(Vec::len).collect::<Vec<_>>(), [0, 0, 1, 0], "{told:#?}");
        assert!(told[2][0].starts_with("🔴 Toko: koin_pay masih gagal sejak 5 Januari 2026"), "{told:#?}");
        assert!(told[2][0].contains("panel tidak menjawab pada waktunya"), "{told:#?}");
    }
}
