//! Checks around a source: a table is looked at before anybody writes it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::checks::{Checks, Usual};
use crate::{Export, ExportRequest, ExportSource, ExportSpec, Result, Stage};

/// Looks at each table of the inner source: what is odd is told with the export, or stops
/// it, as the checks say.
///
/// Put it outside of the deadline: looking takes no time that the panel could lack.
pub struct Checked {
    inner: Arc<dyn ExportSource>,
    checks: Checks,
    earlier: Vec<Usual>,
}

impl Checked {
    /// Checks the tables of `inner`; `earlier` are the numbers of rows that earlier runs
    /// brought, the newest first.
    pub fn new(inner: Arc<dyn ExportSource>, checks: Checks, earlier: Vec<Usual>) -> Self {
        Self { inner, checks, earlier }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl ExportSource for Checked {
    fn spec(&self) -> &ExportSpec {
        self.inner.spec()
    }

    async fn check(&self) -> Result<()> {
        self.inner.check().await
    }

    async fn export(&self, request: &ExportRequest) -> Result<Export> {
        let mut export = self.inner.export(request).await?;
        let found = self.checks.look(&export.table, self.inner.spec(), request.window, &self.earlier);
        export.notes.extend(found.map_err(|error| error.at(Stage::Check))?);
        Ok(export)
    }
}
