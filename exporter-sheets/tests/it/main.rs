//! The sink against a stand-in for Google Sheets.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod astray;
mod bench;
mod changes;
mod contract;
mod credentials;
mod faults;
mod loading;
mod monthly;
mod people;
mod preflight;
mod storm;
mod undo;
mod writing;
