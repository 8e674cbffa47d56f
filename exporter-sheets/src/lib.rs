//! exporter-sheets
