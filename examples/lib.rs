//! What the examples share: a second, small sink that proves the trait.

mod csv_sink;

pub use csv_sink::CsvSink;
