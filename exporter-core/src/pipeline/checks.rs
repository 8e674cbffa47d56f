//! What is looked at in a table before anything is planned.

use crate::key::key_positions;
use crate::{Error, ExportSpec, Table};

/// Looks at a table before it is planned; returns what a reader should know.
///
/// # Errors
/// A key column that is not there: nothing could be matched, so nothing may be written.
pub(super) fn check(table: &Table, spec: &ExportSpec) -> Result<Vec<String>, Error> {
    key_positions(table, &spec.key)?;
    let mut notes = Vec::new();
    if let Some(expected) = spec.columns.filter(|&expected| expected != table.width()) {
        notes.push(format!("the file has {} columns where {expected} are usual", table.width()));
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_missing_key_stops_and_another_width_is_told() {
        let table = Table::with_names(["ID", "Status"]);
        let mut spec = ExportSpec { columns: Some(3), key: vec!["ID".into()], ..ExportSpec::new("t") };
        assert_eq!(check(&table, &spec).unwrap(), ["the file has 2 columns where 3 are usual"]);
        spec.key = vec!["Kode".into()];
        assert_eq!(check(&table, &spec).unwrap_err().kind(), ErrorKind::MissingColumn);
    }
}
