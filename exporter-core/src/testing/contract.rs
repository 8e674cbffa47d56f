//! What every [`Sink`] promises, as a suite: twice the same table, changed keys, new
//! columns, lost answers, a crash at each step, hostile names, duplicate keys, tabs by month,
//! texts that are too long for a cell.
//!
//! A sink's test gives the suite fresh, empty stores, and a way to read one without the
//! sink:
//!
//! ```
//! use exporter_core::testing::{MemorySink, contract};
//!
//! struct Memory(MemorySink);
//!
//! #[async_trait::async_trait]
//! impl contract::Store for Memory {
//!     fn sink(&self) -> Box<dyn exporter_core::Sink> {
//!         Box::new(self.0.clone())
//!     }
//!     async fn rows(&self, tab: &str) -> Vec<Vec<String>> {
//!         self.0.rows(tab)
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(
//! contract::sink(async || Memory(MemorySink::default()))
//! # );
//! ```

mod crash;
mod journal;
mod limits;
mod outbox;

use std::sync::Arc;

use async_trait::async_trait;

pub use journal::journal;
pub use outbox::outbox;

use crate::{Error, ExportSpec, NewColumns, Origin, Plan, Receipt, Retry, Sink, Table, Value};

/// How often a failure that may pass is tried again.
const TRIES: usize = 10;

/// A store that a sink under test writes to.
#[async_trait]
pub trait Store: Send + Sync {
    /// A sink that knows nothing yet of this store, as a new process would make it.
    fn sink(&self) -> Box<dyn Sink>;

    /// Header and rows of a tab, read past the sink; nothing for a tab that is not there.
    async fn rows(&self, tab: &str) -> Vec<Vec<String>>;

    /// Most characters of a cell, where that has an end.
    fn longest_text(&self) -> Option<usize> {
        None
    }

    /// Lets the next write happen without an answer. False where that cannot be arranged.
    fn lose_next_answer(&self) -> bool {
        false
    }
}

/// Runs the whole suite, each case on a fresh store.
///
/// # Panics
/// When the sink breaks its contract; the message says how.
pub async fn sink<S: Store>(fresh: impl AsyncFn() -> S) {
    the_same_table_twice(&fresh().await).await;
    changed_and_new_rows(&fresh().await).await;
    changed_keys(&fresh().await).await;
    a_new_column(&fresh().await).await;
    columns_in_another_order(&fresh().await).await;
    hostile_names(&fresh().await).await;
    an_empty_table(&fresh().await).await;
    duplicate_keys(&fresh().await).await;
    no_key(&fresh().await).await;
    text_stays_text(&fresh().await).await;
    a_plan_twice(&fresh().await).await;
    a_lost_answer(&fresh().await).await;
    limits::tabs_by_month(&fresh().await).await;
    limits::long_texts(&fresh().await).await;
    crash::at_each_step(&fresh).await;
}

/// The suite's export: a tab `orders` with the key `ID`.
fn spec() -> ExportSpec {
    ExportSpec { key: vec!["ID".into()], ..ExportSpec::new("orders") }
}

/// A table from a header and rows of text; whole numbers become integers.
fn table(lines: &[&[&str]]) -> Arc<Table> {
    let mut table = Table::with_names(lines[0]);
    for (row, line) in lines[1..].iter().zip(1..) {
        let cells = row.iter().map(|text| match text.parse() {
            Ok(number) if *text == i64::to_string(&number) => Value::Integer(number),
            _ => Value::text(text),
        });
        table.push(cells, Origin { page: 1, line });
    }
    Arc::new(table)
}

fn ok<T>(result: Result<T, Error>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

/// Plans and applies as the pipeline does: what may pass is tried again from the plan on.
async fn put(sink: &dyn Sink, table: &Arc<Table>, spec: &ExportSpec) -> (Plan, Receipt) {
    for _ in 1..TRIES {
        match try_put(sink, table, spec).await {
            Err(error) if matches!(error.retry_class(), Retry::After(_)) => {}
            done => return ok(done, "a table cannot be written"),
        }
    }
    ok(try_put(sink, table, spec).await, "a table cannot be written")
}

async fn try_put(sink: &dyn Sink, table: &Arc<Table>, spec: &ExportSpec) -> Result<(Plan, Receipt), Error> {
    let plan = sink.plan(table, spec).await?;
    let receipt = sink.apply(&plan).await?;
    Ok((plan, receipt))
}

/// Rows as text, header first, in no order, without the empty cells at their ends.
async fn lines(store: &impl Store) -> Vec<String> {
    let rows = store.rows("orders").await;
    let mut lines: Vec<String> =
        rows.iter().map(|row| row.join("|").trim_end_matches('|').to_owned()).collect();
    if let Some(rows) = lines.get_mut(1..) {
        rows.sort();
    }
    lines
}

async fn settled(store: &impl Store, table: &Arc<Table>, spec: &ExportSpec) {
    let plan = ok(store.sink().plan(table, spec).await, "a written table cannot be planned again");
    assert!(plan.changes.is_empty(), "a table that was written is not found again: {:?}", plan.changes);
}

/// Written once, found unchanged ever after, by others as well.
async fn the_same_table_twice(store: &impl Store) {
    let table = table(&[&["ID", "Total"], &["a", "1"], &["b", "2"]]);
    let sink = store.sink();
    ok(sink.check().await, "a sound sink does not pass its own check");
    let (plan, receipt) = put(&*sink, &table, &spec()).await;
    assert_eq!((plan.changes.inserts.len(), receipt.inserted), (2, 2), "two new rows");
    assert!(receipt.verified, "a receipt says that what was written was read back");
    let (plan, receipt) = put(&*sink, &table, &spec()).await;
    assert_eq!((plan.changes.unchanged, receipt.inserted, receipt.cells), (2, 0, 0), "twice the same");
    settled(store, &table, &spec()).await;
    assert_eq!(lines(store).await, ["ID|Total", "a|1", "b|2"]);
}

/// Exactly what differs is written; rows that the file no longer has stay.
async fn changed_and_new_rows(store: &impl Store) {
    let first = table(&[&["ID", "Status", "Total"], &["a", "open", "1"], &["b", "open", "2"]]);
    let second = table(&[&["ID", "Status", "Total"], &["b", "paid", "2"], &["c", "open", "3"]]);
    let sink = store.sink();
    put(&*sink, &first, &spec()).await;
    let plan = ok(sink.plan(&second, &spec()).await, "a changed table cannot be planned");
    let update = &plan.changes.updates[0];
    assert_eq!((update.cells.len(), &update.cells[0].before), (1, &Value::text("open")), "one cell");
    let receipt = ok(sink.apply(&plan).await, "a changed table cannot be written");
    assert_eq!((receipt.inserted, receipt.updated, receipt.cells), (1, 1, 1), "what was done");
    assert_eq!(lines(store).await, ["ID|Status|Total", "a|open|1", "b|paid|2", "c|open|3"]);
}

/// A key that changes its writing but not its meaning is the same; another one is new.
async fn changed_keys(store: &impl Store) {
    let sink = store.sink();
    put(&*sink, &table(&[&["ID", "Total"], &["123", "1"], &["b", "2"]]), &spec()).await;
    let mut text = Table::with_names(["ID", "Total"]);
    text.push([Value::text(" 123 "), Value::Integer(5)], Origin::default());
    text.push([Value::text("0123"), Value::Integer(6)], Origin::default());
    put(&*sink, &Arc::new(text), &spec()).await;
    let expected = ["ID|Total", "0123|6", "123|5", "b|2"];
    assert_eq!(lines(store).await, expected, "`123` and 123 are one row, `0123` is another");
}

/// A column that the file did not have before is left out by name, until the spec has it
/// added: then it comes to the right, and rows keep the others.
async fn a_new_column(store: &impl Store) {
    put(&*store.sink(), &table(&[&["ID", "Total"], &["a", "1"], &["b", "2"]]), &spec()).await;
    let wider = table(&[&["ID", "City", "Total"], &["b", "Bogor", "2"], &["c", "", "3"]]);
    let (plan, _) = put(&*store.sink(), &wider, &spec()).await;
    assert!(plan.notes.iter().any(|note| note.contains("`City`")), "left out untold: {:?}", plan.notes);
    assert_eq!(lines(store).await, ["ID|Total", "a|1", "b|2", "c|3"], "without consent");
    settled(store, &wider, &spec()).await;
    let spec = ExportSpec { new_columns: NewColumns::Add, ..spec() };
    put(&*store.sink(), &wider, &spec).await;
    assert_eq!(lines(store).await, ["ID|Total|City", "a|1", "b|2|Bogor", "c|3"]);
    settled(store, &wider, &spec).await;
}

/// Columns are found by name, wherever the file has them.
async fn columns_in_another_order(store: &impl Store) {
    put(&*store.sink(), &table(&[&["ID", "Status", "Total"], &["a", "open", "1"]]), &spec()).await;
    let other = table(&[&["Total", "ID", "Status"], &["1", "a", "paid"], &["2", "b", "open"]]);
    put(&*store.sink(), &other, &spec()).await;
    assert_eq!(lines(store).await, ["ID|Status|Total", "a|paid|1", "b|open|2"]);
}

/// Names of tabs and columns are data.
async fn hostile_names(store: &impl Store) {
    for tab in ["it's 50% a/b?c#d", "A1", "Ünïcode 🌵", "x!y:z \"q\""] {
        let spec = ExportSpec { tab: tab.into(), ..spec() };
        let names = ["ID", "=SUM(A:A)", "it's, \"so\"", "  ", "🌵"];
        let table = table(&[&names, &["a", "1", "2", "3", "4"]]);
        put(&*store.sink(), &table, &spec).await;
        let rows = store.rows(tab).await;
        assert_eq!(rows.len(), 2, "a header and a row in tab `{tab}`: {rows:?}");
        assert_eq!((rows[0][1].as_str(), rows[1][4].as_str()), ("=SUM(A:A)", "4"), "in tab `{tab}`");
        settled(store, &table, &spec).await;
    }
}

/// Nothing to write changes nothing.
async fn an_empty_table(store: &impl Store) {
    put(&*store.sink(), &table(&[&["ID", "Total"], &["a", "1"]]), &spec()).await;
    let (plan, _) = put(&*store.sink(), &table(&[&["ID", "Total"]]), &spec()).await;
    assert!(plan.changes.is_empty(), "an empty table changes nothing");
    assert_eq!(lines(store).await, ["ID|Total", "a|1"]);
}

/// Of rows with one key in a file the last one counts, and the others are named.
async fn duplicate_keys(store: &impl Store) {
    let table = table(&[&["ID", "Total"], &["a", "1"], &["b", "2"], &["a", "3"]]);
    let (plan, receipt) = put(&*store.sink(), &table, &spec()).await;
    assert_eq!((plan.changes.duplicates.len(), receipt.inserted), (1, 2), "one row is a duplicate");
    assert_eq!(plan.changes.duplicates[0].dropped.line, 1, "the last one wins");
    assert_eq!(lines(store).await, ["ID|Total", "a|3", "b|2"]);
}

/// Without a key whole rows are compared, as often as each is there.
async fn no_key(store: &impl Store) {
    let spec = ExportSpec { key: Vec::new(), ..spec() };
    put(&*store.sink(), &table(&[&["Name", "Total"], &["a", "1"], &["a", "1"]]), &spec).await;
    let more = table(&[&["Name", "Total"], &["a", "1"], &["a", "1"], &["a", "1"], &["b", "2"]]);
    let (plan, _) = put(&*store.sink(), &more, &spec).await;
    assert_eq!((plan.changes.unchanged, plan.changes.inserts.len()), (2, 2), "two of the four are there");
    assert_eq!(lines(store).await, ["Name|Total", "a|1", "a|1", "a|1", "b|2"]);
}

/// What looks like a number, a day or a formula and is text stays text.
async fn text_stays_text(store: &impl Store) {
    let texts = ["0042", "+628123456", "=1+1", "1/2/2026", "1e5", "TRUE", "-", "'quoted", "12:30"];
    let mut rows = Table::with_names(["ID", "Text"]);
    for (text, number) in texts.iter().zip(1..) {
        rows.push([Value::Integer(number), Value::text(text)], Origin::default());
    }
    let rows = Arc::new(rows);
    put(&*store.sink(), &rows, &spec()).await;
    let stored = store.rows("orders").await;
    let seen: Vec<&str> = stored[1..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(seen, texts, "text changes on its way");
    settled(store, &rows, &spec()).await;
}

/// A plan that has happened already adds nothing twice.
async fn a_plan_twice(store: &impl Store) {
    let table = table(&[&["ID", "Total"], &["a", "1"], &["b", "2"]]);
    let plan = ok(store.sink().plan(&table, &spec()).await, "a table cannot be planned");
    ok(store.sink().apply(&plan).await, "a plan from another process cannot be applied");
    // Refusing it is as good as finding nothing to do.
    let _ = store.sink().apply(&plan).await;
    assert_eq!(lines(store).await, ["ID|Total", "a|1", "b|2"], "a plan was applied twice");
}

/// A write whose answer is lost happened once.
async fn a_lost_answer(store: &impl Store) {
    let sink = store.sink();
    for rows in
        [table(&[&["ID", "Total"], &["a", "1"]]), table(&[&["ID", "Total"], &["a", "2"], &["b", "3"]])]
    {
        if !store.lose_next_answer() {
            return;
        }
        put(&*sink, &rows, &spec()).await;
    }
    assert_eq!(lines(store).await, ["ID|Total", "a|2", "b|3"], "a lost answer lost or doubled rows");
}

#[cfg(test)]
mod tests;
