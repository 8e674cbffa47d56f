//! How what people write reaches the service: posted by Telegram where there is a webhook,
//! asked for where there is none or while it fails.

use std::time::Duration;

use exporter_core::Error;
use exporter_notify::LONG_POLL;
use tokio::time::{Instant, sleep};

use super::chat::Chat;
use super::door::Hook;

/// After an error it is asked again after this.
const PAUSE: Duration = Duration::from_secs(30);

/// Telegram counts whole seconds.
const SHORT_POLL: Duration = Duration::from_secs(1);

/// When a webhook is looked after.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// The first look at it; each further one comes after twice as long.
    pub first: Duration,
    /// But no later than this.
    pub longest: Duration,
    /// One that failed is tried again after this.
    pub again: Duration,
}

impl Default for Rhythm {
    fn default() -> Self {
        let (first, longest) = (Duration::from_secs(1), Duration::from_mins(1));
        Self { first, longest, again: Duration::from_mins(10) }
    }
}

/// The fact that says that the webhook of the bot is ours.
const OURS: &str = "webhook";
/// The fact that says which commands the bot shows.
const COMMANDS: &str = "commands";

impl Chat {
    /// Listens until it is stopped.
    pub async fn listen(self, hook: Option<Hook>, rhythm: Rhythm) {
        let Some(mut hook) = hook else { return self.ask_for(None).await };
        loop {
            match self.be_told(&mut hook, rhythm).await {
                Ok(why) => tracing::warn!(why, "the bot's webhook fails; it is asked for messages instead"),
                Err(error) => tracing::warn!(%error, "the bot's webhook cannot be used"),
            }
            self.ask_for(Some(rhythm.again)).await;
        }
    }

    /// Sets the webhook and takes what is posted, as long as it works; why it does not.
    async fn be_told(&self, hook: &mut Hook, rhythm: Rhythm) -> Result<String, Error> {
        self.handover.set(OURS, Some("set")).await?;
        self.telegram.set_webhook(&hook.webhook).await?;
        self.introduce().await?;
        let mut look = rhythm.first;
        loop {
            // Another process may listen as well: the webhook brings each post to one of them.
            self.handover.listen(self.clock.now()).await?;
            tokio::select! {
                posted = hook.posted.recv() => {
                    let Some((said, done)) = posted else { return Ok("nobody takes its posts".to_owned()) };
                    match self.hear(&said).await {
                        // Who posted may have hung up.
                        Ok(()) => drop(done.send(())),
                        Err(error) => tracing::warn!(%error, "what was posted is not dealt with; it comes again"),
                    }
                }
                () = sleep(look) => {
                    if let Some(why) = self.telegram.webhook_trouble(&hook.webhook).await? {
                        return Ok(why);
                    }
                    look = (look * 2).min(rhythm.longest);
                }
            }
        }
    }

    /// Asks for what people write, again and again, for so long; never cut off in the middle.
    async fn ask_for(&self, span: Option<Duration>) {
        let begun = Instant::now();
        // What goes on is told once.
        let mut told = String::new();
        loop {
            let left = span.map_or(Duration::MAX, |span| span.saturating_sub(begun.elapsed()));
            if left.is_zero() {
                return;
            }
            match self.once(left.clamp(SHORT_POLL, LONG_POLL)).await {
                Ok(true) => told.clear(),
                Ok(false) => sleep(SHORT_POLL).await,
                Err(error) => {
                    let hint = error.hints().first().map(|hint| format!("; {hint}")).unwrap_or_default();
                    let error = format!("{error}{hint}");
                    if told == error {
                        tracing::debug!(error, "the chat cannot be listened to");
                    } else {
                        tracing::warn!(error, "the chat cannot be listened to: commands are not heard");
                        told = error;
                    }
                    sleep(PAUSE.min(left)).await;
                }
            }
        }
    }

    /// Asks once; false where another process over the same state does.
    async fn once(&self, wait: Duration) -> Result<bool, Error> {
        if !self.handover.listen(self.clock.now()).await? {
            return Ok(false);
        }
        // With a webhook nobody may ask; one that another program has set stays.
        if self.handover.get(OURS).await?.is_some() {
            self.telegram.delete_webhook().await?;
            self.handover.set(OURS, None).await?;
        }
        self.introduce().await?;
        for said in self.telegram.listen(self.handover.heard().await?, wait).await? {
            self.hear(&said).await?;
        }
        Ok(true)
    }

    /// Has the commands shown in the chat, where they have changed.
    async fn introduce(&self) -> Result<(), Error> {
        let commands = self.telegram.commands().to_string();
        if self.handover.get(COMMANDS).await?.as_ref() == Some(&commands) {
            return Ok(());
        }
        self.telegram.introduce().await?;
        self.handover.set(COMMANDS, Some(&commands)).await
    }

    /// Deals with an update, once: a post whose answer was lost comes again.
    async fn hear(&self, said: &exporter_notify::Said) -> Result<(), Error> {
        if self.handover.heard().await? == Some(said.update) {
            return Ok(());
        }
        self.answer(said).await?;
        // Answered first: what is cut off in between is answered under the same name.
        self.handover.has_heard(said.update).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;
    use exporter_core::{Clock, FixedClock, Secret};
    use exporter_notify::{BotWebhook, Language, Mailroom, Telegram, TelegramConfig};
    use exporter_sandbox::telegram::{CHAT, CHAT_ID, TOKEN};
    use exporter_sandbox::{Options, Sandbox};
    use exporter_schedule::{Calendar, CatchUp, Cron, Schedule};
    use exporter_store::{SqliteStore, Store};
    use tokio::net::TcpListener;

    use super::*;
    use crate::asking::handover::Handover;
    use crate::service::door::{Door, hang};
    use crate::service::health::Health;
    use crate::service::http::{Watch, serve};

    /// The audit log counts what was dealt with.
    async fn dealt_with(store: &Arc<dyn Store>, count: usize) {
        for _ in 0..400 {
            if store.audit_log(50).await.unwrap().len() >= count {
                return;
            }
            sleep(Duration::from_millis(25)).await;
        }
        panic!("no {count} commands: {:#?}", store.audit_log(50).await);
    }

    #[tokio::test]
    async fn asking_takes_over_from_posts_that_fail_and_posts_from_asking() {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(directory.path().join("state.db")).await.unwrap());
        let now: DateTime<chrono::Utc> = "2026-01-05T01:00:00Z".parse().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(now));
        let zone = chrono_tz::Tz::UTC;
        let schedule = Schedule {
            cron: Cron::new("0 8 * * *", zone, now).unwrap(),
            calendar: Calendar::default(),
            panel: zone,
            last_days: 1,
            catch_up: CatchUp::Merge,
            catch_up_days: 7,
        };
        let telegram = Telegram::new(TelegramConfig {
            token: Secret::new(TOKEN),
            chat: CHAT.to_owned(),
            base_url: Some(sandbox.telegram_url()),
            language: Language::En,
        });
        let room = Mailroom::open(store.clone(), Vec::new(), clock.clone(), "account", "test");
        let chat = Chat {
            handover: Handover::new(&store, telegram.as_ref().unwrap()),
            desk: Arc::default(),
            telegram: telegram.unwrap(),
            allowed: vec![(CHAT.to_owned(), "Telegram".to_owned())],
            shop: "Toko".into(),
            account: "a".into(),
            schedule,
            store: store.clone(),
            room: Arc::new(room),
            clock: clock.clone(),
            exports: Vec::new(),
            health: Arc::new(Health::new(now)),
            asks: Arc::default(),
            name: tokio::sync::OnceCell::new(),
        };
        // Its address is known, but nobody answers there yet.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let url = format!("http://{address}/telegram");
        let webhook = BotWebhook::new(&url, Secret::new("s3cret"), true).unwrap();
        let door = Arc::new(Door::default());
        let hook = hang(&door, Some(webhook));
        let rhythm = Rhythm {
            first: Duration::from_millis(20),
            longest: Duration::from_millis(100),
            again: Duration::from_millis(300),
        };
        let listening = tokio::spawn(chat.listen(hook, rhythm));
        sandbox.telegram().say(CHAT_ID, "Budi", "/pause");
        dealt_with(&store, 1).await;

        let listener = TcpListener::bind(address).await.unwrap();
        let health = Arc::new(Health::new(now));
        let watch = Watch { health, store: store.clone(), account: "a".into(), clock, door };
        tokio::spawn(serve(listener, Arc::new(watch)));
        // Posts are tried again by and by; then nobody asks any more.
        let posted = || {
            sandbox.faults().calls().iter().rev().find_map(|call| match &*call.endpoint.to_lowercase() {
                "setwebhook" => Some(true),
                "deletewebhook" => Some(false),
                _ => None,
            })
        };
        while posted() != Some(true) {
            sleep(Duration::from_millis(10)).await;
        }
        for count in 2..5 {
            sandbox.telegram().say(CHAT_ID, "Budi", "/pause");
            dealt_with(&store, count).await;
        }
        assert_eq!(posted(), Some(true), "posts arrive");
        assert_eq!(store.audit_log(50).await.unwrap().len(), 4, "each is dealt with once");
        listening.abort();
    }
}
