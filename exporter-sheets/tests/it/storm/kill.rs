//! Processes that really die: a child of this test, killed at each call, before and after
//! the call's effect, with people at work. The next process makes up for it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use async_trait::async_trait;
use exporter_core::testing::MemoryJournal;
use exporter_core::{BatchState, Error, Journal, JournalBatch, JournalEntry, LastWritten, RowKey, Table};
use exporter_sandbox::person::{Act, act};
use serde::{Deserialize, Serialize};

use super::model;
use super::rng::Rng;
use super::world::{Weather, World};
use crate::bench::ID;

/// Where the child finds the service, and the directory with table and journal.
const URL: &str = "EXPORTER_STORM_URL";
const DIRECTORY: &str = "EXPORTER_STORM_DIRECTORY";
/// More calls than a run makes while nothing fails.
const CALLS: usize = 7;

/// A journal in a file, one line for each entry.
struct FileJournal {
    file: PathBuf,
    memory: MemoryJournal,
}

#[derive(Serialize, Deserialize)]
enum Line {
    Begin(Box<JournalBatch>),
    Settle(String, BatchState),
}

impl FileJournal {
    async fn open(file: PathBuf) -> Self {
        let memory = MemoryJournal::default();
        for line in std::fs::read_to_string(&file).unwrap_or_default().lines() {
            match serde_json::from_str(line).unwrap() {
                Line::Begin(batch) => memory.begin(&batch).await.unwrap(),
                Line::Settle(id, state) => memory.settle(&id, state).await.unwrap(),
            }
        }
        Self { file, memory }
    }

    fn write(&self, line: &Line) -> Result<(), Error> {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.file)?;
        // In one call, so that a process that dies leaves a whole line or none.
        Ok(file.write_all(format!("{}\n", serde_json::to_string(line).unwrap()).as_bytes())?)
    }
}

#[async_trait]
impl Journal for FileJournal {
    async fn begin(&self, batch: &JournalBatch) -> Result<(), Error> {
        self.write(&Line::Begin(Box::new(batch.clone())))?;
        self.memory.begin(batch).await
    }

    async fn agree(&self, batch: &JournalBatch) -> Result<(), Error> {
        self.begin(batch).await?;
        self.settle(&batch.id, BatchState::Committed).await
    }

    async fn settle(&self, id: &str, state: BatchState) -> Result<(), Error> {
        self.write(&Line::Settle(id.to_owned(), state))?;
        self.memory.settle(id, state).await
    }

    async fn open(&self, target: &str) -> Result<Vec<JournalBatch>, Error> {
        self.memory.open(target).await
    }

    async fn last_written(&self, target: &str, keys: &[RowKey]) -> Result<LastWritten, Error> {
        self.memory.last_written(target, keys).await
    }

    async fn batches_of(&self, run: &str) -> Result<Vec<(JournalBatch, BatchState)>, Error> {
        self.memory.batches_of(run).await
    }

    async fn entries_of(&self, key: &RowKey) -> Result<Vec<JournalEntry>, Error> {
        self.memory.entries_of(key).await
    }
}

/// A run in a process of its own; false when it was killed.
async fn child(world: &World, directory: &Path, table: &Arc<Table>) -> bool {
    std::fs::write(directory.join("table.json"), serde_json::to_string(&**table).unwrap()).unwrap();
    let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
    command
        .args(["storm::kill::the_process_that_is_killed", "--exact"])
        .env(URL, &world.url)
        .env(DIRECTORY, directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    tokio::select! {
        status = child.wait() => {
            assert!(status.unwrap().success(), "the run in the child failed");
            true
        }
        () = world.killed.notified() => {
            child.kill().await.unwrap();
            false
        }
    }
}

/// The child's part. It does nothing unless it was started by its parent.
#[tokio::test]
async fn the_process_that_is_killed() {
    let (Ok(url), Some(directory)) = (std::env::var(URL), std::env::var_os(DIRECTORY)) else { return };
    let directory = PathBuf::from(directory);
    let table: Table =
        serde_json::from_str(&std::fs::read_to_string(directory.join("table.json")).unwrap()).unwrap();
    let journal = FileJournal::open(directory.join("journal")).await;
    super::run(&url, Arc::new(journal), &Arc::new(table), None).await.unwrap();
}

/// A process that dies at this call of its first fill or of a later run.
/// How many were killed, and what is wrong in the end.
async fn trial(seed: u64, call: usize, after: bool, first_fill: bool) -> (usize, Vec<String>) {
    let world = World::start(seed).await;
    let directory = tempfile::tempdir().unwrap();
    let mut rng = Rng::new(seed);
    let mut table = {
        let mut storm = world.storm.lock().unwrap();
        while storm.model.panel.len() < 5 {
            storm.model.pass(&mut rng);
        }
        storm.kill_in = first_fill.then_some((call, after));
        storm.model.table()
    };
    while !child(&world, directory.path(), &table).await {}
    world.storm.lock().unwrap().model.came_through();
    let header = Act::Type { tab: "orders".into(), cell: "D1".into(), text: model::THEIRS.into() };
    act(&world.sheets, ID, &header).unwrap();
    if !first_fill {
        {
            let mut storm = world.storm.lock().unwrap();
            storm.model.pass(&mut rng);
            storm.weather = Weather { people: 60, failures: 0 };
            storm.kill_in = Some((call, after));
            table = storm.model.table();
        }
        while !child(&world, directory.path(), &table).await {}
    }
    {
        let mut storm = world.storm.lock().unwrap();
        (storm.weather, storm.kill_in) = (Weather { people: 0, failures: 0 }, None);
    }
    assert!(child(&world, directory.path(), &table).await);
    let faults = world.faults_at_the_end();
    (world.storm.lock().unwrap().counts.kills, faults)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_at_any_call_is_made_up_for() {
    let (mut killed, mut wrong) = (0, Vec::new());
    for seed in 1..=super::number("EXPORTER_STORM_KILLS", 3) {
        for call in 1..=CALLS {
            for (after, first_fill) in [(false, true), (true, true), (false, false), (true, false)] {
                if first_fill && call > 2 {
                    continue;
                }
                let (kills, faults) = trial(seed, call, after, first_fill).await;
                killed += kills;
                if !faults.is_empty() {
                    wrong.push(format!("seed {seed}, call {call}, after {after}, first fill {first_fill}:"));
                    wrong.extend(faults);
                }
            }
        }
    }
    println!("{killed} processes killed");
    assert!(killed > 20, "the calls that were to be the last were never made");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
