//! What people ask for in the chat, and who may.

use std::sync::Arc;

use exporter_core::{Answer, Clock, Error, Letter, Message, MessageBody};
use exporter_notify::{Mailroom, Said, Telegram};
use exporter_schedule::Schedule;
use exporter_store::{AuditEntry, RunQuery, RunState, Store};
use tokio::sync::mpsc::UnboundedSender;

use super::engine::Engine;
use crate::asking::desk::{Desk, Heard};

/// How many runs `/history` shows.
const SHOWN: u32 = 8;

/// What the service is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// A run now.
    Run,
    /// A run over everything that is missing.
    Retry,
    /// What a run would change; the answer goes to this channel.
    Plan(String),
    /// To look at the schedule now.
    Look,
}

/// Answers in the bot's chats.
pub struct Chat {
    /// Where a code is taken that a login waits for.
    pub desk: Arc<Desk>,
    /// The bot.
    pub telegram: Telegram,
    /// The chats that may ask, each with the name of its channel.
    pub allowed: Vec<(String, String)>,
    /// The name in every message.
    pub shop: String,
    /// The panel account.
    pub account: String,
    /// When runs are due.
    pub schedule: Schedule,
    /// The history.
    pub store: Arc<dyn Store>,
    /// Where answers are posted.
    pub room: Arc<Mailroom>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is to be done goes here.
    pub asks: UnboundedSender<Ask>,
}

impl Chat {
    /// Does what was asked for; other talk, and that of other chats, is left alone.
    pub(super) async fn answer(&self, said: &Said) -> Result<(), Error> {
        let word = said.text.split_whitespace().next().unwrap_or_default();
        // In a group the bot's name follows the command.
        let word = word.split('@').next().unwrap_or_default();
        let Some((_, channel)) = self.allowed.iter().find(|(chat, _)| *chat == said.chat) else {
            if word.starts_with('/') {
                let (chat, who) = (&said.chat, &said.who);
                tracing::warn!(chat, who, "somebody who may not asks the bot for something");
            }
            return Ok(());
        };
        let heard = self.desk.hear(&self.telegram, said).await;
        if heard == Heard::Taken {
            return self.note(said, "code", "for a login that waits").await;
        }
        if !word.starts_with('/') {
            return Ok(());
        }
        let answer = |answer| MessageBody::Answer { answer };
        let body = match word {
            "/status" => self.standing().await?,
            "/history" => self.history().await?,
            "/run" => self.ask(Ask::Run),
            "/retry" => self.ask(Ask::Retry),
            "/plan" => self.ask(Ask::Plan(channel.clone())),
            "/pause" => {
                Engine::pause(&*self.store, &self.account, Some(&said.who)).await?;
                answer(Answer::Paused)
            }
            "/resume" => {
                Engine::pause(&*self.store, &self.account, None).await?;
                self.ask(Ask::Look);
                answer(Answer::Resumed)
            }
            // It may hold a code that came too late: no word of it is kept.
            "/code" => answer(Answer::NoCode),
            _ => answer(Answer::Help),
        };
        let detail = if word == "/code" { word } else { &said.text };
        self.note(said, word.trim_start_matches('/'), detail).await?;
        let once = format!("answer:{}", said.update);
        self.room.post(&[letter(channel, &once, Message::new(&self.shop, "chat", body))], &[]).await
    }

    /// Who asked for what, in the audit log.
    async fn note(&self, said: &Said, what: &str, detail: &str) -> Result<(), Error> {
        let entry = AuditEntry {
            at: self.clock.now(),
            who: format!("chat {}: {}", said.chat, said.who),
            what: what.to_owned(),
            detail: detail.to_owned(),
        };
        self.store.audit(&entry).await
    }

    fn ask(&self, ask: Ask) -> MessageBody {
        let taken = self.asks.send(ask).is_ok();
        MessageBody::Answer { answer: if taken { Answer::Accepted } else { Answer::Nothing } }
    }

    async fn standing(&self) -> Result<MessageBody, Error> {
        let query = RunQuery::last_good(&self.account);
        let good = self.store.runs(&query).await?.pop().and_then(|run| run.finished);
        let local = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&self.schedule.panel).naive_local();
        let prefix = format!("failing:{}:", self.account);
        let marks = self.room.marks().await?;
        let failing = marks.keys().filter_map(|name| name.strip_prefix(&prefix)).map(str::to_owned);
        Ok(MessageBody::Standing {
            last_good: good.map(local),
            next_run: self.schedule.next(self.clock.now()).map(local),
            failing: failing.collect(),
        })
    }

    /// A line for each of the last runs, in signs that need no language.
    async fn history(&self) -> Result<MessageBody, Error> {
        let query = RunQuery { account: Some(self.account.clone()), limit: SHOWN, ..RunQuery::default() };
        let runs = self.store.runs(&query).await?;
        if runs.is_empty() {
            return Ok(MessageBody::Answer { answer: Answer::Nothing });
        }
        let line = |run: &exporter_store::RunRecord| {
            let mark = match run.state {
                RunState::Ok => "✅",
                RunState::Running => "⏳",
                RunState::Interrupted => "⚡",
                RunState::Failed | RunState::NothingRan => "❌",
            };
            let began = run.started.with_timezone(&self.schedule.panel).format("%Y-%m-%d %H:%M");
            let exports = run.report.iter().flat_map(|report| &report.exports);
            let (new, updated) = exports.fold((0, 0), |(new, updated), export| {
                (new + export.counts.new, updated + export.counts.updated)
            });
            format!("{mark} {began}  [{}]  +{new} ~{updated}", run.window)
        };
        Ok(MessageBody::Note { text: runs.iter().map(line).collect::<Vec<_>>().join("\n") })
    }
}

/// A letter to one channel.
pub fn letter(channel: &str, once: &str, message: Message) -> Letter {
    Letter { channel: channel.to_owned(), once: once.to_owned(), slot: None, message }
}
