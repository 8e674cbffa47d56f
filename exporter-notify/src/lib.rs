//! Telling people about a run: [`Telegram`], and the [`Courier`] that carries a run's
//! events to any [`Notifier`](exporter_core::Notifier) without holding up the run.
//!
//! A new way to tell people is a folder beside `telegram/` with one type that implements
//! `Notifier`; wording and languages are shared and live in `render/`.

mod courier;
mod mailroom;
mod memory;
mod render;
mod telegram;

pub use courier::{About, Courier};
pub use mailroom::{Channel, Mailroom, Role};
pub use memory::MemoryOutbox;
pub use render::{Language, html, plain};
pub use telegram::{Said, Telegram, TelegramConfig};
