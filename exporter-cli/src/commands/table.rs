//! `exporter table FILE`: the table in a file, whatever its kind.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use exporter_core::{ColumnType, Error, ErrorKind, FileKind, Secret};
use exporter_sources::formats::{self, ReadOptions, Reading, typing};

use crate::args::{TableArgs, TableFormat};
use crate::exit::Exit;
use crate::render::{self, say};

/// Prints the table, or why there is none: then nothing reaches stdout.
pub fn main(args: TableArgs) -> Exit {
    match print(args) {
        Ok(()) => Exit::Ok,
        Err(error) => render::error::print(&error, Exit::Failed),
    }
}

fn print(args: TableArgs) -> Result<(), Error> {
    let file = args.file.display().to_string();
    let bytes = std::fs::read(&args.file).map_err(|error| {
        Error::new(ErrorKind::Io, format!("{file} cannot be read"))
            .source(error)
            .hint("check the path; what a run downloaded is in `downloads` beside the configuration")
    })?;
    let options = ReadOptions {
        password: args.password.map(Secret::new),
        sheet: args.sheet,
        expect: args.expect,
        shown: args.text.clone(),
        ..ReadOptions::default()
    };
    if let Some(out) = &args.render {
        draw(&bytes, &options, out).map_err(|error| error.context("file", file.clone()))?;
    }
    let mut reading = formats::read(&bytes, &options).map_err(|error| error.context("file", file))?;
    // CSV shows cells as they are written; types are for JSON and for those who ask.
    let mut typed = None;
    let texts = args.text.into_iter().map(|name| (name, ColumnType::Text));
    let options = typing::TypingOptions { declared: texts.collect(), ..Default::default() };
    if args.format == TableFormat::Json {
        typed = Some(typing::apply(&mut reading.table, &options));
    } else if args.explain {
        typed = Some(typing::apply(&mut reading.table.clone(), &options));
    }
    if args.explain {
        explain(&reading, typed.unwrap_or_default());
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

/// What was found where, on stderr.
fn explain(reading: &Reading, typed: typing::Typed) {
    say::note(format_args!("kind: {}", reading.kind));
    for note in &reading.notes {
        say::note(note);
    }
    say::note(format_args!("{} rows of {} columns", reading.table.len(), reading.table.width()));
    for note in typed.columns.into_iter().chain(typed.misfits) {
        say::note(note);
    }
    for total in &reading.totals {
        let cells: Vec<_> = total.iter().map(ToString::to_string).filter(|cell| !cell.is_empty()).collect();
        say::note(format_args!("totals: {}", cells.join(" | ")));
    }
}

/// Draws what was read, before it is known whether there is a table: a refused file is what
/// people want to look at.
fn draw(bytes: &[u8], options: &ReadOptions, out: &Path) -> Result<(), Error> {
    if formats::sniff(bytes)? != FileKind::Pdf {
        return Err(Error::new(ErrorKind::Config, "only PDFs have pages to draw").hint("leave --render away"));
    }
    let pages = formats::inspect_pdf(bytes, options)?.pages;
    let kind = out.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    match kind.as_str() {
        "svg" => write(out, &render::page::svg(&pages).into_bytes()),
        "png" => {
            for (number, pages) in (1..).zip(pages.chunks(render::picture::PAGES)) {
                let drawing = render::picture::png(pages).map_err(|error| {
                    Error::new(ErrorKind::Internal, "the pages cannot be drawn").source(error)
                })?;
                write(&numbered(out, number), &drawing)?;
            }
            Ok(())
        }
        _ => Err(Error::new(ErrorKind::Config, "a drawing is an SVG or PNG file")
            .hint("give --render a name that ends in .svg or .png")),
    }
}

/// The name of a picture: the second of `report.png` is `report-2.png`.
fn numbered(out: &Path, number: usize) -> PathBuf {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    if number == 1 { out.to_owned() } else { out.with_file_name(format!("{stem}-{number}.png")) }
}

fn write(out: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::write(out, bytes).map_err(|error| {
        Error::new(ErrorKind::Io, format!("{} cannot be written", out.display())).source(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_pictures_are_numbered() {
        assert_eq!(numbered(Path::new("a/report.png"), 1), Path::new("a/report.png"));
        assert_eq!(numbered(Path::new("a/report.PNG"), 2), Path::new("a/report-2.png"));
    }
}
