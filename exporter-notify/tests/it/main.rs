//! The Telegram notifier against a scripted Bot API on loopback.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bot;
mod delivery;
mod failures;
mod in_place;
mod mailroom;
