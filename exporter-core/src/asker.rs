//! Asking a person while a login waits: the trait and what is asked, as plain data.

use std::fmt;

use async_trait::async_trait;

use crate::{Error, Secret};

/// Asks a person for the code that a panel sent them.
///
/// # Behavior
/// - Waits no longer than its own patience; that nobody answered is an error of kind
///   [`ErrorKind::SecondFactor`](crate::ErrorKind::SecondFactor).
/// - The answer is for this one question, and is neither kept nor logged.
#[async_trait]
pub trait Asker: fmt::Debug + Send + Sync {
    /// The code, as the person gave it.
    async fn ask(&self, question: &Question) -> Result<Secret, Error>;
}

/// What a person is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The panel that wants the code, by its host.
    pub panel: String,
    /// Whether the panel did not take the code that was given before.
    pub again: bool,
}
