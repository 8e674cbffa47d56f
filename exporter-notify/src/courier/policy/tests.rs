//! Which facts become which messages, over one run and over several.

use exporter_core::{Delivery, Error, ErrorKind, Notifier, PlanCounts, REPORT_VERSION, Result};
use std::sync::Arc;

use super::*;

struct Deaf;

#[async_trait::async_trait]
impl Notifier for Deaf {
    async fn check(&self) -> Result<()> {
        Ok(())
    }

    async fn notify(&self, _: &Message) -> Result<Delivery> {
        Ok(Delivery::default())
    }
}

fn channel(name: &str, role: Role, live: bool) -> Channel {
    Channel { name: name.into(), notifier: Arc::new(Deaf), role, live }
}

fn error(kind: ErrorKind) -> ErrorReport {
    Error::new(kind, format!("{kind}")).evidence("page.html").evidence("page.PNG").report()
}

fn export(name: &str, failed: Option<ErrorKind>, attempts: u32) -> ExportReport {
    ExportReport {
        name: name.into(),
        status: if failed.is_some() { ExportStatus::Failed } else { ExportStatus::Ok },
        rows: 0,
        counts: PlanCounts::default(),
        driver: None,
        attempts,
        seconds: 0.0,
        sheets_calls: 0,
        file: None,
        agreement: None,
        notes: Vec::new(),
        error: failed.map(error),
    }
}

fn run(exports: Vec<ExportReport>, whole: Option<ErrorKind>) -> Fact {
    let failed = exports.iter().any(|export| export.error.is_some());
    let report = RunReport {
        version: REPORT_VERSION,
        id: "r".into(),
        status: match (whole, failed) {
            (Some(_), _) => RunStatus::NothingRan,
            (None, true) => RunStatus::Failed,
            (None, false) => RunStatus::Ok,
        },
        window: Window::day("2026-01-05".parse().unwrap()),
        dry_run: false,
        started: "2026-01-05T01:00:00Z".parse().unwrap(),
        seconds: 1.0,
        sheets_calls: 0,
        exports,
        error: whole.map(error),
        notes: Vec::new(),
    };
    Fact::RunFinished { report: Box::new(report) }
}

fn finished(export: &ExportReport) -> Fact {
    Fact::ExportFinished { report: Box::new(export.clone()) }
}

fn attempt(attempt: u32, again: bool) -> Fact {
    let error = Box::new(error(ErrorKind::PanelDown));
    Fact::ExportFailed { export: "a".into(), attempt, attempts: 3, error, again }
}

/// Several runs over one set of marks; what each tells, progress left out.
struct Story {
    channels: Vec<Channel>,
    marks: BTreeMap<String, String>,
    next_run: Option<DateTime<Utc>>,
}

impl Story {
    fn to(channels: Vec<Channel>) -> Self {
        Self { channels, marks: BTreeMap::new(), next_run: None }
    }

    /// The letters of a run that begins at this hour, as `channel: kind`; `!` where it rings.
    fn run(&mut self, at: &str, facts: &[Fact]) -> Vec<String> {
        let mut told = self.letters(at, facts);
        told.retain(|line| !line.contains("progress"));
        told
    }

    fn letters(&mut self, at: &str, facts: &[Fact]) -> Vec<String> {
        let about = About {
            store: "Toko".into(),
            account: "acc".into(),
            zone: Tz::Asia__Jakarta,
            next_run: self.next_run,
            paused: false,
        };
        let mut policy = Policy::new(about, &self.channels, self.marks.clone());
        let at: DateTime<Utc> = format!("2026-01-{at}:00:00Z").parse().unwrap();
        let window = Window::day("2026-01-05".parse().unwrap());
        let started = Fact::RunStarted { window, exports: vec!["a".into(), "b".into()] };
        let mut told = Vec::new();
        for fact in std::iter::once(&started).chain(facts) {
            let event = Event { at, run: format!("r{at}"), fact: fact.clone() };
            let (letters, marks) = policy.letters(&event);
            for Mark { name, value } in marks {
                match value {
                    Some(value) => self.marks.insert(name, value),
                    None => self.marks.remove(&name),
                };
            }
            told.extend(letters.into_iter().map(|letter| {
                let body = serde_json::to_value(&letter.message.body).unwrap();
                let bell = if letter.message.silent { "" } else { "!" };
                format!("{}: {}{bell}", letter.channel, body["kind"].as_str().unwrap())
            }));
        }
        told
    }
}

#[test]
fn a_good_run_shows_its_progress_in_one_message_and_ends_without_a_sound() {
    let mut story = Story::to(vec![channel("chat", Role::Everybody, true)]);
    let (a, b) = (export("a", None, 1), export("b", None, 1));
    let told = story.letters("05T01", &[finished(&a), finished(&b), run(vec![a, b], None)]);
    assert_eq!(told, ["chat: progress", "chat: progress", "chat: progress", "chat: summary"]);
}

#[test]
fn what_healed_itself_is_not_told_apart() {
    let mut story = Story::to(vec![channel("chat", Role::Everybody, true)]);
    let a = export("a", None, 3);
    let facts = [attempt(1, true), attempt(2, true), finished(&a), run(vec![a], None)];
    assert_eq!(story.run("05T01", &facts), ["chat: summary"]);
}

#[test]
fn a_failure_rings_once_then_daily_and_its_end_rings() {
    let mut story = Story::to(vec![channel("chat", Role::Everybody, true)]);
    let a = export("a", Some(ErrorKind::PanelDown), 3);
    let facts = [attempt(1, true), attempt(3, false), finished(&a), run(vec![a], None)];
    assert_eq!(story.run("05T01", &facts), ["chat: export_failed!", "chat: summary"]);
    assert_eq!(story.run("05T11", &facts), ["chat: summary"], "people know");
    assert_eq!(story.run("06T01", &facts), ["chat: still_failing!", "chat: summary"]);
    assert_eq!(story.run("06T11", &facts), ["chat: summary"]);
    let well = export("a", None, 1);
    let facts = [finished(&well), run(vec![well], None)];
    assert_eq!(story.run("07T01", &facts), ["chat: recovered!", "chat: summary"]);
    assert_eq!(story.run("07T11", &facts), ["chat: summary"]);
}

#[test]
fn one_cause_of_two_exports_is_told_once() {
    let mut story = Story::to(vec![channel("chat", Role::Everybody, true)]);
    let refused = |name| export(name, Some(ErrorKind::SheetNotShared), 0);
    let facts =
        [finished(&refused("a")), finished(&refused("b")), run(vec![refused("a"), refused("b")], None)];
    assert_eq!(story.run("05T01", &facts), ["chat: export_failed!", "chat: summary"]);
    let facts = [
        finished(&export("a", None, 1)),
        finished(&refused("b")),
        run(vec![export("a", None, 1), refused("b")], None),
    ];
    assert_eq!(story.run("05T11", &facts), ["chat: recovered!", "chat: summary"]);
}

#[test]
fn a_login_that_fails_is_told_as_the_one_thing_it_is() {
    let mut story = Story::to(vec![channel("chat", Role::Everybody, true)]);
    let locked = export("a", Some(ErrorKind::WrongPassword), 0);
    let login =
        Fact::LoginFailed { attempt: 1, attempts: 3, error: Box::new(error(ErrorKind::WrongPassword)) };
    let facts = [login, finished(&locked), run(vec![locked], Some(ErrorKind::WrongPassword))];
    assert_eq!(story.run("05T01", &facts), ["chat: system_error!"]);
    assert_eq!(story.run("05T11", &facts), ["chat: summary"]);
    let well = export("a", None, 1);
    assert_eq!(
        story.run("06T01", &[finished(&well), run(vec![well], None)]),
        ["chat: recovered!", "chat: summary"]
    );
}

#[test]
fn the_team_hears_how_runs_go_and_the_owner_why_they_fail() {
    let mut story = Story::to(vec![channel("team", Role::Team, true), channel("owner", Role::Owner, true)]);
    let a = export("a", Some(ErrorKind::PanelDown), 3);
    let facts = [attempt(3, false), finished(&a), run(vec![a], None)];
    assert_eq!(story.run("05T01", &facts), ["owner: export_failed!", "team: summary!"]);
    assert_eq!(story.run("05T11", &facts), ["team: summary"]);
    let well = export("a", None, 1);
    let told = story.run("06T01", &[finished(&well), run(vec![well], None)]);
    assert_eq!(told, ["team: recovered!", "owner: recovered!", "team: summary"]);
}

#[test]
fn a_channel_that_cannot_edit_hears_failure_and_end() {
    let mut story = Story::to(vec![channel("slack", Role::Everybody, false)]);
    let a = export("a", Some(ErrorKind::PanelDown), 3);
    let told = story.letters("05T01", &[attempt(1, true), finished(&a), run(vec![a], None)]);
    assert_eq!(told, ["slack: export_failed!", "slack: summary"]);
}

#[test]
fn a_program_hears_each_beginning_and_each_end() {
    let mut story = Story::to(vec![channel("hook", Role::Program, false)]);
    let a = export("a", Some(ErrorKind::PanelDown), 3);
    let told = story.letters("05T01", &[attempt(1, true), finished(&a), run(vec![a.clone()], None)]);
    assert_eq!(told, ["hook: run_started", "hook: export_failed!", "hook: summary"]);
    let told = story.letters("06T01", &[run(vec![], Some(ErrorKind::WrongPassword))]);
    assert_eq!(told, ["hook: run_started", "hook: system_error!", "hook: summary"]);
}

#[test]
fn where_runs_are_scheduled_it_is_pinned_how_things_stand() {
    let mut story = Story::to(vec![channel("chat", Role::Everybody, true)]);
    story.next_run = Some("2026-01-05T11:00:00Z".parse().unwrap());
    let well = export("a", None, 1);
    let told = story.run("05T01", &[finished(&well), run(vec![well], None)]);
    assert_eq!(told, ["chat: summary", "chat: standing"]);
}

#[test]
fn the_picture_is_the_one_among_the_evidence() {
    assert_eq!(screenshot(&error(ErrorKind::WrongFile)), Some("page.PNG".into()));
    assert_eq!(screenshot(&Error::new(ErrorKind::Io, "no").report()), None);
}
