//! What is in a file that came: its kind, its table, or what came instead.

use std::path::Path;

use exporter_core::{ColumnType, Error, ErrorKind, ExportSpec, FileKind, Stage, Table};
use sha2::{Digest as _, Sha256};

use crate::driver::{OFTEN_SHARED, Recipe, classify, too_large};
use crate::formats::{self, ReadOptions, typing};

/// A file, read.
pub(super) struct Content {
    pub kind: FileKind,
    pub table: Table,
    pub size: u64,
    pub sha256: String,
    /// What a reader of the report should know.
    pub notes: Vec<String>,
}

impl Content {
    /// No rows: the panel's own word for it instead of a file.
    pub(super) fn nothing(recipe: &Recipe, spec: &ExportSpec, said: &str) -> Self {
        let names = if recipe.columns.is_empty() { &spec.key } else { &recipe.columns };
        Self {
            kind: FileKind::Html,
            table: Table::with_names(names),
            size: 0,
            sha256: String::new(),
            notes: vec![format!("the panel has nothing for these days, it says: \"{said}\"")],
        }
    }
}

/// A file that could not be read.
pub(super) struct Unread {
    pub error: Error,
    /// Its kind, where that is the expected one: then it is worth keeping.
    pub kind: Option<FileKind>,
}

impl<E: Into<Error>> From<E> for Unread {
    fn from(error: E) -> Self {
        Self { error: error.into(), kind: None }
    }
}

/// Reads a file; it stays where it is.
pub(super) async fn read(
    path: &Path,
    limit: u64,
    recipe: &Recipe,
    spec: &ExportSpec,
) -> Result<Content, Unread> {
    let size = tokio::fs::metadata(path).await?.len();
    if size > limit {
        return Err(too_large(limit).at(Stage::Download).into());
    }
    let bytes = tokio::fs::read(path).await?;
    let kind = kind_of(&bytes, recipe.file).map_err(|error| error.at(Stage::Download))?;
    let (spec, names) = (spec.clone(), recipe.columns.clone());
    // Another thread knows nothing of the run and the export that it works for.
    let span = tracing::Span::current();
    let read = tokio::task::spawn_blocking(move || {
        let read = || table(&bytes, &spec, &names).map(|(table, notes)| (table, notes, sha256(&bytes)));
        span.in_scope(read)
    });
    let (table, notes, sha256) = read
        .await
        .map_err(|error| Error::new(ErrorKind::Internal, "reading the file panicked").source(error))?
        .map_err(|error| Unread { error: error.at(Stage::Read), kind: Some(kind) })?;
    Ok(Content { kind, table, size, sha256, notes })
}

/// The kind that the content has; another than expected is an error that says what came.
fn kind_of(bytes: &[u8], expected: Option<FileKind>) -> Result<FileKind, Error> {
    let kind = formats::sniff(bytes).map_err(|error| {
        let page = error.kind() == ErrorKind::WrongFile && bytes.trim_ascii_start().starts_with(b"<");
        if page && classify::is_login_page(&String::from_utf8_lossy(bytes)) {
            Error::new(ErrorKind::SessionExpired, "the panel sent its login page instead of a file")
                .hint(OFTEN_SHARED)
        } else {
            error
        }
    })?;
    match expected {
        Some(expected) if expected != kind => Err(Error::new(
            ErrorKind::WrongFile,
            format!("a file of the kind {kind} came where {expected} is expected"),
        )
        .hint("if the panel has changed, set the export's `file` in the configuration")),
        _ => Ok(kind),
    }
}

/// The typed table in the file, and what a reader of the report should know: cells that do
/// not fit, not how a file that was read for certain is laid out.
fn table(bytes: &[u8], spec: &ExportSpec, names: &[String]) -> Result<(Table, Vec<String>), Error> {
    let expect = if names.is_empty() { spec.key.clone() } else { names.to_vec() };
    let texts = spec.types.iter().filter(|(_, kind)| **kind == ColumnType::Text);
    let shown = texts.map(|(name, _)| name.clone()).collect();
    let reading = formats::read(bytes, &ReadOptions { expect, shown, ..ReadOptions::default() })?;
    for note in &reading.notes {
        tracing::debug!(export = spec.name, "{note}");
    }
    let mut table = reading.table;
    if let Some(missing) = names.iter().find(|name| table.position(name).is_none()) {
        let found: Vec<&str> = table.columns().iter().map(|column| &*column.name).collect();
        return Err(Error::new(ErrorKind::MissingColumn, format!("the file has no column `{missing}`"))
            .context("columns", found.join(", "))
            .hint("if the panel has changed, correct the export's `columns` in the configuration"));
    }
    let options = typing::TypingOptions { declared: spec.types.clone(), text: spec.key.clone() };
    let typed = typing::apply(&mut table, &options);
    for (column, amount) in reading.totals.iter().flat_map(|row| typing::amounts(row)) {
        table.print(column, amount);
    }
    Ok((table, typed.misfits))
}

/// SHA-256 in hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_said() {
        let kind = |bytes: &[u8]| kind_of(bytes, Some(FileKind::Pdf)).unwrap_err();
        let login = b"<!doctype html><html><body><form><input type=password></form></body></html>";
        assert_eq!(kind(login).kind(), ErrorKind::SessionExpired);
        let page = kind(b"<!doctype html><html><title>Laporan kosong</title><body></body></html>");
        assert_eq!(page.kind(), ErrorKind::WrongFile);
        assert!(page.to_string().contains("Laporan kosong"), "{page}");
        assert_eq!(kind(b"").kind(), ErrorKind::EmptyFile);
        assert_eq!(kind(b"a,b\n1,2\n").kind(), ErrorKind::WrongFile);
    }
}
