//! Long storms on the sheet: many more trials than the tests have time for.

use crate::process::{Result, cargo, run};

/// How many trials and killed processes, and the first seed, unless said otherwise.
const TRIALS: &str = "10000";
const KILLS: &str = "20";
const SEED: &str = "1";

/// `storm [TRIALS] [SEED]`: the storm tests of the sheet's sink, optimised and at length.
pub fn long(arguments: &[String]) -> Result {
    let mut tests = cargo(&["test", "--release", "--package", "exporter-sheets", "--test", "it"]);
    tests.args(["storm::", "--", "--nocapture", "--test-threads", "1"]);
    tests.env("EXPORTER_STORM_TRIALS", arguments.first().map_or(TRIALS, String::as_str));
    tests.env("EXPORTER_STORM_SEED", arguments.get(1).map_or(SEED, String::as_str));
    tests.env("EXPORTER_STORM_KILLS", KILLS);
    run(tests)
}
