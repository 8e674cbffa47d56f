//! PDFs of many writers, read and compared with their tables cell by cell; and the same files
//! damaged in every way, which must be read or refused, never break us.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once};
use std::time::Duration;

use exporter_sources::formats::pdf::{self, Limits, PdfError, PdfOptions, PdfTable};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    file: String,
    expect: String,
    header_alt: Option<Vec<String>>,
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/pdf")
}

fn cases() -> Vec<Case> {
    let manifest = fs::read(corpus().join("manifest.json")).expect("the manifest is there");
    serde_json::from_slice(&manifest).expect("the manifest is JSON")
}

fn read(file: &str) -> Result<PdfTable, PdfError> {
    let bytes = fs::read(corpus().join(file)).expect("the file is there");
    pdf::read(&bytes, &PdfOptions::default())
}

/// Records of the CSV beside a PDF, heading first.
fn truth(file: &str) -> Vec<Vec<String>> {
    let path = corpus().join(file).with_extension("csv");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(path).expect("the CSV is there");
    let fold = |text: &str| text.replace('\u{a0}', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    reader.records().map(|record| record.expect("valid CSV").iter().map(fold).collect()).collect()
}

#[test]
fn every_table_comes_back_exactly() {
    for case in cases().iter().filter(|case| case.expect != "error") {
        let table = read(&case.file).unwrap_or_else(|error| panic!("{}: {error}", case.file));
        let truth = truth(&case.file);
        let (header, body) = truth.split_first().expect("a heading");
        let named = table.header == *header || case.header_alt.as_ref() == Some(&table.header);
        assert!(named, "{}: heading {:?}", case.file, table.header);
        for (row, expected) in table.rows.iter().zip(body) {
            assert_eq!(row.cells, *expected, "{}, page {}", case.file, row.page);
        }
        assert_eq!(table.rows.len(), body.len(), "{}: number of rows", case.file);
    }
}

#[test]
fn every_broken_file_is_refused_with_a_reason() {
    for case in cases().iter().filter(|case| case.expect == "error") {
        let error = read(&case.file).err().unwrap_or_else(|| panic!("{} was read", case.file));
        assert!(error.to_string().len() > 20, "{}: {error}", case.file);
    }
}

#[test]
fn the_reasons_name_what_is_wrong() {
    assert_eq!(read("not-pdf-empty.pdf").err(), Some(PdfError::Empty));
    assert!(matches!(read("not-pdf-zip.pdf"), Err(PdfError::NotPdf { .. })));
    assert_eq!(read("dompdf-koin_pay-1-grid-enc-userpw.pdf").err(), Some(PdfError::PasswordNeeded));
    assert!(matches!(
        read("dompdf-point_transaction-50-grid-truncated.pdf"),
        Err(PdfError::Truncated { .. })
    ));
    assert!(matches!(
        read("dompdf-point_transaction-50-hrules-flate-corrupt.pdf"),
        Err(PdfError::Corrupt { .. })
    ));
}

#[test]
fn a_wrong_password_is_told_from_a_missing_one() {
    let bytes = fs::read(corpus().join("dompdf-koin_pay-1-grid-enc-userpw.pdf")).expect("the file is there");
    let options = PdfOptions { password: Some("not it"), ..PdfOptions::default() };
    assert_eq!(pdf::read(&bytes, &options).err(), Some(PdfError::WrongPassword));
}

#[test]
fn totals_are_kept_apart() {
    let table = read("dompdf-point_transaction-50-grid.pdf").expect("a table");
    assert_eq!(table.totals.len(), 1);
    assert_eq!(table.totals[0][8], "Rp 63.437.865");
}

#[test]
fn the_found_cells_can_be_drawn() {
    let bytes = fs::read(corpus().join("dompdf-koin_pay-1-grid.pdf")).expect("the file is there");
    let seen = pdf::inspect(&bytes, &PdfOptions::default()).expect("pages");
    assert_eq!(seen.table.expect("a table").rows.len(), 1);
    let pages = seen.pages;
    assert_eq!(pages.len(), 1);
    assert_eq!(pages[0].cells.len(), 12, "two rows of six cells");
    let page = &pages[0];
    assert!(page.cells.iter().all(|cell| cell.x1 > cell.x0 && cell.y1 > cell.y0 && cell.x1 <= page.width));
}

#[test]
fn limits_hold() {
    let bytes = fs::read(corpus().join("dompdf-koin_pay-120-outer.pdf")).expect("the file is there");
    let refused = |limits: Limits| {
        let result = pdf::read(&bytes, &PdfOptions { limits, ..PdfOptions::default() });
        matches!(result, Err(PdfError::Limit { .. }))
    };
    assert!(!refused(Limits::default()));
    assert!(refused(Limits { bytes: 1000, ..Limits::default() }));
    assert!(refused(Limits { unpacked_bytes: 1000, ..Limits::default() }));
    assert!(refused(Limits { pages: 2, ..Limits::default() }));
    assert!(refused(Limits { objects: 3, ..Limits::default() }));
    assert!(refused(Limits { marks_per_page: 100, ..Limits::default() }));
}

/// Panics inside our own code while damaged files are read. [`pdf::read`] turns a panic into an
/// error, because lopdf has some; ours must have none.
static OUR_PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            if place.contains("formats/pdf") {
                OUR_PANICS.lock().expect("no panic while locked").push(place);
            } else if !place.contains("lopdf") {
                usual(info);
            }
        }));
    });
}

fn survives(bytes: &[u8]) -> Result<(), TestCaseError> {
    watch_panics();
    let limits = Limits { time: Duration::from_secs(5), ..Limits::default() };
    let _ = pdf::read(bytes, &PdfOptions { limits, ..PdfOptions::default() });
    let panics = OUR_PANICS.lock().expect("no panic while locked");
    prop_assert!(panics.is_empty(), "{panics:?}");
    Ok(())
}

const SMALL: &[&str] = &[
    "dompdf-koin_pay-1-grid.pdf",
    "reportlab-koin_pay-0-grid.pdf",
    "fpdf-user_front-16-hrules.pdf",
    "fpdf2-point_transaction-60-zebra.pdf",
    "dompdf-koin_pay-120-outer.pdf",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        survives(&tail)?;
        let mut bytes = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj ".to_vec();
        bytes.extend(tail);
        survives(&bytes)?;
    }

    #[test]
    fn damaged_files_are_read_or_refused(
        file in 0..SMALL.len(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..12),
    ) {
        let mut bytes = fs::read(corpus().join(SMALL[file])).expect("the file is there");
        for (at, value, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = value,
                1 => bytes.insert(at, value),
                2 => drop(bytes.drain(at..(at + usize::from(value)).min(bytes.len()))),
                _ => bytes[at] = b'0' + value % 10,
            }
        }
        survives(&bytes)?;
    }
}
