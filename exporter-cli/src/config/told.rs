//! Who is told, and how: every section of the configuration that names a way to tell.

use exporter_notify::{Language, Role};
use serde::Deserialize;

use super::secret::SecretRef;

/// `[telegram]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelegramSection {
    /// Where the bot's token is kept.
    pub token: SecretRef,
    /// The chat.
    pub chat: String,
    /// Another chat for failures with their causes; the first one then hears only how the
    /// runs go.
    pub owner_chat: Option<String>,
    /// Another address than Telegram's.
    pub base_url: Option<String>,
    /// The language of messages.
    #[serde(default)]
    pub language: Language,
    /// Whether `exporter serve` does what is asked for in these chats.
    #[serde(default = "yes")]
    pub commands: bool,
    /// Where Telegram posts what is asked for; without it `exporter serve` keeps asking.
    pub webhook: Option<BotWebhookSection>,
}

/// `[telegram.webhook]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotWebhookSection {
    /// The address as Telegram reaches it, which leads to the one `exporter serve` listens at.
    pub url: String,
    /// Where the secret is kept that Telegram shows with each post.
    pub secret: SecretRef,
}

fn yes() -> bool {
    true
}

/// `[email]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSection {
    /// `smtps://host` or `smtp://host:587`.
    pub server: String,
    /// The user name at the server, where it wants one.
    pub username: Option<String>,
    /// Where that user's password is kept.
    pub password: Option<SecretRef>,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
    /// What they are told: failures and what else they have to act on, unless given.
    #[serde(default = "owner")]
    pub role: Role,
    /// The language of messages.
    #[serde(default)]
    pub language: Language,
}

fn owner() -> Role {
    Role::Owner
}

/// `[slack]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackSection {
    /// Where the webhook's address is kept: whoever has it may write.
    pub url: SecretRef,
    /// What is told there: everything unless given.
    #[serde(default)]
    pub role: Role,
    /// The language of messages.
    #[serde(default)]
    pub language: Language,
}

/// `[webhook]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSection {
    /// Where the address is kept.
    pub url: SecretRef,
    /// Where the token is kept that goes along as `Authorization: Bearer …`.
    pub token: Option<SecretRef>,
    /// What is told there: everything, beginnings of runs as well, unless given.
    #[serde(default = "program")]
    pub role: Role,
    /// The language of the text.
    #[serde(default)]
    pub language: Language,
}

fn program() -> Role {
    Role::Program
}

/// `[heartbeat]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeartbeatSection {
    /// Where the address is kept; `/start` and `/fail` are below it.
    pub url: SecretRef,
    /// The language of the text.
    #[serde(default)]
    pub language: Language,
}
