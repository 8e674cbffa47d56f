//! What people ask for in the chat, and who may.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, Utc};
use exporter_core::{Answer, Clock, Error, Letter, Mark, Message, MessageBody, PastRun, RunEnd};
use exporter_notify::{About, Mailroom, Said, Telegram, failing, moved_name, stand};
use exporter_schedule::Schedule;
use exporter_store::{AuditEntry, RunQuery, RunRecord, RunState, Store};
use tokio::sync::OnceCell;

use super::asks::{Ask, Asks, Words};
use super::engine::Engine;
use super::health::Health;
use crate::asking::desk::{Desk, Heard};
use crate::asking::handover::Handover;

/// How many runs `/history` shows.
const SHOWN: u32 = 8;

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
    /// The exports of it.
    pub exports: Vec<String>,
    /// When runs are due.
    pub schedule: Schedule,
    /// Whether a run goes on.
    pub health: Arc<Health>,
    /// What is kept of the bot; codes are handed over by it.
    pub handover: Handover,
    /// The history.
    pub store: Arc<dyn Store>,
    /// Where answers are posted.
    pub room: Arc<Mailroom>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is to be done goes here.
    pub asks: Arc<Asks>,
    /// The bot's name, once it is known.
    pub name: OnceCell<String>,
}

impl Chat {
    /// Does what was asked for; other talk, and that of other chats, is left alone.
    pub(super) async fn answer(&self, said: &Said) -> Result<(), Error> {
        let mut words = said.text.split_whitespace();
        let command = words.next().unwrap_or_default();
        let Some(channel) = self.channel_of(&said.chat).await? else {
            if command.starts_with('/') {
                let (chat, who) = (&said.chat, &said.who);
                tracing::warn!(chat, who, "somebody who may not asks the bot for something");
            }
            return Ok(());
        };
        if let Some(new) = &said.moved {
            let mark = Mark { name: moved_name(&said.chat), value: Some(new.clone()) };
            return self.room.post(&[], &[mark]).await;
        }
        let heard = self.desk.hear(&self.telegram, said, Some((&self.handover, self.clock.now()))).await?;
        if heard == Heard::Taken {
            return self.note(said, "code", "for a login that waits").await;
        }
        let Some(word) = self.command(command).await else { return Ok(()) };
        let body = self.body(word, &words.collect::<Vec<_>>(), channel, said).await?;
        // It may hold a code that came too late: no word of it is kept.
        let detail = if word == "/code" { word } else { &said.text };
        self.note(said, word.trim_start_matches('/'), detail).await?;
        let once = format!("answer:{}", said.update);
        self.room.post(&[letter(channel, &once, Message::new(&self.shop, "chat", body))], &[]).await
    }

    /// The answer to a command with these words after it.
    async fn body(
        &self,
        word: &str,
        words: &[&str],
        channel: &str,
        said: &Said,
    ) -> Result<MessageBody, Error> {
        let answer = |answer| MessageBody::Answer { answer };
        let today = self.clock.today(self.schedule.panel);
        Ok(match word {
            "/status" => self.standing().await?,
            "/history" => self.history().await?,
            "/run" | "/plan" => match Words::read(words, &self.exports, today) {
                Ok(words) if word == "/run" => answer(self.ask(Ask::Run(words), channel)),
                Ok(words) => answer(self.ask(Ask::Plan(words), channel)),
                Err(error) => MessageBody::NotDone { error: Box::new(error.report()) },
            },
            "/retry" => answer(self.ask(Ask::Retry, channel)),
            "/pause" => {
                self.pause(Some(&said.who)).await?;
                answer(Answer::Paused)
            }
            "/resume" => {
                self.pause(None).await?;
                self.ask(Ask::Look, channel);
                answer(Answer::Resumed)
            }
            "/code" => answer(Answer::NoCode),
            "/help" | "/start" => answer(Answer::Help),
            _ => answer(Answer::Unknown),
        })
    }

    /// The channel of a chat that may ask, also of one that has moved since.
    async fn channel_of(&self, chat: &str) -> Result<Option<&str>, Error> {
        let find =
            |id: &str| self.allowed.iter().find(|(known, _)| known == id).map(|(_, channel)| &**channel);
        if let Some(channel) = find(chat) {
            return Ok(Some(channel));
        }
        let marks = self.room.marks().await?;
        let moved =
            |(known, _): &&(String, String)| marks.get(&moved_name(known)).is_some_and(|new| new == chat);
        Ok(self.allowed.iter().find(moved).map(|(_, channel)| &**channel))
    }

    /// A command without the bot's name, which follows it in a group; none when it is no
    /// command, or one for another bot.
    async fn command<'a>(&self, word: &'a str) -> Option<&'a str> {
        let word = word.strip_prefix('/').map(|_| word)?;
        let Some((word, name)) = word.split_once('@') else { return Some(word) };
        match self.name.get_or_try_init(|| self.telegram.name()).await {
            Ok(ours) => ours.eq_ignore_ascii_case(name).then_some(word),
            Err(error) => {
                tracing::warn!(%error, "the bot does not know its own name");
                Some(word)
            }
        }
    }

    /// Pauses the schedule because of somebody, or goes on with it; the pinned message says so.
    async fn pause(&self, who: Option<&str>) -> Result<(), Error> {
        Engine::pause(&*self.store, &self.account, who).await?;
        let about = About {
            store: self.shop.clone(),
            account: self.account.clone(),
            zone: self.schedule.panel,
            next_run: self.schedule.next(self.clock.now()),
            paused: who.is_some(),
        };
        stand(&self.room, &about).await
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

    fn ask(&self, ask: Ask, channel: &str) -> Answer {
        self.asks.put(ask, channel, self.health.facts().running.is_some())
    }

    async fn standing(&self) -> Result<MessageBody, Error> {
        let query = RunQuery::last_good(&self.account);
        let good = self.store.runs(&query).await?.pop().and_then(|run| run.finished);
        let failing = failing(&self.room.marks().await?, &self.account);
        let paused = Engine::paused(&*self.store, &self.account).await?.is_some();
        let next = self.schedule.next(self.clock.now()).filter(|_| !paused);
        Ok(MessageBody::Standing {
            last_good: good.map(|at| self.local(at)),
            next_run: next.map(|at| self.local(at)),
            failing,
            paused,
            running: self.health.facts().running.map(|at| self.local(at)),
        })
    }

    /// The last runs.
    async fn history(&self) -> Result<MessageBody, Error> {
        let query = RunQuery { account: Some(self.account.clone()), limit: SHOWN, ..RunQuery::default() };
        let runs = self.store.runs(&query).await?;
        if runs.is_empty() {
            return Ok(MessageBody::Answer { answer: Answer::NoRuns });
        }
        Ok(MessageBody::History { runs: runs.iter().map(|run| self.past(run)).collect() })
    }

    fn past(&self, run: &RunRecord) -> PastRun {
        let exports = run.report.iter().flat_map(|report| &report.exports);
        let (new, updated) = exports.fold((0, 0), |(new, updated), export| {
            (new + export.counts.new, updated + export.counts.updated)
        });
        let end = match run.state {
            RunState::Ok => RunEnd::Well,
            RunState::Running => RunEnd::GoesOn,
            RunState::Interrupted => RunEnd::CutOff,
            RunState::Failed | RunState::NothingRan => RunEnd::Badly,
        };
        PastRun {
            began: self.local(run.started),
            window: run.window,
            end,
            dry_run: run.dry_run,
            new,
            updated,
        }
    }

    fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.schedule.panel).naive_local()
    }
}

/// A letter to one channel.
pub fn letter(channel: &str, once: &str, message: Message) -> Letter {
    Letter { channel: channel.to_owned(), once: once.to_owned(), slot: None, message }
}
