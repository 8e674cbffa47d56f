//! Where a row comes from, for people.

use std::fmt::Write as _;

use chrono_tz::Tz;
use exporter_core::{BatchState, JournalEntry, RowChange, RowKey};

use super::plan::shown;

/// A paragraph for each write into the row, oldest first.
pub fn text(key: &RowKey, entries: &[JournalEntry], zone: Tz) -> String {
    let mut text = format!("{key}\n");
    for entry in entries {
        let at = entry.at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S");
        let what = match (entry.change, entry.state) {
            (_, BatchState::Dropped) => "was to be written and never was",
            (_, BatchState::Open) => "may have been written",
            (RowChange::Inserted, _) => "was added",
            (RowChange::Updated, _) => "was changed",
            (RowChange::Agreed, _) => "was changed by somebody else",
        };
        let (by, from) = match (entry.change, &entry.file) {
            (RowChange::Agreed, _) => {
                (String::new(), "to what the file of the next run says as well".to_owned())
            }
            (_, Some(file)) => (format!(" by run {}", entry.run), format!("from {file}")),
            (_, None) => (format!(" by run {}", entry.run), "from a file that is not kept".to_owned()),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "\n{at}  {what}{by} ({})\n  in   {}\n  {from}, page {}, row {}",
            entry.export, entry.place, entry.origin.page, entry.origin.line
        );
        for (column, before, after) in &entry.cells {
            let _ = match entry.change {
                RowChange::Inserted if after.is_empty() => Ok(()),
                RowChange::Inserted => writeln!(text, "  {column}: {}", shown(after)),
                RowChange::Updated | RowChange::Agreed => {
                    writeln!(text, "  {column}: {} → {}", shown(before), shown(after))
                }
            };
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use exporter_core::{Origin, Value};

    use super::*;

    #[test]
    fn a_row_says_where_it_comes_from() {
        let entry = JournalEntry {
            batch: "b".into(),
            state: BatchState::Committed,
            run: "20260105T010203004Z".into(),
            export: "transaksi".into(),
            place: "spreadsheet x, tab `transaksi`".into(),
            at: "2026-01-05T01:02:04Z".parse().unwrap(),
            file: Some("downloads/transaksi_20260105_080203.xlsx".into()),
            origin: Origin { page: 1, line: 7 },
            change: RowChange::Updated,
            cells: vec![("Status".into(), "pending".into(), "paid".into())],
        };
        let key = RowKey::of([&Value::text("TRX1")]).unwrap();
        let agreed = JournalEntry {
            run: String::new(),
            file: None,
            change: RowChange::Agreed,
            cells: vec![("Status".into(), "paid".into(), "void".into())],
            ..entry.clone()
        };
        insta::assert_snapshot!(text(&key, &[entry, agreed], Tz::Asia__Jakarta), @r"
        TRX1

        2026-01-05 08:02:04  was changed by run 20260105T010203004Z (transaksi)
          in   spreadsheet x, tab `transaksi`
          from downloads/transaksi_20260105_080203.xlsx, page 1, row 7
          Status: `pending` → `paid`

        2026-01-05 08:02:04  was changed by somebody else (transaksi)
          in   spreadsheet x, tab `transaksi`
          to what the file of the next run says as well, page 1, row 7
          Status: `paid` → `void`
        ");
    }
}
