//! What people see: errors, progress, reports, plans, tables.

pub mod calendar;
pub mod error;
pub mod history;
pub mod install;
pub mod page;
pub mod picture;
pub mod plan;
pub mod progress;
pub mod report;
pub mod say;
pub mod table;
pub mod why;

use serde::Serialize;

/// One JSON document with a line break at its end.
pub fn json(value: &impl Serialize) -> String {
    // What is printed holds nothing that JSON cannot; an empty object would be a defect of ours.
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|_| "{}".to_owned());
    format!("{text}\n")
}
