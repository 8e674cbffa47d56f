//! The three-way compare: source, last written, stored now. It tells a change in the panel
//! from an edit by people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Changes, Conflict};
use crate::compare::same;
use crate::{LastWritten, RowKey, Table};

/// What becomes of a cell of ours that people edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnEdit {
    /// It is kept, and the report says so.
    #[default]
    Report,
    /// It is kept.
    Keep,
    /// The source wins.
    Overwrite,
}

/// What becomes of edited cells, column by column.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EditRules {
    /// For every column that `columns` does not name.
    pub default: OnEdit,
    /// By the column's name.
    pub columns: BTreeMap<String, OnEdit>,
}

impl EditRules {
    /// The rule for a column.
    pub fn of(&self, column: &str) -> OnEdit {
        self.columns.get(column).copied().unwrap_or(self.default)
    }
}

impl Changes {
    /// The keys whose last written values [`Changes::keep_edits`] asks for.
    pub fn updated_keys(&self) -> Vec<RowKey> {
        self.updates.iter().map(|update| update.key.clone()).collect()
    }

    /// Takes cells that people edited out of the updates, as the rules say.
    ///
    /// A cell was edited when it holds something else than was last written into it. A cell
    /// that is not in `last`, because somebody else wrote it or the journal was lost, was
    /// not: then the source wins.
    pub fn keep_edits(&mut self, table: &Table, last: &LastWritten, rules: &EditRules) {
        let mut conflicts = Vec::new();
        for update in &mut self.updates {
            let Some(written) = last.get(&update.key) else { continue };
            update.cells.retain(|cell| {
                let name = &table.columns()[cell.column as usize].name;
                let Some(last) = written.get(name).filter(|last| !same(last, &cell.before)) else {
                    return true;
                };
                let rule = rules.of(name);
                if rule == OnEdit::Report {
                    conflicts.push(Conflict {
                        row: update.row,
                        stored_row: update.stored_row,
                        key: update.key.clone(),
                        column: cell.column,
                        last: last.clone(),
                        stored: cell.before.clone(),
                        incoming: cell.after.clone(),
                    });
                }
                rule == OnEdit::Overwrite
            });
        }
        let updates = self.updates.len();
        self.updates.retain(|update| !update.cells.is_empty());
        self.unchanged += updates - self.updates.len();
        self.conflicts.extend(conflicts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Differ, ExportSpec, Origin, Value};

    fn orders(status: &str, total: i64) -> Table {
        let mut table = Table::with_names(["ID", "Status", "Total"]);
        table.push(["A".into(), status.into(), Value::Integer(total)], Origin::default());
        table
    }

    /// `stored` and `incoming` compared, where `last` was written last.
    fn changes(stored: &Table, last: Option<&Table>, incoming: &Table, rules: &EditRules) -> Changes {
        let spec = ExportSpec { key: vec!["ID".into()], ..ExportSpec::new("t") };
        let mut differ = Differ::new(incoming, &spec).unwrap();
        differ.stored(2, |column| &stored.row(0)[column]);
        let mut changes = differ.finish();
        let cells = |table: &Table| {
            let names = table.columns().iter().map(|column| column.name.clone());
            names.zip(table.row(0).iter().cloned()).collect::<BTreeMap<_, _>>()
        };
        let key = RowKey::of([&Value::text("A")]).unwrap();
        let last: LastWritten = last.into_iter().map(|table| (key.clone(), cells(table))).collect();
        changes.keep_edits(incoming, &last, rules);
        changes
    }

    #[test]
    fn a_change_in_the_panel_is_no_edit() {
        let found =
            changes(&orders("open", 1), Some(&orders("open", 1)), &orders("paid", 1), &EditRules::default());
        assert_eq!((found.updates.len(), found.conflicts.len()), (1, 0));
    }

    #[test]
    fn an_edit_is_kept_and_told_whether_or_not_the_panel_changed_as_well() {
        for incoming in [orders("open", 1), orders("paid", 1)] {
            let found =
                changes(&orders("mine", 1), Some(&orders("open", 1)), &incoming, &EditRules::default());
            assert_eq!((found.updates.len(), found.unchanged, found.conflicts.len()), (0, 1, 1));
            assert_eq!(found.conflicts[0].stored, Value::text("mine"));
        }
    }

    #[test]
    fn the_cells_beside_an_edited_one_are_updated() {
        let found =
            changes(&orders("mine", 1), Some(&orders("open", 1)), &orders("open", 2), &EditRules::default());
        assert_eq!((found.updates[0].cells.len(), found.updates[0].cells[0].column), (1, 2));
        assert_eq!(found.conflicts.len(), 1);
    }

    #[test]
    fn rules_are_by_column() {
        let rules = EditRules {
            default: OnEdit::Keep,
            columns: BTreeMap::from([("Status".to_owned(), OnEdit::Overwrite)]),
        };
        let found = changes(&orders("mine", 7), Some(&orders("open", 1)), &orders("open", 1), &rules);
        assert_eq!(found.updates[0].cells.len(), 1, "the status is overwritten, the total kept");
        assert_eq!((found.updates[0].cells[0].column, found.conflicts.len()), (1, 0));
    }

    #[test]
    fn without_a_journal_the_source_wins() {
        let found = changes(&orders("mine", 1), None, &orders("open", 1), &EditRules::default());
        assert_eq!((found.updates.len(), found.conflicts.len()), (1, 0));
    }
}
