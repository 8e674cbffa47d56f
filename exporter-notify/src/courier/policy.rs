//! Which events people are told about, where, and in what words' shape.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use exporter_core::{
    ErrorReport, Event, ExportProgress, ExportReport, ExportStatus, Fact, Letter, Mark, Message, MessageBody,
    ProgressState, RunReport, RunStatus, Window,
};

use super::incident::{Incident, Worth};
use crate::mailroom::{Channel, Role, progress_slot};

/// What a run's messages are about.
#[derive(Debug, Clone)]
pub struct About {
    /// The name of the shop or company, in every message.
    pub store: String,
    /// The panel account; failures are remembered for each.
    pub account: String,
    /// The panel's time zone.
    pub zone: Tz,
    /// When the next run is due, where runs are scheduled.
    pub next_run: Option<DateTime<Utc>>,
    /// Whether the schedule is paused.
    pub paused: bool,
}

impl About {
    /// How things stand, as far as the marks of earlier runs know; none where no run is
    /// scheduled.
    pub(super) fn standing(&self, marks: &BTreeMap<String, String>) -> Option<MessageBody> {
        let next_run = self.next_run?;
        let good = marks.get(&self.good_name()).and_then(|at| at.parse::<DateTime<Utc>>().ok());
        Some(MessageBody::Standing {
            last_good: good.map(|at| self.local(at)),
            next_run: (!self.paused).then(|| self.local(next_run)),
            failing: failing(marks, &self.account),
            paused: self.paused,
            running: None,
        })
    }

    /// The slot of the message that says so.
    pub(super) fn standing_slot(&self) -> String {
        format!("standing:{}", self.account)
    }

    /// The mark of a failure that people know of.
    pub(super) fn incident_name(&self, name: &str) -> String {
        format!("{}{name}", incidents_of(&self.account))
    }

    /// The mark that says when all was well last.
    fn good_name(&self) -> String {
        format!("good:{}", self.account)
    }

    /// As the clock on the wall of the panel shows it.
    pub(super) fn local(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone).naive_local()
    }
}

/// What the marks of an account's failures begin with.
fn incidents_of(account: &str) -> String {
    format!("failing:{account}:")
}

/// The exports of an account that fail, as the marks of earlier runs know.
pub fn failing(marks: &BTreeMap<String, String>, account: &str) -> Vec<String> {
    let prefix = incidents_of(account);
    marks.keys().filter_map(|name| name.strip_prefix(&prefix)).map(str::to_owned).collect()
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// Whoever wants to know how runs go.
    Team,
    /// Whoever has to act on failures.
    Owner,
    /// Both.
    All,
    /// Programs only.
    Programs,
}

/// Turns the facts of a run into letters: few, and no lasting failure untold.
pub struct Policy {
    about: About,
    channels: Vec<(String, Role, bool)>,
    marks: BTreeMap<String, String>,
    window: Option<Window>,
    exports: Vec<ExportProgress>,
    /// How many times the progress was shown.
    shown: u32,
    /// The attempts of the last failure of each export: which, of how many.
    attempts: BTreeMap<String, (u32, u32)>,
    /// Whether logging in failed, so that nothing can run.
    locked_out: bool,
    /// The failures that were told in this run: one cause of four exports is told once.
    told: HashSet<String>,
}

/// The name under which the failure of a whole run is remembered.
pub const WHOLE: &str = "*";

/// What one event is worth.
#[derive(Default)]
struct Worthy {
    letters: Vec<Letter>,
    marks: Vec<Mark>,
}

impl Policy {
    /// For one run, on what is known from earlier ones.
    pub fn new(about: About, channels: &[Channel], marks: BTreeMap<String, String>) -> Self {
        let channels =
            channels.iter().map(|channel| (channel.name.clone(), channel.role, channel.live)).collect();
        Self {
            about,
            channels,
            marks,
            window: None,
            exports: Vec::new(),
            shown: 0,
            attempts: BTreeMap::new(),
            locked_out: false,
            told: HashSet::new(),
        }
    }

    /// The letters that this event is worth, in order, and what is to be remembered.
    pub fn letters(&mut self, event: &Event) -> (Vec<Letter>, Vec<Mark>) {
        let mut worthy = Worthy::default();
        match &event.fact {
            Fact::RunStarted { window, exports } => {
                self.window = Some(*window);
                let waiting =
                    |name: &String| ExportProgress { name: name.clone(), state: ProgressState::Waiting };
                self.exports = exports.iter().map(waiting).collect();
                let body = MessageBody::RunStarted { window: *window, exports: exports.clone() };
                self.put(&mut worthy, To::Programs, "started", &quiet(event, &self.about, body));
                self.progress(&mut worthy, event);
            }
            Fact::LoginFailed { .. } => self.locked_out = true,
            Fact::LoggedIn { .. } => self.locked_out = false,
            Fact::ExportStarted { export, attempt: 1 } => {
                self.set(export, ProgressState::Working);
                self.progress(&mut worthy, event);
            }
            Fact::ExportFailed { export, attempt, attempts, error, again } => {
                self.attempts.insert(export.clone(), (*attempt, *attempts));
                if *again {
                    let error = error.message.clone();
                    self.set(export, ProgressState::Again { attempt: *attempt, attempts: *attempts, error });
                    self.progress(&mut worthy, event);
                }
            }
            Fact::ExportFinished { report } => {
                self.set(&report.name, ProgressState::Over { report: report.clone() });
                self.progress(&mut worthy, event);
                self.export_over(&mut worthy, event, report);
            }
            Fact::RunFinished { report } => self.run_over(&mut worthy, event, report),
            _ => {}
        }
        (worthy.letters, worthy.marks)
    }

    fn set(&mut self, export: &str, state: ProgressState) {
        if let Some(known) = self.exports.iter_mut().find(|known| known.name == export) {
            known.state = state;
        }
    }

    /// Shows how far the run is, in the one message that is edited in place.
    fn progress(&mut self, worthy: &mut Worthy, event: &Event) {
        let Some(window) = self.window else { return };
        self.shown += 1;
        let body = MessageBody::Progress { window, exports: self.exports.clone() };
        let (once, slot) = (format!("progress:{}", self.shown), progress_slot(&event.run));
        let first = worthy.letters.len();
        self.put_where(worthy, To::Team, |live| live, &once, &quiet(event, &self.about, body));
        for letter in &mut worthy.letters[first..] {
            letter.slot = Some(slot.clone());
        }
    }

    /// A failure is told as its history says; a recovery is told once.
    fn export_over(&mut self, worthy: &mut Worthy, event: &Event, report: &ExportReport) {
        match (report.status, &report.error) {
            // Nothing could run, which is told as that.
            (ExportStatus::Failed, _) if self.locked_out => {}
            (ExportStatus::Failed, Some(error)) => {
                let last = (report.attempts.max(1), report.attempts.max(1));
                let (attempt, attempts) = self.attempts.get(&report.name).copied().unwrap_or(last);
                let body = MessageBody::ExportFailed {
                    export: report.name.clone(),
                    attempt,
                    attempts,
                    error: Box::new(error.clone()),
                    screenshot: screenshot(error),
                };
                self.failed(worthy, event, Some(&report.name), error, body);
            }
            (ExportStatus::Failed, None) => {}
            (ExportStatus::Ok | ExportStatus::NoData, _) => {
                self.recovered(worthy, event, Some(&report.name));
            }
        }
    }

    fn failed(
        &mut self,
        worthy: &mut Worthy,
        event: &Event,
        export: Option<&str>,
        error: &ErrorReport,
        body: MessageBody,
    ) {
        let name = export.unwrap_or(WHOLE);
        let (incident, worth) = Incident::next(self.incident(name), error, event.at, self.about.zone);
        let body = match worth {
            Worth::Tell => Some(body),
            Worth::Remind => Some(MessageBody::StillFailing {
                export: export.map(str::to_owned),
                since: self.about.local(incident.since),
                runs: incident.runs,
                error: Box::new(error.clone()),
            }),
            Worth::Nothing => None,
        };
        if let Some(body) = body.filter(|_| self.told.insert(error.message.clone())) {
            let message = Message::new(&self.about.store, &event.run, body);
            self.put(worthy, To::Owner, &format!("failed:{name}"), &message);
        }
        // An incident holds nothing that JSON cannot.
        let value = serde_json::to_string(&incident).unwrap_or_default();
        self.mark(worthy, self.about.incident_name(name), Some(value));
    }

    fn recovered(&mut self, worthy: &mut Worthy, event: &Event, export: Option<&str>) {
        let name = export.unwrap_or(WHOLE);
        let Some(incident) = self.incident(name) else { return };
        let body = MessageBody::Recovered {
            export: export.map(str::to_owned),
            since: self.about.local(incident.since),
            runs: incident.runs,
        };
        let message = Message::new(&self.about.store, &event.run, body);
        self.put(worthy, To::All, &format!("recovered:{name}"), &message);
        self.mark(worthy, self.about.incident_name(name), None);
    }

    /// Why nothing could run, or the summary; then how things stand.
    fn run_over(&mut self, worthy: &mut Worthy, event: &Event, report: &RunReport) {
        match (&report.error, report.status) {
            (Some(error), RunStatus::NothingRan) => {
                let body = MessageBody::SystemError {
                    error: Box::new(error.clone()),
                    screenshot: screenshot(error),
                };
                self.failed(worthy, event, None, error, body);
            }
            _ => self.recovered(worthy, event, None),
        }
        let apart = self.channels.iter().any(|(_, role, _)| *role == Role::Team);
        let rang = !self.told.is_empty();
        // Where it was just said that nothing could run, a summary would say it again.
        let again = !apart && report.status == RunStatus::NothingRan && rang;
        let body = MessageBody::Summary { report: Box::new(report.clone()) };
        // A failure rings by its own message; where that one goes elsewhere, this one rings.
        let silent = report.status == RunStatus::Ok || !rang || !apart;
        let message = Message { silent, ..Message::new(&self.about.store, &event.run, body) };
        self.put(worthy, if again { To::Programs } else { To::Team }, "summary", &message);
        if report.status == RunStatus::Ok {
            self.mark(worthy, self.about.good_name(), Some(event.at.to_rfc3339()));
        }
        self.standing(worthy, event);
    }

    /// The pinned message, where runs are scheduled.
    fn standing(&self, worthy: &mut Worthy, event: &Event) {
        let Some(body) = self.about.standing(&self.marks) else { return };
        let message = Message { pin: true, ..quiet(event, &self.about, body) };
        let first = worthy.letters.len();
        self.put_where(worthy, To::Team, |live| live, "standing", &message);
        for letter in &mut worthy.letters[first..] {
            letter.slot = Some(self.about.standing_slot());
        }
    }

    fn put(&self, worthy: &mut Worthy, to: To, once: &str, message: &Message) {
        self.put_where(worthy, to, |_| true, once, message);
    }

    /// A letter for each channel of this audience that is live as wanted.
    fn put_where(
        &self,
        worthy: &mut Worthy,
        to: To,
        wanted: impl Fn(bool) -> bool,
        once: &str,
        message: &Message,
    ) {
        for (name, role, live) in &self.channels {
            let meant = match (to, role) {
                (_, Role::Program) => true,
                (To::Programs, _) => false,
                (To::All, _) | (_, Role::Everybody) => true,
                (To::Team, role) => *role == Role::Team,
                (To::Owner, role) => *role == Role::Owner,
            };
            if meant && wanted(*live) {
                worthy.letters.push(Letter {
                    channel: name.clone(),
                    once: format!("{}:{once}", message.run),
                    slot: None,
                    message: message.clone(),
                });
            }
        }
    }

    fn mark(&mut self, worthy: &mut Worthy, name: String, value: Option<String>) {
        match &value {
            Some(value) => self.marks.insert(name.clone(), value.clone()),
            None => self.marks.remove(&name),
        };
        worthy.marks.push(Mark { name, value });
    }

    fn incident(&self, name: &str) -> Option<Incident> {
        let mark = self.marks.get(&self.about.incident_name(name))?;
        serde_json::from_str(mark).ok()
    }
}

/// A message without a sound.
fn quiet(event: &Event, about: &About, body: MessageBody) -> Message {
    Message { silent: true, ..Message::new(&about.store, &event.run, body) }
}

/// The first picture among the evidence.
fn screenshot(error: &ErrorReport) -> Option<PathBuf> {
    let is_picture = |path: &&PathBuf| {
        let extension = path.extension().unwrap_or_default();
        ["png", "jpg", "jpeg", "webp"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    };
    error.evidence.iter().find(is_picture).cloned()
}

#[cfg(test)]
mod tests;
