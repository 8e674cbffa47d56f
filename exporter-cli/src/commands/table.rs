//! `exporter table FILE`: the table in a file, whatever its kind.

use std::io::{self, BufWriter, Write as _};

use exporter_core::{Error, ErrorKind, Secret};
use exporter_sources::formats::{self, ReadOptions, typing};

use crate::args::{TableArgs, TableFormat};
use crate::exit::Exit;
use crate::render;

/// Prints the table, or why there is none: then nothing reaches stdout.
pub fn main(args: TableArgs) -> Exit {
    match print(args) {
        Ok(()) => Exit::Ok,
        Err(error) => render::error::print(&error, Exit::Failed),
    }
}

fn print(args: TableArgs) -> Result<(), Error> {
    let file = args.file.display().to_string();
    let bytes = std::fs::read(&args.file)
        .map_err(|error| Error::new(ErrorKind::Io, format!("{file} cannot be read")).source(error))?;
    let options = ReadOptions { password: args.password.map(Secret::new), ..ReadOptions::default() };
    let mut reading = formats::read(&bytes, &options).map_err(|error| error.context("file", file))?;
    let mut notes = std::mem::take(&mut reading.notes);
    if args.format == TableFormat::Json {
        notes.extend(typing::apply(&mut reading.table, &typing::TypingOptions::default()));
    }
    if args.explain {
        for note in notes {
            eprintln!("{note}");
        }
        for total in &reading.totals {
            let cells: Vec<_> =
                total.iter().map(ToString::to_string).filter(|cell| !cell.is_empty()).collect();
            eprintln!("totals: {}", cells.join(" | "));
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match args.format {
        TableFormat::Csv => render::table::csv(&reading.table, &mut out),
        TableFormat::Json => render::table::json(&reading.table, &mut out),
    };
    match printed.and_then(|()| out.flush()) {
        // Who closed the pipe has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
