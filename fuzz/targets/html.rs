//! Tables of web pages: whatever the bytes are, they stand in a table.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    exporter_fuzz::read(data);
    exporter_fuzz::read(&[b"<table><tr><td>", data, b"</table>"].concat());
});
