//! Leases: never two runs of one panel account or sheet, with heartbeat and fencing.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use exporter_core::tabs::Routed;
use exporter_core::{Clock, Error, ErrorKind, ExportSpec, Plan, Receipt, Result, Sink, Table};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;
use tracing::Instrument as _;

use crate::Store;

/// A lease outlives its last heartbeat by this much.
pub const LIFE: Duration = Duration::from_secs(45);

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Unlike every other holder: the run's id.
    pub id: String,
    /// The machine's name.
    pub host: String,
    /// The process on it.
    pub process: u32,
    /// What the process's number is a number of: the running system and, in a container, the
    /// container. Machines can share a name, as those of Cloud Run do.
    #[serde(default)]
    pub system: String,
}

/// What process numbers mean something in: the boot (`proc(5)`) and the PID namespace
/// (`pid_namespaces(7)`) on Linux; elsewhere the machine's name has to do.
static SYSTEM: LazyLock<String> = LazyLock::new(|| {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let processes = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    format!("{} {}", boot.trim(), processes.display())
});

impl Holder {
    /// This process, as the holder with this id.
    pub fn here(id: impl Into<String>) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { id: id.into(), host, process: std::process::id(), system: SYSTEM.clone() }
    }

    /// Whether it is certain that the process is gone: it was on this machine, and no
    /// process of its number is there.
    pub fn is_gone(&self) -> bool {
        let here = Self::here("");
        let process = i32::try_from(self.process).ok().and_then(rustix::process::Pid::from_raw);
        self.host == here.host
            && self.system == here.system
            && self.process != here.process
            && process.is_some_and(|process| {
                rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH)
            })
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {} on {})", self.id, self.process, self.host)
    }
}

/// A lease that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is held, each name with its fencing number.
    pub names: Vec<(String, i64)>,
    /// By whom.
    pub holder: Holder,
}

/// A lease that another holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The name.
    pub name: String,
    /// Who has it.
    pub holder: Holder,
    /// Its fencing number.
    pub fence: i64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when, unless it is kept on.
    pub until: DateTime<Utc>,
}

/// The answer to asking for a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Granted.
    Given(Lease),
    /// Another has one of the names.
    Taken(Taken),
}

/// A lease that is kept until it is released: renewed by a task of its own, and checked
/// before each write.
pub struct Kept {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    lease: Lease,
    life: Duration,
    heartbeat: JoinHandle<()>,
}

impl Kept {
    /// Takes all of these names. A holder on this machine whose process is gone, killed
    /// for instance, does not have to be waited for.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] that says who has it and until when.
    pub async fn take(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        names: &[String],
        holder: Holder,
        life: Duration,
    ) -> Result<Self> {
        let lease = loop {
            let now = clock.now();
            match store.acquire(names, &holder, now, after(now, life)).await? {
                Grant::Given(lease) => break lease,
                Grant::Taken(taken) if taken.holder.is_gone() => {
                    let names = vec![(taken.name, taken.fence)];
                    store.release(&Lease { names, holder: taken.holder }).await?;
                }
                Grant::Taken(taken) => return Err(busy(&taken, now)),
            }
        };
        let heartbeat = beat(store.clone(), clock.clone(), lease.clone(), life).in_current_span();
        let heartbeat = tokio::spawn(heartbeat);
        Ok(Self { store, clock, lease, life, heartbeat })
    }

    /// Makes certain that the lease is still ours, and keeps it on.
    ///
    /// # Errors
    /// [`ErrorKind::Busy`] when another has taken it over meanwhile.
    pub async fn verify(&self) -> Result<()> {
        if self.store.renew(&self.lease, after(self.clock.now(), self.life)).await? {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Busy,
            "this run was cut off for longer than its lease, and another run has taken over; nothing more is written",
        )
        .hint("the other run loads the same days: look at `exporter history`"))
    }

    /// Lets the lease go.
    pub async fn release(self) -> Result<()> {
        self.heartbeat.abort();
        self.store.release(&self.lease).await
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("lease", &self.lease).finish_non_exhaustive()
    }
}

/// Renews three times in a lease's life; a failure is made up for by the next beat.
async fn beat(store: Arc<dyn Store>, clock: Arc<dyn Clock>, lease: Lease, life: Duration) {
    loop {
        tokio::time::sleep(life / 3).await;
        match store.renew(&lease, after(clock.now(), life)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "the lease could not be renewed"),
        }
    }
}

fn after(now: DateTime<Utc>, life: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(life).ok().and_then(|life| now.checked_add_signed(life)).unwrap_or(now)
}

fn busy(taken: &Taken, now: DateTime<Utc>) -> Error {
    let what = taken.name.split_once(':').map_or(taken.name.as_str(), |(what, _)| what);
    let left = (taken.until - now).num_seconds().max(1);
    Error::new(ErrorKind::Busy, format!("another run uses the same {what}: {}", taken.holder))
        .context("since", taken.since.format("%Y-%m-%d %H:%M:%S UTC").to_string())
        .hint(format!(
            "wait until it is done; if it was killed on another machine, it is free by itself in {left} seconds"
        ))
}

/// A sink that writes only while the lease is held: a run that was frozen and has been
/// taken over for dead cannot write over its successor.
pub struct Fenced {
    inner: Arc<dyn Sink>,
    lease: Arc<Kept>,
}

impl Fenced {
    /// Guards `inner` by `lease`.
    pub fn new(inner: Arc<dyn Sink>, lease: Arc<Kept>) -> Self {
        Self { inner, lease }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl Sink for Fenced {
    async fn check(&self) -> Result<()> {
        self.inner.check().await
    }

    async fn route(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Vec<Routed>> {
        self.inner.route(table, spec).await
    }

    async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan> {
        self.inner.plan(table, spec).await
    }

    async fn apply(&self, plan: &Plan) -> Result<Receipt> {
        self.lease.verify().await?;
        self.inner.apply(plan).await
    }
}
