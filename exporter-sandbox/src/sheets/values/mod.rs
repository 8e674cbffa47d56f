//! The `values` methods: cells as plain lists.

pub mod append;
pub mod read;
pub mod write;

use serde_json::Value;

use super::range::Dimension;

/// The API's `majorDimension` of a request or a value range; rows unless said otherwise.
pub fn major(value: &Value) -> Dimension {
    Dimension::read(&value["majorDimension"])
}
