//! Layers: wrappers around the traits for what every implementation needs alike.

mod checked;
mod deadline;
mod referred;

pub use checked::Checked;
pub use deadline::Deadline;
pub use referred::{Reference, References, Referred};
