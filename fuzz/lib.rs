//! What the fuzz targets share: how a file is read under small limits, and what must hold.

use std::sync::Once;

use exporter_sources::formats::{self, Limits, ReadOptions};

/// Small enough that a slow input is a finding, not a large one.
const LIMITS: Limits = Limits { bytes: 4 << 20, unpacked_bytes: 32 << 20, cells: 200_000 };

/// Reads a file as the product does. A panic of ours ends the process; the libraries' own,
/// which the readers turn into errors, do not.
pub fn read(bytes: &[u8]) {
    abort_on_our_panics();
    let options = ReadOptions { limits: LIMITS, ..ReadOptions::default() };
    match formats::read(bytes, &options) {
        Ok(reading) => {
            let width = reading.table.width();
            assert!(width > 0 || reading.table.is_empty(), "rows without columns");
            assert!(reading.table.rows().all(|row| row.len() == width), "rows of different widths");
        }
        Err(error) => assert!(!error.to_string().is_empty(), "an error that says nothing"),
    }
}

/// The hook that libFuzzer installs aborts at any panic, also at one that is caught.
pub fn abort_on_our_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let place = info.location().map(|place| place.file().to_owned()).unwrap_or_default();
            if place.contains("exporter-") || place.contains("targets/") || place.contains("lib.rs") {
                eprintln!("{info}");
                if !place.contains(".cargo") {
                    std::process::abort();
                }
            }
        }));
    });
}
