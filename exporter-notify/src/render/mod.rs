//! A message in a person's language: what is said, as HTML that no data can break.

mod language;
mod markup;
mod phrases;
mod split;
mod talk;
mod template;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use chrono::NaiveDateTime;
use exporter_core::{
    Daily, DailyExport, ErrorReport, ExportProgress, ExportReport, ExportStatus, Message, MessageBody,
    PlanCounts, ProgressState, Retry, RunReport, RunStatus, Topic, Turn, Window,
};

pub use language::Language;
pub use markup::plain;
pub(crate) use split::{split, units};
use template::Value;

/// How many notes a message lists before it only counts them.
const NOTES: usize = 10;

/// The message as HTML with the tags `b` and `code` only; all data is escaped.
pub fn html(message: &Message, language: Language) -> String {
    let writer = Writer { store: &message.store, language };
    match &message.body {
        MessageBody::RunStarted { window, exports } => writer.fill(
            "run_started",
            vec![("window", language.window(*window).into()), ("exports", exports.join(", ").into())],
        ),
        MessageBody::Progress { window, exports } => writer.progress(*window, exports),
        MessageBody::ExportDone { report } => writer.done(report),
        MessageBody::ExportFailed { export, attempt, attempts, error, .. } => {
            let again = attempt < attempts && !matches!(error.retry, Retry::Never | Retry::GaveUp);
            let mut values = writer.error(error);
            values.extend([
                ("export", export.as_str().into()),
                ("attempt", attempt.to_string().into()),
                ("attempts", attempts.to_string().into()),
                ("again", again.then(|| language.word("again")).into()),
            ]);
            writer.fill("export_failed", values)
        }
        MessageBody::Summary { report } => writer.summary(report),
        MessageBody::SystemError { error, .. } => writer.fill("system_error", writer.error(error)),
        MessageBody::StillFailing { export, since, runs, error } => {
            let mut values = writer.incident(export.as_deref(), *since, *runs);
            values.extend(writer.error(error));
            writer.fill("still_failing", values)
        }
        MessageBody::Recovered { export, since, runs } => {
            writer.fill("recovered", writer.incident(export.as_deref(), *since, *runs))
        }
        MessageBody::Interrupted { window, began } => writer.fill(
            "interrupted",
            vec![("window", language.window(*window).into()), ("began", language.moment(*began).into())],
        ),
        MessageBody::Standing { .. }
        | MessageBody::History { .. }
        | MessageBody::NotDone { .. }
        | MessageBody::CodeWanted { .. }
        | MessageBody::CodeOver { .. }
        | MessageBody::Answer { .. } => writer.talk(&message.body),
        MessageBody::Warning { topic, error, since } => {
            let mut values = writer.error(error);
            values.extend([
                ("topic", language.word(topic_word(*topic)).into()),
                ("since", since.map(|since| language.moment(since)).into()),
            ]);
            writer.fill("warning", values)
        }
        MessageBody::AllClear { topic, since } => writer.fill(
            "all_clear",
            vec![
                ("topic", language.word(topic_word(*topic)).into()),
                ("since", language.moment(*since).into()),
            ],
        ),
        MessageBody::Daily { daily } => writer.daily(daily),
        MessageBody::Note { text } => {
            let lines = text.lines().map(Value::from);
            let lines: Vec<String> = lines.map(|line| writer.fill("line", vec![("text", line)])).collect();
            writer.fill("note_text", vec![("lines", Value::Markup(lines.join("\n")))])
        }
    }
}

/// The causes that a message has named already: one that stops several exports is named once.
#[derive(Default)]
struct Said<'a>(HashSet<&'a str>);

impl<'a> Said<'a> {
    /// Whether this export's cause was named before; from now on it was.
    fn before(&mut self, report: &'a ExportReport) -> bool {
        report.error.as_ref().is_some_and(|error| !self.0.insert(&error.message))
    }
}

struct Writer<'a> {
    store: &'a str,
    language: Language,
}

type Values = Vec<(&'static str, Value)>;

fn topic_word(topic: Topic) -> &'static str {
    match topic {
        Topic::Disk => "topic_disk",
        Topic::Memory => "topic_memory",
        Topic::Leftovers => "topic_leftovers",
        Topic::Files => "topic_files",
        Topic::Clock => "topic_clock",
        Topic::Certificate => "topic_certificate",
        Topic::Credentials => "topic_credentials",
        Topic::Backup => "topic_backup",
    }
}

impl Writer<'_> {
    fn fill(&self, section: &str, mut values: Values) -> String {
        values.push(("store", self.store.into()));
        self.language.templates().fill(section, &values)
    }

    /// How far the run is: a line for each export.
    fn progress<'a>(&self, window: Window, exports: &'a [ExportProgress]) -> String {
        let line = |export: &'a ExportProgress, said: &mut Said<'a>| {
            let name = || ("export", export.name.as_str().into());
            match &export.state {
                ProgressState::Waiting => self.fill("progress_waiting", vec![name()]),
                ProgressState::Working => self.fill("progress_working", vec![name()]),
                ProgressState::Again { attempt, attempts, error } => {
                    let values = vec![
                        name(),
                        ("attempt", attempt.to_string().into()),
                        ("attempts", attempts.to_string().into()),
                        ("error", self.language.say(error).into()),
                    ];
                    self.fill("progress_again", values)
                }
                ProgressState::Over { report } => self.progress_over(report, said),
            }
        };
        let mut said = Said::default();
        let lines: Vec<String> = exports.iter().map(|export| line(export, &mut said)).collect();
        let values = vec![
            ("window", self.language.window(window).into()),
            ("exports", Value::Markup(lines.join("\n"))),
        ];
        self.fill("progress", values)
    }

    /// One export that is over; the reasons of a failure have a message of their own.
    fn progress_over<'a>(&self, report: &'a ExportReport, said: &mut Said<'a>) -> String {
        match report.status {
            ExportStatus::Ok => self.fill("summary_done", self.export(report)),
            ExportStatus::NoData => self.fill("summary_empty", self.export(report)),
            ExportStatus::Failed if said.before(report) => self.summary_same(report),
            ExportStatus::Failed => {
                let values = vec![
                    ("export", report.name.as_str().into()),
                    ("error", report.error.as_ref().map(|error| self.language.say(&error.message)).into()),
                ];
                self.fill("progress_failed", values)
            }
        }
    }

    fn daily(&self, daily: &Daily) -> String {
        let export = |export: &DailyExport| {
            let values = vec![
                ("export", export.name.as_str().into()),
                ("new", self.language.number(export.new).into()),
                ("updated", self.language.number(export.updated).into()),
            ];
            self.fill("daily_export", values)
        };
        let exports: Vec<String> = daily.exports.iter().map(export).collect();
        let failing: Vec<&str> = daily.failing.iter().map(|name| self.whole(name)).collect();
        let values = vec![
            ("day", self.language.day(daily.day).into()),
            ("runs", self.language.number(daily.runs).into()),
            ("failed", (daily.failed > 0).then(|| self.language.number(daily.failed)).into()),
            (
                "exports",
                (!exports.is_empty()).then(|| exports.join("\n")).map_or(Value::Nothing, Value::Markup),
            ),
            ("failing", (!failing.is_empty()).then(|| failing.join(", ")).into()),
            ("missing", (daily.missing > 0).then(|| self.language.number(daily.missing)).into()),
            ("next", daily.next_run.map(|at| self.language.moment(at)).into()),
        ];
        self.fill("daily", values)
    }

    fn incident(&self, export: Option<&str>, since: NaiveDateTime, runs: u32) -> Values {
        vec![
            ("export", export.unwrap_or_else(|| self.language.word("whole_run")).into()),
            ("since", self.language.moment(since).into()),
            ("runs", self.language.number(runs as usize).into()),
        ]
    }

    /// The name of an export, or the words for the run as a whole.
    fn whole<'a>(&self, name: &'a str) -> &'a str {
        if name == "*" { self.language.word("whole_run") } else { name }
    }

    fn done(&self, report: &ExportReport) -> String {
        let section = if report.status == ExportStatus::NoData { "export_empty" } else { "export_done" };
        let mut values = self.export(report);
        let tries = (report.attempts > 1).then(|| report.attempts.to_string());
        values.extend([("tries", tries.into()), ("notes", self.notes(&report.notes))]);
        self.fill(section, values)
    }

    fn export(&self, report: &ExportReport) -> Values {
        let mut values = self.counts(report.rows, report.counts);
        // Without a driver nothing was fetched; the word for it is a dash.
        let driver = report.driver.map_or_else(|| "–".to_owned(), |driver| driver.to_string());
        values.extend([
            ("export", report.name.as_str().into()),
            ("seconds", self.language.seconds(report.seconds).into()),
            ("driver", driver.into()),
        ]);
        values
    }

    fn counts(&self, rows: usize, counts: PlanCounts) -> Values {
        let number = |count| Value::from(self.language.number(count));
        vec![
            ("rows", number(rows)),
            ("new", number(counts.new)),
            ("updated", number(counts.updated)),
            ("unchanged", number(counts.unchanged)),
            ("duplicates", number(counts.duplicates)),
        ]
    }

    fn summary(&self, report: &RunReport) -> String {
        let mut said = Said::default();
        let exports: Vec<String> =
            report.exports.iter().map(|export| self.summary_of(export, &mut said)).collect();
        let mut total = PlanCounts::default();
        for export in &report.exports {
            total.new += export.counts.new;
            total.updated += export.counts.updated;
            total.unchanged += export.counts.unchanged;
            total.duplicates += export.counts.duplicates;
        }
        // Rows of an export that failed are in no sheet.
        let loaded = report.exports.iter().filter(|export| export.status != ExportStatus::Failed);
        let mut values = self.counts(loaded.map(|export| export.rows).sum(), total);
        let failed = report.exports.iter().filter(|export| export.status == ExportStatus::Failed).count();
        let (mark, outcome) = match report.status {
            RunStatus::Ok => ("✅", "outcome_ok"),
            RunStatus::Failed => ("⚠️", "outcome_failed"),
            RunStatus::NothingRan => ("🚨", "outcome_nothing_ran"),
        };
        let of = [("failed", &*failed.to_string()), ("all", &*report.exports.len().to_string())];
        values.extend([
            ("mark", mark.into()),
            ("outcome", self.language.templates().phrase(outcome, &of).into()),
            ("window", self.language.window(report.window).into()),
            ("dry_run", report.dry_run.then(|| self.language.word("dry_run")).into()),
            ("exports", Value::Markup(exports.join("\n"))),
            ("seconds", self.language.seconds(report.seconds).into()),
            ("calls", self.language.number(report.sheets_calls as usize).into()),
            ("notes", self.notes(&report.notes)),
        ]);
        // Where each export names it, the run need not.
        if let Some(error) = report.error.as_ref().filter(|error| !said.0.contains(&*error.message)) {
            values.extend(self.error(error));
        }
        self.fill("summary", values)
    }

    /// One export in the summary.
    fn summary_of<'a>(&self, report: &'a ExportReport, said: &mut Said<'a>) -> String {
        match (&report.status, &report.error) {
            (ExportStatus::Ok, _) => self.fill("summary_done", self.export(report)),
            (ExportStatus::NoData, _) => self.fill("summary_empty", self.export(report)),
            (ExportStatus::Failed, _) if said.before(report) => self.summary_same(report),
            (ExportStatus::Failed, error) => {
                let mut values = error.as_ref().map(|error| self.error(error)).unwrap_or_default();
                values.push(("export", report.name.as_str().into()));
                self.fill("summary_failed", values)
            }
        }
    }

    /// An export that failed for the reason that was just said.
    fn summary_same(&self, report: &ExportReport) -> String {
        self.fill("summary_same", vec![("export", report.name.as_str().into())])
    }

    fn error(&self, error: &ErrorReport) -> Values {
        let turn = match error.turn {
            Turn::User => "turn_user",
            Turn::Panel => "turn_panel",
            Turn::Google => "turn_google",
            Turn::Us => "turn_us",
        };
        vec![
            ("error", self.language.say(&error.message).into()),
            ("hints", self.list("hint", error.hints.iter().map(|hint| self.language.say(hint)))),
            ("turn", self.language.word(turn).into()),
        ]
    }

    fn notes(&self, notes: &[String]) -> Value {
        let rest = notes.len().saturating_sub(NOTES);
        let count = self.language.number(rest);
        let more = (rest > 0).then(|| self.language.templates().phrase("more", &[("count", &count)]));
        self.list("note", notes.iter().take(NOTES).map(|note| self.language.say(note)).chain(more))
    }

    /// One line each, or nothing.
    fn list(&self, section: &str, texts: impl Iterator<Item = String>) -> Value {
        let lines: Vec<String> = texts.map(|text| self.fill(section, vec![("text", text.into())])).collect();
        if lines.is_empty() { Value::Nothing } else { Value::Markup(lines.join("\n")) }
    }
}
