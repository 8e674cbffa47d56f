//! `exporter serve`: runs by themselves whenever the schedule says so, until stopped.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use exporter_core::{
    AheadClock, Asker, Clock, Driver, Error, ErrorKind, Event, Fact, Message, MessageBody, REPORT_VERSION,
    RunReport, RunStatus, Window,
};
use exporter_notify::{About, Courier, Mailroom, Role};
use exporter_schedule::Schedule;
use exporter_store::{AuditEntry, Cause, Store};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::args::ServeArgs;
use crate::asking::{chat::InChat, desk::Desk, handover::Handover, patience};
use crate::channels::{channels, follow_moves, listener, webhook};
use crate::commands::status::export_names;
use crate::config::{Loaded, load};
use crate::execute::{self, Around, Order};
use crate::exit::{self, Exit};
use crate::render::say;
use crate::service::asks::{Ask, Asks, Words};
use crate::service::chat::{Chat, letter};
use crate::service::door::{Door, hang};
use crate::service::engine::{Engine, Runner, Step, Wanted};
use crate::service::health::Health;
use crate::service::listening::Rhythm;
use crate::service::upkeep::{Site, Upkeep};
use crate::service::{http, schedule};
use crate::{
    render::{self, progress::Progress},
    state,
};

/// The wall clock is looked at no less often: it may be set, and machines sleep.
const LOOK: Duration = Duration::from_secs(30);
/// After trouble with state or configuration it is looked again after this.
const TROUBLE: TimeDelta = TimeDelta::minutes(1);

/// Serves until a signal to stop; a run that goes on is finished first, unless a second
/// signal comes.
pub async fn main(args: ServeArgs) -> Exit {
    match serve(&args).await {
        Ok(()) => Exit::Ok,
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn serve(args: &ServeArgs) -> Result<(), Error> {
    // First of all: whoever starts us may stop us at once.
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let clock: Arc<dyn Clock> = Arc::new(AheadClock(TimeDelta::seconds(args.clock_ahead)));
    let health = Arc::new(Health::new(clock.now()));
    // What is wrong from the start is told to who starts it; later it is told to the chat.
    let asks = Arc::new(Asks::default());
    let door = Arc::new(Door::default());
    let mut service =
        Service::load(&args.config, args.driver.map(Into::into), &clock, &health, &asks, &door).await?;
    let posts = service.loaded.config.telegram.as_ref().is_some_and(|section| section.webhook.is_some());
    if args.listen == "off" && posts {
        return Err(Error::new(ErrorKind::Config, "Telegram cannot post to a service that listens nowhere")
            .hint("take `[telegram.webhook]` out of the configuration, or give --listen an address"));
    }
    if args.listen != "off" {
        let address = args.listen.parse().map_err(|_| {
            Error::new(ErrorKind::Config, format!("`{}` is no address", args.listen))
                .hint("an address is written 127.0.0.1:9464; `off` answers nobody")
        })?;
        let listener = http::listen(address).await?;
        say::note(format_args!("health and metrics at http://{}/", listener.local_addr()?));
        let watch = http::Watch {
            health: health.clone(),
            store: service.store.clone(),
            account: service.account.clone(),
            clock: clock.clone(),
            door: door.clone(),
        };
        tokio::spawn(http::serve(listener, Arc::new(watch)));
    }
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let work = async {
        loop {
            let look = service.turn().await;
            if *stopping.borrow() {
                return;
            }
            let wait = (look - clock.now()).to_std().unwrap_or_default().min(LOOK);
            let mut stopping = stopping.clone();
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                (ask, channel) = asks.next() => {
                    service.asked(&ask, &channel).await;
                    asks.done();
                }
                _ = stopping.changed() => return,
            }
        }
    };
    tokio::pin!(work);
    for signal in ["first", "second"] {
        tokio::select! {
            () = &mut work => break,
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        tracing::info!(signal, "stopping");
        if signal == "first" && health.facts().running.is_some() {
            say::note("stopping when the run is over; a second signal stops at once");
        }
        stop.send_replace(true);
    }
    Ok(())
}

/// What serves: made anew whenever the text of the configuration or its holidays changes.
struct Service {
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
}

impl Service {
    async fn load(
        config: &Path,
        driver: Option<Driver>,
        clock: &Arc<dyn Clock>,
        health: &Arc<Health>,
        asks: &Arc<Asks>,
        door: &Arc<Door>,
    ) -> Result<Self, Error> {
        let mut loaded = load(config)?;
        let text = std::fs::read_to_string(config)? + &*schedule::beside(&loaded);
        let schedule = schedule::of(&loaded, clock.now())?;
        let store = state::open(&loaded).await?;
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
        })
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
        let text = std::fs::read_to_string(&self.config)? + &*schedule::beside(&self.loaded);
        if text == self.text {
            return Ok(());
        }
        let fresh =
            Self::load(&self.config, self.driver, &self.clock, &self.health, &self.asks, &self.door).await?;
        let before = std::mem::replace(self, fresh);
        if let Some(listening) = before.listening {
            listening.abort();
            // Aborted or not, it listens no more.
            let _ = listening.await;
        }
        if let Some(room) = Arc::into_inner(before.room) {
            room.close().await;
        }
        let entry = AuditEntry {
            at: self.clock.now(),
            who: "serve".to_owned(),
            what: "configuration changed".to_owned(),
            detail: self.schedule.fingerprint(),
        };
        self.store.audit(&entry).await
    }

    /// Does what somebody asked for in the chat. A run tells its own end, but not to a chat
    /// that hears of failures only; why it could not begin is told to who asked.
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

#[async_trait]
impl Runner for Service {
    async fn run(&self, Wanted { window, tick, next }: Wanted) -> Result<RunReport, Error> {
        let order = Order { tick: Some(tick), ..self.order(window, Cause::Schedule) };
        self.execute(&order, next).await
    }
}

impl Service {
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
        let outcome = outcome?;
        for note in &outcome.report.notes {
            tracing::warn!("{note}");
        }
        Ok(outcome.report)
    }
}
