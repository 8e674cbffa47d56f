//! What a sink does with tabs by month, and with texts that no cell can hold.

use std::sync::Arc;

use chrono::NaiveDate;

use super::{Store, lines, ok, put, settled, spec, table};
use crate::{Column, ColumnType, ExportSpec, LongTexts, Origin, Table, Value};

/// A row goes to the tab of its own day, is found there again, and stays in the tab where it is.
pub async fn tabs_by_month(store: &impl Store) {
    let spec = ExportSpec { tab: "orders {yyyy}-{mm}".into(), ..spec() };
    let dated = |rows: &[(&str, (i32, u32, u32), &str)]| {
        let day = Column { kind: ColumnType::Date, ..Column::text("Day") };
        let mut table = Table::new(vec![Column::text("ID"), day, Column::text("Status")]);
        for (id, (year, month, day), status) in rows {
            let day = NaiveDate::from_ymd_opt(*year, *month, *day).map_or(Value::Empty, Value::Date);
            table.push([Value::text(id), day, Value::text(status)], Origin::default());
        }
        Arc::new(table)
    };
    let first = dated(&[("a", (2025, 12, 31), "open"), ("b", (2026, 1, 1), "open")]);
    let second =
        dated(&[("a", (2025, 12, 31), "paid"), ("b", (2026, 1, 1), "open"), ("c", (2026, 1, 2), "open")]);
    for (table, counts) in [(first, [1, 1]), (second.clone(), [1, 2]), (second, [1, 2])] {
        let sink = store.sink();
        let parts = ok(sink.route(&table, &spec).await, "a table cannot be split by month");
        let tabs: Vec<&str> = parts.iter().map(|part| part.spec.tab.as_str()).collect();
        assert_eq!(tabs, ["orders 2025-12", "orders 2026-01"], "a tab for each month");
        for (part, count) in parts.iter().zip(counts) {
            put(&*sink, &part.table, &part.spec).await;
            settled(store, &part.table, &part.spec).await;
            let rows = store.rows(&part.spec.tab).await;
            assert_eq!(rows.len(), 1 + count, "a header and the month's rows: {rows:?}");
        }
    }
    let december = store.rows("orders 2025-12").await;
    assert_eq!(december[1][2], "paid", "an edit goes to the month that it is about: {december:?}");
}

/// A text that a cell can't hold is refused before anything is written, or cut where the export
/// asks for that; the longest that it can hold comes whole.
pub async fn long_texts(store: &impl Store) {
    let Some(limit) = store.longest_text() else { return };
    let (longest, longer) = ("x".repeat(limit), "y".repeat(limit + 1));
    put(&*store.sink(), &table(&[&["ID", "Text"], &["a", &longest]]), &spec()).await;
    let before = lines(store).await;
    assert_eq!(before[1], format!("a|{longest}"), "a text of {limit} characters is changed");
    let more = table(&[&["ID", "Text"], &["b", "short"], &["c", &longer]]);
    let sink = store.sink();
    let refused = match sink.plan(&more, &spec()).await {
        Ok(plan) => sink.apply(&plan).await.err(),
        Err(error) => Some(error),
    };
    assert!(refused.is_some(), "a text of more than {limit} characters is not refused");
    assert_eq!(lines(store).await, before, "something was written before the refusal");
    let spec = ExportSpec { long_texts: LongTexts::Truncate, ..spec() };
    put(&*store.sink(), &more, &spec).await;
    settled(store, &more, &spec).await;
    let rows = store.rows("orders").await;
    let cut = rows.iter().find(|row| row[0] == "c").map_or("", |row| row[1].as_str());
    assert!(cut.starts_with("yyy") && cut.chars().count() <= limit, "a text is not cut to {limit}");
}
