//! What people write to the bot, posted to us by Telegram (Bot API, `setWebhook`).

use std::fmt;

use exporter_core::{Error, ErrorKind, Secret};
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, json};

use super::Telegram;
use super::updates::{Said, Update, said};

/// The address that Telegram posts to, and the secret that it shows there.
#[derive(Clone)]
pub struct BotWebhook {
    url: Url,
    secret: Secret,
}

impl fmt::Debug for BotWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotWebhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

/// How the service gets on with a webhook (Bot API, `WebhookInfo`).
#[derive(Deserialize)]
struct Info {
    url: String,
    #[serde(default)]
    pending_update_count: u32,
    last_error_message: Option<String>,
}

impl BotWebhook {
    /// For this address; Telegram itself wants `https`, a server of one's own may do without.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when address or secret is not one that Telegram takes.
    pub fn new(url: &str, secret: Secret, own_server: bool) -> Result<Self, Error> {
        let url = Url::parse(url.trim()).ok().filter(|url| {
            url.has_host() && (url.scheme() == "https" || (own_server && url.scheme() == "http"))
        });
        let url = url.ok_or_else(|| {
            Error::new(ErrorKind::Config, "the address of `[telegram.webhook]` is not an https address")
                .hint("write it as Telegram reaches it from outside: https://bot.example.com/telegram")
        })?;
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
        let text = secret.expose();
        if !(1..=256).contains(&text.len()) || !text.chars().all(allowed) {
            return Err(Error::new(ErrorKind::Config, "the secret of `[telegram.webhook]` cannot be used")
                .hint("1 to 256 letters, digits, _ and -: openssl rand -hex 32"));
        }
        Ok(Self { url, secret })
    }

    /// Where it is posted to on our side.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// What has to come in the header `X-Telegram-Bot-Api-Secret-Token`.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}

impl Telegram {
    /// Has what people write posted to this address from now on.
    ///
    /// # Errors
    /// When the service cannot be reached or does not take the address.
    pub async fn set_webhook(&self, webhook: &BotWebhook) -> Result<(), Error> {
        let mut parameters = Map::new();
        parameters.insert("url".to_owned(), webhook.url.as_str().into());
        parameters.insert("secret_token".to_owned(), webhook.secret.expose().into());
        parameters.insert("allowed_updates".to_owned(), json!(["message"]));
        // One after the other, as they are asked for otherwise.
        parameters.insert("max_connections".to_owned(), 1.into());
        let result = self.api.call("setWebhook", &parameters, None).await;
        result.map(drop).map_err(|failure| self.error(failure))
    }

    /// Has nothing posted any more; what waits is kept for who asks.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn delete_webhook(&self) -> Result<(), Error> {
        let result = self.api.call("deleteWebhook", &Map::new(), None).await;
        result.map(drop).map_err(|failure| self.error(failure))
    }

    /// Why this webhook does not bring what people write, if it does not.
    ///
    /// # Errors
    /// When the service cannot be reached or refuses.
    pub async fn webhook_trouble(&self, webhook: &BotWebhook) -> Result<Option<String>, Error> {
        let result = self.api.call("getWebhookInfo", &Map::new(), None).await;
        let info: Info =
            serde_json::from_value(result.map_err(|failure| self.error(failure))?).map_err(|error| {
                Error::new(ErrorKind::MessengerDown, "Telegram does not say how the webhook does")
                    .source(error)
            })?;
        if info.url != webhook.url.as_str() {
            return Ok(Some("the bot has another webhook: another program uses the same token".to_owned()));
        }
        // What failed and arrived since is no trouble any more.
        Ok(info.last_error_message.filter(|_| info.pending_update_count > 0))
    }
}

/// What was posted, if it is an update; one that is no message has no text.
pub fn posted(body: &[u8]) -> Option<Said> {
    serde_json::from_slice::<Update>(body).ok().map(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_and_secret_are_such_as_telegram_takes() {
        let webhook = |url, secret: &str, own| BotWebhook::new(url, Secret::new(secret), own);
        let good = webhook("https://bot.example.com/telegram", "s3cret_-", false).unwrap();
        assert_eq!(good.path(), "/telegram");
        assert_eq!(format!("{good:?}"), "BotWebhook { host: Some(\"bot.example.com\"), .. }");
        assert!(webhook("http://127.0.0.1:9464/telegram", "s", true).is_ok());
        for (url, secret) in [
            ("http://bot.example.com/", "s"),
            ("bot.example.com", "s"),
            ("https://bot.example.com/", ""),
            ("https://bot.example.com/", "not a secret"),
        ] {
            let error = webhook(url, secret, false).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{url} {secret}");
        }
    }
}
