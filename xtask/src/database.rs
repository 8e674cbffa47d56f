//! The set-up: PostgreSQL, of which the tests start servers of their own.

use std::fs;

use crate::process::Result;
use crate::system::{can_install, found, install};

/// Sees to it that PostgreSQL is there, where that is possible; whether it is. Without it the
/// tests of a state in PostgreSQL are skipped, with a line that says so.
pub fn set_up() -> Result<bool> {
    if !is_there() && can_install() {
        install(|| vec!["postgresql"])?;
    }
    let there = is_there();
    if !there {
        eprintln!("PostgreSQL is missing: its tests are skipped\nhint: sudo apt-get install postgresql");
    }
    Ok(there)
}

/// On the search path, or where Debian and its kin put it.
fn is_there() -> bool {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    found("initdb")
        || versions.map(|version| version.path().join("bin/initdb")).any(|program| program.is_file())
}
