//! The sandbox's panels in every driver, and many runs in a row: what is measured, not tested.

use crate::process::{Result, cargo, run};

/// A table of rows, seconds and memory; with the first browser that is found, unless one is named.
pub fn all(browser: Option<&str>) -> Result {
    let example = ["run", "--quiet", "--package", "exporter-sources", "--example", "panels", "--"];
    run(cargo(&[&example[..], browser.as_slice()].concat()))
}

/// 1,000 runs over HTTP and 50 in a browser: nothing may be left behind.
pub fn soak() -> Result {
    for (driver, runs) in [("http", "1000"), ("browser", "50")] {
        let example = ["run", "--quiet", "--package", "exporter-sources", "--example", "soak", "--"];
        run(cargo(&[&example[..], &[driver, runs]].concat()))?;
    }
    Ok(())
}
