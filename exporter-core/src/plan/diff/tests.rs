//! The plan against a model: any table, stored in any order with any edits.

use proptest::prelude::*;

use super::*;
use crate::Origin;

fn table(rows: &[&[&str]]) -> Table {
    let mut table = Table::with_names(["No", "ID", "Status"]);
    for (line, row) in rows.iter().enumerate() {
        let line = u32::try_from(line + 2).unwrap();
        table.push(row.iter().map(Value::text), Origin { page: 1, line });
    }
    table
}

fn spec(key: &[&str]) -> ExportSpec {
    ExportSpec {
        key: key.iter().map(ToString::to_string).collect(),
        ignore: vec!["No".to_owned()],
        ..ExportSpec::new("t")
    }
}

fn diff(incoming: &Table, stored: &Table, key: &[&str]) -> Changes {
    let mut differ = Differ::new(incoming, &spec(key)).unwrap();
    for (index, row) in stored.rows().enumerate() {
        differ.stored(u32::try_from(index + 2).unwrap(), |column| &row[column]);
    }
    differ.finish()
}

#[test]
fn new_updated_unchanged_and_the_running_number_is_not_compared() {
    let stored = table(&[&["1", "a", "pending"], &["2", "b", "paid"]]);
    let incoming = table(&[&["9", "b", "paid"], &["8", "a", "paid"], &["7", "c", "paid"]]);
    let changes = diff(&incoming, &stored, &["ID"]);
    assert_eq!(changes.inserts, [2]);
    assert_eq!(changes.unchanged, 1);
    let [update] = &changes.updates[..] else { panic!("{changes:?}") };
    assert_eq!((update.row, update.stored_row), (1, 2));
    let expected = CellChange { column: 2, before: "pending".into(), after: "paid".into() };
    assert_eq!(update.cells, [expected]);
}

#[test]
fn the_last_of_two_rows_with_one_key_wins_and_is_told() {
    let incoming = table(&[&["1", "a", "pending"], &["2", "a", "paid"]]);
    let changes = diff(&incoming, &table(&[]), &["ID"]);
    assert_eq!(changes.inserts, [1]);
    assert_eq!(changes.duplicates[0].dropped.line, 2);
    assert_eq!(changes.duplicates[0].kept.line, 3);
}

#[test]
fn a_key_stored_twice_updates_the_first_and_reports_the_other() {
    let stored = table(&[&["1", "a", "x"], &["2", "a", "x"]]);
    let changes = diff(&table(&[&["1", "a", "y"]]), &stored, &["ID"]);
    assert_eq!(changes.updates.len(), 1);
    assert_eq!((changes.stored_twice[0].first, changes.stored_twice[0].other), (2, 3));
}

#[test]
fn a_row_without_key_is_refused_with_its_place() {
    let incoming = table(&[&["1", "", "x"]]);
    let error = Differ::new(&incoming, &spec(&["ID"])).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::MissingKey);
    assert!(error.to_string().contains("row: 2"), "{error}");
}

#[test]
fn keys_of_several_columns_numbers_and_odd_spellings_are_found() {
    let mut stored = Table::with_names(["No", "ID", "Status"]);
    for id in [Value::Integer(5), Value::text(" 7 "), Value::text("U\u{308}")] {
        stored.push(["1".into(), id, "x".into()], Origin::default());
    }
    let incoming = table(&[&["1", "5", "x"], &["1", "7", "x"], &["1", "\u{dc}", "x"], &["1", "10", "x"]]);
    for key in [&["ID"][..], &["ID", "Status"]] {
        let changes = diff(&incoming, &stored, key);
        assert_eq!((changes.unchanged, &changes.inserts[..]), (3, &[3][..]), "{key:?}");
    }
}

#[test]
fn without_a_key_equal_rows_are_counted_not_merged() {
    let incoming = table(&[&["1", "a", "x"], &["2", "a", "x"], &["3", "b", "x"]]);
    let stored = table(&[&["7", "a", "x"]]);
    let changes = diff(&incoming, &stored, &[]);
    assert_eq!((changes.inserts.len(), changes.unchanged), (2, 1));
    assert!(changes.updates.is_empty() && changes.duplicates.is_empty());
}

proptest! {
    /// Whatever is stored, in whatever order: applying the changes gives exactly the
    /// incoming rows (last one of each key) beside the stored rows of other keys.
    #[test]
    fn applying_the_changes_gives_the_incoming_rows(
        stored in prop::collection::btree_map("[a-e]", "[xy]", 0..5),
        incoming in prop::collection::vec(("[a-g]", "[xyz]"), 0..12),
    ) {
        let rows: Vec<[&str; 3]> = stored.iter().rev().map(|(k, v)| ["0", k, v]).collect();
        let stored_table = table(&rows.iter().map(<[&str; 3]>::as_slice).collect::<Vec<_>>());
        let rows: Vec<[&str; 3]> = incoming.iter().map(|(k, v)| ["1", k, v]).collect();
        let incoming_table = table(&rows.iter().map(<[&str; 3]>::as_slice).collect::<Vec<_>>());
        let changes = diff(&incoming_table, &stored_table, &["ID"]);

        let mut result = stored.clone();
        for update in &changes.updates {
            let row = incoming_table.row(update.row as usize);
            for cell in &update.cells {
                prop_assert_eq!(cell.column, 2);
                let old = result.insert(row[1].to_string(), cell.after.to_string());
                prop_assert_eq!(old, Some(cell.before.to_string()));
            }
        }
        for &row in &changes.inserts {
            let row = incoming_table.row(row as usize);
            prop_assert!(result.insert(row[1].to_string(), row[2].to_string()).is_none());
        }
        let mut expected = stored;
        expected.extend(incoming.iter().cloned());
        prop_assert_eq!(result, expected);
        let counts = changes.counts();
        prop_assert_eq!(counts.new + counts.updated + counts.unchanged + counts.duplicates, incoming.len());
    }

    /// The same rows again: nothing to do, with or without a key.
    #[test]
    fn the_same_rows_again_change_nothing(rows in prop::collection::vec(("[a-g]{1,3}", "[xyz]"), 0..20), keyed: bool) {
        let cells: Vec<[&str; 3]> = rows.iter().map(|(k, v)| ["1", k, v]).collect();
        let once = table(&cells.iter().map(<[&str; 3]>::as_slice).collect::<Vec<_>>());
        let key: &[&str] = if keyed { &["ID"] } else { &[] };
        let first = diff(&once, &table(&[]), key);
        let mut stored = table(&[]);
        for &row in &first.inserts {
            stored.push(once.row(row as usize).iter().cloned(), Origin::default());
        }
        let second = diff(&once, &stored, key);
        prop_assert!(second.is_empty(), "{:?}", second);
    }
}
