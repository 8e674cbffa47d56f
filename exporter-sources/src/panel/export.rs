//! One export of a panel as a source of tables: download, check, keep, read.

use std::sync::Arc;

use async_trait::async_trait;
use exporter_core::{
    Error, ErrorKind, Export, ExportRequest, ExportSource, ExportSpec, FileKind, Session as _, Stage,
};

use super::{Panel, downloads};
use crate::driver::{Recipe, classify, expired, too_large};
use crate::formats::{self, ReadOptions, typing};

/// One export; its session is its panel's.
pub(super) struct PanelExport {
    panel: Arc<Panel>,
    index: usize,
}

impl PanelExport {
    pub(super) fn new(panel: Arc<Panel>, index: usize) -> Self {
        Self { panel, index }
    }

    fn recipe(&self) -> &Recipe {
        &self.panel.exports[self.index].1
    }
}

#[async_trait]
impl ExportSource for PanelExport {
    fn spec(&self) -> &ExportSpec {
        &self.panel.exports[self.index].0
    }

    /// Logging in is what can be tried without exporting.
    async fn check(&self) -> Result<(), Error> {
        self.panel.open().await.map(|_| ())
    }

    async fn export(&self, request: &ExportRequest) -> Result<Export, Error> {
        let recipe = self.recipe();
        let (download, driver) =
            self.panel.download(recipe, request.window).await.map_err(|error| error.at(Stage::Download))?;
        let limit = self.panel.options.limit;
        if tokio::fs::metadata(&download.path).await?.len() > limit {
            tokio::fs::remove_file(&download.path).await?;
            return Err(too_large(limit).at(Stage::Download));
        }
        let bytes = tokio::fs::read(&download.path).await?;
        let kind = match kind_of(&bytes, recipe.file) {
            Ok(kind) => kind,
            Err(error) => {
                tokio::fs::remove_file(&download.path).await?;
                return Err(error.at(Stage::Download));
            }
        };
        let options = &self.panel.options;
        let now = options.clock.now().with_timezone(&options.timezone);
        let artifact = downloads::keep(&download, &bytes, kind, &recipe.name, &options.downloads, now)?;
        let spec = self.spec().clone();
        let read = tokio::task::spawn_blocking(move || read(&bytes, &spec)).await;
        let (table, read_notes) = read
            .map_err(|error| Error::new(ErrorKind::Internal, "reading the file panicked").source(error))?
            .map_err(|error| error.at(Stage::Read).evidence(&artifact.path))?;
        let notes = download.notes.into_iter().chain(read_notes).collect();
        Ok(Export { artifact: Some(artifact), table, driver, notes })
    }
}

/// The kind that the content has; another than expected is an error that says what came.
fn kind_of(bytes: &[u8], expected: Option<FileKind>) -> Result<FileKind, Error> {
    let kind = formats::sniff(bytes).map_err(|error| {
        let page = error.kind() == ErrorKind::WrongFile && bytes.trim_ascii_start().starts_with(b"<");
        if page && classify::is_login_page(&String::from_utf8_lossy(bytes)) {
            expired("download")
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
fn read(bytes: &[u8], spec: &ExportSpec) -> Result<(exporter_core::Table, Vec<String>), Error> {
    let expect = spec.key.clone();
    let reading = formats::read(bytes, &ReadOptions { expect, ..ReadOptions::default() })?;
    for note in &reading.notes {
        tracing::debug!(export = spec.name, "{note}");
    }
    let mut table = reading.table;
    let options = typing::TypingOptions { declared: spec.types.clone(), text: spec.key.clone() };
    let notes = typing::apply(&mut table, &options);
    Ok((table, notes))
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
