//! What every [`Journal`] promises, as a suite.

use super::ok;
use crate::{BatchState, Journal, JournalBatch, JournalCell, JournalRow, Origin, RowChange, RowKey, Value};

/// Runs the whole suite. `journal` opens the journal of one store: each call as a new
/// process would, on what the calls before it left behind. `fresh` makes an empty store.
///
/// # Panics
/// When the journal breaks its contract; the message says how.
pub async fn journal<S, J: Journal>(fresh: impl AsyncFn() -> S, journal: impl AsyncFn(&S) -> J) {
    let store = fresh().await;
    what_was_begun_is_there_for_the_next_process(async || journal(&store).await).await;
    let store = fresh().await;
    committed_batches_tell_the_last_value_of_each_cell(&journal(&store).await).await;
    let store = fresh().await;
    runs_and_keys_are_told_apart(&journal(&store).await).await;
    let store = fresh().await;
    every_kind_of_value_comes_back(&journal(&store).await).await;
    let store = fresh().await;
    a_thousand_keys_are_found(&journal(&store).await).await;
}

fn key(text: &str) -> RowKey {
    RowKey::of([&Value::text(text)]).unwrap_or_else(|| panic!("`{text}` is a key"))
}

/// A key, and for each cell: column, before, after.
type Written<'a> = (&'a str, &'a [(u32, &'a str, &'a str)]);

/// A batch of the run `r1` with rows of one `Status` and one `Total` cell each.
fn batch(id: &str, target: &str, rows: &[Written]) -> JournalBatch {
    let row = |(row_key, cells): &Written| JournalRow {
        key: key(row_key),
        change: if cells.iter().all(|cell| cell.1.is_empty()) {
            RowChange::Inserted
        } else {
            RowChange::Updated
        },
        origin: Origin { page: 1, line: 7 },
        cells: cells
            .iter()
            .map(|&(column, before, after)| JournalCell {
                column,
                before: before.into(),
                after: after.into(),
            })
            .collect(),
    };
    JournalBatch {
        id: id.into(),
        run: "r1".into(),
        export: "orders".into(),
        target: target.into(),
        place: "spreadsheet x, tab `orders`".into(),
        chunk: 0,
        marker: 5,
        at: chrono::DateTime::UNIX_EPOCH + chrono::Duration::milliseconds(1_700_000_000_123),
        file: Some("orders.xlsx".into()),
        columns: vec!["Status".into(), "Total".into()],
        rows: rows.iter().map(row).collect(),
        recovery: serde_json::json!({ "rows": [["x", 1.5, true]] }),
    }
}

async fn begin(journal: &dyn Journal, batch: &JournalBatch) {
    ok(journal.begin(batch).await, "a batch cannot be taken down");
}

async fn settle(journal: &dyn Journal, id: &str, state: BatchState) {
    ok(journal.settle(id, state).await, "a batch cannot be settled");
}

/// Written ahead: whoever opens the journal next finds the batch, whole, until it is settled.
async fn what_was_begun_is_there_for_the_next_process<J: Journal>(open: impl AsyncFn() -> J) {
    let first = batch("b1", "t", &[("A", &[(0, "", "open"), (1, "", "10")])]);
    let second = batch("b2", "t", &[("B", &[(0, "open", "paid")])]);
    begin(&open().await, &first).await;
    begin(&open().await, &second).await;
    begin(&open().await, &batch("b3", "other", &[])).await;
    let found = ok(open().await.open("t").await, "open batches cannot be listed");
    assert_eq!(found, [first, second.clone()], "open batches come back whole, oldest first");
    settle(&open().await, "b1", BatchState::Committed).await;
    settle(&open().await, "never-begun", BatchState::Dropped).await;
    assert_eq!(ok(open().await.open("t").await, "open"), [second], "a settled batch is not open");
    settle(&open().await, "b2", BatchState::Dropped).await;
    assert_eq!(ok(open().await.open("t").await, "open"), [], "nor is a dropped one");
}

/// The last committed value counts, cell by cell, per target; the rest does not.
async fn committed_batches_tell_the_last_value_of_each_cell(journal: &dyn Journal) {
    let written = [
        (batch("b1", "t", &[("A", &[(0, "", "open"), (1, "", "10")])]), BatchState::Committed),
        (batch("b2", "t", &[("A", &[(0, "open", "paid")])]), BatchState::Committed),
        (batch("b3", "t", &[("A", &[(1, "10", "99")])]), BatchState::Dropped),
        (batch("b4", "u", &[("A", &[(1, "", "11")])]), BatchState::Committed),
        (batch("b5", "t", &[("A", &[(1, "10", "98")])]), BatchState::Open),
    ];
    for (batch, state) in &written {
        begin(journal, batch).await;
        settle(journal, &batch.id, *state).await;
    }
    let last = ok(journal.last_written("t", &[key("A"), key("B")]).await, "last values cannot be read");
    assert_eq!(last.len(), 1, "a key that was never written is left out: {last:?}");
    let cells: Vec<_> = last[&key("A")].iter().map(|(name, value)| (name.as_str(), value)).collect();
    let expected = [("Status", &Value::text("paid")), ("Total", &Value::text("10"))];
    assert_eq!(cells, expected, "committed batches of this target only");
    let first = batch("b1", "t", &[("A", &[(0, "", "open")])]);
    begin(journal, &first).await;
    settle(journal, "b1", BatchState::Committed).await;
    let last = ok(journal.last_written("t", &[key("A")]).await, "last values cannot be read");
    let status = last.get(&key("A")).and_then(|cells| cells.get("Status"));
    assert_eq!(status, Some(&Value::text("paid")), "a batch taken down again keeps its place");
    let agreed = batch("b6", "t", &[("A", &[(0, "paid", "void")])]);
    ok(journal.agree(&agreed).await, "what was agreed on cannot be taken down");
    let last = ok(journal.last_written("t", &[key("A")]).await, "last values cannot be read");
    let status = last.get(&key("A")).and_then(|cells| cells.get("Status"));
    assert_eq!(status, Some(&Value::text("void")), "what was agreed on counts as written");
    let open = ok(journal.open("t").await, "open batches cannot be listed");
    assert!(open.iter().all(|batch| batch.id != "b6"), "and is never open");
}

/// A run's batches with their states, a key's entries with where they came from.
async fn runs_and_keys_are_told_apart(journal: &dyn Journal) {
    let mine = batch("b1", "t", &[("A", &[(0, "", "open")]), ("B", &[(0, "", "open")])]);
    let other =
        JournalBatch { run: "r2".into(), file: None, ..batch("b2", "t", &[("A", &[(0, "open", "paid")])]) };
    begin(journal, &mine).await;
    begin(journal, &other).await;
    settle(journal, "b1", BatchState::Committed).await;
    let mut found = ok(journal.batches_of("r1").await, "a run's batches cannot be read");
    for (batch, _) in &mut found {
        batch.recovery = mine.recovery.clone();
    }
    assert_eq!(found, [(mine, BatchState::Committed)], "the batches of that run only");
    assert_eq!(ok(journal.batches_of("r3").await, "no such run"), [], "a run that wrote nothing");
    let asked = ["A", "never"].map(key);
    let written = ok(journal.written("orders", &asked).await, "the written keys cannot be read");
    let committed = ok(journal.entries_of(&asked[0]).await, "a key's entries cannot be read");
    let committed = committed.iter().any(|entry| entry.state == BatchState::Committed);
    assert_eq!(written.contains(&asked[0]), committed, "only what was committed is written");
    assert!(!written.contains(&asked[1]), "what nobody wrote is not written");
    let elsewhere = ok(journal.written("users", &asked).await, "the written keys cannot be read");
    assert!(elsewhere.is_empty(), "exports are told apart");
    let entries = ok(journal.entries_of(&key("A")).await, "a key's entries cannot be read");
    let seen: Vec<_> = entries.iter().map(|entry| (entry.run.as_str(), entry.state, entry.change)).collect();
    let expected =
        [("r1", BatchState::Committed, RowChange::Inserted), ("r2", BatchState::Open, RowChange::Updated)];
    assert_eq!(seen, expected, "oldest first");
    assert_eq!(entries[0].file.as_deref(), Some("orders.xlsx"));
    assert_eq!((entries[0].origin, entries[1].file.as_ref()), (Origin { page: 1, line: 7 }, None));
    assert_eq!(entries[1].cells, [("Status".into(), "open".into(), "paid".into())]);
}

/// Values keep their types.
async fn every_kind_of_value_comes_back(journal: &dyn Journal) {
    let day = chrono::DateTime::UNIX_EPOCH.date_naive();
    let values = [
        Value::Empty,
        Value::text("=1+1 🌵 'x'"),
        Value::Integer(i64::MIN),
        Value::Decimal(rust_decimal::Decimal::new(1_230, 2)),
        Value::Date(day),
        Value::DateTime(day.and_time(chrono::NaiveTime::MIN)),
        Value::Bool(true),
    ];
    let mut written = batch("b1", "t", &[("A", &[])]);
    written.columns = (0..values.len()).map(|index| index.to_string().into()).collect();
    written.rows[0].cells = (0..)
        .zip(&values)
        .map(|(column, value)| JournalCell { column, before: Value::Empty, after: value.clone() })
        .collect();
    begin(journal, &written).await;
    settle(journal, "b1", BatchState::Committed).await;
    let last = ok(journal.last_written("t", &[key("A")]).await, "last values cannot be read");
    assert_eq!(last[&key("A")].values().cloned().collect::<Vec<_>>(), values, "values change on their way");
}

/// Many keys at once, more than one statement of a database takes.
async fn a_thousand_keys_are_found(journal: &dyn Journal) {
    let names: Vec<String> = (0..3_000).map(|number| format!("K{number}")).collect();
    let rows: Vec<Written> = names.iter().map(|name| (name.as_str(), [(0, "", "open")].as_slice())).collect();
    begin(journal, &batch("b1", "t", &rows)).await;
    settle(journal, "b1", BatchState::Committed).await;
    let keys: Vec<RowKey> = names.iter().skip(1_000).map(|name| key(name)).collect();
    let last = ok(journal.last_written("t", &keys).await, "last values cannot be read");
    assert_eq!(last.len(), 2_000, "each key that was asked for");
}

#[cfg(test)]
mod tests {
    use crate::testing::MemoryJournal;

    #[tokio::test]
    async fn the_journal_in_memory_keeps_the_contract() {
        super::journal(async || MemoryJournal::default(), async |journal: &MemoryJournal| journal.clone())
            .await;
    }
}
