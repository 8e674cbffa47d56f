//! A code on its way from the process that listens to the chat to the one whose login waits:
//! through the state, readable by nobody but who asked.
//!
//! Who asks leaves the public half of a key that never leaves its memory (X25519); whoever
//! hears the code encrypts it for that key (HKDF-SHA256, ChaCha20-Poly1305). So no code can
//! be read in the state's file, not even afterwards.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use exporter_core::{Error, ErrorKind, Secret};
use exporter_notify::Telegram;
use exporter_store::{Holder, Store};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::SystemRandom;
use serde::{Deserialize, Serialize};

use super::Given;
use crate::hex::{hex, unhex};

/// What is kept of a bot in the state: two bots over one state have each their own.
#[derive(Clone)]
pub struct Handover {
    store: Arc<dyn Store>,
    scope: String,
}

/// A question that waits, as others see it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Open {
    key: String,
    until: DateTime<Utc>,
}

/// The same, for who asked.
pub struct Asked {
    private: EphemeralPrivateKey,
    public: Vec<u8>,
}

/// Who listens to the bot.
#[derive(Debug, Serialize, Deserialize)]
struct Listener {
    who: Holder,
    until: DateTime<Utc>,
}

/// Who listens says so anew when less than this is left of its time.
const RENEWED: chrono::TimeDelta = chrono::TimeDelta::seconds(90);
/// For so long it is believed.
const BELIEVED: chrono::TimeDelta = chrono::TimeDelta::minutes(3);

impl Handover {
    /// For this bot over this state.
    pub fn new(store: &Arc<dyn Store>, telegram: &Telegram) -> Self {
        Self { store: store.clone(), scope: format!("telegram {}", telegram.bot()) }
    }

    /// Says that this process listens to the bot; false while another one does.
    ///
    /// # Errors
    /// When the state cannot be read or written.
    pub async fn listen(&self, now: DateTime<Utc>) -> Result<bool, Error> {
        let here = Holder::here("serve");
        let known = self.listener().await?.filter(|known| known.until > now);
        match known {
            Some(known) if known.who != here && !known.who.is_gone() => return Ok(false),
            Some(known) if known.who == here && known.until - now > RENEWED => return Ok(true),
            _ => {}
        }
        let ours = json(&Listener { who: here, until: now + BELIEVED });
        self.set("listener", Some(&ours)).await?;
        Ok(true)
    }

    /// Whether another process listens to the bot and will hand over what it hears.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn is_served(&self, now: DateTime<Utc>) -> Result<bool, Error> {
        let known = self.listener().await?;
        Ok(known.is_some_and(|known| known.until > now && !known.who.is_gone()))
    }

    async fn listener(&self) -> Result<Option<Listener>, Error> {
        Ok(self.get("listener").await?.and_then(|known| serde_json::from_str(&known).ok()))
    }

    /// Leaves a question, until it is taken away by [`Handover::close`].
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn ask(&self, until: DateTime<Utc>) -> Result<Asked, Error> {
        let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(|_| broken())?;
        let public = private.compute_public_key().map_err(|_| broken())?.as_ref().to_vec();
        self.set("answer", None).await?;
        self.set("question", Some(&json(&Open { key: hex(&public), until }))).await?;
        Ok(Asked { private, public })
    }

    /// Takes the question away.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn close(&self) -> Result<(), Error> {
        self.set("question", None).await?;
        self.set("answer", None).await
    }

    /// The question that another process left, if one waits.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn open(&self, now: DateTime<Utc>) -> Result<Option<Open>, Error> {
        let open: Option<Open> =
            self.get("question").await?.and_then(|open| serde_json::from_str(&open).ok());
        Ok(open.filter(|open| open.until > now))
    }

    /// Gives the answer to a question; the first one counts.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn give(&self, open: &Open, given: &Given) -> Result<(), Error> {
        let theirs = unhex(&open.key).ok_or_else(broken)?;
        let private = EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).map_err(|_| broken())?;
        let ours = private.compute_public_key().map_err(|_| broken())?.as_ref().to_vec();
        let key = shared(private, &theirs, &theirs, &ours)?;
        let mut text = vec![u8::from(given.left)];
        text.extend(given.code.expose().as_bytes());
        key.seal_in_place_append_tag(nonce(), Aad::empty(), &mut text).map_err(|_| broken())?;
        self.set("answer", Some(&format!("{} {}", hex(&ours), hex(&text)))).await?;
        self.set("question", None).await
    }

    /// Whether an answer waits.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn answered(&self) -> Result<Option<String>, Error> {
        self.get("answer").await
    }

    /// The last update that was dealt with.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn heard(&self) -> Result<Option<i64>, Error> {
        Ok(self.get("update").await?.and_then(|update| update.parse().ok()))
    }

    /// An update is dealt with.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn has_heard(&self, update: i64) -> Result<(), Error> {
        self.set("update", Some(&update.to_string())).await
    }

    /// A small fact about the bot.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub async fn get(&self, name: &str) -> Result<Option<String>, Error> {
        self.store.fact(&self.scope, name).await
    }

    /// Notes a small fact about the bot, or forgets it.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn set(&self, name: &str, value: Option<&str>) -> Result<(), Error> {
        self.store.set_fact(&self.scope, name, value).await
    }
}

impl Asked {
    /// Reads the answer, once.
    ///
    /// # Errors
    /// When it was not made for this question.
    pub fn read(self, answer: &str) -> Result<Given, Error> {
        let (theirs, text) = answer.split_once(' ').ok_or_else(broken)?;
        let (theirs, mut text) = (unhex(theirs).ok_or_else(broken)?, unhex(text).ok_or_else(broken)?);
        let key = shared(self.private, &theirs, &self.public, &theirs)?;
        let plain = key.open_in_place(nonce(), Aad::empty(), &mut text).map_err(|_| broken())?;
        let (left, code) = plain.split_first().ok_or_else(broken)?;
        let code = std::str::from_utf8(code).map_err(|_| broken())?;
        Ok(Given { code: Secret::new(code), left: *left == 1 })
    }
}

/// The key of one question and its answer.
fn shared(
    private: EphemeralPrivateKey,
    theirs: &[u8],
    asker: &[u8],
    giver: &[u8],
) -> Result<LessSafeKey, Error> {
    let theirs = UnparsedPublicKey::new(&X25519, theirs);
    let salt = Salt::new(HKDF_SHA256, &[asker, giver].concat());
    let key = agree_ephemeral(private, &theirs, |secret| {
        let derived = salt.extract(secret);
        derived.expand(&[b"exporter one-time code"], &CHACHA20_POLY1305).map(UnboundKey::from)
    });
    key.ok().and_then(Result::ok).map(LessSafeKey::new).ok_or_else(broken)
}

/// A key is used for one text only.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

fn broken() -> Error {
    Error::new(ErrorKind::SecondFactor, "the one-time code could not be handed over between two processes")
        .hint("start another run, and answer with the code that the panel sends then")
}

/// Plain data of ours is JSON.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use exporter_notify::{Language, TelegramConfig};
    use exporter_store::SqliteStore;

    use super::*;

    #[tokio::test]
    async fn a_code_comes_over_and_only_who_asked_can_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&file).await.unwrap());
        let telegram = Telegram::new(TelegramConfig {
            token: Secret::new("42:abc"),
            chat: "1".into(),
            base_url: None,
            language: Language::En,
        });
        let handover = Handover::new(&store, &telegram.unwrap());
        let now: DateTime<Utc> = "2026-01-05T01:00:00Z".parse().unwrap();
        let asked = handover.ask(now + BELIEVED).await.unwrap();
        assert!(handover.open(now + BELIEVED).await.unwrap().is_none(), "it waits no longer");
        let open = handover.open(now).await.unwrap().unwrap();
        handover.give(&open, &Given { code: Secret::new("G-123456"), left: true }).await.unwrap();
        assert!(handover.open(now).await.unwrap().is_none(), "the first answer counts");
        let answer = handover.answered().await.unwrap().unwrap();
        let given = asked.read(&answer).unwrap();
        assert_eq!((given.code.expose(), given.left), ("G-123456", true));
        let other = handover.ask(now + BELIEVED).await.unwrap();
        assert_eq!(other.read(&answer).unwrap_err().kind(), ErrorKind::SecondFactor);
        handover.close().await.unwrap();
        drop((handover, store));
        for kept in std::fs::read_dir(directory.path()).unwrap() {
            let bytes = std::fs::read(kept.unwrap().path()).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains("123456"));
        }
    }

    #[tokio::test]
    async fn of_two_processes_one_listens_until_its_time_is_over() {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(directory.path().join("state.db")).await.unwrap());
        let handover = Handover { store, scope: "telegram 42".into() };
        let now: DateTime<Utc> = "2026-01-05T01:00:00Z".parse().unwrap();
        assert!(!handover.is_served(now).await.unwrap());
        let who = Holder { host: "elsewhere".into(), ..Holder::here("serve") };
        handover.set("listener", Some(&json(&Listener { who, until: now + BELIEVED }))).await.unwrap();
        assert!(!handover.listen(now).await.unwrap() && handover.is_served(now).await.unwrap());
        assert!(handover.listen(now + BELIEVED).await.unwrap(), "it has fallen silent");
        assert!(handover.listen(now).await.unwrap(), "we are the one");
    }
}
