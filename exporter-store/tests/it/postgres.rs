//! PostgreSQL: the same promises, and what only a server can do to them.

use exporter_core::Secret;
use exporter_store::{PostgresStore, Store, testing};

/// A state in a database of its own; none where there is no server.
pub async fn state() -> Option<PostgresStore> {
    let address = testing::database().await?;
    Some(open(&address).await)
}

async fn open(address: &str) -> PostgresStore {
    PostgresStore::open(&Secret::new(address), None).await.unwrap()
}

#[tokio::test]
async fn it_is_an_outbox() {
    if testing::server().await.is_some() {
        exporter_core::testing::contract::outbox(async || state().await.unwrap()).await;
    }
}

#[tokio::test]
async fn it_is_a_journal() {
    if testing::server().await.is_some() {
        let fresh = async || testing::database().await.unwrap();
        exporter_core::testing::contract::journal(fresh, async |address| open(address).await).await;
    }
}

#[tokio::test]
async fn two_that_begin_at_the_same_time_make_one_state() {
    let Some(address) = testing::database().await else { return };
    let (one, two) = tokio::join!(open(&address), open(&address));
    one.set_fact("a", "b", Some("c")).await.unwrap();
    assert_eq!(two.fact("a", "b").await.unwrap().as_deref(), Some("c"));
}
