//! What a change must pass, in the order in which it fails soonest.

use crate::process::{Result, cargo, run};
use crate::test;

/// Formatting, lints of the usual program and of one with every feature, documentation, tests.
pub fn all() -> Result {
    run(cargo(&["fmt", "--all", "--check"]))?;
    let lints = ["clippy", "--locked", "--workspace", "--all-targets"];
    for features in [&[][..], &["--all-features"]] {
        run(cargo(&[&lints, features, &["--", "--deny", "warnings"]].concat()))?;
    }
    let mut doc = cargo(&["doc", "--locked", "--workspace", "--no-deps", "--all-features"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    run(doc)?;
    test::all(&[])
}
