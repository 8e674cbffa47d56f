//! The exporter's processes in a storm: played by this one, or real children that are killed.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use exporter_core::testing::MemoryJournal;
use exporter_core::{Clock, Error, Journal, Retry, Sink as _, SystemClock, Table};
use exporter_sheets::SheetsSink;
use exporter_store::SqliteStore;
use tempfile::TempDir;

use super::world::{LIST, World};
use crate::bench::{ID, client, spec};

/// Where the child finds the service, and the directory with table and journal.
const URL: &str = "EXPORTER_STORM_URL";
const DIRECTORY: &str = "EXPORTER_STORM_DIRECTORY";
/// Set when changes are listed.
const LISTED: &str = "EXPORTER_STORM_LISTED";
/// Bytes of a request, where they are not the usual ones.
const BYTES: &str = "EXPORTER_STORM_BYTES";
/// How often a run starts over.
const ATTEMPTS: usize = 4;

/// Plans and applies as the pipeline does, with what a new process knows.
async fn run(
    url: &str,
    journal: Arc<dyn Journal>,
    table: &Arc<Table>,
    (listed, bytes): (bool, Option<usize>),
) -> Result<(), Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut sink = SheetsSink::new(client(url, ID)?).with_journal(journal, clock);
    if listed {
        sink = sink.with_changes(LIST, chrono_tz::UTC);
    }
    if let Some(bytes) = bytes {
        sink = sink.with_request_bytes(bytes);
    }
    let mut attempt = 1;
    loop {
        let done = async {
            let mut plan = sink.plan(table, &spec()).await?;
            "storm".clone_into(&mut plan.run);
            sink.apply(&plan).await
        };
        match done.await {
            Ok(_) => return Ok(()),
            Err(error) if attempt < ATTEMPTS && matches!(error.retry_class(), Retry::After(_)) => {}
            Err(error) => return Err(error),
        }
        attempt += 1;
    }
}

/// Where the processes of a trial run, with their journal.
pub enum Processes {
    /// In this one. When one dies, its work is dropped where it stands.
    Here(MemoryJournal),
    /// Children of this one, killed by the system. Their journal is on disk.
    Apart(TempDir),
}

impl Processes {
    pub fn new(real: bool) -> Self {
        if real { Self::Apart(tempfile::tempdir().unwrap()) } else { Self::Here(MemoryJournal::default()) }
    }

    /// One run of the exporter: false when it died on the way, or else what it ended with.
    pub async fn run(&self, world: &World, table: &Arc<Table>) -> Result<bool, String> {
        world.storm.lock().unwrap().made = 0;
        let with = (world.listed, world.bytes);
        match self {
            Self::Here(journal) => tokio::select! {
                done = run(&world.url, Arc::new(journal.clone()), table, with) => {
                    done.map(|()| true).map_err(|error| format!("{error:?}"))
                }
                () = world.killed.notified() => Ok(false),
            },
            Self::Apart(directory) => child(world, directory, table).await,
        }
    }
}

/// A run in a process of its own.
async fn child(world: &World, directory: &TempDir, table: &Arc<Table>) -> Result<bool, String> {
    let file = |name: &str| directory.path().join(name);
    std::fs::write(file("table"), serde_json::to_string(&**table).unwrap()).unwrap();
    std::fs::write(file("outcome"), "the process ended too early").unwrap();
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["storm::process::the_process_that_is_killed", "--exact"])
        .env(URL, &world.url)
        .env(DIRECTORY, directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    if world.listed {
        command.env(LISTED, "1");
    }
    if let Some(bytes) = world.bytes {
        command.env(BYTES, bytes.to_string());
    }
    let mut child = command.spawn().unwrap();
    tokio::select! {
        status = child.wait() => {
            assert!(status.unwrap().success(), "the child failed");
            let outcome = std::fs::read_to_string(file("outcome")).unwrap();
            if outcome.is_empty() { Ok(true) } else { Err(outcome) }
        }
        () = world.killed.notified() => {
            // SIGKILL: nothing of it runs any more.
            child.kill().await.unwrap();
            world.storm.lock().unwrap().count_real_death();
            Ok(false)
        }
    }
}

/// The child's part. It does nothing unless it was started by its parent.
#[tokio::test]
async fn the_process_that_is_killed() {
    let (Ok(url), Some(directory)) = (std::env::var(URL), std::env::var_os(DIRECTORY)) else { return };
    let file = |name: &str| PathBuf::from(&directory).join(name);
    let table: Table = serde_json::from_str(&std::fs::read_to_string(file("table")).unwrap()).unwrap();
    let journal = SqliteStore::open(file("state")).await.unwrap();
    let bytes = std::env::var(BYTES).ok().map(|bytes| bytes.parse().unwrap());
    let with = (std::env::var_os(LISTED).is_some(), bytes);
    let done = run(&url, Arc::new(journal), &Arc::new(table), with).await;
    let outcome = done.map_or_else(|error| format!("{error:?}"), |()| String::new());
    std::fs::write(file("outcome"), outcome).unwrap();
}
