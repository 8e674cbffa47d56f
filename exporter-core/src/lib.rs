//! exporter-core
