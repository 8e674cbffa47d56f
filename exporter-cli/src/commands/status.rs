//! `exporter status`: which days are in the sheet, drawn as a month.

use chrono::{Datelike as _, Months, NaiveDate};
use exporter_core::{Clock as _, Error, ErrorKind, SystemClock, Window};
use exporter_store::{Asked, Calendar, RunQuery};
use serde_json::json;

use super::history::as_they_are;
use crate::args::StatusArgs;
use crate::assemble::export_names;
use crate::config::load;
use crate::exit::{self, Exit};
use crate::render::say;
use crate::{execute, render, state};

/// Prints the month, the last runs, and what to do about the holes.
pub async fn main(args: StatusArgs) -> Exit {
    match text(&args).await {
        Ok(text) => {
            say::text(&text);
            Exit::Ok
        }
        Err(error) => render::error::print(&error, exit::for_kind(error.kind())),
    }
}

async fn text(args: &StatusArgs) -> Result<String, Error> {
    let loaded = load(&args.config)?;
    let state = state::look(&loaded).await?;
    let (account, zone) = (execute::account(&loaded)?, loaded.config.panel.timezone);
    let window = month(args.month.as_deref(), SystemClock.today(zone))?;
    let calendar = Calendar::new(
        &export_names(&loaded)?,
        window,
        &state.coverage(&account, window).await?,
        &Asked::of(&*state, &account).await?,
        zone,
        SystemClock.now(),
        loaded.config.late_days(),
    );
    let last = as_they_are(&*state, &account, state.runs(&RunQuery::last(&account)).await?).await?.pop();
    let good = state.runs(&RunQuery::last_good(&account)).await?.pop();
    if args.json {
        let holes = calendar.holes(31);
        let days = json!({ "calendar": calendar, "holes": holes, "last_run": last, "last_good": good });
        return Ok(render::json(&days));
    }
    Ok(render::calendar::text(&loaded.config.store_name, &calendar, zone, last.as_ref(), good.as_ref()))
}

/// The whole month, given as `YYYY-MM`.
fn month(given: Option<&str>, today: NaiveDate) -> Result<Window, Error> {
    let first = match given {
        None => today.with_day(1),
        Some(text) => format!("{text}-01").parse().ok(),
    };
    let last = first.and_then(|first: NaiveDate| first.checked_add_months(Months::new(1))?.pred_opt());
    let Some((first, last)) = first.zip(last) else {
        return Err(Error::new(ErrorKind::Config, format!("`{}` is not a month", given.unwrap_or_default()))
            .hint("a month is written YYYY-MM, for instance 2026-01"));
    };
    Window::inclusive(first, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_all_of_its_days() {
        let today = NaiveDate::from_ymd_opt(2026, 2, 11).unwrap();
        assert_eq!(month(None, today).unwrap().to_string(), "2026-02-01..2026-02-28");
        assert_eq!(month(Some("2025-12"), today).unwrap().to_string(), "2025-12-01..2025-12-31");
        assert!(month(Some("December"), today).unwrap_err().to_string().contains("`December`"));
    }
}
