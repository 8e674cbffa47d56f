//! exporter-benches
