//! One run with all that is around it: leases, history, messages.

use std::path::Path;
use std::sync::Arc;

use exporter_core::{
    Clock, Driver, Error, Events, Job, Listener, Outbox, Outcome, Pipeline, RetryPolicy, Secret, Sink, Window,
};
use exporter_notify::{About, Courier, Mailroom, MemoryOutbox};
use exporter_store::{
    AuditEntry, Cause, Fenced, Holder, Kept, LIFE, Recorder, RunQuery, RunStart, RunState, Store,
};

use crate::assemble::{Parts, assemble};
use crate::config::{Loaded, load};
use crate::state;

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
    /// Who or what asked for it, for the audit log.
    pub who: String,
}

/// Runs once. The configuration is read anew, so that a service takes over what changed.
///
/// # Errors
/// What keeps a run from beginning: configuration, a missing secret, or another run of
/// the same account or sheet. All else is part of the outcome.
pub async fn execute(
    config: &Path,
    order: &Order,
    clock: &Arc<dyn Clock>,
    mut listeners: Vec<Arc<dyn Listener>>,
) -> Result<Outcome, Error> {
    let loaded = load(config)?;
    let (store_name, zone) = (loaded.config.store_name.clone(), loaded.config.panel.timezone);
    let keep = state::retention(&loaded);
    let state = state::open(&loaded).await;
    let mut parts = assemble(loaded, order.driver, &order.only, clock)?;
    let id = clock.now().format("%Y%m%dT%H%M%S%3fZ").to_string();

    let mut notes = Vec::new();
    let mut kept = None;
    let mut recorder = None;
    match state {
        Ok(state) => {
            let lease = Arc::new(lease(&state, clock, &parts, &id).await?);
            fence(&mut parts, &lease);
            match begin(&state, clock, order, &parts, &id).await {
                Ok(begun) => recorder = Some(begun),
                Err(error) => notes.push(unrecorded(&error)),
            }
            kept = Some((state, lease));
        }
        Err(error) => notes.push(unrecorded(&error)),
    }

    listeners.extend(recorder.as_ref().map(Recorder::listener));
    // A dry run changes nothing, so there is nothing to tell.
    let room = (!order.dry_run && !parts.channels.is_empty()).then(|| {
        let outbox: Arc<dyn Outbox> = match &kept {
            Some((state, _)) => state.clone(),
            None => Arc::new(MemoryOutbox::default()),
        };
        Arc::new(Mailroom::open(outbox, std::mem::take(&mut parts.channels), clock.clone(), &*id))
    });
    let courier = match &room {
        Some(room) => {
            let about = About { store: store_name, account: parts.account.clone(), zone, next_run: None };
            Some(Courier::start(room.clone(), about, &id).await)
        }
        None => None,
    };
    listeners.extend(courier.as_ref().map(Courier::listener));

    let pipeline = Pipeline {
        jobs: parts.jobs,
        session: Some(parts.session),
        window: order.window,
        retry: RetryPolicy::default(),
        individual_sessions: order.individual_sessions,
        dry_run: order.dry_run,
    };
    let mut outcome = pipeline.run(&Events::new(&id, clock.clone(), listeners)).await;
    // What holds the lease has to go before the lease is let go.
    drop(pipeline);

    if let Some(recorder) = recorder
        && let Err(error) = recorder.finish(&outcome.report, clock.today(zone)).await
    {
        notes.push(unrecorded(&error));
    }
    if let Some((state, lease)) = kept {
        if let Err(error) = state.prune(keep, clock.now()).await {
            tracing::warn!(%error, "old history could not be let go");
        }
        if let Some(lease) = Arc::into_inner(lease)
            && let Err(error) = lease.release().await
        {
            tracing::warn!(%error, "the lease could not be let go; it ends by itself");
        }
    }
    if let Some(courier) = courier {
        notes.extend(courier.finish().await);
    }
    outcome.report.notes.extend(notes);
    Ok(outcome)
}

/// Takes account and sheet for this run alone.
async fn lease(
    state: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    parts: &Parts,
    id: &str,
) -> Result<Kept, Error> {
    let names = [format!("panel account:{}", parts.account), format!("spreadsheet:{}", parts.sheet)];
    Kept::take(state.clone(), clock.clone(), &names, Holder::here(id), LIFE).await
}

/// Puts the lease before every write.
fn fence(parts: &mut Parts, lease: &Arc<Kept>) {
    let fenced: Arc<dyn Sink> = Arc::new(Fenced::new(parts.sink.clone(), lease.clone()));
    parts.sink = fenced.clone();
    for Job { sink, .. } in &mut parts.jobs {
        *sink = fenced.clone();
    }
}

async fn begin(
    state: &Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
    order: &Order,
    parts: &Parts,
    id: &str,
) -> Result<Recorder, Error> {
    let start = RunStart {
        id: id.to_owned(),
        account: parts.account.clone(),
        cause: order.cause,
        window: order.window,
        dry_run: order.dry_run,
        started: clock.now(),
    };
    // Who holds the lease is alone: a run that still counts as running was cut off.
    let cut_off = RunQuery {
        account: Some(parts.account.clone()),
        state: Some(RunState::Running),
        ..RunQuery::default()
    };
    for run in state.runs(&cut_off).await? {
        state.end_run(&run.id, RunState::Interrupted, clock.now()).await?;
    }
    let detail = format!("{id} for {}{}", order.window, if order.dry_run { ", dry run" } else { "" });
    let entry = AuditEntry { at: clock.now(), who: order.who.clone(), what: "run".into(), detail };
    state.audit(&entry).await?;
    Recorder::begin(state.clone(), clock.clone(), &start).await
}

/// A note for the report: the run itself does not depend on the state.
fn unrecorded(error: &Error) -> String {
    let hint = error.hints().first().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("this run is not in the history: {error}{hint}")
}

/// Who runs this program, for the audit log.
pub fn user() -> String {
    let name = ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    format!("command line ({})", name.as_deref().unwrap_or("unknown user"))
}

/// The account of a configuration, without building anything.
pub fn account(loaded: &Loaded) -> Result<String, Error> {
    let panel = &loaded.config.panel;
    let username =
        panel.username.as_ref().map(|place| place.resolve(&loaded.directory, "the panel's user name"));
    let username = username.transpose()?.unwrap_or_else(|| Secret::new(""));
    Ok(crate::assemble::account(&panel.url, &username))
}
