//! Layers: wrappers around the traits for what every implementation needs alike.

mod deadline;

pub use deadline::Deadline;
