//! Reading a file again that a run downloaded: as the run did, without any panel.

use std::path::Path;

use exporter_core::{Error, ExportSpec, FileKind, Table};

use super::{ExportConfig, content, spec};
use crate::driver::Recipe;

/// What is in a file.
#[derive(Debug)]
pub struct Reread {
    /// The export as the pipeline knows it.
    pub spec: ExportSpec,
    /// The kind that its content has.
    pub kind: FileKind,
    /// Its table, with typed cells.
    pub table: Table,
    /// What a reader of a report would be told.
    pub notes: Vec<String>,
}

/// Sniffs and reads a file of at most `limit` bytes as a run of this export does. Where its page
/// is and what is clicked there does not matter.
///
/// # Errors
/// As a run: another kind than expected, a file that cannot be read, a missing column.
pub async fn reread(name: &str, config: &ExportConfig, file: &Path, limit: u64) -> Result<Reread, Error> {
    let place = ExportConfig { address: Some("/".to_owned()), page: None, ..config.clone() };
    let (recipe, spec) = (Recipe::new(name, &place)?, spec(name, config));
    let read = content::read(file, limit, &recipe, &spec).await;
    let content = read.map_err(|unread| unread.error.context("file", file.display().to_string()))?;
    Ok(Reread { spec, kind: content.kind, table: content.table, notes: content.notes })
}
