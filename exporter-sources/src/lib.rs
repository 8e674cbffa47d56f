//! Where tables come from: panels with their sessions, and the formats of their files.

mod browser;
mod driver;
mod evidence;
pub mod formats;
mod http;
mod panel;
mod route;
mod selector;
mod totp;

pub use browser::leavings::left_running as browsers_left_running;
pub use browser::{TriedBrowser, try_browser};
pub use panel::{
    BrowserKind, BrowserOptions, Columns, Deadlines, ExportConfig, FieldValue, KEEP_DAYS, LoginConfig,
    LoginKind, Panel, PanelConfig, PanelOptions, Preset, Recorded, Recording, Reread, StepConfig, Surveyed,
    preset, reread, survey, sweep,
};
pub use route::{Body, Route, Routes};
