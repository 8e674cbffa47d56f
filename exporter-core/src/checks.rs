//! What is looked at in a table that a panel has given, before anything is written: is it
//! what was asked for, and is it what is usual.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use std::collections::HashSet;

use crate::key::key_positions;
use crate::{Agreement, ColumnType, Error, ErrorKind, ExportSpec, RowKey, Table, Value, Window};

/// With fewer earlier runs nothing is known about what is usual.
const FEWEST: usize = 4;
/// So many of the newest are compared with.
const MOST: usize = 12;
/// A column says which day a row belongs to when most of its days are in the window.
const MOSTLY: f64 = 0.5;
/// More cells than this share that do not fit their column's type are worth a word.
const UNFIT: f64 = 0.05;

/// What is done when a check finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not looked at.
    Off,
    /// It is told, and the table is written.
    #[default]
    Warn,
    /// The table is not written.
    Stop,
}

/// The checks and what each of them does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Checks {
    /// Columns that are not those that the export's description expects: another number of
    /// them, or one that it gives a type is not there.
    pub columns: Action,
    /// Keys that come twice in one file. They are counted in any case, and rows that differ
    /// are told; this can make them stop the export. A row without a key always does.
    pub keys: Action,
    /// Rows whose day is outside the days asked for.
    pub window: Action,
    /// A number of rows that is far from what this weekday usually brings.
    pub history: Action,
    /// No rows at all where this weekday usually brings some.
    pub empty: Action,
    /// Cells that do not fit the type of their column.
    pub cells: Action,
    /// Rows that do not come to the totals that the file itself prints.
    pub totals: Action,
}

/// How many rows an earlier run brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// The days that run asked for.
    pub window: Window,
    /// The rows it got.
    pub rows: usize,
}

impl Checks {
    /// Looks at a table of this export; returns what is to be told.
    ///
    /// # Errors
    /// [`ErrorKind::Contradiction`] for the first finding whose action is [`Action::Stop`].
    pub fn look(
        &self,
        table: &Table,
        spec: &ExportSpec,
        window: Window,
        earlier: &[Usual],
    ) -> Result<Vec<String>, Error> {
        let count = if table.is_empty() { self.empty } else { self.history };
        let findings = [
            (self.columns, unexpected(table, spec), "columns"),
            (only_stop(self.keys), doubled(table, spec), "keys"),
            (self.window, outside(table, window), "window"),
            (
                count,
                unusual(table.len(), window, earlier),
                if table.is_empty() { "empty" } else { "history" },
            ),
            (self.cells, unfit(table), "cells"),
            // Where it does not stop, the run's report has it under what does not agree.
            (only_stop(self.totals), totals(table), "totals"),
        ];
        let mut notes = Vec::new();
        for (action, finding, name) in findings {
            match (action, finding) {
                (Action::Off, _) | (_, None) => {}
                (Action::Warn, Some(finding)) => notes.push(finding),
                (Action::Stop, Some(finding)) => {
                    return Err(Error::new(ErrorKind::Contradiction, finding)
                        .hint("nothing was written; look at the export in the panel")
                        .hint(format!("if it is right as it is, set `{name} = \"warn\"` under [checks]")));
                }
            }
        }
        Ok(notes)
    }
}

/// What is told elsewhere already unless it stops.
fn only_stop(action: Action) -> Action {
    if action == Action::Stop { Action::Stop } else { Action::Off }
}

/// Columns that are not those of the description; a file without rows may have none.
fn unexpected(table: &Table, spec: &ExportSpec) -> Option<String> {
    if table.width() == 0 {
        return None;
    }
    let typed = spec.types.keys().find(|name| table.position(name).is_none());
    match spec.columns.filter(|&expected| expected != table.width()) {
        Some(expected) => Some(format!("the file has {} columns where {expected} are usual", table.width())),
        None => typed.map(|name| format!("the file has no column `{name}`, which has a type of its own")),
    }
}

/// The first key that comes twice.
fn doubled(table: &Table, spec: &ExportSpec) -> Option<String> {
    // Without a key rows may be alike; that a key's column is missing is an error of its own.
    let positions = key_positions(table, &spec.key).ok().filter(|positions| !positions.is_empty())?;
    let mut seen = HashSet::new();
    let mut keys = table.rows().filter_map(|row| RowKey::of(positions.iter().map(|at| &row[*at])));
    let twice = keys.find(|key| !seen.insert(key.clone()))?;
    Some(format!("the key `{twice}` comes twice in the file"))
}

/// Rows outside the days asked for, by the column that says which day a row belongs to:
/// the one with most days inside, provided that these are most of its days.
fn outside(table: &Table, window: Window) -> Option<String> {
    let dated = table
        .columns()
        .iter()
        .enumerate()
        .filter(|(_, column)| matches!(column.kind, ColumnType::Date | ColumnType::DateTime));
    let inside = |index: usize| {
        let days = || table.rows().filter_map(move |row| day(&row[index]));
        (days().filter(|day| window.contains(*day)).count(), days().count())
    };
    let (index, column, within, all) = dated
        .map(|(index, column)| {
            let (within, all) = inside(index);
            (index, column, within, all)
        })
        .filter(|(_, _, within, all)| share(*within, *all) > MOSTLY)
        .max_by(|one, other| share(one.2, one.3).total_cmp(&share(other.2, other.3)))?;
    if within == all {
        return None;
    }
    let first = table.rows().filter_map(|row| day(&row[index])).find(|day| !window.contains(*day))?;
    let strays = all - within;
    Some(format!(
        "{strays} of {all} rows are outside the days asked for, {window}: `{}` is {first} in the first of them",
        column.name
    ))
}

fn day(value: &Value) -> Option<NaiveDate> {
    match value {
        Value::Date(day) => Some(*day),
        Value::DateTime(at) => Some(at.date()),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "no table has 2^52 rows")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// A number of rows far from those of earlier runs over as many days that ended on the same
/// day of the week: further from their median than five times their usual distance from it,
/// than half of it, and than ten rows.
fn unusual(rows: usize, window: Window, earlier: &[Usual]) -> Option<String> {
    let weekday = window.last_day().weekday();
    let alike = earlier.iter().filter(|usual| {
        usual.window.days() == window.days()
            && usual.window.last_day().weekday() == weekday
            && usual.window.last_day() != window.last_day()
    });
    let counts: Vec<usize> = alike.take(MOST).map(|usual| usual.rows).collect();
    if counts.len() < FEWEST {
        return None;
    }
    let middle = median(counts.clone());
    let apart = median(counts.iter().map(|count| count.abs_diff(middle)).collect());
    // 1.5 times the median distance is about a standard deviation.
    let limit = (apart * 15 / 2).max(middle / 2).max(10);
    let none_at_all = rows == 0 && counts.iter().all(|count| *count > 0);
    if rows.abs_diff(middle) <= limit && !none_at_all {
        return None;
    }
    let (least, most) = (counts.iter().min()?, counts.iter().max()?);
    let what = match rows {
        0 => "no rows".to_owned(),
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    };
    let (weekday, looked) = (weekday_name(weekday), counts.len());
    // Each a whole sentence, by which it is translated.
    Some(if window.days() == 1 {
        format!(
            "{what}, where about {middle} are usual on a {weekday} ({least} to {most} in the last {looked})"
        )
    } else {
        format!(
            "{what}, where about {middle} are usual for as many days up to a {weekday} ({least} to {most} in the last {looked})"
        )
    })
}

fn median(mut numbers: Vec<usize>) -> usize {
    numbers.sort_unstable();
    numbers.get(numbers.len() / 2).copied().unwrap_or_default()
}

fn weekday_name(weekday: chrono::Weekday) -> &'static str {
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        [weekday.num_days_from_monday() as usize]
}

/// The first total of the file that its rows do not come to.
fn totals(table: &Table) -> Option<String> {
    Agreement::of(table).mismatches.into_iter().next()
}

/// The column with the largest share of cells that do not fit its type.
fn unfit(table: &Table) -> Option<String> {
    let typed = table.columns().iter().enumerate().filter(|(_, column)| column.kind != ColumnType::Text);
    let counted = typed.map(|(index, column)| {
        let filled = || table.rows().map(move |row| &row[index]).filter(|value| !value.is_empty());
        let unfit = filled().filter(|value| value.as_text().is_some()).count();
        (column, unfit, filled().count())
    });
    let worst = counted.max_by(|one, other| share(one.1, one.2).total_cmp(&share(other.1, other.2)));
    let (column, unfit, filled) = worst.filter(|(_, unfit, filled)| share(*unfit, *filled) > UNFIT)?;
    Some(format!(
        "{unfit} of {filled} cells of `{}` cannot be read as its other cells are and stay text",
        column.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Origin};

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
    }

    fn look(checks: Checks, table: &Table, earlier: &[Usual]) -> Result<Vec<String>, Error> {
        let spec = ExportSpec { columns: None, ..ExportSpec::new("t") };
        checks.look(table, &spec, Window::inclusive(day(5), day(6)).unwrap(), earlier)
    }

    /// A row for each of these days, with a birthday that has nothing to do with them.
    fn dated(days: &[u32]) -> Table {
        let kinds = [("Born", ColumnType::Date), ("Date", ColumnType::Date)];
        let mut table = Table::new(kinds.map(|(name, kind)| Column { kind, ..Column::text(name) }).into());
        for d in days {
            let born = NaiveDate::from_ymd_opt(1990, 1, *d).unwrap();
            table.push([Value::Date(born), Value::Date(day(*d))], Origin::default());
        }
        table
    }

    /// Earlier runs over two days that ended on Tuesdays, with so many rows.
    fn tuesdays(rows: &[usize]) -> Vec<Usual> {
        let usual = |(rows, weeks): (&usize, u64)| {
            let last = day(6) - chrono::Days::new(7 * weeks);
            Usual { window: Window::last(2, last), rows: *rows }
        };
        rows.iter().zip(1..).map(usual).collect()
    }

    fn rows(count: usize) -> Table {
        let mut table = Table::with_names(["ID"]);
        for number in 0..count {
            table.push([number.to_string().as_str().into()], Origin::default());
        }
        table
    }

    #[test]
    fn columns_and_keys_that_are_not_as_described_are_told_or_stop() {
        let spec = ExportSpec { columns: Some(2), key: vec!["ID".into()], ..ExportSpec::new("t") };
        let window = Window::day(day(5));
        let look = |checks: Checks, spec: &ExportSpec, table: &Table| checks.look(table, spec, window, &[]);
        let warn = Checks::default();
        assert_eq!(look(warn, &spec, &rows(1)).unwrap(), ["the file has 1 columns where 2 are usual"]);
        assert!(look(warn, &spec, &Table::default()).unwrap().is_empty(), "no file, no columns");
        let stop = Checks { columns: Action::Stop, keys: Action::Stop, ..warn };
        let error = look(stop, &spec, &rows(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Contradiction);
        assert!(error.hints()[1].contains("columns = \"warn\""), "{error:?}");
        let types = [("Total".to_owned(), ColumnType::Decimal)].into();
        let priced = ExportSpec { columns: None, types, ..spec.clone() };
        assert_eq!(
            look(warn, &priced, &rows(1)).unwrap(),
            ["the file has no column `Total`, which has a type of its own"]
        );
        let keyed = ExportSpec { columns: None, ..spec };
        assert!(look(stop, &keyed, &rows(3)).unwrap().is_empty());
        let mut twice = rows(3);
        twice.push(["1 ".into()], Origin::default());
        assert!(look(warn, &keyed, &twice).unwrap().is_empty(), "the plan counts them");
        let error = look(stop, &keyed, &twice).unwrap_err();
        assert_eq!(error.message(), "the key `1` comes twice in the file");
    }

    #[test]
    fn rows_outside_the_window_are_told_by_the_column_of_the_days() {
        assert!(look(Checks::default(), &dated(&[5, 6, 6]), &[]).unwrap().is_empty());
        assert_eq!(
            look(Checks::default(), &dated(&[5, 4, 6, 6]), &[]).unwrap(),
            [
                "1 of 4 rows are outside the days asked for, 2026-01-05..2026-01-06: `Date` is 2026-01-04 in the first of them"
            ]
        );
        assert!(look(Checks::default(), &dated(&[1, 2, 3]), &[]).unwrap().is_empty(), "no column of days");
    }

    #[test]
    fn a_number_of_rows_far_from_the_usual_is_told_in_words() {
        let usual = tuesdays(&[30, 34, 28, 31, 90, 29]);
        assert!(look(Checks::default(), &rows(44), &usual).unwrap().is_empty());
        assert_eq!(
            look(Checks::default(), &rows(400), &usual).unwrap(),
            ["400 rows, where about 31 are usual for as many days up to a Tuesday (28 to 90 in the last 6)"]
        );
        assert_eq!(
            look(Checks::default(), &rows(0), &usual).unwrap(),
            ["no rows, where about 31 are usual for as many days up to a Tuesday (28 to 90 in the last 6)"]
        );
        assert!(look(Checks::default(), &rows(400), &usual[..3]).unwrap().is_empty(), "too little is known");
        assert!(
            look(Checks::default(), &rows(0), &tuesdays(&[1, 0, 2, 0])).unwrap().is_empty(),
            "some have none"
        );
    }

    #[test]
    fn cells_that_do_not_fit_are_told_by_their_share() {
        let mut table = Table::new(vec![Column { kind: ColumnType::Integer, ..Column::text("Total") }]);
        for number in 0..10 {
            table.push([Value::Integer(number)], Origin::default());
        }
        table.push(["n/a".into()], Origin::default());
        assert_eq!(
            look(Checks::default(), &table, &[]).unwrap(),
            ["1 of 11 cells of `Total` cannot be read as its other cells are and stay text"]
        );
    }

    #[test]
    fn rows_that_do_not_come_to_the_total_of_the_file_stop_where_that_is_wanted() {
        let table = |total: i64| {
            let mut table = Table::new(vec![Column { kind: ColumnType::Integer, ..Column::text("Total") }]);
            table.push([Value::Integer(3)], Origin::default());
            table.push([Value::Integer(4)], Origin::default());
            table.print(0, total.into());
            table
        };
        let stop = Checks { totals: Action::Stop, ..Checks::default() };
        assert!(look(stop, &table(7), &[]).is_ok());
        assert!(look(Checks::default(), &table(8), &[]).unwrap().is_empty(), "the report has it");
        let error = look(stop, &table(8), &[]).unwrap_err();
        assert!(error.to_string().contains("the panel prints 8 as the total of `Total`"), "{error}");
        assert!(error.hints()[1].contains("totals = \"warn\""), "{:?}", error.hints());
    }

    #[test]
    fn a_finding_can_stop_or_be_left_out() {
        let stop = Checks { empty: Action::Stop, ..Checks::default() };
        let error = look(stop, &rows(0), &tuesdays(&[30, 30, 30, 30])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Contradiction);
        assert!(error.hints()[1].contains("empty = \"warn\""), "{:?}", error.hints());
        let off = Checks { window: Action::Off, ..Checks::default() };
        assert!(look(off, &dated(&[5, 4, 6, 6]), &[]).unwrap().is_empty());
    }
}
