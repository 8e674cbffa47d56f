//! PDFs: whole files, and the content of a page in a file that is sound otherwise. Streams
//! that are packed hide their content from the fuzzer, so the seeds are unpacked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lopdf::{Dictionary, Document, Object, Stream, dictionary};

fuzz_target!(|data: &[u8]| {
    if data.starts_with(b"%PDF-") {
        exporter_fuzz::read(data);
    } else {
        exporter_fuzz::read(&page(data));
    }
});

/// A file of one page that shows `content`, with a plain font `F1` and one of two bytes a
/// character, `F2`, whose map to Unicode is the part of `data` behind the word `ToUnicode`.
fn page(data: &[u8]) -> Vec<u8> {
    let split = data.windows(9).position(|part| part == b"ToUnicode").unwrap_or(data.len());
    let (content, map) = data.split_at(split);
    let mut document = Document::with_version("1.7");
    let mut stream = |bytes: &[u8]| -> Object {
        document.add_object(Stream::new(Dictionary::new(), bytes.to_vec())).into()
    };
    let (content, map) = (stream(content), stream(map.get(9..).unwrap_or_default()));
    let descendant = dictionary! {
        "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => "X", "DW" => 500,
        "CIDSystemInfo" => dictionary! { "Registry" => "Adobe", "Ordering" => "Identity", "Supplement" => 0 },
    };
    let plain = dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" };
    let wide = dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "X", "Encoding" => "Identity-H",
        "DescendantFonts" => vec![descendant.into()], "ToUnicode" => map,
    };
    let page = document.add_object(dictionary! {
        "Type" => "Page", "Contents" => content,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        "Resources" => dictionary! { "Font" => dictionary! { "F1" => plain, "F2" => wide } },
    });
    let pages = document.add_object(dictionary! { "Type" => "Pages", "Kids" => vec![page.into()], "Count" => 1 });
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).expect("written to memory");
    bytes
}
