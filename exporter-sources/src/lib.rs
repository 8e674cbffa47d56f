//! Where tables come from: panels with their sessions, and the formats of their files.

mod browser;
mod driver;
pub mod formats;
mod http;
mod panel;
mod route;
mod selector;
mod totp;

pub use browser::leavings::left_running as browsers_left_running;
pub use panel::{
    BrowserOptions, Columns, Deadlines, ExportConfig, FieldValue, KEEP_DAYS, LoginConfig, LoginKind, Panel,
    PanelConfig, PanelOptions, Preset, StepConfig, Surveyed, preset, survey, sweep,
};
pub use route::{Body, Route, Routes};
