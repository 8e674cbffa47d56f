//! exporter-sources

pub mod formats;
