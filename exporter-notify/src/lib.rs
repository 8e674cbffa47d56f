//! exporter-notify
