//! Prints the table in a PDF as CSV: heading first, then the rows of all pages.
//!
//! `pdf_table FILE [PASSWORD]`; notes on what was left out go to stderr with `EXPLAIN=1`.

use std::error::Error;
use std::process::ExitCode;

use exporter_sources::formats::pdf::{self, PdfOptions};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("give the path of a PDF")?;
    let password = arguments.next();
    let options = PdfOptions { password: password.as_deref(), ..PdfOptions::default() };
    let table = pdf::read(&std::fs::read(path)?, &options)?;
    let mut out = csv::Writer::from_writer(std::io::stdout().lock());
    out.write_record(&table.header)?;
    for row in &table.rows {
        out.write_record(&row.cells)?;
    }
    out.flush()?;
    if std::env::var_os("EXPLAIN").is_some() {
        for note in &table.notes {
            eprintln!("note: {note}");
        }
    }
    Ok(())
}
