//! Which days of which export the panel has answered for.

use chrono::NaiveDate;
use exporter_core::{ExportStatus, RunReport, Window};
use rusqlite::{Connection, params};

use super::text::{at, day, instant};
use crate::model::Covered;

/// Notes the days of a run's window up to `today` for each export that is well. A run that
/// began earlier than the one noted says nothing new.
pub fn follow(db: &Connection, report: &RunReport, today: NaiveDate) -> rusqlite::Result<()> {
    if report.dry_run {
        return Ok(());
    }
    let mut insert = db.prepare(
        "INSERT INTO coverage (account, export, day, empty, run, at)
         SELECT account, ?2, ?3, ?4, ?1, ?5 FROM runs WHERE id = ?1
         ON CONFLICT DO UPDATE SET empty = excluded.empty, run = excluded.run, at = excluded.at
         WHERE excluded.at >= at",
    )?;
    let days = || {
        report.window.first_day().iter_days().take_while(|day| report.window.contains(*day) && *day <= today)
    };
    for export in &report.exports {
        let empty = match export.status {
            ExportStatus::Ok => false,
            ExportStatus::NoData => true,
            ExportStatus::Failed => continue,
        };
        for day in days() {
            insert.execute(params![
                report.id,
                export.name,
                day.to_string(),
                empty,
                instant(report.started)
            ])?;
        }
    }
    Ok(())
}

pub fn list(db: &Connection, account: &str, window: Window) -> rusqlite::Result<Vec<Covered>> {
    let mut select = db.prepare(
        "SELECT export, day, empty, run, at FROM coverage
         WHERE account = ?1 AND day BETWEEN ?2 AND ?3 ORDER BY export, day",
    )?;
    let bounds = params![account, window.first_day().to_string(), window.last_day().to_string()];
    let rows = select.query_map(bounds, |row| {
        Ok(Covered {
            export: row.get("export")?,
            day: day(row, "day")?,
            empty: row.get("empty")?,
            run: row.get("run")?,
            at: at(row, "at")?,
        })
    })?;
    rows.collect()
}

pub fn first(db: &Connection, account: &str) -> rusqlite::Result<Option<NaiveDate>> {
    let mut select = db.prepare("SELECT day FROM coverage WHERE account = ?1 ORDER BY day LIMIT 1")?;
    let mut rows = select.query_map([account], |row| day(row, "day"))?;
    rows.next().transpose()
}
