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
        channels.push(chat(TEAM, section, &section.chat, team, directory)?);
        if let Some(owner) = &section.owner_chat {
            channels.push(chat(OWNER, section, owner, Role::Owner, directory)?);
        }
    }
    Ok(channels)
}

/// The bot, and the chats that may ask it for something, each with the name of its channel.
pub type Listening = (Telegram, Vec<(String, String)>);

/// Who may ask the bot for something; none when nobody may.
///
/// # Errors
/// As [`channels`].
pub fn listener(telegram: Option<&TelegramSection>, directory: &Path) -> Result<Option<Listening>, Error> {
    let Some(section) = telegram.filter(|section| section.commands) else { return Ok(None) };
    let mut allowed = vec![(section.chat.trim().to_owned(), TEAM.to_owned())];
    allowed.extend(section.owner_chat.iter().map(|chat| (chat.trim().to_owned(), OWNER.to_owned())));
    Ok(Some((bot(section, &section.chat, directory)?, allowed)))
}

/// The names of the channels.
const TEAM: &str = "Telegram";
const OWNER: &str = "Telegram (owner)";

/// One chat of the bot.
fn chat(
    name: &str,
    section: &TelegramSection,
    chat: &str,
    role: Role,
    directory: &Path,
) -> Result<Channel, Error> {
    let notifier = Arc::new(bot(section, chat, directory)?);
    Ok(Channel { name: name.to_owned(), notifier, role, live: true })
}

fn bot(section: &TelegramSection, chat: &str, directory: &Path) -> Result<Telegram, Error> {
    Telegram::new(TelegramConfig {
        token: section.token.resolve(directory, "the bot's token")?,
        chat: chat.to_owned(),
        base_url: section.base_url.clone(),
        language: section.language,
    })
}
