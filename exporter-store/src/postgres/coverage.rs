//! Which days of which export the panel has answered for.

use chrono::NaiveDate;
use exporter_core::{ExportStatus, RunReport, Window};
use tokio_postgres::Client;

use super::text::{Done, at, day, instant};
use crate::model::Covered;

/// Notes the days of a run's window up to `today` for each export that is well. A run that
/// began earlier than the one noted says nothing new.
pub async fn follow(db: &Client, report: &RunReport, today: NaiveDate) -> Done<()> {
    if report.dry_run {
        return Ok(());
    }
    let days = report.window.first_day().iter_days();
    let days = days.take_while(|day| report.window.contains(*day) && *day <= today);
    let days: Vec<String> = days.map(|day| day.to_string()).collect();
    let insert = "INSERT INTO coverage AS known (account, export, day, empty, run, at)
         SELECT account, $2, day, $4, $1, $5 FROM runs, unnest($3::text[]) AS day WHERE id = $1
         ON CONFLICT (account, export, day) DO UPDATE
         SET empty = excluded.empty, run = excluded.run, at = excluded.at WHERE excluded.at >= known.at";
    for export in &report.exports {
        let empty = match export.status {
            ExportStatus::Ok => false,
            ExportStatus::NoData => true,
            ExportStatus::Failed => continue,
        };
        db.execute(insert, &[&report.id, &export.name, &days, &empty, &instant(report.started)]).await?;
    }
    Ok(())
}

pub async fn list(db: &Client, account: &str, window: Window) -> Done<Vec<Covered>> {
    let select = "SELECT export, day, empty, run, at FROM coverage
         WHERE account = $1 AND day BETWEEN $2 AND $3 ORDER BY export, day";
    let bounds = (window.first_day().to_string(), window.last_day().to_string());
    let rows = db.query(select, &[&account, &bounds.0, &bounds.1]).await?;
    let covered = rows.iter().map(|row| {
        Ok(Covered {
            export: row.try_get("export")?,
            day: day(row, "day")?,
            empty: row.try_get("empty")?,
            run: row.try_get("run")?,
            at: at(row, "at")?,
        })
    });
    covered.collect()
}

pub async fn first(db: &Client, account: &str) -> Done<Option<NaiveDate>> {
    let select = "SELECT day FROM coverage WHERE account = $1 ORDER BY day LIMIT 1";
    let found = db.query_opt(select, &[&account]).await?;
    found.map(|row| day(&row, "day")).transpose()
}
