//! Making a table fit its destination, before anything is planned: columns that nobody
//! agreed to are left out, texts that no cell can hold are cut. Whatever is lost on the way
//! is told.

use std::sync::Arc;

use crate::{Error, ErrorKind, ExportSpec, LongTexts, NewColumns, RowKey, Table, Value};

/// How many cut texts are named before they are only counted.
const NAMED: usize = 5;

/// A table as it can be written, and what a reader of the report should know of that.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// The table; the given one where nothing had to be done.
    pub table: Arc<Table>,
    /// What was left out or cut.
    pub notes: Vec<String>,
}

/// Leaves out columns that a filled tab has not, unless the spec has them added.
/// `is_there` says it of a column by its index.
#[must_use]
pub fn columns(table: &Arc<Table>, spec: &ExportSpec, is_there: impl Fn(usize) -> bool) -> Fitted {
    let (there, missing): (Vec<usize>, Vec<usize>) = (0..table.width()).partition(|&column| is_there(column));
    if spec.new_columns == NewColumns::Add || missing.is_empty() {
        return Fitted { table: Arc::clone(table), notes: Vec::new() };
    }
    let names: Vec<_> = missing.iter().map(|&column| format!("`{}`", table.columns()[column].name)).collect();
    let note = format!(
        "left out, because the tab has no such column: {}; to have it added, set `columns = \"add\"` for the \
         export `{}`, or type its name into the tab's header",
        names.join(", "),
        spec.name
    );
    Fitted { table: Arc::new(table.with_columns(&there)), notes: vec![note] }
}

/// Cuts texts of more than `limit` characters, where the spec wants that. A key is never cut:
/// the row could not be found again.
#[must_use]
pub fn texts(table: &Arc<Table>, spec: &ExportSpec, limit: usize) -> Fitted {
    let mut fitted = Fitted { table: Arc::clone(table), notes: Vec::new() };
    if spec.long_texts == LongTexts::Refuse {
        return fitted;
    }
    let mut cut = 0;
    for row in 0..table.len() {
        for (column, cell) in table.row(row).iter().enumerate() {
            let name = table.columns()[column].name.as_str();
            let Some(length) = too_long(cell, limit).filter(|_| !spec.key.iter().any(|key| key == name))
            else {
                continue;
            };
            cut += 1;
            if cut <= NAMED {
                fitted.notes.push(format!(
                    "{} was cut to {limit} characters from {length}",
                    place(table, spec, row, column)
                ));
            }
            let text = shortened(cell.as_text().unwrap_or_default(), length, limit);
            Arc::make_mut(&mut fitted.table).row_mut(row)[column] = Value::text(text);
        }
    }
    if cut > NAMED {
        fitted.notes.push(format!("{} more texts were cut", cut - NAMED));
    }
    fitted
}

/// The error for a text that no cell can hold.
#[must_use]
pub fn refused(table: &Table, spec: &ExportSpec, row: usize, column: usize, limit: usize) -> Error {
    let origin = table.origin(row);
    let what = place(table, spec, row, column);
    let name = &table.columns()[column].name;
    let error =
        Error::new(ErrorKind::SheetFull, format!("{what} is longer than the {limit} characters of a cell"))
            .context("page", origin.page.to_string())
            .context("row", origin.line.to_string())
            .hint("nothing was written; shorten the text in the panel");
    if spec.key.iter().any(|key| key == name.as_str()) {
        return error.hint("it is the key, by which the row is found again, so it is never cut");
    }
    error.hint(format!("or set `long_texts = \"truncate\"` for the export `{}`", spec.name))
}

/// How many characters a cell's text has as a spreadsheet counts them, in units of UTF-16, if
/// these are more than `limit`.
#[must_use]
pub fn too_long(cell: &Value, limit: usize) -> Option<usize> {
    let text = cell.as_text().filter(|text| text.len() > limit)?;
    Some(text.encode_utf16().count()).filter(|length| *length > limit)
}

fn shortened(text: &str, length: usize, limit: usize) -> String {
    let mark = format!("… [cut: {length} characters]");
    let mut room = limit.saturating_sub(mark.encode_utf16().count());
    let fits = |letter: &char| {
        let rest = room.checked_sub(letter.len_utf16());
        room = rest.unwrap_or(room);
        rest.is_some()
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    kept.push_str(&mark);
    kept
}

/// A cell by the names that people know it by.
fn place(table: &Table, spec: &ExportSpec, row: usize, column: usize) -> String {
    let cells = table.row(row);
    let key = spec.key.iter().filter_map(|key| table.position(key)).map(|column| &cells[column]);
    let of = RowKey::of(key).map_or_else(String::new, |key| {
        let key: String = key.to_string().chars().take(100).collect();
        format!(" of `{key}`")
    });
    format!("the text in `{}`{of}", table.columns()[column].name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Origin;

    fn orders(note: &str) -> Arc<Table> {
        let mut table = Table::with_names(["ID", "Note", "City"]);
        table.push(["A1".into(), note.into(), "Bogor".into()], Origin { page: 1, line: 2 });
        Arc::new(table)
    }

    fn spec() -> ExportSpec {
        ExportSpec { key: vec!["ID".into()], ..ExportSpec::new("orders") }
    }

    #[test]
    fn columns_that_nobody_agreed_to_are_left_out_by_name() {
        let fitted = columns(&orders("x"), &spec(), |column| column != 1);
        let names: Vec<_> = fitted.table.columns().iter().map(|column| column.name.as_str()).collect();
        assert_eq!((names, fitted.table.row(0)), (vec!["ID", "City"], &["A1".into(), "Bogor".into()][..]));
        assert_eq!(fitted.table.origin(0).line, 2);
        assert!(fitted.notes[0].contains("`Note`") && fitted.notes[0].contains("columns = \"add\""));
        let spec = ExportSpec { new_columns: NewColumns::Add, ..spec() };
        let fitted = columns(&orders("x"), &spec, |column| column != 1);
        assert_eq!((fitted.table.width(), fitted.notes.len()), (3, 0));
    }

    #[test]
    fn a_long_text_is_cut_only_where_that_is_wanted_and_says_so() {
        let long = "🌵".repeat(60);
        assert_eq!(texts(&orders(&long), &spec(), 100).table, orders(&long), "refused later on");
        let spec = ExportSpec { long_texts: LongTexts::Truncate, ..spec() };
        let fitted = texts(&orders(&long), &spec, 100);
        let cut = fitted.table.row(0)[1].as_text().unwrap();
        assert!(cut.starts_with("🌵🌵") && cut.ends_with("… [cut: 120 characters]"), "{cut}");
        assert!((99..=100).contains(&cut.encode_utf16().count()), "{cut}");
        assert_eq!(fitted.notes, ["the text in `Note` of `A1` was cut to 100 characters from 120"]);
        assert_eq!(texts(&orders(&"é".repeat(100)), &spec, 100).notes.len(), 0, "characters, not bytes");
    }

    #[test]
    fn a_key_is_never_cut() {
        let mut table = Table::with_names(["ID"]);
        table.push([Value::text("x".repeat(200))], Origin::default());
        let spec = ExportSpec { long_texts: LongTexts::Truncate, ..spec() };
        let table = Arc::new(table);
        assert_eq!(texts(&table, &spec, 100).table, table);
        let error = refused(&table, &spec, 0, 0, 100);
        assert!(error.hints().iter().any(|hint| hint.contains("never cut")), "{error:?}");
    }
}
