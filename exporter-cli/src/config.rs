//! The configuration: one TOML file, checked strictly, with secrets only by reference.

mod first;
mod load;
mod model;
mod secret;
mod told;

pub use first::FirstConfig;
pub use load::{load, load_panel};
pub use model::{Config, Loaded, PanelSection, ScheduleSection, WatchSection};
pub use secret::SecretRef;
pub use told::TelegramSection;
