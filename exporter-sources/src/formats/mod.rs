//! Tables out of files: one module per format, dispatched by content.

mod archive;
mod csv;
mod grid;
mod heading;
mod html;
mod json;
mod ods;
pub mod pdf;
mod shown;
mod sniff;
mod spreadsheet_xml;
pub mod typing;
mod workbook;
mod xls;
mod xml;

use std::fmt;

use exporter_core::{Error, ErrorKind, FileKind, Origin, Secret, Table, Value};

pub use sniff::sniff;

/// What reading a file needs beside its bytes.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The password of a protected file.
    pub password: Option<Secret>,
    /// The sheet of a workbook, by name; otherwise the first with the expected columns.
    pub sheet: Option<String>,
    /// Names of columns that the header must hold, such as the key: they tell the header
    /// and the right sheet among several.
    pub expect: Vec<String>,
    /// Columns of a workbook whose numbers are wanted as they are shown there, as text: `0007`
    /// where 7 is stored with the format `0000`. Elsewhere numbers are read as they are stored.
    pub shown: Vec<String>,
    /// Bounds on what one file may cost.
    pub limits: Limits,
}

/// Bounds on what one file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Size of everything in a packed file, unpacked, in bytes.
    pub unpacked_bytes: u64,
    /// Cells of a table.
    pub cells: u64,
}

impl Default for Limits {
    /// Generous for an export of a panel, small for a machine with 512 MB.
    fn default() -> Self {
        Self { bytes: 256 << 20, unpacked_bytes: 1 << 30, cells: 10_000_000 }
    }
}

/// A table as it was read, before its texts are typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What the file is by content.
    pub kind: FileKind,
    /// Header and rows. Texts of a PDF, CSV or web page are as written; a workbook's
    /// cells have the types that they have there.
    pub table: Table,
    /// Totals rows, kept apart from the rows.
    pub totals: Vec<Vec<Value>>,
    /// What was found where, and what was left out and why.
    pub notes: Vec<String>,
}

/// Reads the table in a file of any kind.
///
/// # Errors
/// What is wrong with the file, in one sentence; never a part of the table.
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let kind = sniff(bytes)?;
    if bytes.len() as u64 > options.limits.bytes {
        return Err(too_large("the file", options.limits.bytes));
    }
    match kind {
        FileKind::Pdf => read_pdf(bytes, options),
        FileKind::Xlsx | FileKind::Xlsb | FileKind::Xls => guarded(|| workbook::read(bytes, kind, options)),
        FileKind::Ods => ods::read(bytes, options),
        FileKind::Csv => csv::read(bytes, options),
        FileKind::Html => html::read(bytes, options),
        FileKind::Json => json::read(bytes, options),
        FileKind::XmlSpreadsheet => spreadsheet_xml::read(bytes, options),
        other => {
            Err(Error::new(ErrorKind::WrongFile, format!("there is no reader for files of the kind {other}")))
        }
    }
}

/// What [`read`] sees in a PDF, for drawing it; see [`pdf::inspect`].
///
/// # Errors
/// The file cannot be opened. Where only the table is not certain, the pages come all the same.
pub fn inspect_pdf(bytes: &[u8], options: &ReadOptions) -> Result<pdf::Inspection, Error> {
    pdf::inspect(bytes, &pdf_options(options)).map_err(|error| pdf_error(&error))
}

fn pdf_options(options: &ReadOptions) -> pdf::PdfOptions<'_> {
    let limits = pdf::Limits {
        bytes: options.limits.bytes,
        unpacked_bytes: options.limits.unpacked_bytes,
        ..pdf::Limits::default()
    };
    pdf::PdfOptions { password: options.password.as_ref().map(Secret::expose), limits }
}

fn read_pdf(bytes: &[u8], options: &ReadOptions) -> Result<Reading, Error> {
    let read = pdf::read(bytes, &pdf_options(options)).map_err(|error| pdf_error(&error))?;
    let mut table = Table::with_names(&read.header);
    let mut line = (0, 0);
    for row in read.rows {
        line = if line.0 == row.page { (row.page, line.1 + 1) } else { (row.page, 1) };
        let origin = Origin { page: line.0, line: line.1 };
        table.push(row.cells.iter().map(Value::text), origin);
    }
    let totals = read.totals.iter().map(|row| row.iter().map(Value::text).collect()).collect();
    let mut notes = vec![format!("PDF of {} pages", read.pages)];
    notes.extend(read.notes);
    Ok(Reading { kind: FileKind::Pdf, table, totals, notes })
}

fn pdf_error(error: &pdf::PdfError) -> Error {
    use pdf::PdfError as E;
    let kind = match error {
        E::Empty => ErrorKind::EmptyFile,
        E::NotPdf { .. } => ErrorKind::WrongFile,
        E::PasswordNeeded | E::WrongPassword | E::Encryption { .. } => ErrorKind::ProtectedFile,
        E::Truncated { .. } | E::Corrupt { .. } => ErrorKind::CorruptFile,
        E::Limit { .. } | E::Time { .. } => ErrorKind::TooLarge,
        E::Contradiction { .. } => ErrorKind::Contradiction,
        E::NoTable { .. } => ErrorKind::NoTable,
        _ => ErrorKind::UnreadableFile,
    };
    Error::new(kind, error.to_string())
}

/// Libraries assert in places what a damaged file does not keep: that is a damaged file.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(corrupt("its parts contradict one another")))
}

fn too_large(what: &str, limit: u64) -> Error {
    Error::new(ErrorKind::TooLarge, format!("{what} is over the limit of {limit}"))
        .hint("fetch fewer days at once, or raise the limit")
}

fn corrupt(why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::CorruptFile, format!("the file is damaged or cut off: {why}"))
        .hint("download it again")
}
