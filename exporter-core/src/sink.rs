//! Where tables go: plan, apply, receipt.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::tabs::{self, Routed};
use crate::{Error, ExportSpec, Plan, Table};

/// A destination that takes tables without losing or doubling a row.
///
/// # Behavior
/// - `plan` reads and never writes; it may be shown to a person before it is applied.
/// - `apply` does what the plan says, verified, or fails; applying a plan of which a part
///   or all has already happened adds nothing twice.
/// - Nothing that people put into the destination is overwritten or deleted.
/// - Planning the same table again after a successful `apply` finds nothing to do.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Tries address, credentials and rights without writing.
    async fn check(&self) -> Result<(), Error>;

    /// Splits a table by the tabs that its rows go to, each of them to be planned and applied
    /// by itself; one part where the spec has one tab. It reads and never writes.
    ///
    /// A sink that can look a key up keeps rows in the tab where they are: see [`tabs::route`].
    async fn route(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Vec<Routed>, Error> {
        tabs::route(table, spec, |_, _| None)
    }

    /// Works out what would change. The spec's tab is one tab.
    async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan, Error>;

    /// Makes it so.
    async fn apply(&self, plan: &Plan) -> Result<Receipt, Error>;
}

/// What a sink did, verified by reading it back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Receipt {
    /// Rows added.
    pub inserted: usize,
    /// Rows in which at least one cell was changed.
    pub updated: usize,
    /// Cells changed in those rows.
    pub cells: usize,
    /// Calls to the destination's service that `apply` made, reading back included.
    pub calls: u32,
    /// Bytes sent.
    pub bytes: u64,
    /// Whether what was written was read back and found right.
    pub verified: bool,
    /// What a reader of the report should know: rows that people moved, a lost answer
    /// that was settled.
    pub notes: Vec<String>,
}
