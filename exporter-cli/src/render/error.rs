//! Errors for people: one line, the causes in it, then what to do next.

use std::fmt::Write as _;

use exporter_core::{Error, ErrorReport};

use super::say;
use crate::exit::Exit;

/// Prints the error on stderr and passes the exit code on.
pub fn print(error: &Error, exit: Exit) -> Exit {
    say::note(text(&error.report()).trim_end());
    exit
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
    use exporter_core::ErrorKind;

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
