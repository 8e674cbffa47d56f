//! What is said to people who wrote to us, or who have to write: answers, how things stand,
//! questions for a code.

use exporter_core::{Answer, MessageBody, PastRun, RunEnd};

use super::Writer;
use super::language::Language;
use super::template::Value;

/// What people may ask for, in the order in which it is shown. Each has its words in the
/// language's file, under `command_` and its name.
const COMMANDS: [(&str, &str); 9] = [
    ("status", "command_status"),
    ("history", "command_history"),
    ("run", "command_run"),
    ("retry", "command_retry"),
    ("plan", "command_plan"),
    ("pause", "command_pause"),
    ("resume", "command_resume"),
    ("code", "command_code"),
    ("help", "command_help"),
];

impl Language {
    /// The commands with what each does.
    pub(crate) fn commands(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        COMMANDS.into_iter().map(move |(name, word)| (name, self.word(word)))
    }
}

impl Writer<'_> {
    /// The part of a conversation; nothing of what is told without being asked.
    pub fn talk(&self, body: &MessageBody) -> String {
        let language = self.language;
        match body {
            MessageBody::Standing { last_good, next_run, failing, paused, running } => {
                let failing: Vec<&str> = failing.iter().map(|name| self.whole(name)).collect();
                let good =
                    last_good.map_or_else(|| language.word("never").to_owned(), |at| language.moment(at));
                let values = vec![
                    ("good", good.into()),
                    ("next", next_run.map(|at| language.moment(at)).into()),
                    ("failing", (!failing.is_empty()).then(|| failing.join(", ")).into()),
                    ("paused", paused.then(|| language.word("paused")).into()),
                    ("running", running.map(|at| language.moment(at)).into()),
                    ("alarm", next_run.map(|_| language.word("alarm")).into()),
                ];
                self.fill("standing", values)
            }
            MessageBody::History { runs } => {
                let lines: Vec<String> = runs.iter().map(|run| self.past(run)).collect();
                self.fill("history", vec![("lines", Value::Markup(lines.join("\n")))])
            }
            MessageBody::NotDone { error } => self.fill("not_done", self.error(error)),
            MessageBody::CodeWanted { panel, until, again } => {
                let values = vec![
                    ("panel", panel.as_str().into()),
                    ("until", language.moment(*until).into()),
                    ("again", again.then(|| language.word("code_again")).into()),
                ];
                self.fill("code_wanted", values)
            }
            MessageBody::CodeOver { panel, given, left } => {
                let values = vec![
                    ("panel", panel.as_str().into()),
                    ("outcome", language.word(if *given { "code_given" } else { "code_missed" }).into()),
                    ("left", left.then(|| language.word("code_left")).into()),
                ];
                self.fill("code_over", values)
            }
            MessageBody::Answer { answer } => self.answer(*answer),
            _ => String::new(),
        }
    }

    /// One of the last runs: what it wrote, or why it wrote nothing.
    fn past(&self, run: &PastRun) -> String {
        let (mark, word) = match run.end {
            RunEnd::GoesOn => ("⏳", Some("goes_on")),
            RunEnd::CutOff => ("⚡", Some("cut_off")),
            RunEnd::Well | RunEnd::Badly if run.dry_run => ("👁", Some("only_looked")),
            RunEnd::Well => ("✅", None),
            RunEnd::Badly => ("❌", None),
        };
        let mut values = vec![
            ("mark", mark.into()),
            ("began", self.language.moment(run.began).into()),
            ("window", self.language.window(run.window).into()),
        ];
        if let Some(word) = word {
            values.push(("what", self.language.word(word).into()));
            return self.fill("history_other", values);
        }
        values.push(("new", self.language.number(run.new).into()));
        values.push(("updated", self.language.number(run.updated).into()));
        self.fill("history_run", values)
    }

    fn answer(&self, answer: Answer) -> String {
        let word = match answer {
            Answer::Help => return self.help(None),
            Answer::Unknown => return self.help(Some("answer_unknown")),
            Answer::Accepted => "answer_accepted",
            Answer::Queued => "answer_queued",
            Answer::Already => "answer_already",
            Answer::Paused => "answer_paused",
            Answer::Resumed => "answer_resumed",
            Answer::NoRuns => "answer_no_runs",
            Answer::NoCode => "answer_no_code",
        };
        self.fill("answer", vec![("text", self.language.word(word).into())])
    }

    /// What can be asked for, a line each.
    fn help(&self, before: Option<&'static str>) -> String {
        let line = |(name, text): (&str, &str)| {
            self.fill("command", vec![("name", name.into()), ("text", text.into())])
        };
        let lines: Vec<String> = self.language.commands().map(line).collect();
        let values = vec![
            ("before", before.map(|word| self.language.word(word)).into()),
            ("commands", Value::Markup(lines.join("\n"))),
        ];
        self.fill("help", values)
    }
}
