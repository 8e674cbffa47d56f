//! The smallest journal that keeps the contract: batches in memory.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::{BatchState, Error, Journal, JournalBatch, JournalEntry, LastWritten, RowKey};

/// Batches in memory. Clones share them, as two processes share a file.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<Vec<(JournalBatch, BatchState)>>>);

impl MemoryJournal {
    fn batches(&self) -> MutexGuard<'_, Vec<(JournalBatch, BatchState)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All batches, oldest first.
    pub fn all(&self) -> Vec<(JournalBatch, BatchState)> {
        self.batches().clone()
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn begin(&self, batch: &JournalBatch) -> Result<(), Error> {
        let mut batches = self.batches();
        let begun = (batch.clone(), BatchState::Open);
        match batches.iter_mut().find(|(known, _)| known.id == batch.id) {
            Some(known) => *known = begun,
            None => batches.push(begun),
        }
        Ok(())
    }

    async fn agree(&self, batch: &JournalBatch) -> Result<(), Error> {
        self.begin(batch).await?;
        self.settle(&batch.id, BatchState::Committed).await
    }

    async fn settle(&self, id: &str, state: BatchState) -> Result<(), Error> {
        for (batch, known) in self.batches().iter_mut() {
            if batch.id == id {
                *known = state;
                batch.recovery = serde_json::Value::Null;
            }
        }
        Ok(())
    }

    async fn open(&self, target: &str) -> Result<Vec<JournalBatch>, Error> {
        let batches = self.batches();
        let open =
            batches.iter().filter(|(batch, state)| *state == BatchState::Open && batch.target == target);
        Ok(open.map(|(batch, _)| batch.clone()).collect())
    }

    async fn last_written(&self, target: &str, keys: &[RowKey]) -> Result<LastWritten, Error> {
        let mut last = LastWritten::new();
        for (batch, state) in self.batches().iter() {
            if *state != BatchState::Committed || batch.target != target {
                continue;
            }
            for row in batch.rows.iter().filter(|row| keys.contains(&row.key)) {
                let cells = last.entry(row.key.clone()).or_default();
                for cell in &row.cells {
                    let name = batch.columns.get(cell.column as usize).cloned().unwrap_or_default();
                    cells.insert(name, cell.after.clone());
                }
            }
        }
        Ok(last)
    }

    async fn batches_of(&self, run: &str) -> Result<Vec<(JournalBatch, BatchState)>, Error> {
        Ok(self.batches().iter().filter(|(batch, _)| batch.run == run).cloned().collect())
    }

    async fn written(&self, export: &str, keys: &[RowKey]) -> Result<HashSet<RowKey>, Error> {
        let batches = self.batches();
        let ours =
            batches.iter().filter(|(batch, state)| *state == BatchState::Committed && batch.export == export);
        let rows = ours.flat_map(|(batch, _)| &batch.rows);
        Ok(rows.map(|row| row.key.clone()).filter(|key| keys.contains(key)).collect())
    }

    async fn entries_of(&self, key: &RowKey) -> Result<Vec<JournalEntry>, Error> {
        let batches = self.batches();
        let entries = batches.iter().flat_map(|(batch, state)| {
            batch.rows.iter().filter(|row| row.key == *key).map(|row| batch.entry(row, *state))
        });
        Ok(entries.collect())
    }
}
