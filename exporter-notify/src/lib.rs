//! Telling people about a run: [`Telegram`], [`Email`], [`Slack`], a [`Webhook`] and a
//! [`Heartbeat`], and the [`Courier`] that carries a run's events to any
//! [`Notifier`](exporter_core::Notifier) without holding up the run.
//!
//! A new way to tell people is a file or folder beside these with one type that implements
//! `Notifier`; wording and languages are shared and live in `render/`. The feature
//! `testing` has the contract suite that each of them runs.

mod courier;
mod email;
mod heartbeat;
mod hook;
mod http;
mod mailroom;
mod memory;
mod picture;
mod render;
mod slack;
mod telegram;
#[cfg(feature = "testing")]
pub mod testing;
mod webhook;

pub use courier::{About, Courier, daily, failing, remind, stand, warn};
pub use email::{Email, EmailConfig};
pub use heartbeat::{Heartbeat, HeartbeatConfig};
pub use mailroom::{Channel, Mailroom, Role, is_of, moved_name};
pub use memory::MemoryOutbox;
pub use render::{Language, html, plain};
pub use slack::{Slack, SlackConfig};
pub use telegram::{BotWebhook, LONG_POLL, Said, Telegram, TelegramConfig, posted};
pub use webhook::{Webhook, WebhookConfig};
