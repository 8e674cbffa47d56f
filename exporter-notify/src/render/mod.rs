//! A message in a person's language: what is said, as HTML that no data can break.

mod language;
mod markup;
mod template;
#[cfg(test)]
mod tests;

use exporter_core::{
    ErrorReport, ExportReport, ExportStatus, Message, MessageBody, PlanCounts, Retry, RunReport, RunStatus,
    Turn,
};

pub use language::Language;
pub use markup::plain;
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
    }
}

struct Writer<'a> {
    store: &'a str,
    language: Language,
}

type Values = Vec<(&'static str, Value)>;

impl Writer<'_> {
    fn fill(&self, section: &str, mut values: Values) -> String {
        values.push(("store", self.store.into()));
        self.language.templates().fill(section, &values)
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
        let exports: Vec<String> = report.exports.iter().map(|export| self.summary_of(export)).collect();
        let mut total = PlanCounts::default();
        for export in &report.exports {
            total.new += export.counts.new;
            total.updated += export.counts.updated;
            total.unchanged += export.counts.unchanged;
            total.duplicates += export.counts.duplicates;
        }
        let mut values = self.counts(report.exports.iter().map(|export| export.rows).sum(), total);
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
        if let Some(error) = &report.error {
            values.extend(self.error(error));
        }
        self.fill("summary", values)
    }

    /// One export in the summary.
    fn summary_of(&self, report: &ExportReport) -> String {
        match (&report.status, &report.error) {
            (ExportStatus::Ok, _) => self.fill("summary_done", self.export(report)),
            (ExportStatus::NoData, _) => self.fill("summary_empty", self.export(report)),
            (ExportStatus::Failed, error) => {
                let mut values = error.as_ref().map(|error| self.error(error)).unwrap_or_default();
                values.push(("export", report.name.as_str().into()));
                self.fill("summary_failed", values)
            }
        }
    }

    fn error(&self, error: &ErrorReport) -> Values {
        let turn = match error.turn {
            Turn::User => "turn_user",
            Turn::Panel => "turn_panel",
            Turn::Google => "turn_google",
            Turn::Us => "turn_us",
        };
        vec![
            ("error", error.message.as_str().into()),
            ("hints", self.list("hint", error.hints.iter().cloned())),
            ("turn", self.language.word(turn).into()),
        ]
    }

    fn notes(&self, notes: &[String]) -> Value {
        let rest = notes.len().saturating_sub(NOTES);
        let count = self.language.number(rest);
        let more = (rest > 0).then(|| self.language.templates().phrase("more", &[("count", &count)]));
        self.list("note", notes.iter().take(NOTES).cloned().chain(more))
    }

    /// One line each, or nothing.
    fn list(&self, section: &str, texts: impl Iterator<Item = String>) -> Value {
        let lines: Vec<String> = texts.map(|text| self.fill(section, vec![("text", text.into())])).collect();
        if lines.is_empty() { Value::Nothing } else { Value::Markup(lines.join("\n")) }
    }
}
