//! The outbox: messages that are kept until they are delivered, in order, through restarts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{Delivery, Error, Message};

/// A message to be put into the outbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// The notifier it goes to, by its configured name; each delivers in its own order.
    pub channel: String,
    /// Names what is told: of two letters of a channel with the same name only the first
    /// counts, so that a crash between telling and noting tells nothing twice.
    pub once: String,
    /// Letters of one slot replace each other: where the service can, the one sent last is
    /// edited in place; one that a later one has overtaken is not sent at all.
    pub slot: Option<String>,
    /// What is told.
    pub message: Message,
}

/// A letter that waits for delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Its number: letters of a channel go out by rising numbers.
    pub id: i64,
    /// What was put in.
    pub letter: Letter,
    /// How often delivery was tried in vain.
    pub attempts: u32,
    /// Not to be tried again before this.
    pub not_before: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    pub why: Option<String>,
    /// The service's id of the letter delivered last in this slot.
    pub replaces: Option<String>,
    /// How many of its parts have arrived.
    pub parts: usize,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It arrived, or a part of it that [more](Delivery::more) follow: then it waits on.
    Delivered(Delivery),
    /// It is tried again, not before this instant.
    Postponed(DateTime<Utc>, String),
    /// The service will never take it.
    Refused(String),
}

/// A small fact that decides what is told, such as a failure that people know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its name.
    pub name: String,
    /// What it says; nothing forgets it.
    pub value: Option<String>,
}

/// Letters of a run, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mail {
    /// Put in.
    pub given: usize,
    /// Delivered, or overtaken by a later one of the same slot.
    pub told: usize,
    /// Refused for good.
    pub refused: usize,
}

/// Keeps messages until they are delivered.
///
/// # Behavior
/// - What was put in is there after a crash, in the same order.
/// - Putting in a letter whose `channel` and `once` are known already does nothing.
/// - A letter of which a part has arrived goes on with the next one, also after a crash; the
///   id of its first part is its own.
/// - Only one at a time has the turn to deliver, so that two processes over one outbox
///   send nothing twice.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Puts letters in and sets marks, all or none.
    async fn post(&self, letters: &[Letter], marks: &[Mark], now: DateTime<Utc>) -> Result<(), Error>;

    /// The marks set so far, by name.
    async fn marks(&self) -> Result<BTreeMap<String, String>, Error>;

    /// Takes the turn to deliver, or keeps it, until `until`; false while another has it.
    async fn take_turn(&self, who: &str, now: DateTime<Utc>, until: DateTime<Utc>) -> Result<bool, Error>;

    /// Lets the turn go.
    async fn end_turn(&self, who: &str) -> Result<(), Error>;

    /// The oldest waiting letter of each channel; those overtaken are left out.
    async fn next(&self) -> Result<Vec<Waiting>, Error>;

    /// Notes what became of a letter.
    async fn settle(&self, id: i64, fate: &Fate, now: DateTime<Utc>) -> Result<(), Error>;

    /// Whether what is put in outlives the process.
    fn lasts(&self) -> bool {
        true
    }

    /// How the letters of this run stand, and the last reason why one is not delivered.
    async fn mail(&self, run: &str) -> Result<(Mail, Option<String>), Error>;
}
