//! Receivers of messages other than Telegram: hooks that are told by POST, and a mail server.

mod hooks;
mod letter;
mod smtp;

pub use hooks::HEARTBEAT_PATH;
pub use hooks::{Hooks, Post, SLACK_PATH, WEBHOOK_PATH, WEBHOOK_TOKEN};
pub use letter::Letter;
pub use smtp::{MAIL_PASSWORD, MAIL_USER, MailServer};
