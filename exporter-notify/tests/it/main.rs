//! The notifiers against stand-ins on loopback, and the mailroom between.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bot;
mod contract;
mod delivery;
mod failures;
mod in_place;
mod mailroom;
