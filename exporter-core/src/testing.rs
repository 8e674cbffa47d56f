//! For tests of implementations: mocks of the traits, and contract suites that every
//! implementation runs. Behind the feature `testing`.

pub mod contract;
mod journal;
mod memory;
mod mocks;

pub use journal::MemoryJournal;
pub use memory::MemorySink;
pub use mocks::{MockExportSource, MockNotifier, MockSession, MockSink};
