//! A month under a clock that the test owns: what runs, what is covered, what is said.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use exporter_core::testing::MemorySink;
use exporter_core::{
    Clock, Delivery, Driver, Error, ErrorKind, Events, Export, ExportRequest, ExportSource, ExportSpec,
    FixedClock, Job, Message, MessageBody, Notifier, Origin, Pipeline, Result, RetryPolicy, RunReport,
    Session, Sink, Table, Window,
};
use exporter_notify::{About, Channel, Courier, Language, Mailroom, Role, html, plain};
use exporter_schedule::{Calendar, CatchUp, Cron, Schedule};
use exporter_store::{Asked, Calendar as Coverage, Cause, Recorder, RunStart, SqliteStore, Store};

use super::engine::{Engine, Runner, Wanted};
use crate::render;

const ZONE: Tz = Tz::America__New_York;
const ACCOUNT: &str = "https://panel.example#1a2b3c4d";
const EXPORTS: [&str; 2] = ["orders", "users"];

/// What the world is like: failures, by the day and hour on which they begin and end.
#[derive(Clone)]
struct World {
    clock: FixedClock,
    users_fail: (DateTime<Utc>, DateTime<Utc>),
    login_fails: (DateTime<Utc>, DateTime<Utc>),
}

impl World {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }
}

/// An export of one row a day; `users` has none on Sundays.
struct Source(ExportSpec, World);

#[async_trait]
impl ExportSource for Source {
    fn spec(&self) -> &ExportSpec {
        &self.0
    }

    async fn check(&self) -> Result<()> {
        Ok(())
    }

    async fn export(&self, request: &ExportRequest) -> Result<Export> {
        let Self(spec, world) = self;
        if spec.name == "users" && (world.users_fail.0..world.users_fail.1).contains(&world.now()) {
            return Err(Error::new(ErrorKind::PanelDown, "the panel answers with a server error")
                .hint("open the panel in a browser"));
        }
        let mut table = Table::with_names(["ID", "Day"]);
        let window = request.window;
        for day in window.first_day().iter_days().take_while(|day| window.contains(*day)) {
            if spec.name == "orders" || chrono::Datelike::weekday(&day) != chrono::Weekday::Sun {
                table.push(
                    [format!("{}-{day}", spec.name).as_str().into(), day.to_string().as_str().into()],
                    Origin::default(),
                );
            }
        }
        Ok(Export { artifact: None, table, driver: Driver::Http, notes: Vec::new() })
    }
}

/// A login that works, or not.
struct Login(World);

#[async_trait]
impl Session for Login {
    async fn open(&self) -> Result<Driver> {
        if (self.0.login_fails.0..self.0.login_fails.1).contains(&self.0.now()) {
            return Err(Error::new(ErrorKind::WrongPassword, "the panel refused the password")
                .hint("check `password` under [panel]"));
        }
        Ok(Driver::Http)
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// A chat that takes everything and writes down what rings.
#[derive(Default)]
struct Chat {
    said: Mutex<Vec<(bool, String)>>,
}

impl Chat {
    /// What was said since the last time; with `all` also what did not ring.
    fn take(&self, all: bool) -> Vec<String> {
        let said = std::mem::take(&mut *self.said.lock().unwrap());
        said.into_iter().filter(|(rings, _)| all || *rings).map(|(_, text)| text).collect()
    }
}

#[async_trait]
impl Notifier for Chat {
    async fn check(&self) -> Result<()> {
        Ok(())
    }

    async fn notify(&self, message: &Message) -> Result<Delivery> {
        let text = plain(&html(message, Language::En));
        let mut said = self.said.lock().unwrap();
        let edited = message.replaces.as_ref().map_or(String::new(), |id| format!("(edits {id}) "));
        if !matches!(message.body, MessageBody::Progress { .. }) || message.replaces.is_none() {
            said.push((!message.silent, format!("{edited}{text}")));
        }
        let id = message.replaces.clone().unwrap_or_else(|| format!("{}-{}", message.run, said.len()));
        Ok(Delivery { id: Some(id), ..Delivery::default() })
    }
}

/// Runs the real pipeline, recorded and told as the service does it.
struct Machine {
    world: World,
    store: Arc<dyn Store>,
    sink: Arc<dyn Sink>,
    room: Arc<Mailroom>,
}

#[async_trait]
impl Runner for Machine {
    async fn run(&self, Wanted { window, tick, next: next_run }: Wanted) -> Result<RunReport> {
        let clock: Arc<dyn Clock> = Arc::new(self.world.clock.clone());
        let id = clock.now().format("%m%dT%H%M").to_string();
        let start = RunStart {
            id: id.clone(),
            account: ACCOUNT.into(),
            cause: Cause::Schedule,
            window,
            dry_run: false,
            tick: Some(tick),
            started: clock.now(),
        };
        let recorder = Recorder::begin(self.store.clone(), clock.clone(), &start).await?;
        let about =
            About { store: "Shop".into(), account: ACCOUNT.into(), zone: ZONE, next_run, paused: false };
        let courier = Courier::start(self.room.clone(), about, &id).await;
        let jobs = EXPORTS.map(|name| Job {
            source: Arc::new(Source(
                ExportSpec { key: vec!["ID".into()], ..ExportSpec::new(name) },
                self.world.clone(),
            )),
            sink: self.sink.clone(),
        });
        let pipeline = Pipeline {
            jobs: jobs.into(),
            session: Some(Arc::new(Login(self.world.clone()))),
            window,
            retry: RetryPolicy { attempts: 2, first_pause: Duration::ZERO, longest_pause: Duration::ZERO },
            individual_sessions: false,
            dry_run: false,
        };
        let listeners = vec![recorder.listener(), courier.listener()];
        let outcome = pipeline.run(&Events::new(&id, clock.clone(), listeners)).await;
        recorder.finish(&outcome.report, clock.today(ZONE)).await?;
        assert_eq!(courier.finish().await, Vec::<String>::new(), "everything is told");
        Ok(outcome.report)
    }
}

fn local(text: &str) -> DateTime<Utc> {
    let at = chrono::NaiveDateTime::parse_from_str(&format!("2026-{text}"), "%Y-%m-%d %H:%M").unwrap();
    at.and_local_timezone(ZONE).unwrap().with_timezone(&Utc)
}

fn schedule(cron: &str, now: DateTime<Utc>) -> Schedule {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    Schedule {
        cron: Cron::new(cron, ZONE, now).unwrap(),
        calendar: Calendar::new(&[], [day("2026-03-17"), day("2026-03-18")]).unwrap(),
        panel: ZONE,
        last_days: 2,
        catch_up: CatchUp::Merge,
        catch_up_days: 7,
    }
}

#[tokio::test]
async fn a_month_with_everything_that_happens_in_one() {
    let clock = FixedClock::at(local("03-01 00:00"));
    let world = World {
        clock: clock.clone(),
        users_fail: (local("03-10 00:00"), local("03-12 12:00")),
        login_fails: (local("03-24 12:00"), local("03-26 00:00")),
    };
    let directory = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path().join("state.db")).await.unwrap());
    let (chat, memory) = (Arc::new(Chat::default()), MemorySink::default());
    let channel = Channel { name: "chat".into(), notifier: chat.clone(), role: Role::Everybody, live: true };
    let room =
        Arc::new(Mailroom::open(store.clone(), vec![channel], Arc::new(clock.clone()), "account", "month"));
    let runner = Machine { world: world.clone(), store: store.clone(), sink: Arc::new(memory.clone()), room };
    let exports: Vec<String> = EXPORTS.map(String::from).into();
    let engine = Engine::new(store.clone(), Arc::new(clock.clone()), ACCOUNT, exports.clone());

    // The machine is off in these spans; the schedule changes in the third week.
    let off = [("03-05 06:00", "03-05 12:00"), ("03-13 17:00", "03-16 09:30")];
    let off = off.map(|(from, to)| (local(from), local(to)));
    let changed = local("03-20 12:30");
    let mut log = String::new();
    let mut ticks = 0;
    while clock.now() < local("04-01 00:00") {
        let cron = if clock.now() < changed { "0 8,18 * * *" } else { "0 6,12,20 * * *" };
        let step = engine.step(&schedule(cron, clock.now()), &runner).await.unwrap();
        if let Some(ran) = step.ran {
            ticks += 1;
            let report = ran.unwrap();
            let at = clock.now().with_timezone(&ZONE).format("%a %m-%d %H:%M %Z");
            let rows: Vec<String> = report
                .exports
                .iter()
                .map(|export| format!("{} +{}", export.name, export.counts.new))
                .collect();
            writeln!(log, "{at}  {}  {:?}  {}", report.window, report.status, rows.join(", ")).unwrap();
            for message in chat.take(ticks == 1) {
                writeln!(log, "    | {}", message.replace('\n', "\n    | ")).unwrap();
            }
        }
        // To the next look, unless the machine is off then, or the schedule changes before.
        let mut next = step.look;
        if clock.now() < changed {
            next = next.min(changed);
        }
        next = off.iter().find(|(from, to)| (*from..*to).contains(&next)).map_or(next, |(_, to)| *to);
        clock.advance((next - clock.now()).max(TimeDelta::seconds(1)));
    }

    let month = Window::inclusive("2026-03-01".parse().unwrap(), "2026-03-31".parse().unwrap()).unwrap();
    let covered = store.coverage(ACCOUNT, month).await.unwrap();
    let asked = Asked::of(&*store, ACCOUNT).await.unwrap();
    let coverage = Coverage::new(&exports, month, &covered, &asked, ZONE, clock.now(), 1);
    writeln!(log, "\n{}", render::calendar::text("Shop", &coverage, ZONE, None, None)).unwrap();
    writeln!(log, "{:?}", store.tally(ACCOUNT).await.unwrap()).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d+\.\d seconds", "[s] seconds");
    // How far the run was when its message was sent depends on the machine.
    let progress = r"(?s)(export started\n    \| Period: [^\n]+\n).*?(    \| ✅ Shop: export finished)";
    settings.add_filter(progress, "$1    | [progress]\n$2");
    settings.bind(|| insta::assert_snapshot!(log));

    // The last run of the month was at 20:00 on the 31st; every day is in the sheet once.
    let orders = memory.rows("orders");
    assert_eq!(orders.len(), 1 + 32, "a header, February 28th and each day of March");
}
