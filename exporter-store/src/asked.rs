//! Which days of which export were ever asked for: only these can be missing.
//!
//! From the first day that a run for today or yesterday fetches on, every day is asked for. Before it,
//! only the days that a backfill or a run by hand names are: who loads a month of last year
//! does not miss the months between.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use exporter_core::{Error, ErrorKind, Result, Window};
use serde::{Deserialize, Serialize};

use crate::Store;

/// The days asked for, by export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    exports: BTreeMap<String, Days>,
    /// For all exports, in a state in which nothing of this is noted.
    since: Option<NaiveDate>,
}

/// The days asked for of one export.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Days {
    /// From this day on, all.
    since: Option<NaiveDate>,
    /// Before it, these: in order, apart from each other.
    spans: Vec<Window>,
}

impl Asked {
    /// What is noted for an account.
    ///
    /// # Errors
    /// When the state cannot be read, or says what this version does not understand.
    pub async fn of(store: &dyn Store, account: &str) -> Result<Self> {
        let facts = store.facts(&scope(account)).await?;
        let since = if facts.is_empty() { store.first_covered(account).await? } else { None };
        let read = |(export, text): (String, String)| Ok((export, serde_json::from_str(&text)?));
        let exports = facts.into_iter().map(read).collect::<serde_json::Result<_>>().map_err(|error| {
            Error::new(ErrorKind::CorruptFile, "which days were asked for cannot be read").source(error)
        })?;
        Ok(Self { exports, since })
    }

    /// Notes that these days of these exports are asked for.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn note(
        store: &dyn Store,
        account: &str,
        exports: &[String],
        window: Window,
        today: NaiveDate,
    ) -> Result<()> {
        let known = Self::of(store, account).await?;
        for export in exports {
            let before = known.exports.get(export);
            let mut days = before.cloned().unwrap_or(Days { since: known.since, ..Days::default() });
            days.add(window, today);
            if before != Some(&days) {
                let text = serde_json::to_string(&days).map_err(|error| {
                    Error::new(ErrorKind::Internal, "days cannot be written").source(error)
                })?;
                store.set_fact(&scope(account), export, Some(&text)).await?;
            }
        }
        Ok(())
    }

    /// Every day from this one on, of every export.
    pub fn since(first: NaiveDate) -> Self {
        Self { since: Some(first), ..Self::default() }
    }

    /// Whether this day of an export was asked for.
    pub fn contains(&self, export: &str, day: NaiveDate) -> bool {
        match self.exports.get(export) {
            Some(days) => {
                days.since.is_some_and(|since| since <= day)
                    || days.spans.iter().any(|span| span.contains(day))
            }
            None => self.since.is_some_and(|since| since <= day),
        }
    }

    /// The first day asked for of any of these exports.
    pub fn first(&self, exports: &[String]) -> Option<NaiveDate> {
        let first = |export: &String| match self.exports.get(export) {
            Some(days) => days.spans.first().map(Window::first_day).or(days.since),
            None => self.since,
        };
        exports.iter().filter_map(first).min()
    }
}

impl Days {
    fn add(&mut self, window: Window, today: NaiveDate) {
        self.spans.push(window);
        self.spans.sort_unstable_by_key(Window::first_day);
        let mut apart: Vec<Window> = Vec::new();
        for span in self.spans.drain(..) {
            let joined = apart.last().filter(|last| last.until() >= span.first_day()).and_then(|last| {
                Window::inclusive(last.first_day(), last.last_day().max(span.last_day())).ok()
            });
            if joined.is_some() {
                apart.pop();
            }
            apart.push(joined.unwrap_or(span));
        }
        // What reaches to yesterday, or to where all days are asked for, goes on from there.
        let goes_on = |span: &Window, since: Option<NaiveDate>| {
            span.until() >= today || since.is_some_and(|since| span.until() >= since)
        };
        while let Some(last) = apart.pop_if(|span| goes_on(span, self.since)) {
            self.since = Some(self.since.map_or(last.first_day(), |since| since.min(last.first_day())));
        }
        self.spans = apart;
    }
}

/// The scope of the facts, one for each export.
fn scope(account: &str) -> String {
    format!("asked {account}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        format!("2026-{text}").parse().unwrap()
    }

    /// The days after these windows were asked for on 5 June.
    fn after(windows: &[(&str, &str)]) -> String {
        let mut days = Days::default();
        for (from, to) in windows {
            days.add(Window::inclusive(day(from), day(to)).unwrap(), day("06-05"));
        }
        let spans: Vec<String> = days.spans.iter().map(ToString::to_string).collect();
        let since = days.since.map_or(String::new(), |since| format!("{since}.."));
        [spans, vec![since]].concat().join(" ")
    }

    #[test]
    fn what_reaches_to_today_goes_on_and_what_touches_is_one() {
        assert_eq!(after(&[("06-02", "06-05")]), "2026-06-02..");
        assert_eq!(after(&[("06-04", "06-04"), ("06-02", "06-02")]), "2026-06-02 2026-06-04..");
        assert_eq!(after(&[("06-02", "06-05"), ("01-01", "01-31")]), "2026-01-01..2026-01-31 2026-06-02..");
        assert_eq!(after(&[("01-08", "01-14"), ("01-01", "01-07")]), "2026-01-01..2026-01-14 ");
        assert_eq!(
            after(&[("01-08", "01-14"), ("01-01", "01-10"), ("02-01", "02-01")]),
            "2026-01-01..2026-01-14 2026-02-01 "
        );
        assert_eq!(after(&[("06-02", "06-05"), ("05-01", "06-01")]), "2026-05-01..");
        assert_eq!(after(&[("05-01", "05-31"), ("06-02", "06-05"), ("06-01", "06-01")]), "2026-05-01..");
    }
}
