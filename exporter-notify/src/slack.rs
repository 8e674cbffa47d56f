//! Slack, and every service that takes its incoming webhooks: Mattermost, Rocket.Chat,
//! Zulip, Discord with `/slack` at the end of the address.
//!
//! Facts are from <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>
//! and <https://docs.slack.dev/messaging/formatting-message-text>.

use async_trait::async_trait;
use exporter_core::{Delivery, Error, ErrorKind, Message, Notifier, Retry, Secret};
use serde_json::json;

use crate::hook::{Body, Hook};
use crate::render::{Language, html, plain, split};

/// Slack advises against more letters in one message; others refuse them.
const TEXT_LIMIT: usize = 4000;

/// Which webhook, which language.
#[derive(Debug, Clone)]
pub struct SlackConfig {
    /// The webhook's address: whoever has it may write into the channel.
    pub url: Secret,
    /// The language of messages.
    pub language: Language,
}

/// An incoming webhook of one channel.
#[derive(Debug)]
pub struct Slack {
    hook: Hook,
    language: Language,
}

impl Slack {
    /// For this configuration; nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when the address cannot be right.
    pub fn new(config: &SlackConfig) -> Result<Self, Error> {
        Ok(Self { hook: Hook::new(&config.url, "the Slack webhook", None)?, language: config.language })
    }

    /// One part; as plain text when its markup is refused.
    async fn send(&self, part: &str, delivery: &mut Delivery) -> Result<(), Error> {
        match self.hook.post(Body::Json(json!({ "text": markup(part) }))).await {
            Err(error) if is_refused(&error) => {
                tracing::warn!(%error, "markup was refused; sending plain text");
                delivery.plain = true;
                // Slack reads the three escapes in plain text as well.
                let text = escaped(&plain(part));
                self.hook.post(Body::Json(json!({ "text": text, "mrkdwn": false }))).await
            }
            other => other,
        }
    }
}

#[async_trait]
impl Notifier for Slack {
    /// An empty message is refused by a webhook that is there (400), and by one that is not
    /// (404 and others).
    async fn check(&self) -> Result<(), Error> {
        match self.hook.post(Body::Json(json!({}))).await {
            Err(error) if is_refused(&error) => Ok(()),
            other => other,
        }
    }

    async fn notify(&self, message: &Message) -> Result<Delivery, Error> {
        let mut delivery = Delivery::default();
        let parts = split(&html(message, self.language), TEXT_LIMIT);
        if let Some(part) = parts.get(message.part) {
            self.send(part, &mut delivery).await?;
        }
        delivery.more = message.part + 1 < parts.len();
        Ok(delivery)
    }
}

/// Whether this message was refused, as opposed to every one.
fn is_refused(error: &Error) -> bool {
    error.kind() == ErrorKind::MessageRefused && error.retry_class() == Retry::Never
}

/// Slack's own markup: the escapes are the same three, the tags are signs. A back-tick in
/// data would end the code that it stands in.
fn markup(html: &str) -> String {
    html.replace('`', "'")
        .replace("<b>", "*")
        .replace("</b>", "*")
        .replace("<code>", "`")
        .replace("</code>", "`")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_signs_and_data_stays_data() {
        assert_eq!(markup("❌ <b>Toko</b>\n<code>a `b` &lt;c&gt;</code>"), "❌ *Toko*\n`a 'b' &lt;c&gt;`");
        assert_eq!(escaped(&plain("<b>a &lt;!channel&gt;</b>")), "a &lt;!channel&gt;");
    }
}
