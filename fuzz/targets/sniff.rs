//! What a file is: any bytes, without reading further.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    exporter_fuzz::abort_on_our_panics();
    if let Err(error) = exporter_sources::formats::sniff(data) {
        assert!(!error.to_string().is_empty(), "an error that says nothing");
    }
});
