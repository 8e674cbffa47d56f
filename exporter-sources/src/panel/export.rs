//! One export of a panel as a source of tables: download, check, keep, read.

use std::sync::Arc;

use async_trait::async_trait;
use exporter_core::{Error, Export, ExportRequest, ExportSource, ExportSpec, Session as _};

use super::{Panel, downloads};
use crate::driver::Recipe;

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
        let fetched = self.panel.fetch(self.spec(), recipe, request).await?;
        let options = &self.panel.options;
        let now = options.clock.now().with_timezone(&options.timezone);
        let artifact =
            downloads::keep(&fetched.download, &fetched.content, &recipe.name, &options.downloads, now)?;
        let content = fetched.content;
        let notes = fetched.notes.into_iter().chain(fetched.download.notes).chain(content.notes).collect();
        Ok(Export { artifact: Some(artifact), table: content.table, driver: fetched.driver, notes })
    }
}
