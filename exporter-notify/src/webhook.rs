//! A webhook of one's own: each message as a JSON document, in data and in words.

use async_trait::async_trait;
use exporter_core::{Delivery, Error, Message, Notifier, Secret};
use serde_json::{Value, json};

use crate::hook::{Body, Hook};
use crate::render::{Language, html, plain};

/// Version of the document's shape; it grows when a field changes its meaning.
const VERSION: u32 = 1;

/// Which address, which language.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// The address.
    pub url: Secret,
    /// Sent along as `Authorization: Bearer …`, where the service wants that.
    pub token: Option<Secret>,
    /// The language of the text.
    pub language: Language,
}

/// A service that takes JSON by POST.
///
/// The document has `version`, `store`, `run`, `silent`, `text` (the message in words, plain)
/// and `body`: a [`MessageBody`](exporter_core::MessageBody) with its `kind`.
#[derive(Debug)]
pub struct Webhook {
    hook: Hook,
    language: Language,
}

impl Webhook {
    /// For this configuration; nothing is sent yet.
    ///
    /// # Errors
    /// [`exporter_core::ErrorKind::Config`] when address or token cannot be right.
    pub fn new(config: WebhookConfig) -> Result<Self, Error> {
        let WebhookConfig { url, token, language } = config;
        Ok(Self { hook: Hook::new(&url, "the webhook", token)?, language })
    }
}

#[async_trait]
impl Notifier for Webhook {
    async fn check(&self) -> Result<(), Error> {
        self.hook.look().await
    }

    async fn notify(&self, message: &Message) -> Result<Delivery, Error> {
        self.hook.post(Body::Json(document(message, self.language))).await?;
        Ok(Delivery::default())
    }
}

fn document(message: &Message, language: Language) -> Value {
    json!({
        "version": VERSION,
        "store": message.store,
        "run": message.run,
        "silent": message.silent,
        "text": plain(&html(message, language)),
        "body": message.body,
    })
}
