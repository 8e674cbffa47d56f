//! Excel's XML of 2003: whole files, and the inside of a worksheet.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    const HEAD: &[u8] = br#"<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table>"#;
    exporter_fuzz::read(data);
    exporter_fuzz::read(&[HEAD, data, b"</Table></Worksheet></Workbook>"].concat());
});
