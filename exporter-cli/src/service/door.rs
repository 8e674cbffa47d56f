//! The address where Telegram posts what people write: who may, and what becomes of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use exporter_notify::{BotWebhook, Said, posted};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

/// Telegram's own header (Bot API, `setWebhook`, `secret_token`).
const SECRET: &str = "X-Telegram-Bot-Api-Secret-Token";
/// No update is as large.
const LARGEST: usize = 1 << 20;

/// Something that was posted; whoever takes it says that it is dealt with.
pub type Posted = (Said, oneshot::Sender<()>);

/// Where posts come in, as long as somebody takes them. The configuration may change what
/// is behind it while the service runs.
#[derive(Debug, Default)]
pub struct Door(Mutex<Option<Bell>>);

#[derive(Debug, Clone)]
struct Bell {
    path: String,
    /// Digests are compared, so that the time it takes tells nothing.
    secret: [u8; 32],
    posted: UnboundedSender<Posted>,
}

impl Door {
    /// Takes posts for this webhook from now on.
    pub fn open(&self, webhook: &BotWebhook) -> UnboundedReceiver<Posted> {
        let (sender, receiver) = unbounded_channel();
        let secret = Sha256::digest(webhook.secret().expose()).into();
        *self.bell() = Some(Bell { path: webhook.path().to_owned(), secret, posted: sender });
        receiver
    }

    /// Takes none any more.
    pub fn shut(&self) {
        *self.bell() = None;
    }

    /// Whether posts to this path are for it.
    pub fn is_at(&self, path: &str) -> bool {
        self.bell().as_ref().is_some_and(|bell| bell.path == path)
    }

    /// Takes a post in; it is told that it arrived once it is dealt with, else it is posted
    /// again.
    pub async fn take(&self, request: Request<Incoming>) -> StatusCode {
        let Some(bell) = self.bell().clone() else { return StatusCode::NOT_FOUND };
        let shown = request.headers().get(SECRET).map(|shown| shown.as_bytes().to_vec()).unwrap_or_default();
        if <[u8; 32]>::from(Sha256::digest(shown)) != bell.secret {
            tracing::warn!("somebody without the secret posts to the bot's webhook");
            return StatusCode::UNAUTHORIZED;
        }
        let Ok(body) = Limited::new(request.into_body(), LARGEST).collect().await else {
            return StatusCode::BAD_REQUEST;
        };
        let Some(said) = posted(&body.to_bytes()) else { return StatusCode::BAD_REQUEST };
        let (done, dealt_with) = oneshot::channel();
        let taken = bell.posted.send((said, done)).is_ok();
        if taken && dealt_with.await.is_ok() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    }

    fn bell(&self) -> MutexGuard<'_, Option<Bell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A webhook and what comes in by it.
pub struct Hook {
    /// Where.
    pub webhook: BotWebhook,
    /// What was posted.
    pub posted: UnboundedReceiver<Posted>,
}

/// Opens the door for this webhook, or shuts it where there is none.
pub fn hang(door: &Arc<Door>, webhook: Option<BotWebhook>) -> Option<Hook> {
    let Some(webhook) = webhook else {
        door.shut();
        return None;
    };
    let posted = door.open(&webhook);
    Some(Hook { webhook, posted })
}
