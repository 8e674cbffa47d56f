//! Runs, their exports and their steps.

use chrono::{DateTime, Utc};
use exporter_core::RunReport;
use exporter_core::checks::Usual;
use tokio_postgres::{Client, Row};

use super::text::{
    Done, at, at_or_null, count, from_word, from_word_or_null, instant, json, number, plain, window, word,
    word_or_null,
};
use crate::model::{RunQuery, RunRecord, RunStart, RunState, StageRecord};

pub async fn begin(db: &Client, run: &RunStart) -> Done<()> {
    let insert = "INSERT INTO runs (id, account, cause, first_day, last_day, dry_run, started, tick, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'running')";
    db.execute(
        insert,
        &[
            &run.id,
            &run.account,
            &word(&run.cause)?,
            &run.window.first_day().to_string(),
            &run.window.last_day().to_string(),
            &run.dry_run,
            &instant(run.started),
            &run.tick.map(instant),
        ],
    )
    .await?;
    Ok(())
}

pub async fn add_stage(db: &Client, run: &str, stage: &StageRecord) -> Done<()> {
    let insert =
        "INSERT INTO stages (run, number, export, stage, attempt, started, seconds, driver, error_kind, detail)
         SELECT $1, 1 + coalesce(max(number), 0), $2, $3, $4, $5, $6, $7, $8, $9 FROM stages WHERE run = $1";
    db.execute(
        insert,
        &[
            &run,
            &stage.export,
            &stage.stage,
            &i64::from(stage.attempt),
            &instant(stage.started),
            &stage.seconds,
            &word_or_null(stage.driver.as_ref())?,
            &word_or_null(stage.error_kind.as_ref())?,
            &stage.detail.as_deref().map(plain),
        ],
    )
    .await?;
    Ok(())
}

pub async fn finish(db: &Client, report: &RunReport, now: DateTime<Utc>) -> Done<()> {
    let update = "UPDATE runs SET finished = $2, state = $3, seconds = $4, sheets_calls = $5, error_kind = $6, report = $7
         WHERE id = $1";
    db.execute(
        update,
        &[
            &report.id,
            &instant(now),
            &word(&RunState::from(report.status))?,
            &report.seconds,
            &i64::from(report.sheets_calls),
            &word_or_null(report.error.as_ref().map(|error| &error.kind))?,
            &json(report)?,
        ],
    )
    .await?;
    db.execute("DELETE FROM run_exports WHERE run = $1", &[&report.id]).await?;
    let insert = db
        .prepare(
            "INSERT INTO run_exports (run, position, name, status, rows, added, updated, unchanged, duplicates,
                                      driver, attempts, seconds, sheets_calls, error_kind, error_stage)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        )
        .await?;
    for (export, position) in report.exports.iter().zip(0_i64..) {
        let error = export.error.as_ref();
        db.execute(
            &insert,
            &[
                &report.id,
                &position,
                &export.name,
                &word(&export.status)?,
                &count(export.rows),
                &count(export.counts.new),
                &count(export.counts.updated),
                &count(export.counts.unchanged),
                &count(export.counts.duplicates),
                &word_or_null(export.driver.as_ref())?,
                &i64::from(export.attempts),
                &export.seconds,
                &i64::from(export.sheets_calls),
                &word_or_null(error.map(|error| &error.kind))?,
                &word_or_null(error.and_then(|error| error.stage).as_ref())?,
            ],
        )
        .await?;
    }
    Ok(())
}

pub async fn end(db: &Client, id: &str, state: RunState, now: DateTime<Utc>) -> Done<()> {
    let update = "UPDATE runs SET state = $2, finished = $3 WHERE id = $1 AND state = 'running'";
    db.execute(update, &[&id, &word(&state)?, &instant(now)]).await?;
    Ok(())
}

pub async fn list(db: &Client, query: &RunQuery) -> Done<Vec<RunRecord>> {
    let select = "SELECT * FROM runs
         WHERE ($1::text IS NULL OR account = $1)
           AND ($2::text IS NULL OR state = $2)
           AND (NOT $3 OR NOT dry_run)
           AND ($4::text IS NULL OR started >= $4)
         ORDER BY started DESC, id DESC LIMIT $5";
    let limit = (query.limit > 0).then_some(i64::from(query.limit));
    let state = word_or_null(query.state.as_ref())?;
    let since = query.since.map(instant);
    let rows = db.query(select, &[&query.account, &state, &query.written, &since, &limit]).await?;
    rows.iter().map(run).collect()
}

fn run(row: &Row) -> Done<RunRecord> {
    let report: Option<&str> = row.try_get("report")?;
    Ok(RunRecord {
        id: row.try_get("id")?,
        account: row.try_get("account")?,
        cause: from_word(row, "cause")?,
        window: window(row)?,
        dry_run: row.try_get("dry_run")?,
        tick: at_or_null(row, "tick")?,
        started: at(row, "started")?,
        finished: at_or_null(row, "finished")?,
        state: from_word(row, "state")?,
        // A report of an older or newer shape is left out; the run itself is still told.
        report: report.and_then(|report| serde_json::from_str(report).ok()),
    })
}

pub async fn tally(db: &Client, account: &str) -> Done<Vec<(RunState, u64)>> {
    let select = "SELECT state, count(*) AS runs FROM runs WHERE account = $1 GROUP BY state ORDER BY state";
    let rows = db.query(select, &[&account]).await?;
    rows.iter().map(|row| Ok((from_word(row, "state")?, number(row, "runs")?))).collect()
}

pub async fn stages(db: &Client, run: &str) -> Done<Vec<StageRecord>> {
    let rows = db.query("SELECT * FROM stages WHERE run = $1 ORDER BY number", &[&run]).await?;
    let stages = rows.iter().map(|row| {
        Ok(StageRecord {
            export: row.try_get("export")?,
            stage: row.try_get("stage")?,
            attempt: number(row, "attempt")?,
            started: at(row, "started")?,
            seconds: row.try_get("seconds")?,
            driver: from_word_or_null(row, "driver")?,
            error_kind: from_word_or_null(row, "error_kind")?,
            detail: row.try_get("detail")?,
        })
    });
    stages.collect()
}

pub async fn row_counts(db: &Client, account: &str, export: &str, limit: u32) -> Done<Vec<Usual>> {
    let select = "SELECT first_day, last_day, rows FROM run_exports JOIN runs ON runs.id = run_exports.run
         WHERE account = $1 AND name = $2 AND status IN ('ok', 'no_data') AND NOT dry_run
         ORDER BY started DESC LIMIT $3";
    let rows = db.query(select, &[&account, &export, &i64::from(limit)]).await?;
    rows.iter().map(|row| Ok(Usual { window: window(row)?, rows: number(row, "rows")? })).collect()
}
