//! The Telegram notifier against a scripted Bot API on loopback.

mod bot;
mod delivery;
mod failures;
