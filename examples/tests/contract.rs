//! The CSV sink keeps the contract that every sink has.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use async_trait::async_trait;
use exporter_core::Sink;
use exporter_core::testing::contract::{self, Store};
use exporter_examples::CsvSink;
use tempfile::TempDir;

/// A directory that goes with the case.
struct Directory(TempDir);

#[async_trait]
impl Store for Directory {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(CsvSink::new(self.0.path()))
    }

    async fn rows(&self, tab: &str) -> Vec<Vec<String>> {
        let (header, rows) = CsvSink::new(self.0.path()).rows(tab).unwrap();
        if header.is_empty() { rows } else { std::iter::once(header).chain(rows).collect() }
    }
}

#[tokio::test]
async fn the_contract_is_kept() {
    contract::sink(async || Directory(tempfile::tempdir().unwrap())).await;
}
