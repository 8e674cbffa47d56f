//! exporter-examples
