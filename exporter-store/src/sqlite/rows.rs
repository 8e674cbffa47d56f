//! Rows as they are kept, for a copy from or into another database.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tokio::sync::mpsc::Sender;

/// A row, cell by cell.
pub type Cells = Vec<Value>;

/// The names of a table's columns.
pub fn columns(db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut select = db.prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?;
    select.query_map([table], |row| row.get(0))?.collect()
}

/// Puts whole rows into a table.
pub fn put(db: &Connection, table: &str, columns: &[String], rows: Vec<Cells>) -> rusqlite::Result<()> {
    let places = vec!["?"; columns.len()].join(", ");
    let mut insert =
        db.prepare(&format!("INSERT INTO {table} ({}) VALUES ({places})", columns.join(", ")))?;
    rows.into_iter().try_for_each(|row| insert.execute(params_from_iter(row)).map(drop))
}

/// Sends all rows of a table in pieces of this size; ends early when nobody takes them.
pub fn read(
    db: &Connection,
    table: &str,
    columns: &[String],
    size: usize,
    pieces: &Sender<Vec<Cells>>,
) -> rusqlite::Result<()> {
    let mut select = db.prepare(&format!("SELECT {} FROM {table}", columns.join(", ")))?;
    let rows = select.query_map([], |row| (0..columns.len()).map(|index| row.get(index)).collect())?;
    let mut piece = Vec::new();
    for row in rows {
        piece.push(row?);
        if piece.len() == size && pieces.blocking_send(std::mem::take(&mut piece)).is_err() {
            return Ok(());
        }
    }
    if !piece.is_empty() {
        // Nobody takes it: whoever asked has failed and says so.
        let _ = pieces.blocking_send(piece);
    }
    Ok(())
}
