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
    let zone = section.timezone.unwrap_or(panel);
    let mut holidays = section.holidays.clone();
    if let Some(file) = &section.holidays_file {
        let days = days_of(&holidays_text(file, directory)?, zone);
        holidays
            .extend(days.map_err(|error| error.context("file", directory.join(file).display().to_string()))?);
    }
    let schedule = Schedule {
        cron: Cron::new(&section.cron, zone, now)?,
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

/// The text of the calendar of holidays. Only its names are looked at, in ASCII, so that it
/// does not matter how the others are written.
fn holidays_text(file: &Path, directory: &Path) -> Result<String, Error> {
    let wrong = |why: String| {
        Error::new(ErrorKind::Config, why).hint(
            "put the calendar there, as it is exported with the ending .ics, or take `holidays_file` away",
        )
    };
    if ["http:", "https:", "webcal:"].iter().any(|scheme| file.starts_with(scheme)) {
        return Err(wrong(format!("`holidays_file` names an address, {}, and not a file", file.display()))
            .hint(
                "let a daily `curl -fsSo holidays.ics ADDRESS` fetch it: a file that changed is taken over",
            ));
    }
    let path = directory.join(file);
    let bytes = std::fs::read(&path)
        .map_err(|error| wrong(format!("the holidays in {} cannot be read", path.display())).source(error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The files beside the configuration that the schedule is read from as well, as they are
/// now: a service takes over what has changed.
pub fn beside(loaded: &Loaded) -> String {
    let file = loaded.config.schedule.as_ref().and_then(|section| section.holidays_file.as_ref());
    // One that cannot be read is told where it is read.
    file.and_then(|file| holidays_text(file, &loaded.directory).ok()).unwrap_or_default()
}
