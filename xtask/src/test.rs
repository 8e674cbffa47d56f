//! Tests and benches, with everything they need made first.

use crate::browser;
use crate::database;
use crate::process::{Result, answers, cargo, run};

/// Sets up and runs all tests, or those whose names match one of the filters.
///
/// The runner's own summary comes last, so documentation is tested before it.
pub fn all(filters: &[String]) -> Result {
    browser::set_up()?;
    let database = database::set_up()?;
    // The tests call the program, and the examples are promised to work. The whole
    // workspace at once, as below, or what it depends on would be built twice.
    run(cargo(&["build", "--workspace", "--all-features", "--bins", "--examples"]))?;
    if filters.is_empty() {
        run(cargo(&["test", "--workspace", "--all-features", "--doc", "--quiet"]))?;
    }
    tests(&["--workspace", "--all-features"], filters, database)
}

/// The rules of the tree only.
pub fn tidy() -> Result {
    tests(&["--package", "exporter-tests", "--test", "tidy", "--test", "deps"], &[], false)
}

/// All benchmarks, or those whose names match.
pub fn bench(filters: &[String]) -> Result {
    let mut arguments = vec!["bench", "--package", "exporter-benches"];
    if let Some(filter) = filters.first() {
        arguments.extend(["--", filter]);
    }
    run(cargo(&arguments))
}

/// The drill of the unattended service: killed so many times at random moments.
pub fn drill(kills: &str) -> Result {
    let name = "a_service_that_is_killed_again_and_again_loses_and_doubles_nothing";
    let mut test = cargo(&["test", "--package", "exporter-cli", "--test", "it", name, "--", "--nocapture"]);
    test.env("EXPORTER_KILLS", kills);
    run(test)
}

/// Runs tests, those of PostgreSQL as well where it is said to be there, by nextest where it is installed, else by cargo itself.
fn tests(what: &[&str], filters: &[String], database: bool) -> Result {
    let nextest = answers("cargo-nextest", &["nextest", "--version"]);
    let mut arguments = if nextest { vec!["nextest", "run"] } else { vec!["test", "--no-fail-fast"] };
    arguments.extend(what);
    if nextest {
        arguments.extend(["--no-fail-fast", "--status-level", "slow", "--final-status-level", "fail"]);
        arguments.extend(filters.iter().map(String::as_str));
    } else {
        arguments.extend(["--tests", "--"]);
        arguments.extend(filters.iter().map(String::as_str));
    }
    let mut tests = cargo(&arguments);
    // A test that needs a browser fails without one; elsewhere it may be skipped.
    tests.env("EXPORTER_REQUIRE_BROWSER", "1");
    if database {
        tests.env("EXPORTER_REQUIRE_POSTGRES", "1");
    }
    run(tests)
}
