//! A heartbeat: an outside service that raises the alarm when a run does not come.
//!
//! The manner is that of Healthchecks (<https://healthchecks.io/docs/http_api/>): `/start`
//! when a run begins, the address itself when it is well, `/fail` when it is not, with what
//! happened as the body.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use exporter_core::{Delivery, Error, Message, MessageBody, Notifier, RunStatus, Secret};

use crate::hook::{Body, Hook};
use crate::render::{Language, html, plain};

/// The service keeps so many bytes of a body (`PING_BODY_LIMIT`, 100 kB), and less elsewhere.
const BODY: usize = 10_000;

/// The end of the log, as it is when it is asked for.
pub type LogEnd = Arc<dyn Fn() -> String + Send + Sync>;

/// Which address.
#[derive(Clone)]
pub struct HeartbeatConfig {
    /// The address of the check: whoever has it may silence the alarm.
    pub url: Secret,
    /// The language of the text that goes with the end of a run.
    pub language: Language,
    /// What is sent along with a failure.
    pub log: Option<LogEnd>,
}

/// A service that waits for a sign of life.
pub struct Heartbeat {
    hook: Hook,
    language: Language,
    log: Option<LogEnd>,
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat").field("hook", &self.hook).finish_non_exhaustive()
    }
}

impl Heartbeat {
    /// For this configuration; nothing is sent yet.
    ///
    /// # Errors
    /// [`exporter_core::ErrorKind::Config`] when the address cannot be right.
    pub fn new(config: HeartbeatConfig) -> Result<Self, Error> {
        let HeartbeatConfig { url, language, log } = config;
        Ok(Self { hook: Hook::new(&url, "the heartbeat", None)?, language, log })
    }
}

#[async_trait]
impl Notifier for Heartbeat {
    /// Only whether the service is there: anything more would be a sign of life.
    async fn check(&self) -> Result<(), Error> {
        self.hook.reach().await
    }

    /// Beginnings and ends of runs; all else is not its business.
    async fn notify(&self, message: &Message) -> Result<Delivery, Error> {
        match &message.body {
            MessageBody::RunStarted { .. } => {
                self.hook.post_below("start", Body::Text(String::new())).await?;
            }
            MessageBody::Summary { report } => {
                let text = plain(&html(message, self.language));
                if report.status == RunStatus::Ok {
                    self.hook.post(Body::Text(last(&text))).await?;
                } else {
                    let log = self.log.as_ref().map(|log| log()).unwrap_or_default();
                    self.hook.post_below("fail", Body::Text(last(&format!("{text}\n\n{log}")))).await?;
                }
            }
            _ => {}
        }
        Ok(Delivery::default())
    }
}

/// The end of a text, as much as the service keeps.
fn last(text: &str) -> String {
    let text = text.trim_end();
    let from = text.len().saturating_sub(BODY);
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    text[from..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_text_the_end_is_kept_between_letters() {
        assert_eq!(last("short\n"), "short");
        let long = format!("first{}last", "é".repeat(BODY));
        let kept = last(&long);
        assert!(kept.len() <= BODY && kept.ends_with("last") && kept.starts_with('é'), "{}", kept.len());
    }
}
