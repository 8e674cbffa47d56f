//! The sink keeps the contract that every sink has.

use async_trait::async_trait;
use exporter_core::Sink;
use exporter_core::testing::contract::{self, Store};
use exporter_sheets::SheetsSink;

use crate::bench::Fault::{LoseAnswer, Pass};
use crate::bench::{Bench, ID, client};

#[async_trait]
impl Store for Bench {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(SheetsSink::new(client(&self.url, ID).unwrap()))
    }

    async fn rows(&self, tab: &str) -> Vec<Vec<String>> {
        self.sheets.rows(ID, tab).unwrap_or_default()
    }

    fn longest_text(&self) -> Option<usize> {
        Some(50_000)
    }

    fn lose_next_answer(&self) -> bool {
        // Reading comes first, writing second.
        self.faults(&[Pass, LoseAnswer]);
        true
    }
}

#[tokio::test]
async fn the_contract_is_kept() {
    contract::sink(Bench::start).await;
}
