//! exporter-sources

pub mod formats;
pub mod panel;
mod selector;
