//! Errors for people: one line, the causes in it, then what to do next; with `--json` the same
//! as data.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use exporter_core::{Error, ErrorKind, ErrorReport};
use serde_json::json;

use super::say;
use crate::exit::Exit;

/// Whether a document is what is wanted on stdout.
static AS_JSON: AtomicBool = AtomicBool::new(false);

/// From here on an error that ends the command is printed on stdout as well, as the one document
/// that `--json` promises.
pub fn as_json() {
    AS_JSON.store(true, Ordering::Relaxed);
}

/// Prints the error that ends a command on stderr, with `--json` on stdout as well, and passes the
/// exit code on.
pub fn print(error: &Error, exit: Exit) -> Exit {
    let report = error.report();
    say::note(text(&report).trim_end());
    document(&report);
    exit
}

/// `{"error": …}` in the shape that an error has in the report of a run.
pub fn document(error: &ErrorReport) {
    // Who has a result already, as with a plan that is shown and cannot be kept, gets no second one.
    if AS_JSON.load(Ordering::Relaxed) && !say::said() {
        say::text(super::json(&json!({ "error": error })));
    }
}

/// Prints what clap has to say: help and version on stdout with success, anything else
/// on stderr as a usage error, with `--json` as a document as well.
pub fn usage(error: &clap::Error) -> ExitCode {
    let wanted =
        matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion);
    // A closed pipe is the reader's choice and no error.
    let _ = error.print();
    let _ = std::io::stdout().flush();
    if wanted {
        return Exit::Ok.into();
    }
    let said = error.to_string();
    let what = said.lines().next().unwrap_or_default();
    let what = what.strip_prefix("error: ").unwrap_or(what);
    let hint = "the words of each command: exporter COMMAND --help";
    document(&Error::new(ErrorKind::Config, what).hint(hint).report());
    Exit::Config.into()
}

/// `error[kind]: …` and a `hint: …` line for each next step; the kind is what
/// `docs/troubleshooting.md` is sorted by.
pub fn text(error: &ErrorReport) -> String {
    let mut text = format!("error[{}]: {}\n", error.kind, error.message);
    for hint in &error.hints {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "hint: {hint}");
    }
    for file in &error.evidence {
        let _ = writeln!(text, "see: {}", file.display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_happened_and_what_to_do() {
        let error = Error::new(ErrorKind::WrongPassword, "the panel refused the password")
            .context("url", "https://panel.example/login")
            .hint("check `password` in the configuration");
        insta::assert_snapshot!(text(&error.report()), @r"
        error[wrong_password]: the panel refused the password (url: https://panel.example/login)
        hint: check `password` in the configuration
        ");
    }
}
