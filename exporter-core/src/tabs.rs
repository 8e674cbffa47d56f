//! Tabs by month: which tab a row belongs in when the tab's name has `{yyyy}` and `{mm}`.
//!
//! A row goes to the tab of its own day, so a late edit goes to the month that it is about. A
//! row that is stored in another tab already, because its day was another one then, stays
//! there: it is neither doubled nor taken away from what people wrote beside it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use crate::key::key_positions;
use crate::{ColumnType, Error, ErrorKind, ExportSpec, RowKey, Table, Value};

/// How many rows that stay elsewhere are named before they are only counted.
const NAMED: usize = 5;

/// The rows of a table that go to one tab.
#[derive(Debug, Clone)]
pub struct Routed {
    /// The rows.
    pub table: Arc<Table>,
    /// The spec with that tab.
    pub spec: ExportSpec,
    /// What a reader of the report should know.
    pub notes: Vec<String>,
}

/// Whether the name of a tab stands for one tab a month or year.
#[must_use]
pub fn is_pattern(tab: &str) -> bool {
    tab.contains("{yyyy}")
}

/// Checks the name of a tab as it is configured.
///
/// # Errors
/// [`ErrorKind::Config`] for `{mm}` without `{yyyy}`, where the months of two years would meet,
/// and for any other word in braces.
pub fn check(tab: &str) -> Result<(), Error> {
    let refused = |why: &str| {
        Err(Error::new(ErrorKind::Config, format!("the tab `{tab}` {why}"))
            .hint("write `Transaksi {yyyy}-{mm}` for a tab each month, `Transaksi {yyyy}` for one each year"))
    };
    if tab.replace("{yyyy}", "").replace("{mm}", "").contains(['{', '}']) {
        return refused("has braces around something else than `{yyyy}` or `{mm}`");
    }
    if tab.contains("{mm}") && !is_pattern(tab) {
        return refused("has a month and no year, so that the same months of two years would meet");
    }
    Ok(())
}

/// The tab of a day.
#[must_use]
pub fn title(tab: &str, day: NaiveDate) -> String {
    tab.replace("{yyyy}", &day.format("%Y").to_string()).replace("{mm}", &day.format("%m").to_string())
}

/// Whether a tab's name is one that a pattern gives.
#[must_use]
pub fn fits(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    loop {
        let (digits, rest) = match (pattern.strip_prefix("{yyyy}"), pattern.strip_prefix("{mm}")) {
            (Some(rest), _) => (4, rest),
            (_, Some(rest)) => (2, rest),
            _ => {
                let mut letters = (pattern.chars(), name.chars());
                match (letters.0.next(), letters.1.next()) {
                    (None, None) => return true,
                    (Some(one), Some(other)) if one == other => {}
                    _ => return false,
                }
                (pattern, name) = (letters.0.as_str(), letters.1.as_str());
                continue;
            }
        };
        match name.split_at_checked(digits) {
            Some((number, after)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                (pattern, name) = (rest, after);
            }
            _ => return false,
        }
    }
}

/// The days of the rows, which say where they go.
///
/// # Errors
/// No column or more than one that it could be, or a row without a day.
pub fn days(table: &Table, spec: &ExportSpec) -> Result<Vec<NaiveDate>, Error> {
    let column = day_column(table, spec)?;
    let name = &table.columns()[column].name;
    let day = |(row, value): (usize, &Value)| match value {
        Value::Date(day) => Ok(*day),
        Value::DateTime(at) => Ok(at.date()),
        other => {
            let says = if other.is_empty() { "nothing".to_owned() } else { format!("`{other}`") };
            let origin = table.origin(row);
            Err(Error::new(
                ErrorKind::SheetLayout,
                format!("`{name}` says {says} where a day is needed to choose the month's tab"),
            )
            .context("page", origin.page.to_string())
            .context("row", origin.line.to_string())
            .hint(format!("set `tab_date` for the export `{}` to a column that always has a day", spec.name))
            .hint(format!("or declare that it has days: types = {{ \"{name}\" = \"date\" }}")))
        }
    };
    table.column_values(column).enumerate().map(day).collect()
}

fn day_column(table: &Table, spec: &ExportSpec) -> Result<usize, Error> {
    if let Some(name) = &spec.tab_date {
        return table.position(name).ok_or_else(|| {
            Error::new(
                ErrorKind::MissingColumn,
                format!("the file has no column `{name}`, which says the month's tab"),
            )
            .hint(format!("correct `tab_date` for the export `{}`", spec.name))
        });
    }
    let dated =
        |column: &usize| matches!(table.columns()[*column].kind, ColumnType::Date | ColumnType::DateTime);
    match (0..table.width()).filter(dated).collect::<Vec<_>>()[..] {
        [column] => Ok(column),
        ref several => {
            let names: Vec<_> =
                several.iter().map(|&column| format!("`{}`", table.columns()[column].name)).collect();
            let which = if names.is_empty() {
                "no column has days".to_owned()
            } else {
                format!("{} have days", names.join(", "))
            };
            Err(Error::new(
                ErrorKind::Config,
                format!("which column says the month's tab is not clear: {which}"),
            )
            .hint(format!("set `tab_date` for the export `{}` to one column", spec.name)))
        }
    }
}

/// Splits a table by the tabs that its rows go to, earlier months first; one part where the
/// spec has one tab. `stored` names the tab in which a key is already, if that is not the one
/// of its day.
///
/// # Errors
/// As [`days`] and [`key_positions`].
pub fn route(
    table: &Arc<Table>,
    spec: &ExportSpec,
    stored: impl Fn(&RowKey, &str) -> Option<String>,
) -> Result<Vec<Routed>, Error> {
    if !is_pattern(&spec.tab) {
        return Ok(vec![Routed { table: Arc::clone(table), spec: spec.clone(), notes: Vec::new() }]);
    }
    let key = key_positions(table, &spec.key)?;
    let of_row = |row: usize| RowKey::of(key.iter().map(|&column| &table.row(row)[column]));
    let mut tabs: Vec<String> = days(table, spec)?.into_iter().map(|day| title(&spec.tab, day)).collect();
    // Rows that share a key go where the last of them goes, which is the one that counts.
    let last: HashMap<RowKey, usize> = (0..table.len()).filter_map(|row| Some((of_row(row)?, row))).collect();
    let mut stay: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in 0..table.len() {
        let Some(key) = of_row(row) else { continue };
        let own = tabs[last[&key]].clone();
        match stored(&key, &own) {
            Some(tab) => {
                let note = format!(
                    "`{key}` stays in the tab `{tab}`, where it is, although its day is in `{own}` now"
                );
                stay.entry(tab.clone()).or_default().push(note);
                tabs[row] = tab;
            }
            None => tabs[row] = own,
        }
    }
    let mut rows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (row, tab) in tabs.into_iter().enumerate() {
        rows.entry(tab).or_default().push(row);
    }
    let part = |(tab, rows): (String, Vec<usize>)| {
        let mut notes = stay.remove(&tab).unwrap_or_default();
        notes.dedup();
        if let Some(more) = notes.len().checked_sub(NAMED).filter(|more| *more > 0) {
            notes.truncate(NAMED);
            notes.push(format!("{more} more rows stay in the tab `{tab}`"));
        }
        Routed { table: Arc::new(table.with_rows(&rows)), spec: ExportSpec { tab, ..spec.clone() }, notes }
    };
    Ok(rows.into_iter().map(part).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Column, Origin};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn orders(rows: &[(&str, &str)]) -> Arc<Table> {
        let day_column = Column { kind: ColumnType::Date, ..Column::text("Day") };
        let mut table = Table::new(vec![Column::text("ID"), day_column]);
        for (&(id, at), line) in rows.iter().zip(1..) {
            let at = if at.is_empty() { Value::Empty } else { Value::Date(day(at)) };
            table.push([id.into(), at], Origin { page: 1, line });
        }
        Arc::new(table)
    }

    fn spec() -> ExportSpec {
        ExportSpec { key: vec!["ID".into()], tab: "Orders {yyyy}-{mm}".into(), ..ExportSpec::new("orders") }
    }

    /// Tab and ids of each part.
    fn parts(table: &Arc<Table>, stored: impl Fn(&RowKey, &str) -> Option<String>) -> Vec<String> {
        let part = |part: Routed| {
            let ids: Vec<_> = part.table.column_values(0).map(ToString::to_string).collect();
            format!("{}: {}", part.spec.tab, ids.join(" "))
        };
        route(table, &spec(), stored).unwrap().into_iter().map(part).collect()
    }

    #[test]
    fn rows_go_to_the_month_of_their_day() {
        let table = orders(&[("B", "2026-03-01"), ("A", "2026-02-28"), ("C", "2026-03-31")]);
        assert_eq!(parts(&table, |_, _| None), ["Orders 2026-02: A", "Orders 2026-03: B C"]);
    }

    #[test]
    fn a_row_that_is_stored_elsewhere_stays_there() {
        let table = orders(&[("A", "2026-03-01"), ("B", "2026-03-02")]);
        let stored = |key: &RowKey, own: &str| {
            assert_eq!(own, "Orders 2026-03");
            (key.as_str() == "A").then(|| "Orders 2026-02".to_owned())
        };
        assert_eq!(parts(&table, stored), ["Orders 2026-02: A", "Orders 2026-03: B"]);
        let notes = &route(&table, &spec(), stored).unwrap()[0].notes;
        assert!(notes[0].contains("`A` stays in the tab `Orders 2026-02`"), "{notes:?}");
    }

    #[test]
    fn rows_that_share_a_key_are_in_one_tab() {
        let table = orders(&[("A", "2026-02-28"), ("A", "2026-03-01")]);
        assert_eq!(parts(&table, |_, _| None), ["Orders 2026-03: A A"]);
    }

    #[test]
    fn a_row_without_a_day_and_a_column_that_is_not_clear_are_refused() {
        let error = route(&orders(&[("A", "")]), &spec(), |_, _| None).unwrap_err();
        assert!(error.to_string().starts_with("`Day` says nothing where a day is needed"), "{error}");
        let two = Table::new(
            ["One", "Two"].map(|name| Column { kind: ColumnType::Date, ..Column::text(name) }).into(),
        );
        let error = days(&two, &spec()).unwrap_err();
        assert!(error.to_string().contains("`One`, `Two` have days"), "{error}");
        assert!(days(&two, &ExportSpec { tab_date: Some("Two".into()), ..spec() }).is_ok());
    }

    #[test]
    fn names_of_tabs_are_checked() {
        for tab in ["Orders", "Orders {yyyy}-{mm}", "{yyyy}"] {
            assert!(check(tab).is_ok(), "{tab}");
        }
        for tab in ["Orders {mm}", "Orders {YYYY}-{mm}", "{yyyy"] {
            assert_eq!(check(tab).unwrap_err().kind(), ErrorKind::Config, "{tab}");
        }
        assert_eq!(title("T {yyyy}/{mm}", day("2026-03-09")), "T 2026/03");
        assert!(fits("T {yyyy}/{mm} é", "T 2026/03 é") && fits("plain", "plain"));
        for other in ["T 2026/3 é", "T 2026/03", "T 2026/xx é", "T é"] {
            assert!(!fits("T {yyyy}/{mm} é", other), "{other}");
        }
    }
}
