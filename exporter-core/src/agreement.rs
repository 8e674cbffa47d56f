//! Whether file and sheet agree: the rows, and the sums of the columns that hold numbers.
//! It costs no call: the sheet is the one that was read, with what was written since.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::compare::serial;
use crate::{Changes, ColumnType, ExportSpec, Plan, Table, Value};

/// How many keys are named before they are only counted.
const NAMED: usize = 5;

/// What file and sheet come to, for the rows of the file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Agreement {
    /// Rows of the file, of each key the one that counts.
    pub file_rows: usize,
    /// How many of them the sheet holds.
    pub sheet_rows: usize,
    /// The columns that hold numbers.
    pub totals: Vec<Total>,
    /// What does not agree, in sentences for people; nothing when all is well.
    pub mismatches: Vec<String>,
    /// Rows that the sheet has for the same days and the file has not: the panel may have
    /// deleted them, or people added them.
    pub sheet_only: usize,
}

/// The sum of a column.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Total {
    /// The column.
    pub column: String,
    /// In the file.
    pub file: Decimal,
    /// In the same rows of the sheet.
    pub sheet: Decimal,
    /// As the panel prints it in the file, if it does.
    pub panel: Option<Decimal>,
}

/// What was counted while a table was compared with what is stored.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Counted {
    /// The columns of the table that hold numbers, by index.
    columns: Vec<u32>,
    /// The rows of the file, of each key the one that counts.
    file: Tally,
    /// Those that were found stored, as they were.
    stored: Tally,
    /// The column that says which days the file is of, and the first and the last as serials.
    days: Option<(u32, f64, f64)>,
    /// Stored rows of these days that the file has not.
    alone: usize,
    /// The keys of the first few.
    alone_keys: Vec<String>,
}

/// Rows, and the sums of the columns that hold numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Tally {
    rows: usize,
    sums: Vec<Decimal>,
    /// Whole numbers that are not in `sums` yet: adding them up takes a fraction of the time.
    #[serde(skip)]
    whole: Vec<i128>,
}

impl Counted {
    /// Nothing is counted yet of this table.
    pub(crate) fn new(table: &Table, spec: &ExportSpec, keyed: bool) -> Self {
        let named = |column: &usize| &*table.columns()[*column].name;
        let comparable = |column: &usize| spec.compares(named(column));
        let columns: Vec<usize> = (0..table.width())
            .filter(comparable)
            .filter(|column| !spec.key.iter().any(|key| key == named(column)))
            .filter(|&column| holds_numbers(table, column))
            .collect();
        let tally = || Tally { rows: 0, sums: vec![Decimal::ZERO; columns.len()], whole: Vec::new() };
        Self {
            file: tally(),
            stored: tally(),
            days: if keyed { days(table, (0..table.width()).filter(comparable)) } else { None },
            columns: columns.iter().filter_map(|&column| u32::try_from(column).ok()).collect(),
            ..Self::default()
        }
    }

    /// A row of the file, or one that it turns out not to count.
    pub(crate) fn file(&mut self, cells: &[Value], counts: bool) {
        self.file.add(&self.columns, |column| &cells[column], counts);
    }

    /// A stored row that the file has too.
    pub(crate) fn stored<'v>(&mut self, cell: impl Fn(usize) -> &'v Value) {
        self.stored.add(&self.columns, cell, true);
    }

    /// All rows have been counted.
    pub(crate) fn finish(&mut self) {
        self.file.finish();
        self.stored.finish();
    }

    /// A stored row that the file has not.
    pub(crate) fn alone<'v>(&mut self, cell: impl Fn(usize) -> &'v Value, key: &str) {
        let Some((column, first, last)) = self.days else { return };
        let day = serial(cell(column as usize));
        // The last day lasts until midnight.
        if day.is_some_and(|(day, _)| first <= day && day < last + 1.0) {
            self.alone += 1;
            if self.alone_keys.len() < NAMED {
                self.alone_keys.push(key.to_owned());
            }
        }
    }
}

impl Tally {
    fn add<'v>(&mut self, columns: &[u32], cell: impl Fn(usize) -> &'v Value, counts: bool) {
        self.rows = if counts { self.rows + 1 } else { self.rows.saturating_sub(1) };
        self.whole.resize(self.sums.len(), 0);
        for ((sum, whole), &column) in self.sums.iter_mut().zip(&mut self.whole).zip(columns) {
            match cell(column as usize) {
                Value::Integer(number) if counts => *whole += i128::from(*number),
                Value::Integer(number) => *whole -= i128::from(*number),
                Value::Decimal(number) if counts => *sum = sum.saturating_add(*number),
                Value::Decimal(number) => *sum = sum.saturating_sub(*number),
                _ => {}
            }
        }
    }

    /// Puts whole numbers and decimals together.
    fn finish(&mut self) {
        for (sum, whole) in self.sums.iter_mut().zip(std::mem::take(&mut self.whole)) {
            let most = if whole < 0 { Decimal::MIN } else { Decimal::MAX };
            *sum = sum.saturating_add(Decimal::try_from_i128_with_scale(whole, 0).unwrap_or(most));
        }
    }
}

/// Whether a column is one of numbers: by its type, or because nothing else is in it.
fn holds_numbers(table: &Table, column: usize) -> bool {
    match table.columns().get(column).map(|column| column.kind) {
        None => return false,
        Some(ColumnType::Integer | ColumnType::Decimal) => return true,
        Some(_) => {}
    }
    let mut filled = table.column_values(column).filter(|value| !value.is_empty()).peekable();
    filled.peek().is_some() && filled.all(|value| value.as_decimal().is_some())
}

/// The column that says which days a file is of: of those that hold nothing but days the one
/// whose days lie closest together, for that is what a panel selects by.
fn days(table: &Table, columns: impl Iterator<Item = usize>) -> Option<(u32, f64, f64)> {
    let span = |column: usize| {
        let mut span: Option<(f64, f64)> = None;
        for value in table.column_values(column).filter(|value| !value.is_empty()) {
            let (serial, true) = serial(value)? else { return None };
            let day = serial.floor();
            span = Some(span.map_or((day, day), |(first, last)| (first.min(day), last.max(day))));
        }
        let (first, last) = span?;
        Some((u32::try_from(column).ok()?, first, last))
    };
    columns.filter_map(span).min_by(|one, other| (one.2 - one.1).total_cmp(&(other.2 - other.1)))
}

impl Agreement {
    /// What a file comes to, before anything is known of the sheet: only whether its rows
    /// come to the totals that the panel prints in it.
    pub fn of(table: &Table) -> Self {
        let mut agreement = Self::default();
        let mut printed: BTreeMap<usize, Vec<Decimal>> = BTreeMap::new();
        for &(column, amount) in table.printed() {
            printed.entry(column).or_default().push(amount);
        }
        for (column, amounts) in printed.into_iter().filter(|(column, _)| holds_numbers(table, *column)) {
            let add = |sum: Decimal, number: Decimal| sum.saturating_add(number);
            let rows = table.column_values(column).filter_map(Value::as_decimal).fold(Decimal::ZERO, add);
            let parts = amounts.iter().copied().fold(Decimal::ZERO, add);
            let name = table.columns()[column].name.to_string();
            // One of them is the grand total; or each is the total of a part.
            let right = (amounts.iter().copied()).chain([parts]).find(|amount| same(*amount, rows));
            let panel = right.or(amounts.last().copied());
            if let (None, Some(panel)) = (right, panel) {
                agreement.mismatches.push(format!(
                    "the panel prints {panel} as the total of `{name}`, but the rows of the file come to {rows}"
                ));
            }
            agreement.totals.push(Total { column: name, panel, ..Total::default() });
        }
        agreement
    }

    /// Adds what was compared and written by a plan that was carried out.
    pub fn add(&mut self, plan: &Plan) {
        let Plan { table, changes, .. } = plan;
        let counted = &changes.counted;
        let after = after(changes, table);
        self.file_rows += counted.file.rows;
        self.sheet_rows += after.rows;
        if counted.file.rows != after.rows {
            self.mismatches.push(format!(
                "the file has {} rows and the sheet {} of them",
                counted.file.rows, after.rows
            ));
        }
        for (index, &column) in counted.columns.iter().enumerate() {
            let name = &*table.columns()[column as usize].name;
            let (file, sheet) = (counted.file.sums[index], after.sums[index]);
            if !same(file, sheet) {
                let edits = changes.conflicts.iter().filter(|conflict| conflict.column == column).count();
                let why = if edits > 0 { ": people's edits are kept there" } else { "" };
                self.mismatches
                    .push(format!("`{name}` comes to {file} in the file and to {sheet} in the sheet{why}"));
            }
            let total = self.total_of(name);
            total.file = total.file.saturating_add(file);
            total.sheet = total.sheet.saturating_add(sheet);
        }
        self.sheet_only += counted.alone;
        if counted.alone > 0 {
            let more = if counted.alone > counted.alone_keys.len() { ", …" } else { "" };
            self.mismatches.push(format!(
                "the sheet has {} rows of these days that the file has not ({}{more}): deleted in the panel, or added by people",
                counted.alone,
                counted.alone_keys.join(", ")
            ));
        }
    }

    fn total_of(&mut self, column: &str) -> &mut Total {
        let known = self.totals.iter().position(|total| total.column == column);
        let index = known.unwrap_or_else(|| {
            self.totals.push(Total { column: column.to_owned(), ..Total::default() });
            self.totals.len() - 1
        });
        &mut self.totals[index]
    }

    /// Whether nothing is amiss.
    pub fn holds(&self) -> bool {
        self.mismatches.is_empty()
    }
}

/// What the sheet comes to once the changes are made.
fn after(changes: &Changes, table: &Table) -> Tally {
    let counted = &changes.counted;
    let mut after = counted.stored.clone();
    for cell in changes.updates.iter().flat_map(|update| &update.cells) {
        if let Some(index) = counted.columns.iter().position(|column| *column == cell.column) {
            let [before, new] =
                [&cell.before, &cell.after].map(|value| value.as_decimal().unwrap_or_default());
            after.sums[index] = after.sums[index].saturating_sub(before).saturating_add(new);
        }
    }
    for &row in &changes.inserts {
        let cells = table.row(row as usize);
        after.add(&counted.columns, |column| &cells[column], true);
    }
    after.finish();
    after
}

/// Whether two sums are the same, as far as a sheet's doubles can tell.
fn same(one: Decimal, other: Decimal) -> bool {
    let slack = Decimal::new(1, 12).saturating_mul(one.abs().max(other.abs()));
    one.saturating_sub(other).abs() <= slack
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::{Differ, Origin};

    fn day(day: u32) -> Value {
        Value::Date(NaiveDate::from_ymd_opt(2026, 1, day).unwrap())
    }

    fn table(rows: &[(&str, u32, i64)]) -> Table {
        let mut table = Table::with_names(["ID", "Day", "Total"]);
        for &(id, at, total) in rows {
            table.push([id.into(), day(at), Value::Integer(total)], Origin::default());
        }
        table
    }

    fn plan(incoming: Table, stored: &Table) -> Plan {
        let spec = ExportSpec { key: vec!["ID".into()], ..ExportSpec::new("t") };
        let mut differ = Differ::new(&incoming, &spec).unwrap();
        for (number, row) in (2..).zip(stored.rows()) {
            // A sheet gives days back as serials.
            let at = Value::Decimal(Decimal::try_from(serial(&row[1]).unwrap().0).unwrap());
            let cells = [row[0].clone(), at, row[2].clone()];
            differ.stored(number, |column| &cells[column]);
        }
        Plan {
            version: 1,
            export: "t".into(),
            run: String::new(),
            file: None,
            target: String::new(),
            changes: differ.finish(),
            table: incoming.into(),
            calls: 0,
            expected_calls: 0,
            notes: Vec::new(),
            state: serde_json::Value::Null,
        }
    }

    fn agreement(plan: &Plan) -> Agreement {
        let mut agreement = Agreement::of(&plan.table);
        agreement.add(plan);
        agreement
    }

    #[test]
    fn new_changed_unchanged_and_doubled_rows_agree() {
        let incoming = table(&[("A", 1, 10), ("B", 1, 20), ("C", 2, 5), ("C", 2, 7)]);
        let found = agreement(&plan(incoming, &table(&[("A", 1, 10), ("B", 1, 15), ("Z", 9, 1000)])));
        assert!(found.holds(), "{found:?}");
        assert_eq!((found.file_rows, found.sheet_rows, found.sheet_only), (3, 3, 0));
        let total = &found.totals[0];
        assert_eq!((&*total.column, total.file, total.sheet), ("Total", 37.into(), 37.into()));
    }

    #[test]
    fn whole_numbers_and_decimals_of_a_column_come_to_one_sum() {
        let mut incoming = table(&[("A", 1, i64::MAX), ("B", 1, i64::MAX), ("B", 1, -7)]);
        incoming.row_mut(0)[2] = Value::Decimal(Decimal::new(25, 1));
        let stored = incoming.clone();
        let found = agreement(&plan(incoming, &stored));
        assert_eq!(found.totals[0].file, Decimal::new(-45, 1), "{found:?}");
    }

    #[test]
    fn an_edit_that_is_kept_is_a_mismatch_that_says_so() {
        let mut plan = plan(table(&[("A", 1, 10)]), &table(&[("A", 1, 99)]));
        let update = plan.changes.updates.remove(0);
        plan.changes.conflicts.push(crate::Conflict {
            row: 0,
            stored_row: 2,
            key: update.key,
            column: 2,
            last: Value::Integer(10),
            stored: Value::Integer(99),
            incoming: Value::Integer(10),
        });
        let words = agreement(&plan).mismatches;
        assert_eq!(
            words,
            ["`Total` comes to 10 in the file and to 99 in the sheet: people's edits are kept there"]
        );
    }

    #[test]
    fn rows_of_these_days_that_the_file_has_not_are_told() {
        let stored = table(&[("A", 1, 10), ("X", 2, 5), ("Y", 3, 5), ("Z", 4, 5)]);
        let found = agreement(&plan(table(&[("A", 1, 10), ("C", 3, 1)]), &stored));
        assert_eq!(found.sheet_only, 2);
        assert!(
            found.mismatches[0].contains("2 rows of these days that the file has not (X, Y)"),
            "{found:?}"
        );
    }

    #[test]
    fn totals_that_the_panel_prints_are_those_of_the_rows_or_of_their_parts_or_told() {
        for (printed, holds) in
            [(vec![30], true), (vec![10, 20], true), (vec![10, 20, 30], true), (vec![31], false)]
        {
            let mut incoming = table(&[("A", 1, 10), ("B", 1, 20)]);
            for amount in &printed {
                incoming.print(2, Decimal::from(*amount));
            }
            let found = agreement(&plan(incoming, &table(&[])));
            assert_eq!(found.holds(), holds, "{found:?}");
            assert_eq!(found.totals.len(), 1, "one line for each column");
            assert_eq!((found.totals[0].file, found.totals[0].panel.is_some()), (30.into(), true));
            assert!(holds || found.mismatches[0].contains("prints 31 as the total of `Total`"), "{found:?}");
        }
    }
}
