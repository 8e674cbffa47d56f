//! The sink's journal: batches with their rows, found by run, by target and by key.

use std::collections::HashSet;

use exporter_core::{BatchState, JournalBatch, JournalEntry, JournalRow, LastWritten, RowKey};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::text::{from_json, from_word, instant, json, word};

pub fn begin(db: &Connection, mut batch: JournalBatch) -> rusqlite::Result<()> {
    // One that is known keeps its number, and so its place among the others.
    let known = "DELETE FROM journal WHERE id = ?1 RETURNING number";
    let known: Option<i64> = db.query_row(known, [&batch.id], |row| row.get(0)).optional()?;
    let rows = std::mem::take(&mut batch.rows);
    db.execute(
        "INSERT INTO journal (number, id, run, target, at, state, batch)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            known,
            batch.id,
            batch.run,
            batch.target,
            instant(batch.at),
            word(&BatchState::Open)?,
            json(&batch)?
        ],
    )?;
    let number = db.last_insert_rowid();
    let mut insert =
        db.prepare("INSERT INTO journal_rows (batch, position, key, row) VALUES (?1, ?2, ?3, ?4)")?;
    for (row, position) in rows.iter().zip(0_i64..) {
        insert.execute(params![number, position, row.key.as_str(), json(row)?])?;
    }
    Ok(())
}

/// A settled batch needs its means of recovery no more.
pub fn settle(db: &Connection, id: &str, state: BatchState) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE journal SET state = ?2, batch = json_set(batch, '$.recovery', json('null')) WHERE id = ?1",
        params![id, word(&state)?],
    )
    .map(drop)
}

pub fn open(db: &Connection, target: &str) -> rusqlite::Result<Vec<JournalBatch>> {
    let mut select =
        db.prepare("SELECT * FROM journal WHERE target = ?1 AND state = 'open' ORDER BY number")?;
    let batches = select.query_map([target], |row| whole(db, row))?;
    batches.map(|batch| batch.map(|(batch, _)| batch)).collect()
}

pub fn batches_of(db: &Connection, run: &str) -> rusqlite::Result<Vec<(JournalBatch, BatchState)>> {
    let mut select = db.prepare("SELECT * FROM journal WHERE run = ?1 ORDER BY number")?;
    select.query_map([run], |row| whole(db, row))?.collect()
}

/// A batch with its rows.
fn whole(db: &Connection, row: &Row<'_>) -> rusqlite::Result<(JournalBatch, BatchState)> {
    let mut batch: JournalBatch = from_json(row, "batch")?;
    let number: i64 = row.get("number")?;
    let mut select = db.prepare("SELECT row FROM journal_rows WHERE batch = ?1 ORDER BY position")?;
    batch.rows = select.query_map([number], |row| from_json(row, "row"))?.collect::<rusqlite::Result<_>>()?;
    Ok((batch, from_word(row, "state")?))
}

pub fn last_written(db: &Connection, target: &str, keys: &[RowKey]) -> rusqlite::Result<LastWritten> {
    let mut select = db.prepare(
        "SELECT journal.batch, row FROM journal_rows JOIN journal ON journal.number = journal_rows.batch
         WHERE key = ?1 AND target = ?2 AND state = 'committed' ORDER BY number, position",
    )?;
    let mut last = LastWritten::new();
    for key in keys.iter().collect::<HashSet<_>>() {
        let mut rows = select.query([key.as_str(), target])?;
        while let Some(row) = rows.next()? {
            let (batch, written): (JournalBatch, JournalRow) =
                (from_json(row, "batch")?, from_json(row, "row")?);
            let cells = last.entry(key.clone()).or_default();
            for cell in written.cells {
                let name = batch.columns.get(cell.column as usize).cloned().unwrap_or_default();
                cells.insert(name, cell.after);
            }
        }
    }
    Ok(last)
}

/// Asked in one query, however many keys there are.
pub fn written(db: &Connection, export: &str, keys: &[RowKey]) -> rusqlite::Result<HashSet<RowKey>> {
    let texts: Vec<&str> = keys.iter().map(RowKey::as_str).collect();
    let mut select = db.prepare(
        "SELECT asked.value FROM json_each(?2) AS asked WHERE EXISTS
         (SELECT 1 FROM journal_rows JOIN journal ON journal.number = journal_rows.batch
          WHERE journal_rows.key = asked.value AND state = 'committed'
          AND json_extract(journal.batch, '$.export') = ?1)",
    )?;
    let found = select.query_map(params![export, json(&texts)?], |row| row.get::<_, String>(0))?;
    let found = found.collect::<rusqlite::Result<HashSet<String>>>()?;
    Ok(keys.iter().filter(|key| found.contains(key.as_str())).cloned().collect())
}

pub fn entries_of(db: &Connection, key: &RowKey) -> rusqlite::Result<Vec<JournalEntry>> {
    let mut select = db.prepare(
        "SELECT journal.batch, state, row FROM journal_rows JOIN journal ON journal.number = journal_rows.batch
         WHERE key = ?1 ORDER BY number, position",
    )?;
    let entries = select.query_map([key.as_str()], |row| {
        let (batch, written): (JournalBatch, JournalRow) = (from_json(row, "batch")?, from_json(row, "row")?);
        Ok(batch.entry(&written, from_word(row, "state")?))
    })?;
    entries.collect()
}
