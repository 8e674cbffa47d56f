//! When the spreadsheet will be full, at the pace of the runs so far.

use std::sync::Arc;

use exporter_core::checks::Usual;
use exporter_core::{Error, ExportSpec};
use exporter_sheets::{Room, SheetsSink};
use exporter_store::Store;

/// So many of the newest runs say what the pace is.
const RUNS: u32 = 30;
/// A report speaks of it when so few months are left.
const SOON: u64 = 12;
/// Or when so many percent of the cells are taken.
const FULL: usize = 70;
/// Days of a month, for a forecast.
const MONTH: u64 = 30;

/// How full it is, and how long it will do.
pub struct Forecast {
    room: Room,
    /// Cells that a month takes; nothing if no run has said.
    month: u64,
}

impl Forecast {
    /// Looks at the spreadsheet and at what earlier runs brought.
    ///
    /// # Errors
    /// Whatever reading one of them ends in.
    pub async fn make(
        sheets: &SheetsSink,
        specs: &[&ExportSpec],
        store: Option<&Arc<dyn Store>>,
        account: &str,
    ) -> Result<Self, Error> {
        let room = sheets.room(specs).await?;
        let mut month = 0;
        for (spec, width) in specs.iter().zip(&room.row) {
            let runs = match store {
                Some(store) => store.row_counts(account, &spec.name, RUNS).await?,
                None => Vec::new(),
            };
            month += rows_in_a_month(&runs) * *width as u64;
        }
        Ok(Self { room, month })
    }

    fn months_left(&self) -> Option<u64> {
        (self.room.most.saturating_sub(self.room.cells) as u64).checked_div(self.month)
    }

    /// A line for a report, when it is time to think of it.
    pub fn warning(&self) -> Option<String> {
        let full = self.room.cells * 100 / self.room.most.max(1) >= FULL;
        let soon = self.months_left().is_some_and(|months| months <= SOON);
        (full || soon)
            .then(|| format!("{}; start a new spreadsheet in time, for instance for each year", self.text()))
    }

    /// The same in any case.
    pub fn text(&self) -> String {
        let Room { cells, most, .. } = &self.room;
        let left = match self.months_left() {
            None => String::new(),
            Some(0) => "; at this pace it is full within a month".to_owned(),
            Some(1) => "; at this pace it is full in about a month".to_owned(),
            Some(months) if months > 120 => "; at this pace it does for more than ten years".to_owned(),
            Some(months) => format!("; at this pace it is full in about {months} months"),
        };
        format!("the spreadsheet has {} of its {} cells{left}", grouped(*cells), grouped(*most))
    }
}

/// Rows that come in a month, as far as runs have shown; days that were fetched again count
/// again on both sides.
fn rows_in_a_month(runs: &[Usual]) -> u64 {
    let rows: u64 = runs.iter().map(|run| run.rows as u64).sum();
    let days: u64 = runs.iter().map(|run| u64::try_from(run.window.days()).unwrap_or(0)).sum();
    (rows * MONTH).checked_div(days).unwrap_or(0)
}

/// `1234567` as `1,234,567`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use exporter_core::Window;

    use super::*;

    fn forecast(cells: usize, month: u64) -> Forecast {
        Forecast { room: Room { cells, most: 10_000_000, row: Vec::new() }, month }
    }

    #[test]
    fn a_report_speaks_of_it_in_time() {
        assert_eq!(forecast(1_000_000, 0).warning(), None, "no pace is known");
        assert_eq!(forecast(1_000_000, 100_000).warning(), None, "ninety months");
        let text = forecast(5_000_000, 1_000_000).warning().unwrap();
        assert!(text.starts_with("the spreadsheet has 5,000,000 of its 10,000,000 cells; at this pace it is full in about 5 months;"), "{text}");
        let text = forecast(7_200_000, 0).warning().unwrap();
        assert!(text.starts_with("the spreadsheet has 7,200,000 of its 10,000,000 cells; start"), "{text}");
        assert!(forecast(26_000, 100).text().ends_with("more than ten years"));
    }

    #[test]
    fn the_pace_is_rows_a_day() {
        let run = |first: &str, last: &str, rows| Usual {
            window: Window::inclusive(first.parse().unwrap(), last.parse().unwrap()).unwrap(),
            rows,
        };
        let runs = [run("2026-01-01", "2026-01-02", 40), run("2026-01-02", "2026-01-03", 60)];
        assert_eq!((rows_in_a_month(&runs), rows_in_a_month(&[])), (750, 0));
    }
}
