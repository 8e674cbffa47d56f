//! The ways to tell people, as the configuration names them.

use std::path::Path;
use std::sync::Arc;

use exporter_core::{Error, Notifier};
use exporter_notify::{
    BotWebhook, Channel, Email, EmailConfig, Heartbeat, HeartbeatConfig, Role, Slack, SlackConfig, Telegram,
    TelegramConfig, Webhook, WebhookConfig, moved_name,
};
use exporter_store::Store;

use crate::config::{Config, TelegramSection};
use crate::logging;

/// The channels of a configuration, in order; none when nobody is to be told.
///
/// # Errors
/// [`exporter_core::ErrorKind::Config`] or [`exporter_core::ErrorKind::SecretMissing`].
pub fn channels(config: &Config, directory: &Path) -> Result<Vec<Channel>, Error> {
    let mut channels = Vec::new();
    if let Some(section) = &config.telegram {
        let team = if section.owner_chat.is_some() { Role::Team } else { Role::Everybody };
        channels.push(chat(TEAM, section, &section.chat, team, directory)?);
        if let Some(owner) = &section.owner_chat {
            channels.push(chat(OWNER, section, owner, Role::Owner, directory)?);
        }
    }
    channels.extend(others(config, directory)?);
    Ok(channels)
}

/// All but Telegram: none of them can change what it has said.
fn others(config: &Config, directory: &Path) -> Result<Vec<Channel>, Error> {
    let mut channels = Vec::new();
    let mut add = |name: &str, role, notifier: Arc<dyn Notifier>| {
        channels.push(Channel { name: name.to_owned(), notifier, role, live: false });
    };
    if let Some(section) = &config.email {
        let password = section.password.as_ref().map(|place| place.resolve(directory, "the mail password"));
        let login = section.username.clone().zip(password.transpose()?);
        let (server, from, to) = (section.server.clone(), section.from.clone(), section.to.clone());
        let email = Email::new(EmailConfig { server, login, from, to, language: section.language })?;
        add("e-mail", section.role, Arc::new(email));
    }
    if let Some(section) = &config.slack {
        let url = section.url.resolve(directory, "the address of the Slack webhook")?;
        add("Slack", section.role, Arc::new(Slack::new(&SlackConfig { url, language: section.language })?));
    }
    if let Some(section) = &config.webhook {
        let url = section.url.resolve(directory, "the address of the webhook")?;
        let token = section.token.as_ref().map(|place| place.resolve(directory, "the webhook's token"));
        let webhook = WebhookConfig { url, token: token.transpose()?, language: section.language };
        add("webhook", section.role, Arc::new(Webhook::new(webhook)?));
    }
    if let Some(section) = &config.heartbeat {
        let url = section.url.resolve(directory, "the address of the heartbeat")?;
        let log = Some(Arc::new(logging::end) as _);
        let heartbeat = Heartbeat::new(HeartbeatConfig { url, language: section.language, log })?;
        add("heartbeat", Role::Program, Arc::new(heartbeat));
    }
    Ok(channels)
}

/// Puts the new id of a chat that has moved in the place of the one that is configured: what
/// was noted when it was followed outlives the process.
///
/// # Errors
/// When the state cannot be read.
pub async fn follow_moves(config: &mut Config, store: &dyn Store) -> Result<(), Error> {
    let Some(section) = &mut config.telegram else { return Ok(()) };
    let known = store.marks().await?;
    for chat in std::iter::once(&mut section.chat).chain(&mut section.owner_chat) {
        if let Some(new) = known.get(&moved_name(chat.trim())) {
            chat.clone_from(new);
        }
    }
    Ok(())
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

/// The address at which Telegram posts, if it is to.
///
/// # Errors
/// As [`channels`].
pub fn webhook(telegram: Option<&TelegramSection>, directory: &Path) -> Result<Option<BotWebhook>, Error> {
    let Some(section) = telegram.filter(|section| section.commands) else { return Ok(None) };
    let Some(webhook) = &section.webhook else { return Ok(None) };
    let secret = webhook.secret.resolve(directory, "the secret of the bot's webhook")?;
    BotWebhook::new(&webhook.url, secret, section.base_url.is_some()).map(Some)
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
