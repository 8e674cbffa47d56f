//! Where tables come from: panels with their sessions, and the formats of their files.

mod browser;
mod driver;
pub mod formats;
mod http;
mod panel;
mod route;
mod selector;

pub use panel::{
    BrowserOptions, Deadlines, ExportConfig, KEEP_DAYS, LoginConfig, Panel, PanelConfig, PanelOptions,
    Preset, preset, sweep,
};
pub use route::{Body, Route, Routes};
