//! The service: runs by themselves whenever the schedule says so, and what it tells about itself.

pub mod afresh;
pub mod asks;
pub mod chat;
pub mod door;
pub mod engine;
pub mod health;
pub mod http;
pub mod listening;
pub mod metrics;
#[cfg(test)]
mod month;
mod runs;
pub mod schedule;
pub mod upkeep;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use exporter_core::{
    Clock, Driver, Error, ErrorKind, Event, Fact, REPORT_VERSION, RunReport, RunStatus, Window,
};
use exporter_notify::{About, Courier, Mailroom};
use exporter_schedule::Schedule;
use exporter_store::Store;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinHandle;

use crate::asking::{desk::Desk, handover::Handover};
use crate::assemble::export_names;
use crate::channels::{channels, follow_moves, listener, webhook};
use crate::config::{Loaded, load};
use crate::execute;
use crate::{state, trail};
use asks::Asks;
use chat::Chat;
use door::{Door, hang};
use engine::{Engine, Step};
use health::Health;
use listening::Rhythm;
use upkeep::{Site, Upkeep};

/// The wall clock is looked at no less often: it may be set, and machines sleep.
pub const LOOK: Duration = Duration::from_secs(30);
/// When nobody has asked for anything so long after a run, the service starts anew.
const IDLE: Duration = Duration::from_secs(5);
/// After trouble with state or configuration it is looked again after this.
const TROUBLE: TimeDelta = TimeDelta::minutes(1);

/// All that a service is made from, as it is now: configuration, holidays, and which state.
fn as_it_is(config: &Path, loaded: &Loaded) -> Result<String, Error> {
    let text = std::fs::read_to_string(config)?;
    Ok(format!("{text}\n{}\n{}", schedule::beside(loaded), state::identity(loaded)))
}

/// What serves: made anew whenever what it is made from changes.
pub struct Service {
    config: PathBuf,
    text: String,
    loaded: Loaded,
    schedule: Schedule,
    store: Arc<dyn Store>,
    account: String,
    exports: Vec<String>,
    room: Arc<Mailroom>,
    clock: Arc<dyn Clock>,
    health: Arc<Health>,
    driver: Option<Driver>,
    /// The trouble that was told last, and on which day.
    told: Option<(String, NaiveDate)>,
    asks: Arc<Asks>,
    listening: Option<JoinHandle<()>>,
    /// Where a code comes in that a login waits for.
    desk: Arc<Desk>,
    /// Where Telegram posts.
    door: Arc<Door>,
    upkeep: Upkeep,
    /// Whether something has run.
    worn: AtomicBool,
}

impl Service {
    /// Reads the configuration, opens the state and begins to listen in the chat.
    ///
    /// # Errors
    /// What is wrong with the configuration or the state.
    pub async fn load(
        config: &Path,
        driver: Option<Driver>,
        clock: &Arc<dyn Clock>,
        health: &Arc<Health>,
        asks: &Arc<Asks>,
        door: &Arc<Door>,
    ) -> Result<Self, Error> {
        let mut loaded = load(config)?;
        let schedule = schedule::of(&loaded, clock.now())?;
        let store = state::open(&loaded).await?;
        let text = as_it_is(config, &loaded)?;
        trail::note(&*store, config, &loaded, "serve", clock.now()).await?;
        follow_moves(&mut loaded.config, &*store).await?;
        let (account, exports) = (execute::account(&loaded)?, export_names(&loaded)?);
        let channels = channels(&loaded.config, &loaded.directory)?;
        // Unlike the room before it, which may be delivering still.
        let who = format!("serve {}", execute::run_id(clock.now()));
        let room = Arc::new(Mailroom::open(store.clone(), channels, clock.clone(), &account, who));
        let desk = Arc::new(Desk::default());
        let hook = hang(door, webhook(loaded.config.telegram.as_ref(), &loaded.directory)?);
        let listening =
            listener(loaded.config.telegram.as_ref(), &loaded.directory)?.map(|(telegram, allowed)| {
                let chat = Chat {
                    handover: Handover::new(&store, &telegram),
                    desk: desk.clone(),
                    telegram,
                    allowed,
                    shop: loaded.config.store_name.clone(),
                    account: account.clone(),
                    exports: exports.clone(),
                    schedule: schedule.clone(),
                    health: health.clone(),
                    store: store.clone(),
                    room: room.clone(),
                    clock: clock.clone(),
                    asks: asks.clone(),
                    name: OnceCell::new(),
                };
                tokio::spawn(chat.listen(hook, Rhythm::default()))
            });
        Ok(Self {
            config: config.to_path_buf(),
            text,
            loaded,
            schedule,
            store,
            account,
            exports,
            room,
            clock: clock.clone(),
            health: health.clone(),
            driver,
            told: None,
            asks: asks.clone(),
            listening,
            desk,
            door: door.clone(),
            upkeep: Upkeep::default(),
            worn: AtomicBool::new(false),
        })
    }

    /// Whether Telegram posts what people write.
    pub fn is_posted_to(&self) -> bool {
        self.loaded.config.telegram.as_ref().is_some_and(|section| section.webhook.is_some())
    }

    /// What those see who watch from outside.
    pub fn watch(&self) -> http::Watch {
        http::Watch {
            health: self.health.clone(),
            store: self.store.clone(),
            account: self.account.clone(),
            clock: self.clock.clone(),
            door: self.door.clone(),
        }
    }

    /// Works until it is stopped; or until it can start anew after a run, as this program.
    pub async fn work(mut self, mut stopping: watch::Receiver<bool>) -> Option<PathBuf> {
        let asks = self.asks.clone();
        let anew = loop {
            let look = self.turn().await;
            if *stopping.borrow() {
                break None;
            }
            let worn = self.worn.load(Ordering::Relaxed);
            let idle = worn && self.is_idle().await;
            let wait = (look - self.clock.now()).to_std().unwrap_or_default();
            tokio::select! {
                () = tokio::time::sleep(wait.min(if worn { IDLE } else { LOOK })) => {
                    if let Some(program) = afresh::program().filter(|_| idle && wait > IDLE) {
                        break Some(program);
                    }
                }
                (ask, channel) = asks.next() => self.answer(&ask, &channel).await,
                _ = stopping.changed() => break None,
            }
        };
        self.hush().await;
        // What was asked in the last moment is done before.
        while anew.is_some()
            && let Some((ask, channel)) = asks.take()
        {
            self.answer(&ask, &channel).await;
        }
        self.close().await;
        anew
    }

    /// Whether nothing is under way or remembered that a fresh start would lose.
    async fn is_idle(&self) -> bool {
        let delivered = self.store.next().await.is_ok_and(|waiting| waiting.is_empty());
        delivered && self.told.is_none() && !self.upkeep.is_busy()
    }

    /// Listens in the chat no more.
    async fn hush(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            // Aborted or not, it listens no more.
            let _ = listening.await;
        }
    }

    /// Delivers no more after the message that is on its way.
    async fn close(mut self) {
        self.hush().await;
        if let Some(room) = Arc::into_inner(self.room) {
            room.close().await;
        }
    }

    /// One turn of the loop: takes over a changed configuration, then does what is due.
    /// Returns when to look again.
    async fn turn(&mut self) -> DateTime<Utc> {
        let now = self.clock.now();
        self.health.note(|facts| facts.beat = now);
        let step = match self.renew().await {
            Ok(()) => self.engine().step(&self.schedule, &*self).await,
            Err(error) => Err(error),
        };
        // After the run: a day's summary counts it.
        self.look_after_itself().await;
        let trouble = match step {
            Ok(Step { look, ran, .. }) => {
                self.health.note(|facts| facts.next = self.schedule.next(now));
                match ran {
                    Some(Err(error)) if error.kind() != ErrorKind::Busy => error,
                    _ => {
                        self.health.note(|facts| facts.trouble = None);
                        self.told = None;
                        return look;
                    }
                }
            }
            Err(error) => error,
        };
        tracing::error!(error = %trouble, "nothing can run");
        self.health.note(|facts| facts.trouble = Some(trouble.to_string()));
        self.tell(&trouble).await;
        self.clock.now() + TROUBLE
    }

    /// Upkeep that fails is tried again by the next turn.
    async fn look_after_itself(&mut self) {
        let mut upkeep = std::mem::take(&mut self.upkeep);
        let site = Site {
            loaded: &self.loaded,
            store: &self.store,
            room: &self.room,
            clock: &self.clock,
            schedule: &self.schedule,
            exports: &self.exports,
            about: self.about(None, false),
        };
        if let Err(error) = upkeep.turn(&site).await {
            tracing::warn!(%error, "the service cannot look after itself");
        }
        self.upkeep = upkeep;
    }

    fn engine(&self) -> Engine {
        Engine::new(self.store.clone(), self.clock.clone(), &*self.account, self.exports.clone())
    }

    /// Takes over a configuration that has changed; one with a mistake is told, and nothing
    /// runs until it is mended.
    async fn renew(&mut self) -> Result<(), Error> {
        if as_it_is(&self.config, &self.loaded)? == self.text {
            return Ok(());
        }
        let fresh =
            Self::load(&self.config, self.driver, &self.clock, &self.health, &self.asks, &self.door).await?;
        std::mem::replace(self, fresh).close().await;
        Ok(())
    }

    /// Tells people that nothing can run, as often as a failure of a run would be told.
    async fn tell(&mut self, error: &Error) {
        let now = self.clock.now();
        let news = Some((error.to_string(), self.clock.today(self.loaded.config.panel.timezone)));
        if self.told == news {
            return;
        }
        self.told = news;
        let id = execute::run_id(now);
        let report = RunReport {
            version: REPORT_VERSION,
            id: id.clone(),
            status: RunStatus::NothingRan,
            window: Window::day(self.clock.today(self.loaded.config.panel.timezone)),
            dry_run: false,
            started: now,
            seconds: 0.0,
            sheets_calls: 0,
            exports: Vec::new(),
            error: Some(error.report()),
            notes: Vec::new(),
        };
        let courier =
            Courier::start(self.room.clone(), self.about(self.schedule.next(now), self.paused().await), &id)
                .await;
        let fact = Fact::RunFinished { report: Box::new(report) };
        courier.listener().event(&Event { at: now, run: id, fact });
        for note in courier.finish().await {
            tracing::warn!("{note}");
        }
    }

    fn about(&self, next_run: Option<DateTime<Utc>>, paused: bool) -> About {
        let config = &self.loaded.config;
        About {
            store: config.store_name.clone(),
            account: self.account.clone(),
            zone: config.panel.timezone,
            next_run,
            paused,
        }
    }

    /// Whether somebody has paused the schedule; a state that cannot be read says so elsewhere.
    async fn paused(&self) -> bool {
        Engine::paused(&*self.store, &self.account).await.is_ok_and(|who| who.is_some())
    }
}
