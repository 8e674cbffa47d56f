//! Calls: each is one transaction, and is done once or not at all, whatever happens to the
//! connection.
//!
//! Calls that write come one after the other, from whichever program (an advisory lock), as with
//! the SQLite file: nothing can come between what a call reads and what it writes. A call is
//! repeated on a new connection only where it is certain that it was not done: when the
//! connection ended before `COMMIT` was sent, the server undoes it. When the answer to `COMMIT`
//! is lost, the server is asked by the transaction's number what became of it.

use std::sync::Arc;
use std::time::Duration;

use exporter_core::{Error, Result};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, SimpleQueryMessage};

use super::address::Server;
use super::errors::{explain, is_away, is_lost};
use super::text::{Done, Failure};

/// Begins a call that writes; its number is the last thing that is answered. What is set, is set
/// for this transaction, so that a pooler in between may give the next one another connection.
/// The number of the lock says "exporter" in ASCII.
pub const WRITING: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SET LOCAL search_path TO exporter;
    SET LOCAL lock_timeout TO '10s';
    SET LOCAL statement_timeout TO '60s';
    SET LOCAL idle_in_transaction_session_timeout TO '30s';
    SET LOCAL synchronous_commit TO on;
    SELECT pg_advisory_xact_lock(7311717618999911794);
    SELECT txid_current()";

/// Begins a call that only reads: one picture of everything.
pub const READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL search_path TO exporter;
    SET LOCAL lock_timeout TO '10s';
    SET LOCAL statement_timeout TO '60s';
    SET LOCAL idle_in_transaction_session_timeout TO '30s'";

/// How long a server that was there before may be away, as when it restarts.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often it is looked for meanwhile.
const PAUSE: Duration = Duration::from_millis(500);
/// How often a call is begun.
const ATTEMPTS: u32 = 3;

/// The handle that a call works with.
pub type Db = Arc<Client>;

/// A server, and the connection to it while no call uses it.
#[derive(Debug)]
pub struct Session {
    server: Server,
    free: Mutex<Option<Db>>,
}

/// What an attempt came to.
enum Attempt<T> {
    Done(T),
    /// Nothing of it is there.
    Undone(Failure),
    /// The answer to `COMMIT` was lost.
    Unknown(T, i64, Failure),
}

impl Session {
    /// Sets out with a first connection.
    pub fn new(server: Server, first: Client) -> Self {
        Self { server, free: Mutex::new(Some(Arc::new(first))) }
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Does something that changes the state.
    pub async fn write<T, W>(&self, work: impl Fn(Db) -> W + Send + Sync) -> Result<T>
    where
        T: Send,
        W: Future<Output = Done<T>> + Send,
    {
        self.call(WRITING, work).await
    }

    /// Does something that only looks.
    pub async fn read<T, W>(&self, work: impl Fn(Db) -> W + Send + Sync) -> Result<T>
    where
        T: Send,
        W: Future<Output = Done<T>> + Send,
    {
        self.call(READING, work).await
    }

    async fn call<T, W>(&self, begin: &str, work: impl Fn(Db) -> W + Send + Sync) -> Result<T>
    where
        T: Send,
        W: Future<Output = Done<T>> + Send,
    {
        // Held until the call is over: there is one connection, and its calls keep their order.
        let mut free = self.free.lock().await;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let db = match free.take().filter(|db| !db.is_closed()) {
                Some(db) => db,
                None => self.reach().await?,
            };
            let failure = match attempt(&db, begin, &work).await {
                Attempt::Done(done) => {
                    *free = Some(db);
                    return Ok(done);
                }
                Attempt::Undone(failure) => failure,
                Attempt::Unknown(done, number, failure) => {
                    if self.was_done(number).await? {
                        return Ok(done);
                    }
                    failure
                }
            };
            // Whatever went wrong, the connection goes, and with it what was begun on it.
            drop(db);
            if attempts == ATTEMPTS || !is_lost(&failure) {
                return Err(explain(&failure, &self.server));
            }
            tracing::debug!(%failure, "the connection to the state was lost; the call is made again");
        }
    }

    /// A new connection to a server that was there before.
    async fn reach(&self) -> Result<Db> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.server.connect().await {
                Ok(client) => return Ok(Arc::new(client)),
                Err(failure) if is_away(&failure) && Instant::now() < end => sleep(PAUSE).await,
                Err(failure) => return Err(explain(&failure, &self.server)),
            }
        }
    }

    /// Whether the transaction of this number was kept. It has ended: the lock that it held is
    /// free when the question is put.
    async fn was_done(&self, number: i64) -> Result<bool> {
        let unknown = |error: Error| error.context("the last change", "it is not known whether it was kept");
        let db = self.reach().await.map_err(unknown)?;
        let kept = async {
            db.batch_execute(WRITING).await?;
            let row = db.query_one("SELECT txid_status($1) = 'committed'", &[&number]).await?;
            Ok(row.try_get::<_, Option<bool>>(0)?.unwrap_or(false))
        };
        kept.await.map_err(|failure| unknown(explain(&failure, &self.server)))
    }
}

async fn attempt<T, W>(db: &Db, begin: &str, work: &(impl Fn(Db) -> W + Sync)) -> Attempt<T>
where
    W: Future<Output = Done<T>> + Send,
{
    let number = match start(db, begin).await {
        Ok(number) => number,
        Err(failure) => return Attempt::Undone(failure),
    };
    let done = match work(db.clone()).await {
        Ok(done) => done,
        Err(failure) => return Attempt::Undone(failure),
    };
    match (db.batch_execute("COMMIT").await, number) {
        (Err(error), Some(number)) => Attempt::Unknown(done, number, error.into()),
        // What was read is read, however the transaction ended.
        (Ok(()), _) | (Err(_), None) => Attempt::Done(done),
    }
}

/// Begins a transaction; its number, where it writes.
async fn start(db: &Client, begin: &str) -> Done<Option<i64>> {
    let answers = db.simple_query(begin).await?;
    let row = answers.iter().rev().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.map(|number| number.parse().map_err(|error: std::num::ParseIntError| Failure::Value(error.into())))
        .transpose()
}
