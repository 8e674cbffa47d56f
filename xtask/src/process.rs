//! Running other programs: said before it is done, and a failure names the command.

use std::process::{Command, Stdio};

/// What goes wrong here is told in a sentence; nobody branches on it.
pub type Result<T = ()> = std::result::Result<T, String>;

/// A program with its arguments, without standard input and without colours.
#[expect(clippy::disallowed_methods, reason = "the runner is not part of the product")]
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).env("CARGO_TERM_COLOR", "never");
    command
}

/// Cargo itself, the same one that runs us.
pub fn cargo(arguments: &[&str]) -> Command {
    command(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()), arguments)
}

/// Runs it; anything but success is an error.
pub fn run(mut command: Command) -> Result {
    let line = describe(&command);
    eprintln!("+ {line}");
    let status = command.status().map_err(|error| format!("`{line}` cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` ended with {status}")) }
}

/// Whether the program is there and answers to `--version`.
pub fn answers(program: &str, arguments: &[&str]) -> bool {
    let quiet = command(program, arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|status| status.success())
}

/// What it prints on standard output.
pub fn output(mut command: Command) -> Result<String> {
    let line = describe(&command);
    let output = command.output().map_err(|error| format!("`{line}` cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "`{line}` ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it.
fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
