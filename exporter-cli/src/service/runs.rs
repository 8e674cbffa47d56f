//! The runs of the service: those that are due, and those that somebody asked for in the chat.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use exporter_core::{Asker, Error, Message, MessageBody, RunReport, Window};
use exporter_notify::Role;
use exporter_store::Cause;

use super::Service;
use super::asks::{Ask, Words};
use super::chat::letter;
use super::engine::{Runner, Wanted};
use crate::asking::{chat::InChat, patience};
use crate::execute::{self, Around, Order};
use crate::render::progress::Progress;

#[async_trait]
impl Runner for Service {
    async fn run(&self, Wanted { window, tick, next }: Wanted) -> Result<RunReport, Error> {
        let order = Order { tick: Some(tick), ..self.order(window, Cause::Schedule) };
        self.execute(&order, next).await
    }
}

impl Service {
    /// Does what somebody asked for in the chat, and says that it is done.
    pub(super) async fn answer(&self, ask: &Ask, channel: &str) {
        self.asked(ask, channel).await;
        self.asks.done();
    }

    /// A run tells its own end, but not to a chat that hears of failures only; why it could not
    /// begin is told to who asked.
    async fn asked(&self, ask: &Ask, channel: &str) {
        let (words, missing, dry_run) = match ask {
            Ask::Run(words) => (words.clone(), false, false),
            Ask::Plan(words) => (words.clone(), false, true),
            Ask::Retry => (Words::default(), true, false),
            Ask::Look => return,
        };
        let window = match words.window {
            Some(window) => Ok(window),
            None => self.engine().window_now(&self.schedule, missing).await,
        };
        let done = match window {
            Ok(window) => {
                let order = Order { dry_run, only: words.only, ..self.order(window, Cause::Chat) };
                self.execute(&order, self.schedule.next(self.clock.now())).await
            }
            Err(error) => Err(error),
        };
        let hears =
            |role| self.room.channels().iter().any(|known| known.name == channel && known.role == role);
        let body = match done {
            Ok(report) if dry_run || hears(Role::Owner) => MessageBody::Summary { report: Box::new(report) },
            Ok(_) => return,
            Err(error) => MessageBody::NotDone { error: Box::new(error.report()) },
        };
        let once = format!("asked:{}", execute::run_id(self.clock.now()));
        let message = Message::new(&self.loaded.config.store_name, "chat", body);
        if let Err(error) = self.room.post(&[letter(channel, &once, message)], &[]).await {
            tracing::warn!(%error, "an answer could not be posted");
        }
    }

    fn order(&self, window: Window, cause: Cause) -> Order {
        Order {
            window,
            only: Vec::new(),
            driver: self.driver,
            individual_sessions: false,
            dry_run: false,
            cause,
            tick: None,
            who: "serve".to_owned(),
        }
    }

    /// Asks for one-time codes in the chat, if somebody listens there.
    fn asker(&self) -> Option<Arc<dyn Asker>> {
        let config = &self.loaded.config;
        let patience = patience(config).filter(|_| self.listening.is_some())?;
        let (shop, zone) = (&config.store_name, config.panel.timezone);
        let asker = InChat::new(shop, zone, patience, &self.clock, self.desk.clone(), None);
        asker.seat(&self.room);
        Some(Arc::new(asker))
    }

    async fn execute(&self, order: &Order, next_run: Option<DateTime<Utc>>) -> Result<RunReport, Error> {
        let around = Around {
            listeners: vec![Progress::here().listener()],
            asker: self.asker(),
            room: Some(self.room.clone()),
            next_run,
            paused: self.paused().await,
            quiet: false,
        };
        let begun = self.clock.now();
        self.health.note(|facts| facts.running = Some(begun));
        let outcome = execute::execute(&self.config, order, &self.clock, around).await;
        self.health.note(|facts| facts.running = None);
        self.worn.store(true, Ordering::Relaxed);
        let outcome = outcome?;
        for note in &outcome.report.notes {
            tracing::warn!("{note}");
        }
        Ok(outcome.report)
    }
}
