//! The sandbox's panels in every driver: a table of rows, seconds and memory.

use crate::process::{Result, cargo, run};

/// Runs the example that measures them.
pub fn all() -> Result {
    run(cargo(&["run", "--quiet", "--package", "exporter-sources", "--example", "panels"]))
}
