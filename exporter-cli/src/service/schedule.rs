//! The schedule of a configuration.

use std::path::Path;

use chrono::{DateTime, Utc};
use exporter_core::{Error, ErrorKind};
use exporter_schedule::{Calendar, Cron, Schedule, days_of};

use crate::config::{Config, Loaded, ScheduleSection};

/// The schedule that the configuration describes.
///
/// # Errors
/// [`ErrorKind::Config`] when there is none, or it cannot be understood.
pub fn of(loaded: &Loaded, now: DateTime<Utc>) -> Result<Schedule, Error> {
    let section = loaded.config.schedule.as_ref().ok_or_else(|| {
        Error::new(ErrorKind::Config, "the configuration has no [schedule]")
            .hint("add: [schedule] and below it cron = \"0 8,18 * * *\"")
    })?;
    build(section, &loaded.config, &loaded.directory, now)
}

fn build(
    section: &ScheduleSection,
    config: &Config,
    directory: &Path,
    now: DateTime<Utc>,
) -> Result<Schedule, Error> {
    let panel = config.panel.timezone;
    let mut holidays = section.holidays.clone();
    if let Some(file) = &section.holidays_file {
        let path = directory.join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Error::new(ErrorKind::Config, format!("the holidays in {} cannot be read", path.display()))
                .source(error)
                .hint("put the calendar there, as it is exported with the ending .ics, or take `holidays_file` away")
        })?;
        holidays.extend(days_of(&text).map_err(|error| error.context("file", path.display().to_string()))?);
    }
    let schedule = Schedule {
        cron: Cron::new(&section.cron, section.timezone.unwrap_or(panel), now)?,
        calendar: Calendar::new(&section.working_days, holidays)?,
        panel,
        last_days: section.last_days.unwrap_or(config.late_days().saturating_add(1)),
        catch_up: section.catch_up,
        catch_up_days: section.catch_up_days,
    };
    if schedule.next(now).is_none() {
        return Err(Error::new(ErrorKind::Config, "no run is ever due: every tick falls on a day off")
            .hint("look at `working_days` and `holidays` under [schedule]"));
    }
    Ok(schedule)
}
