//! The one runner: `cargo xtask test` sets up and tests, `cargo xtask ci` checks all that a change must pass.

mod browser;
mod ci;
mod database;
mod panels;
mod process;
mod storm;
mod system;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [FILTER…]   set up what the tests need, then run them all; with filters, those whose names match
  ci               formatting, lints, documentation, then `test`: what a change must pass
  setup            only the set-up: a browser and its driver, and PostgreSQL
  tidy             only the rules of the tree: headers, sizes, dependencies
  panels [BROWSER] every panel of the sandbox in every driver: rows right, seconds, memory;
                   BROWSER is chromium, edge or firefox
  soak             1,000 runs over HTTP and 50 in a browser: what is left behind
  bench [FILTER]   the benchmarks
  drill [N]        kill the service at N random moments, 200 unless given, and look at what is left
  storm [TRIALS] [SEED]   10,000 storms on the sheet: editing people, lost answers, killed processes
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let result = match (command, rest) {
        ("test", filters) => test::all(filters),
        ("ci", []) => ci::all(),
        ("setup", []) => browser::set_up().and_then(|()| database::set_up().map(drop)),
        ("tidy", []) => test::tidy(),
        ("panels", []) => panels::all(None),
        ("panels", [browser]) => panels::all(Some(browser)),
        ("soak", []) => panels::soak(),
        ("bench", filters) => test::bench(filters),
        ("drill", kills) => test::drill(kills.first().map_or("200", String::as_str)),
        ("storm", rest) => storm::long(rest),
        ("help" | "-h" | "--help", []) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}
