//! The ways to tell people, as the configuration names them.

use std::path::Path;
use std::sync::Arc;

use exporter_core::Error;
use exporter_notify::{Channel, Role, Telegram, TelegramConfig};

use crate::config::TelegramSection;

/// The channels of a configuration, in order; none when nobody is to be told.
///
/// # Errors
/// [`exporter_core::ErrorKind::Config`] or [`exporter_core::ErrorKind::SecretMissing`].
pub fn channels(telegram: Option<&TelegramSection>, directory: &Path) -> Result<Vec<Channel>, Error> {
    let mut channels = Vec::new();
    if let Some(section) = telegram {
        let team = if section.owner_chat.is_some() { Role::Team } else { Role::Everybody };
        channels.push(chat("Telegram", section, &section.chat, team, directory)?);
        if let Some(owner) = &section.owner_chat {
            channels.push(chat("Telegram (owner)", section, owner, Role::Owner, directory)?);
        }
    }
    Ok(channels)
}

/// One chat of the bot.
fn chat(
    name: &str,
    section: &TelegramSection,
    chat: &str,
    role: Role,
    directory: &Path,
) -> Result<Channel, Error> {
    let config = TelegramConfig {
        token: section.token.resolve(directory, "the bot's token")?,
        chat: chat.to_owned(),
        base_url: section.base_url.clone(),
        language: section.language,
    };
    Ok(Channel { name: name.to_owned(), notifier: Arc::new(Telegram::new(config)?), role, live: true })
}
