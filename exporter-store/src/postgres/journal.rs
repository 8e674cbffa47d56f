//! The sink's journal: batches with their rows, found by run, by target and by key.

use std::collections::{HashMap, HashSet};

use exporter_core::{BatchState, JournalBatch, JournalEntry, JournalRow, LastWritten, RowKey};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use super::text::{Done, count, from_json, from_word, instant, json, plain, word};

pub async fn begin(db: &Client, batch: &JournalBatch) -> Done<()> {
    // One that is known keeps its number, and so its place among the others.
    let known = db.query_opt("DELETE FROM journal WHERE id = $1 RETURNING number", &[&batch.id]).await?;
    let known: Option<i64> = known.map(|row| row.try_get("number")).transpose()?;
    let head = JournalBatch { rows: Vec::new(), ..batch.clone() };
    let insert = "INSERT INTO journal (number, id, run, target, at, state, batch, export)
         VALUES (coalesce($1, nextval(pg_get_serial_sequence('journal', 'number'))), $2, $3, $4, $5, $6, $7, $8)
         RETURNING number";
    let open = word(&BatchState::Open)?;
    let (at, head) = (instant(batch.at), json(&head)?);
    let values: [&(dyn ToSql + Sync); 8] =
        [&known, &batch.id, &batch.run, &batch.target, &at, &open, &head, &batch.export];
    let number = db.query_one(insert, &values).await?;
    let number: i64 = number.try_get("number")?;
    // All rows in one statement: a batch can have thousands.
    let keys: Vec<_> = batch.rows.iter().map(|row| plain(row.key.as_str())).collect();
    let rows = batch.rows.iter().map(json).collect::<Done<Vec<_>>>()?;
    let positions: Vec<i64> = (0..count(rows.len())).collect();
    let insert = "INSERT INTO journal_rows (batch, position, key, row)
         SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::text[])";
    db.execute(insert, &[&number, &positions, &keys, &rows]).await?;
    Ok(())
}

/// A settled batch needs its means of recovery no more.
pub async fn settle(db: &Client, id: &str, state: BatchState) -> Done<()> {
    let Some(row) = db.query_opt("SELECT batch FROM journal WHERE id = $1", &[&id]).await? else {
        return Ok(());
    };
    let batch = JournalBatch { recovery: serde_json::Value::Null, ..from_json(&row, "batch")? };
    let update = "UPDATE journal SET state = $2, batch = $3 WHERE id = $1";
    db.execute(update, &[&id, &word(&state)?, &json(&batch)?]).await?;
    Ok(())
}

pub async fn open(db: &Client, target: &str) -> Done<Vec<JournalBatch>> {
    let select = "SELECT * FROM journal WHERE target = $1 AND state = 'open' ORDER BY number";
    let batches = whole(db, db.query(select, &[&target]).await?).await?;
    Ok(batches.into_iter().map(|(batch, _)| batch).collect())
}

pub async fn batches_of(db: &Client, run: &str) -> Done<Vec<(JournalBatch, BatchState)>> {
    let select = "SELECT * FROM journal WHERE run = $1 ORDER BY number";
    whole(db, db.query(select, &[&run]).await?).await
}

/// Batches with their rows.
async fn whole(db: &Client, heads: Vec<Row>) -> Done<Vec<(JournalBatch, BatchState)>> {
    let mut batches = Vec::new();
    for head in heads {
        let number: i64 = head.try_get("number")?;
        let select = "SELECT row FROM journal_rows WHERE batch = $1 ORDER BY position";
        let rows = db.query(select, &[&number]).await?;
        let rows = rows.iter().map(|row| from_json(row, "row")).collect::<Done<_>>()?;
        batches.push((JournalBatch { rows, ..from_json(&head, "batch")? }, from_word(&head, "state")?));
    }
    Ok(batches)
}

/// Asked in two queries, however many keys there are; the head of a batch comes once.
pub async fn last_written(db: &Client, target: &str, keys: &[RowKey]) -> Done<LastWritten> {
    let select =
        "SELECT key, journal_rows.batch, row FROM journal_rows JOIN journal ON number = journal_rows.batch
         WHERE key = ANY($1) AND target = $2 AND state = 'committed' ORDER BY number, position";
    let asked = asked(keys);
    let rows = db.query(select, &[&asked.keys().collect::<Vec<_>>(), &target]).await?;
    let numbers = rows.iter().map(|row| Ok(row.try_get("batch")?)).collect::<Done<HashSet<i64>>>()?;
    let select = "SELECT number, batch FROM journal WHERE number = ANY($1)";
    let heads = db.query(select, &[&numbers.into_iter().collect::<Vec<_>>()]).await?;
    let heads = heads.iter().map(|row| Ok((row.try_get("number")?, from_json(row, "batch")?)));
    let heads: HashMap<i64, JournalBatch> = heads.collect::<Done<_>>()?;
    let mut last = LastWritten::new();
    for row in &rows {
        let written: JournalRow = from_json(row, "row")?;
        let columns = heads.get(&row.try_get("batch")?).map_or(&[][..], |batch| &batch.columns);
        let Some(key) = asked.get(row.try_get::<_, &str>("key")?) else { continue };
        let cells = last.entry((*key).clone()).or_default();
        for cell in written.cells {
            let name = columns.get(cell.column as usize).cloned().unwrap_or_default();
            cells.insert(name, cell.after);
        }
    }
    Ok(last)
}

pub async fn written(db: &Client, export: &str, keys: &[RowKey]) -> Done<HashSet<RowKey>> {
    let select = "SELECT DISTINCT key FROM journal_rows JOIN journal ON number = journal_rows.batch
         WHERE key = ANY($1) AND state = 'committed' AND export = $2";
    let asked = asked(keys);
    let rows = db.query(select, &[&asked.keys().collect::<Vec<_>>(), &export]).await?;
    let found = rows.iter().map(|row| Ok(asked.get(row.try_get::<_, &str>(0)?).map(|key| (*key).clone())));
    found.filter_map(Result::transpose).collect()
}

/// The keys by their texts in the database.
fn asked(keys: &[RowKey]) -> HashMap<String, &RowKey> {
    keys.iter().map(|key| (plain(key.as_str()).into_owned(), key)).collect()
}

pub async fn entries_of(db: &Client, key: &RowKey) -> Done<Vec<JournalEntry>> {
    let select =
        "SELECT journal.batch, state, row FROM journal_rows JOIN journal ON number = journal_rows.batch
         WHERE key = $1 ORDER BY number, position";
    let rows = db.query(select, &[&plain(key.as_str())]).await?;
    let entries = rows.iter().map(|row| {
        let (batch, written): (JournalBatch, JournalRow) = (from_json(row, "batch")?, from_json(row, "row")?);
        Ok(batch.entry(&written, from_word(row, "state")?))
    });
    entries.collect()
}
