//! Google Sheets as a sink: one read to plan a tab, one atomic write to change it.
//!
//! A tab belongs to people as well: columns that are not ours, rows that are not in the
//! file, formats and formulas stay as they are, wherever people move them.

mod a1;
mod agreed;
mod apply;
mod aside;
mod attempt;
mod batch;
mod changes;
mod client;
mod forecast;
mod grid;
mod inspect;
mod layout;
mod look;
mod matching;
mod monthly;
mod part;
mod quota;
mod rebase;
mod reconcile;
mod record;
mod sink;
mod stage;
mod structure;
mod undo;
mod wire;
mod work;

pub use client::{Credentials, SheetsClient, SheetsConfig};
pub use inspect::Room;
pub use sink::SheetsSink;
pub use undo::Undo;
