//! One module per file format.

pub mod pdf;
