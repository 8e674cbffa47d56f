//! What people see: errors, progress, reports, plans, tables.

pub mod error;
pub mod plan;
pub mod progress;
pub mod report;
pub mod table;
