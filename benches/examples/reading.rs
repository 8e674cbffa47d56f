//! Reads a workbook and says how many rows and cells it has, with ours or with bare calamine: two
//! programs of one kind, for `compare/run.py` to measure. Usage: `reading ours|bare FILE`.

use std::io::Cursor;

use calamine::{Reader as _, Xlsx};
use exporter_sources::formats::{ReadOptions, read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [with, file] = &words[..] else { return Err("usage: reading ours|bare FILE".into()) };
    let bytes = std::fs::read(file)?;
    let (rows, cells) = if with == "ours" {
        let table = read(&bytes, &ReadOptions::default())?.table;
        (table.len(), table.rows().flatten().filter(|cell| !cell.is_empty()).count())
    } else {
        let mut book = Xlsx::new(Cursor::new(bytes))?;
        let range = book.worksheet_range_at(0).ok_or("no sheet")??;
        // The header is no row of ours.
        let body = range.rows().skip(1);
        (body.len(), body.flatten().filter(|cell| **cell != calamine::Data::Empty).count())
    };
    println!("{rows} rows, {cells} cells");
    Ok(())
}
