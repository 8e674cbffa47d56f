//! Asking in the chat: a message that rings, and whoever may answers with the code.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use exporter_core::{Asker, Clock, Error, ErrorKind, Letter, Message, MessageBody, Question, Secret};
use exporter_notify::{LONG_POLL, Mailroom, Role, Telegram};

use super::Given;
use super::desk::Desk;
use super::handover::{Asked, Handover};
use super::missed;

/// After an error it is listened again after this.
const PAUSE: Duration = Duration::from_secs(2);
/// How often it is looked for what a service hands over.
const LOOK: Duration = Duration::from_millis(500);

/// Asks those who have to act, and waits for one of the chats to answer.
pub struct InChat {
    /// The name in every message.
    pub shop: String,
    /// The panel's time zone.
    pub zone: Tz,
    /// How long it is waited.
    pub patience: Duration,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the answer comes in.
    pub desk: Arc<Desk>,
    /// Who listens to the chat meanwhile, where no service does.
    pub ear: Option<Ear>,
    /// Where the question is posted; whoever runs the run says.
    room: OnceLock<Weak<Mailroom>>,
}

impl std::fmt::Debug for InChat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InChat").field("shop", &self.shop).finish_non_exhaustive()
    }
}

/// Listens to the bot for a run, as long as no service over the same state does.
pub struct Ear {
    /// The bot.
    pub telegram: Telegram,
    /// The chats that may answer.
    pub allowed: Vec<String>,
    /// By which a service hands over what it hears; knows how far the bot was listened to.
    pub handover: Option<Handover>,
}

impl InChat {
    /// Asks in the name of this shop; nothing can be asked before [`InChat::seat`].
    pub fn new(
        shop: &str,
        zone: Tz,
        patience: Duration,
        clock: &Arc<dyn Clock>,
        desk: Arc<Desk>,
        ear: Option<Ear>,
    ) -> Self {
        Self { shop: shop.to_owned(), zone, patience, clock: clock.clone(), desk, ear, room: OnceLock::new() }
    }

    /// Says where questions are posted.
    pub fn seat(&self, room: &Arc<Mailroom>) {
        // The first one stays: a run has one.
        let _ = self.room.set(Arc::downgrade(room));
    }

    /// Puts a message into the place of the question, where a channel can do that.
    async fn post(&self, room: &Mailroom, slot: &str, once: &str, body: MessageBody) -> Result<(), Error> {
        let question = matches!(body, MessageBody::CodeWanted { .. });
        let message = Message { silent: !question, ..Message::new(&self.shop, "chat", body) };
        let channels = room.channels().iter();
        let channels = channels.filter(|channel| channel.role != Role::Team && (question || channel.live));
        let letters: Vec<Letter> = channels
            .map(|channel| Letter {
                channel: channel.name.clone(),
                once: format!("{slot}:{once}"),
                slot: channel.live.then(|| slot.to_owned()),
                message: message.clone(),
            })
            .collect();
        room.post(&letters, &[]).await
    }

    /// The answer, as soon as it comes: to us, or to a service that hands it over.
    async fn answer(&self, until: DateTime<Utc>) -> Result<Option<Given>, Error> {
        let given = self.desk.open();
        let Some(ear) = &self.ear else {
            return Ok(tokio::time::timeout(self.patience, given).await.ok().and_then(Result::ok));
        };
        let asked = ear.asked(until).await?;
        let given = tokio::select! {
            given = given => Ok(given.ok()),
            answer = ear.handed_over(asked) => answer.map(Some),
            () = ear.listen(&self.desk, &*self.clock) => Ok(None),
            () = tokio::time::sleep(self.patience) => Ok(None),
        };
        ear.close().await?;
        given
    }
}

#[async_trait]
impl Asker for InChat {
    async fn ask(&self, question: &Question) -> Result<Secret, Error> {
        let room = self.room.get().and_then(Weak::upgrade).ok_or_else(|| {
            Error::new(ErrorKind::SecondFactor, "the panel wants a one-time code, and there is nobody to ask")
                .hint("run it in a terminal, or with a Telegram chat that is told")
        })?;
        if let Some(ear) = &self.ear {
            ear.clear(&*self.clock).await?;
        }
        let now = self.clock.now();
        let slot = format!("code:{}", now.timestamp_millis());
        let until = now + TimeDelta::from_std(self.patience).unwrap_or(TimeDelta::MAX);
        let (panel, again) = (question.panel.clone(), question.again);
        let here = until.with_timezone(&self.zone).naive_local();
        let wanted = MessageBody::CodeWanted { panel: panel.clone(), until: here, again };
        self.post(&room, &slot, "wanted", wanted).await?;
        tracing::info!(panel, "the login waits for a one-time code");
        let given = self.answer(until).await?;
        let left = given.as_ref().is_some_and(|given| given.left);
        let over = MessageBody::CodeOver { panel, given: given.is_some(), left };
        self.post(&room, &slot, "over", over).await?;
        given.map(|given| given.code).ok_or_else(|| missed(self.patience))
    }
}

impl Ear {
    /// Lets go of what was said before the question: it is no answer to it.
    async fn clear(&self, clock: &dyn Clock) -> Result<(), Error> {
        if self.is_served(clock).await? {
            return Ok(());
        }
        let cleared = self.once(Duration::ZERO, &Desk::default()).await;
        cleared.map_err(|error| {
            let hints: Vec<String> = error.hints().into_iter().map(str::to_owned).collect();
            let cannot =
                Error::new(ErrorKind::SecondFactor, "nobody can be asked for the one-time code in the chat");
            hints.into_iter().fold(cannot, Error::hint).source(error)
        })
    }

    /// Whether a service listens, which hands over what it hears.
    async fn is_served(&self, clock: &dyn Clock) -> Result<bool, Error> {
        match &self.handover {
            Some(handover) => handover.is_served(clock.now()).await,
            None => Ok(false),
        }
    }

    async fn asked(&self, until: DateTime<Utc>) -> Result<Option<Asked>, Error> {
        match &self.handover {
            Some(handover) => handover.ask(until).await.map(Some),
            None => Ok(None),
        }
    }

    async fn close(&self) -> Result<(), Error> {
        match &self.handover {
            Some(handover) => handover.close().await,
            None => Ok(()),
        }
    }

    /// Waits for what a service hands over.
    async fn handed_over(&self, asked: Option<Asked>) -> Result<Given, Error> {
        let (Some(handover), Some(asked)) = (&self.handover, asked) else {
            return std::future::pending().await;
        };
        loop {
            if let Some(answer) = handover.answered().await? {
                return asked.read(&answer);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Takes what is said to the desk, until it is stopped, and while no service does.
    async fn listen(&self, desk: &Desk, clock: &dyn Clock) {
        loop {
            let heard = match self.is_served(clock).await {
                Ok(true) => {
                    tokio::time::sleep(PAUSE).await;
                    Ok(())
                }
                Ok(false) => self.once(LONG_POLL, desk).await,
                Err(error) => Err(error),
            };
            if let Err(error) = heard {
                tracing::warn!(%error, "the chat cannot be listened to");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn once(&self, wait: Duration, desk: &Desk) -> Result<(), Error> {
        let after = match &self.handover {
            Some(handover) => handover.heard().await?,
            None => None,
        };
        for said in self.telegram.listen(after, wait).await? {
            if self.allowed.contains(&said.chat) {
                desk.hear(&self.telegram, &said, None).await?;
            }
            if let Some(handover) = &self.handover {
                handover.has_heard(said.update).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use exporter_core::{Delivery, FixedClock, Notifier};
    use exporter_notify::{Channel, Language, MemoryOutbox, html, plain};

    use super::*;

    #[derive(Default)]
    struct Heard(Mutex<Vec<(String, Option<String>)>>);

    #[async_trait]
    impl Notifier for Heard {
        async fn check(&self) -> Result<(), Error> {
            Ok(())
        }

        async fn notify(&self, message: &Message) -> Result<Delivery, Error> {
            let text = plain(&html(message, Language::En));
            self.0.lock().unwrap().push((text, message.replaces.clone()));
            Ok(Delivery { id: Some("7".into()), ..Delivery::default() })
        }
    }

    #[tokio::test]
    async fn a_question_that_nobody_answers_ends_and_says_so_in_its_place() {
        let (owner, team) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
        let channel = |name: &str, notifier: &Arc<Heard>, role| Channel {
            name: name.into(),
            notifier: notifier.clone(),
            role,
            live: true,
        };
        let channels = vec![channel("team", &team, Role::Team), channel("owner", &owner, Role::Owner)];
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at("2026-01-05T01:00:00Z".parse().unwrap()));
        let room = Arc::new(Mailroom::open(
            Arc::new(MemoryOutbox::default()),
            channels,
            clock.clone(),
            "account",
            "test",
        ));
        let desk = Arc::new(Desk::default());
        let patience = Duration::from_millis(30);
        let asker = InChat::new("Toko", Tz::Asia__Jakarta, patience, &clock, desk.clone(), None);
        let question = Question { panel: "panel.example".into(), again: true };
        assert!(asker.ask(&question).await.unwrap_err().to_string().contains("nobody to ask"));
        asker.seat(&room);
        assert_eq!(asker.ask(&question).await.unwrap_err().kind(), ErrorKind::SecondFactor);
        room.settle("chat").await;
        assert!(team.0.lock().unwrap().is_empty(), "the team is not asked");
        insta::assert_debug_snapshot!(*owner.0.lock().unwrap());
    }
}
