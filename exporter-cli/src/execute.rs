//! One run with all that is around it: leases, history, messages.

use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use exporter_core::layers::{Checked, References, Referred};
use exporter_core::{
    Asker, Clock, Driver, Error, ErrorKind, Events, ExportSpec, ExportStatus, Job, Journal, Listener,
    Message, MessageBody, Outbox, Outcome, Pipeline, RetryPolicy, RunReport, Secret, Sink, Window,
};
use exporter_notify::{About, Courier, Mailroom, MemoryOutbox};
use exporter_store::{
    Asked, AuditEntry, Cause, Fenced, Holder, Kept, LIFE, Recorder, Retention, RunQuery, RunRecord, RunStart,
    RunState, Store,
};
use tracing::Instrument as _;

use crate::asking::chat::{Ear, InChat};
use crate::asking::handover::Handover;
use crate::asking::patience_unwatched;
use crate::assemble::{Parts, assemble};
use crate::channels::{follow_moves, listener};
use crate::config::{Loaded, load};
use crate::forecast::Forecast;
use crate::logging::Diary;
use crate::service::engine::dealt_with;
use crate::{state, trail};

/// The id of a run that begins now: sorted by name, runs are sorted by time.
pub fn run_id(now: DateTime<Utc>) -> String {
    now.format("%Y%m%dT%H%M%S%3fZ").to_string()
}

/// What is to be run.
pub struct Order {
    /// The days.
    pub window: Window,
    /// Only these exports; all when empty.
    pub only: Vec<String>,
    /// How to talk to the panel, where the configuration is not to decide.
    pub driver: Option<Driver>,
    /// A login for every export.
    pub individual_sessions: bool,
    /// Plan only.
    pub dry_run: bool,
    /// Why.
    pub cause: Cause,
    /// The tick of the schedule that it is for; it does not begin when another run has
    /// dealt with that one.
    pub tick: Option<DateTime<Utc>>,
    /// Who or what asked for it, for the audit log.
    pub who: String,
}

/// What is around a run.
#[derive(Default)]
pub struct Around {
    /// Who else wants to know what happens.
    pub listeners: Vec<Arc<dyn Listener>>,
    /// Where messages are posted; a run that is given none opens one of its own.
    pub room: Option<Arc<Mailroom>>,
    /// Whether nobody is told.
    pub quiet: bool,
    /// Who is asked for a one-time code; unless given, one of the chats.
    pub asker: Option<Arc<dyn Asker>>,
    /// When the next run is due, for the message that says so.
    pub next_run: Option<DateTime<Utc>>,
    /// Whether the schedule is paused, for the same message.
    pub paused: bool,
}

/// The state of a run that is recorded.
struct Recorded {
    store: Arc<dyn Store>,
    lease: Arc<Kept>,
    recorder: Recorder,
    cut_off: Vec<RunRecord>,
}

/// Runs once. The configuration is read anew, so that a service takes over what changed.
///
/// # Errors
/// What keeps a run from beginning: configuration, a missing secret, another run of the
/// same account or sheet, or one that has dealt with the same tick. All else is part of the
/// outcome.
pub async fn execute(
    config: &Path,
    order: &Order,
    clock: &Arc<dyn Clock>,
    around: Around,
) -> Result<Outcome, Error> {
    let id = run_id(clock.now());
    // At the level of errors, so that it is there whatever else is logged.
    let span = tracing::error_span!("run", id);
    execute_as(&id, config, order, clock, around).instrument(span).await
}

/// The run of this id; each line of the log has it.
async fn execute_as(
    id: &str,
    config: &Path,
    order: &Order,
    clock: &Arc<dyn Clock>,
    around: Around,
) -> Result<Outcome, Error> {
    let mut loaded = load(config)?;
    let (store_name, zone) = (loaded.config.store_name.clone(), loaded.config.panel.timezone);
    let keep = state::retention(&loaded);
    let store = state::configured(state::open(&loaded).await)?;
    if let Ok(store) = &store {
        if let Err(error) = trail::note(&**store, config, &loaded, &order.who, clock.now()).await {
            tracing::warn!(%error, "whether the configuration has changed could not be noted");
        }
        follow_moves(&mut loaded.config, &**store).await?;
    }
    let journal = store.as_ref().ok().cloned().map(|store| store as Arc<dyn Journal>);
    let chat = match &around.asker {
        None => in_chat(&loaded, clock, store.as_ref().ok())?,
        Some(_) => None,
    };
    let asker = around.asker.or_else(|| chat.clone().map(|chat| chat as Arc<dyn Asker>));
    let mut parts = assemble(loaded, order.driver, &order.only, clock, journal, asker)?;
    look_into(&mut parts, store.as_ref().ok()).await;
    let mut notes = Vec::new();
    let mut recorded = None;
    match begin(store, clock, order, &mut parts, id, zone).await {
        Ok(begun) => recorded = Some(begun),
        Err(error) if error.kind() == ErrorKind::Busy => return Err(error),
        Err(error) => notes.push(unrecorded(&error)),
    }
    // A dry run changes nothing, so there is nothing to tell.
    let telling = !around.quiet && !order.dry_run && !parts.channels.is_empty();
    let room = telling.then(|| {
        around.room.unwrap_or_else(|| {
            let outbox: Arc<dyn Outbox> = match &recorded {
                Some(recorded) => recorded.store.clone(),
                None => Arc::new(MemoryOutbox::default()),
            };
            Arc::new(Mailroom::open(
                outbox,
                std::mem::take(&mut parts.channels),
                clock.clone(),
                &parts.account,
                id,
            ))
        })
    });
    if let (Some(chat), Some(room)) = (chat, &room) {
        chat.seat(room);
    }
    let mut listeners = around.listeners;
    listeners.push(Arc::new(Diary));
    let mut courier = None;
    if let Some(room) = &room {
        let about = About {
            store: store_name.clone(),
            account: parts.account.clone(),
            zone,
            next_run: around.next_run,
            paused: around.paused,
        };
        courier = Some(Courier::start(room.clone(), about, id).await);
    }
    if let Some(recorded) = &recorded {
        bury(recorded, room.as_deref(), &store_name, zone, clock).await;
        listeners.push(recorded.recorder.listener());
    }
    listeners.extend(courier.as_ref().map(Courier::listener));

    let (sheets, account) = (parts.sheets, parts.account);
    let pipeline = Pipeline {
        jobs: parts.jobs,
        session: Some(parts.session),
        window: order.window,
        retry: RetryPolicy::default(),
        individual_sessions: order.individual_sessions,
        dry_run: order.dry_run,
    };
    // Before the lease is let go, what holds it has to go.
    drop(parts.sink);
    let mut outcome = pipeline.run(&Events::new(id, clock.clone(), listeners)).await;
    let specs: Vec<ExportSpec> = pipeline.jobs.iter().map(|job| job.source.spec().clone()).collect();
    drop(pipeline);
    if outcome.report.exports.iter().any(|export| export.status == ExportStatus::Ok) {
        let store = recorded.as_ref().map(|recorded| &recorded.store);
        let forecast = Forecast::make(&sheets, &specs.iter().collect::<Vec<_>>(), store, &account).await;
        match forecast {
            Ok(forecast) => outcome.report.notes.extend(forecast.warning()),
            Err(error) => tracing::warn!(%error, "how full the spreadsheet is, is not known"),
        }
    }

    // A run that has ended has told so, whatever happens between the two.
    if let Some(courier) = &mut courier {
        notes.extend(courier.posted().await);
    }
    if let Some(recorded) = recorded {
        notes.extend(end(recorded, &outcome.report, clock, zone, keep).await);
    }
    if let Some(courier) = courier {
        notes.extend(courier.finish().await);
    }
    // A room of this run's own ends with it; a service's is somebody else's as well.
    if let Some(room) = room.and_then(Arc::into_inner) {
        room.close().await;
    }
    outcome.report.notes.extend(notes);
    Ok(outcome)
}

/// Asks in the chat for a run that no service does, if somebody may be asked there.
fn in_chat(
    loaded: &Loaded,
    clock: &Arc<dyn Clock>,
    store: Option<&Arc<dyn Store>>,
) -> Result<Option<Arc<InChat>>, Error> {
    let Loaded { config, directory } = loaded;
    let Some(patience) = patience_unwatched(config) else { return Ok(None) };
    let Some((telegram, allowed)) = listener(config.telegram.as_ref(), directory)? else { return Ok(None) };
    let allowed = allowed.into_iter().map(|(chat, _)| chat).collect();
    let handover = store.map(|store| Handover::new(store, &telegram));
    let ear = Ear { telegram, allowed, handover };
    let (shop, zone) = (&config.store_name, config.panel.timezone);
    Ok(Some(Arc::new(InChat::new(shop, zone, patience, clock, Arc::default(), Some(ear)))))
}

/// How many earlier runs are looked through for those that are like this one.
const EARLIER: u32 = 300;

/// Has every table looked at before it is written, compared with what earlier runs brought.
async fn look_into(parts: &mut Parts, store: Option<&Arc<dyn Store>>) {
    let journal = store.cloned().map(|store| store as Arc<dyn Journal>);
    let references = Arc::new(References::new(std::mem::take(&mut parts.references), journal));
    for job in &mut parts.jobs {
        let mut earlier = Vec::new();
        if let Some(store) = store {
            match store.row_counts(&parts.account, &job.source.spec().name, EARLIER).await {
                Ok(counts) => earlier = counts,
                Err(error) => tracing::warn!(%error, "what is usual is not known"),
            }
        }
        let checked = Arc::new(Checked::new(job.source.clone(), parts.checks, earlier));
        job.source = Arc::new(Referred::new(checked, references.clone()));
    }
}

/// Takes the lease and notes that the run begins.
async fn begin(
    store: Result<Arc<dyn Store>, Error>,
    clock: &Arc<dyn Clock>,
    order: &Order,
    parts: &mut Parts,
    id: &str,
    zone: Tz,
) -> Result<Recorded, Error> {
    let store = store?;
    let names = [account_lease(&parts.account), sheet_lease(&parts.sheet)];
    let lease = Kept::take(store.clone(), clock.clone(), &names, Holder::here(id), LIFE).await?;
    // Another service over this state may have been quicker, between deciding and now.
    if let Some(tick) = order.tick
        && dealt_with(&*store, &parts.account, clock.now()).await?.is_some_and(|done| done >= tick)
    {
        lease.release().await?;
        return Err(Error::new(ErrorKind::Busy, format!("another run has dealt with the tick of {tick}")));
    }
    let lease = Arc::new(lease);
    fence(parts, &lease);
    // Who holds the lease is alone: a run that still counts as running was cut off.
    let running = RunQuery {
        account: Some(parts.account.clone()),
        state: Some(RunState::Running),
        ..RunQuery::default()
    };
    let cut_off = store.runs(&running).await?;
    let start = RunStart {
        id: id.to_owned(),
        account: parts.account.clone(),
        cause: order.cause,
        window: order.window,
        dry_run: order.dry_run,
        tick: order.tick,
        started: clock.now(),
    };
    let detail = format!("{id} for {}{}", order.window, if order.dry_run { ", dry run" } else { "" });
    let entry = AuditEntry { at: clock.now(), who: order.who.clone(), what: "run".into(), detail };
    store.audit(&entry).await?;
    if !order.dry_run {
        let names: Vec<String> = parts.jobs.iter().map(|job| job.source.spec().name.clone()).collect();
        Asked::note(&*store, &parts.account, &names, order.window, clock.today(zone)).await?;
    }
    let recorder = Recorder::begin(store.clone(), clock.clone(), &start).await?;
    Ok(Recorded { store, lease, recorder, cut_off })
}

/// Takes what a run takes of the spreadsheet, for a command that writes without being one.
///
/// # Errors
/// [`ErrorKind::Busy`] while a run goes on.
pub async fn hold_sheet(
    store: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    parts: &Parts,
    audit: (&str, String),
) -> Result<Arc<Kept>, Error> {
    let holder = Holder::here(run_id(clock.now()));
    let lease = Kept::take(store.clone(), clock.clone(), &[sheet_lease(&parts.sheet)], holder, LIFE).await?;
    let (what, detail) = audit;
    store.audit(&AuditEntry { at: clock.now(), who: user(), what: what.to_owned(), detail }).await?;
    Ok(Arc::new(lease))
}

/// Lets a lease go, which nobody else holds any more.
pub async fn let_go(lease: Arc<Kept>) {
    if let Some(lease) = Arc::into_inner(lease)
        && let Err(error) = lease.release().await
    {
        tracing::warn!(%error, "the lease could not be let go; it ends by itself");
    }
}

/// The name under which a panel account is held, by the run's id.
pub fn account_lease(account: &str) -> String {
    format!("panel account:{account}")
}

/// The name under which a spreadsheet is held.
fn sheet_lease(sheet: &str) -> String {
    format!("spreadsheet:{sheet}")
}

/// Puts the lease before every write.
fn fence(parts: &mut Parts, lease: &Arc<Kept>) {
    let fenced: Arc<dyn Sink> = Arc::new(Fenced::new(parts.sink.clone(), lease.clone()));
    parts.sink = fenced.clone();
    for Job { sink, .. } in &mut parts.jobs {
        *sink = fenced.clone();
    }
}

/// Says of the runs that were cut off that they were, where their progress was shown.
async fn bury(recorded: &Recorded, room: Option<&Mailroom>, shop: &str, zone: Tz, clock: &Arc<dyn Clock>) {
    for run in &recorded.cut_off {
        let began = run.started.with_timezone(&zone).naive_local();
        let body = MessageBody::Interrupted { window: run.window, began };
        let message = Message { silent: true, ..Message::new(shop, &run.id, body) };
        let told = match room {
            Some(room) if !run.dry_run => room.tell_cut_off(&run.id, &message).await,
            _ => Ok(()),
        };
        // Told first: when we are cut off in between, it is told once all the same.
        let noted = match told {
            Ok(()) => recorded.store.end_run(&run.id, RunState::Interrupted, clock.now()).await,
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            tracing::warn!(%error, run = run.id, "a run that was cut off could not be noted");
        }
    }
}

/// Notes how the run ended, and lets go of the lease; returns what could not be noted.
async fn end(
    recorded: Recorded,
    report: &RunReport,
    clock: &Arc<dyn Clock>,
    zone: Tz,
    keep: Retention,
) -> Option<String> {
    let Recorded { store, lease, recorder, .. } = recorded;
    let noted = recorder.finish(report, clock.today(zone)).await;
    if let Err(error) = store.prune(keep, clock.now()).await {
        tracing::warn!(%error, "old history could not be let go");
    }
    let_go(lease).await;
    noted.err().map(|error| unrecorded(&error))
}

/// A note for the report: the run itself does not depend on the state.
fn unrecorded(error: &Error) -> String {
    let hint = error.hints().first().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("this run is not in the history: {error}{hint}")
}

/// Who runs this program, for the audit log.
pub fn user() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    // Under cron and in containers none of them need be set.
    let name = name.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw()));
    format!("command line ({name})")
}

/// The account of a configuration, without building anything.
pub fn account(loaded: &Loaded) -> Result<String, Error> {
    let panel = &loaded.config.panel;
    let username =
        panel.username.as_ref().map(|place| place.resolve(&loaded.directory, "the panel's user name"));
    let username = username.transpose()?.unwrap_or_else(|| Secret::new(""));
    Ok(crate::assemble::account(&panel.url, &username))
}
