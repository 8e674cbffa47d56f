//! One plan of a million stored rows against a hundred thousand that came in, both of 27
//! columns: how much time of the processor it takes and how much memory it adds. `compare/plan.py` runs it beside
//! the same with pandas.
#![expect(clippy::print_stdout, reason = "the figures are its result")]

use exporter_benches::{plan_of, table};
use exporter_core::ExportSpec;

/// Rows that are stored, and that come in: a tenth of these is new.
const STORED: usize = 1_000_000;
const INCOMING: usize = 100_000;
/// Every so manieth row that is stored has changed.
const CHANGED: usize = 100;

/// Memory in megabytes, by name: `VmRSS` now, `VmHWM` at most. Linux only.
fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Seconds that the processor has worked for us, whatever else it does. Linux only.
fn worked() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|number| number.parse::<f64>().ok());
    nanoseconds.unwrap_or(0.0) / 1e9
}

fn main() {
    let spec = ExportSpec { key: vec!["Kolom 0".to_owned()], ..ExportSpec::new("transaksi") };
    let there = table(0, STORED, None);
    let came = table(STORED - INCOMING * 9 / 10, INCOMING, Some(CHANGED));
    let before = memory("VmRSS");
    let begun = worked();
    let changes = plan_of(&came, &there, &spec);
    let seconds = worked() - begun;
    println!(
        r#"{{"seconds": {seconds:.3}, "tables_mb": {before}, "more_mb": {}, "new": {}, "updated": {}, "unchanged": {}}}"#,
        memory("VmHWM").saturating_sub(before),
        changes.inserts.len(),
        changes.updates.len(),
        changes.unchanged,
    );
}
