//! The suite passes a sound sink and fails unsound ones.

use std::sync::Mutex;

use super::*;
use crate::testing::MemorySink;

/// What is wrong with a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// Writes every row of the table as new.
    Appends,
    /// Trims text.
    Trims,
}

struct Memory {
    sink: MemorySink,
    flaw: Flaw,
    lost: Arc<Mutex<bool>>,
}

struct Flawed {
    sink: MemorySink,
    flaw: Flaw,
    lost: Arc<Mutex<bool>>,
}

#[async_trait]
impl Sink for Flawed {
    async fn check(&self) -> Result<(), Error> {
        self.sink.check().await
    }

    async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan, Error> {
        let mut plan = self.sink.plan(table, spec).await?;
        if self.flaw == Flaw::Appends {
            plan.changes.inserts = (0..).take(table.len()).collect();
            plan.changes.updates.clear();
        }
        if self.flaw == Flaw::Trims {
            let mut trimmed = Table::clone(table);
            for row in 0..trimmed.len() {
                for cell in trimmed.row_mut(row) {
                    *cell = match cell.as_text() {
                        Some(text) => Value::text(text.trim_start_matches('0')),
                        None => cell.clone(),
                    };
                }
            }
            plan.table = Arc::new(trimmed);
        }
        Ok(plan)
    }

    async fn apply(&self, plan: &Plan) -> Result<Receipt, Error> {
        tokio::task::yield_now().await;
        let receipt = self.sink.apply(plan).await;
        tokio::task::yield_now().await;
        if std::mem::take(&mut *self.lost.lock().unwrap()) {
            return Err(Error::new(crate::ErrorKind::GoogleDown, "the answer was lost"));
        }
        receipt
    }
}

#[async_trait]
impl Store for Memory {
    fn sink(&self) -> Box<dyn Sink> {
        Box::new(Flawed { sink: self.sink.clone(), flaw: self.flaw, lost: Arc::clone(&self.lost) })
    }

    async fn rows(&self, tab: &str) -> Vec<Vec<String>> {
        self.sink.rows(tab)
    }

    fn lose_next_answer(&self) -> bool {
        *self.lost.lock().unwrap() = true;
        true
    }
}

fn memory(flaw: Flaw) -> Memory {
    Memory { sink: MemorySink::default(), flaw, lost: Arc::default() }
}

#[tokio::test]
async fn a_sound_sink_passes() {
    sink(async || memory(Flaw::None)).await;
}

#[tokio::test]
#[should_panic(expected = "twice the same")]
async fn a_sink_that_only_appends_fails() {
    sink(async || memory(Flaw::Appends)).await;
}

#[tokio::test]
#[should_panic(expected = "`0123` is another")]
async fn a_sink_that_changes_text_fails() {
    sink(async || memory(Flaw::Trims)).await;
}
