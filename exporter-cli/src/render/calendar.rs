//! A month of coverage as a person reads it: a line for each export, a sign for each day.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc, Weekday};
use chrono_tz::Tz;
use exporter_store::{Calendar, DayState, RunRecord};

/// Longer names are cut.
const NAME: usize = 14;

/// The month, what the signs mean, the last runs, and what to do.
pub fn text(
    store: &str,
    calendar: &Calendar,
    zone: Tz,
    last: Option<&RunRecord>,
    good: Option<&RunRecord>,
) -> String {
    let first = calendar.window.first_day();
    let mut out = format!("{store}: {} ({zone})\n\n", first.format("%B %Y"));
    let days = || first.iter_days().take_while(|day| calendar.window.contains(*day));
    line(&mut out, "", days().map(|day| weekday(day).to_owned()));
    line(&mut out, "", days().map(|day| format!("{}", day.day())));
    for (export, states) in &calendar.exports {
        line(&mut out, export, states.iter().map(|(_, state)| sign(*state).to_owned()));
    }
    out.push_str("\n■ loaded  ○ no data  ▨ loaded before the day was over  ! missing  · not asked for\n\n");
    for (what, run) in [("last good run", good), ("last run", last)] {
        // Writing to a String cannot fail.
        let _ = match run {
            Some(run) => writeln!(
                out,
                "{what}: {} ({}), {}{} for {}",
                at(run.started, zone),
                run.id,
                run.state,
                if run.dry_run { " (dry run)" } else { "" },
                run.window
            ),
            None => writeln!(out, "{what}: none yet"),
        };
    }
    let holes = calendar.holes(31);
    let missing: i64 = holes.iter().map(exporter_core::Window::days).sum();
    if missing > 0 {
        let days = if missing == 1 { "1 day is".to_owned() } else { format!("{missing} days are") };
        let spans: Vec<String> = holes.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "{days} not complete: {}", spans.join(", "));
        out.push_str("hint: `exporter backfill --missing` loads them\n");
    }
    out
}

/// An instant as the panel's people write it.
pub fn at(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// A name and a cell of two columns for each day.
fn line(out: &mut String, name: &str, cells: impl Iterator<Item = String>) {
    let name: String = name.chars().take(NAME).collect();
    let _ = write!(out, "{name:NAME$}");
    for cell in cells {
        let _ = write!(out, "{cell:>3}");
    }
    out.push('\n');
}

fn weekday(day: NaiveDate) -> &'static str {
    match day.weekday() {
        Weekday::Mon => "Mo",
        Weekday::Tue => "Tu",
        Weekday::Wed => "We",
        Weekday::Thu => "Th",
        Weekday::Fri => "Fr",
        Weekday::Sat => "Sa",
        Weekday::Sun => "Su",
    }
}

fn sign(state: DayState) -> &'static str {
    match state {
        DayState::Loaded => "■",
        DayState::Empty => "○",
        DayState::Stale => "▨",
        DayState::Missing => "!",
        DayState::Outside => "·",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use exporter_core::Window;
    use exporter_store::{Asked, Covered};

    #[test]
    fn a_month_reads_like_a_calendar() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        let covered = |export: &str, d: u32, hour: &str, empty| Covered {
            export: export.into(),
            day: day(d),
            empty,
            run: "r".into(),
            at: format!("2026-01-{:02}T{hour}:00:00Z", if hour == "01" { d + 1 } else { d }).parse().unwrap(),
        };
        let known = [
            covered("transaksi", 2, "01", false),
            covered("transaksi", 3, "11", false),
            covered("transaksi", 5, "01", false),
            covered("koin_pay", 2, "01", true),
            covered("koin_pay", 3, "01", true),
            covered("koin_pay", 4, "01", true),
            covered("koin_pay", 5, "01", false),
        ];
        let window = Window::inclusive(day(1), day(31)).unwrap();
        let now = "2026-01-06T01:00:00Z".parse().unwrap();
        let names = ["transaksi".to_owned(), "koin_pay".to_owned()];
        let calendar =
            Calendar::new(&names, window, &known, &Asked::since(day(2)), Tz::Asia__Jakarta, now, 0);
        insta::assert_snapshot!(text("Toko", &calendar, Tz::Asia__Jakarta, None, None));
    }
}
