//! Layers: wrappers around the traits for what every implementation needs alike.

mod checked;
mod deadline;

pub use checked::Checked;
pub use deadline::Deadline;
