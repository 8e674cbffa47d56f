//! What a change must pass, in the order in which it fails soonest.

use crate::process::{Result, cargo, run};
use crate::test;

/// Formatting, lints, documentation, tests; the usual build last.
pub fn all() -> Result {
    run(cargo(&["fmt", "--all", "--check"]))?;
    run(cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "--deny", "warnings"]))?;
    let mut doc = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    run(doc)?;
    test::features()?;
    test::all(&[])
}
