//! Reading the table in any file, without a panel or a sheet: what it is, its columns with their
//! types, its first rows, and what was left out and why.
//!
//! Run it with `cargo run -p exporter-examples --example read_table FILE`; without a file it reads
//! one of the fixtures.

use std::error::Error;
use std::path::Path;

use exporter_sources::formats::{self, ReadOptions, typing};

fn main() -> Result<(), Box<dyn Error>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../exporter-sources/tests/fixtures/sheets/openpyxl-title.xlsx");
    let file = std::env::args_os().nth(1).map_or(own, Into::into);
    let mut reading = formats::read(&std::fs::read(&file)?, &ReadOptions::default())?;
    println!("{}: {}", file.display(), reading.kind);
    for note in &reading.notes {
        println!("  {note}");
    }
    // Texts get types only where every cell of a column agrees; the key stays text.
    let key = reading.table.columns().first().map(|column| column.name.to_string());
    let options = typing::TypingOptions { text: key.into_iter().collect(), ..Default::default() };
    let typed = typing::apply(&mut reading.table, &options);
    for note in typed.columns.iter().chain(&typed.misfits) {
        println!("  {note}");
    }
    for row in reading.table.rows().take(5) {
        let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
        println!("{}", cells.join(" | "));
    }
    Ok(())
}
