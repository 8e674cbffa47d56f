//! Receivers of messages other than Telegram: hooks that are told by POST, and a mail server.

mod encryption;
mod hooks;
mod letter;
mod smtp;

pub use encryption::{AUTHORITY, Encryption};
pub use hooks::HEARTBEAT_PATH;
pub use hooks::{Hooks, Post, SLACK_PATH, WEBHOOK_PATH, WEBHOOK_TOKEN};
pub use letter::Letter;
pub use smtp::{MAIL_PASSWORD, MAIL_USER, MailServer};
