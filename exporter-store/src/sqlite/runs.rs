//! Runs, their exports and their steps.

use chrono::{DateTime, Utc};
use exporter_core::RunReport;
use exporter_core::checks::Usual;
use rusqlite::{Connection, Row, named_params, params};

use super::text::{at, at_or_null, from_word, from_word_or_null, instant, json, window, word};
use crate::model::{RunQuery, RunRecord, RunStart, RunState, StageRecord};

pub fn begin(db: &Connection, run: &RunStart) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO runs (id, account, cause, first_day, last_day, dry_run, started, tick, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'running')",
        params![
            run.id,
            run.account,
            word(&run.cause)?,
            run.window.first_day().to_string(),
            run.window.last_day().to_string(),
            run.dry_run,
            instant(run.started),
            run.tick.map(instant)
        ],
    )
    .map(drop)
}

pub fn add_stage(db: &Connection, run: &str, stage: &StageRecord) -> rusqlite::Result<()> {
    db.execute(
        "INSERT INTO stages (run, number, export, stage, attempt, started, seconds, driver, error_kind, detail)
         SELECT ?1, 1 + coalesce(max(number), 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM stages WHERE run = ?1",
        params![
            run,
            stage.export,
            stage.stage,
            stage.attempt,
            instant(stage.started),
            stage.seconds,
            stage.driver.as_ref().map(word).transpose()?,
            stage.error_kind.as_ref().map(word).transpose()?,
            stage.detail
        ],
    )
    .map(drop)
}

pub fn finish(db: &Connection, report: &RunReport, now: DateTime<Utc>) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE runs SET finished = :now, state = :state, seconds = :seconds, sheets_calls = :calls,
                error_kind = :error, report = :report
         WHERE id = :id",
        named_params! {
            ":id": report.id,
            ":now": instant(now),
            ":state": word(&RunState::from(report.status))?,
            ":seconds": report.seconds,
            ":calls": report.sheets_calls,
            ":error": report.error.as_ref().map(|error| word(&error.kind)).transpose()?,
            ":report": json(report)?,
        },
    )?;
    db.execute("DELETE FROM run_exports WHERE run = ?1", [&report.id])?;
    let mut insert = db.prepare(
        "INSERT INTO run_exports (run, position, name, status, rows, added, updated, unchanged, duplicates,
                                  driver, attempts, seconds, sheets_calls, error_kind, error_stage)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?;
    for (export, position) in report.exports.iter().zip(0_u32..) {
        let error = export.error.as_ref();
        insert.execute(params![
            report.id,
            position,
            export.name,
            word(&export.status)?,
            count(export.rows),
            count(export.counts.new),
            count(export.counts.updated),
            count(export.counts.unchanged),
            count(export.counts.duplicates),
            export.driver.as_ref().map(word).transpose()?,
            export.attempts,
            export.seconds,
            export.sheets_calls,
            error.map(|error| word(&error.kind)).transpose()?,
            error.and_then(|error| error.stage).as_ref().map(word).transpose()?,
        ])?;
    }
    Ok(())
}

/// SQLite's integers are 64 bits and signed; no table is larger.
fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub fn end(db: &Connection, id: &str, state: RunState, now: DateTime<Utc>) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE runs SET state = ?2, finished = ?3 WHERE id = ?1 AND state = 'running'",
        params![id, word(&state)?, instant(now)],
    )
    .map(drop)
}

pub fn list(db: &Connection, query: &RunQuery) -> rusqlite::Result<Vec<RunRecord>> {
    let mut select = db.prepare(
        "SELECT * FROM runs
         WHERE (:account IS NULL OR account = :account)
           AND (:state IS NULL OR state = :state)
           AND (NOT :written OR NOT dry_run)
           AND (:since IS NULL OR started >= :since)
         ORDER BY started DESC, id DESC LIMIT :limit",
    )?;
    let limit = if query.limit == 0 { -1 } else { i64::from(query.limit) };
    let rows = select.query_map(
        named_params! {
            ":account": query.account,
            ":state": query.state.as_ref().map(word).transpose()?,
            ":written": query.written,
            ":since": query.since.map(instant),
            ":limit": limit,
        },
        run,
    )?;
    rows.collect()
}

fn run(row: &Row<'_>) -> rusqlite::Result<RunRecord> {
    let report: Option<String> = row.get("report")?;
    Ok(RunRecord {
        id: row.get("id")?,
        account: row.get("account")?,
        cause: from_word(row, "cause")?,
        window: window(row)?,
        dry_run: row.get("dry_run")?,
        tick: at_or_null(row, "tick")?,
        started: at(row, "started")?,
        finished: at_or_null(row, "finished")?,
        state: from_word(row, "state")?,
        // A report of an older or newer shape is left out; the run itself is still told.
        report: report.and_then(|report| serde_json::from_str(&report).ok()),
    })
}

pub fn tally(db: &Connection, account: &str) -> rusqlite::Result<Vec<(RunState, u64)>> {
    let mut select = db.prepare(
        "SELECT state, count(*) AS runs FROM runs WHERE account = ?1 GROUP BY state ORDER BY state",
    )?;
    let rows = select.query_map([account], |row| {
        let runs: i64 = row.get("runs")?;
        Ok((from_word(row, "state")?, u64::try_from(runs).unwrap_or_default()))
    })?;
    rows.collect()
}

pub fn stages(db: &Connection, run: &str) -> rusqlite::Result<Vec<StageRecord>> {
    let mut select = db.prepare("SELECT * FROM stages WHERE run = ?1 ORDER BY number")?;
    let rows = select.query_map([run], |row| {
        Ok(StageRecord {
            export: row.get("export")?,
            stage: row.get("stage")?,
            attempt: row.get("attempt")?,
            started: at(row, "started")?,
            seconds: row.get("seconds")?,
            driver: from_word_or_null(row, "driver")?,
            error_kind: from_word_or_null(row, "error_kind")?,
            detail: row.get("detail")?,
        })
    })?;
    rows.collect()
}

pub fn row_counts(db: &Connection, account: &str, export: &str, limit: u32) -> rusqlite::Result<Vec<Usual>> {
    let mut select = db.prepare(
        "SELECT first_day, last_day, rows FROM run_exports JOIN runs ON runs.id = run_exports.run
         WHERE account = ?1 AND name = ?2 AND status IN ('ok', 'no_data') AND NOT dry_run
         ORDER BY started DESC LIMIT ?3",
    )?;
    let rows = select.query_map(params![account, export, limit], |row| {
        let rows: i64 = row.get("rows")?;
        Ok(Usual { window: window(row)?, rows: usize::try_from(rows).unwrap_or_default() })
    })?;
    rows.collect()
}
