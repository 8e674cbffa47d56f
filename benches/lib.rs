//! Data for the benchmarks: tables of the shape that admin panels export.

use exporter_core::{Changes, Differ, ExportSpec, Origin, Table, Value};

/// Columns of the widest built-in export.
pub const WIDTH: usize = 27;

/// `rows` rows of 27 columns: an ID, a status, texts and numbers. Rows whose index is a
/// multiple of `changed` have another status.
pub fn table(from: usize, rows: usize, changed: Option<usize>) -> Table {
    let names = (0..WIDTH).map(|column| format!("Kolom {column}"));
    let mut table = Table::with_names(names);
    for row in from..from + rows {
        let number = i64::try_from(row).unwrap_or(i64::MAX);
        let status = if changed.is_some_and(|step| row % step == 0) { "Sukses" } else { "Menunggu" };
        let cells = (0..WIDTH).map(|column| match column {
            0 => Value::text(format!("TRX{row:09}")),
            1 => Value::text(status),
            2..8 => Value::Integer(number * 7 + 1000),
            8..12 => Value::text(format!("0812{:08}", row * 31 % 100_000_000)),
            12 => Value::text(format!("Jl. Gatot Subroto No. {row}, RT 008/RW 014, Palembang")),
            _ => Value::text("Transfer BCA"),
        });
        table.push(cells, Origin { page: 1, line: u32::try_from(row + 2).unwrap_or(u32::MAX) });
    }
    table
}

/// What to do with what came in, given what is stored.
///
/// # Panics
/// When the key column is not in the table.
pub fn plan_of(incoming: &Table, stored: &Table, spec: &ExportSpec) -> Changes {
    let mut differ = Differ::new(incoming, spec).expect("the key column is there");
    for (number, row) in (2..).zip(stored.rows()) {
        differ.stored(number, |column| &row[column]);
    }
    differ.finish()
}
