//! A panel: one login shared by its exports.

mod config;

pub use config::{ExportConfig, LoginConfig, Preset, preset};
