//! What people see: errors, progress, reports, plans, tables.

pub mod calendar;
pub mod error;
pub mod history;
pub mod page;
pub mod plan;
pub mod progress;
pub mod report;
pub mod table;
