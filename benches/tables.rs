//! Reading files, stage by stage: what it is, its pages, the table on them, the types; and whole files
//! of each kind.

use std::hint::black_box;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use exporter_sources::formats::pdf::{self, PdfOptions};
use exporter_sources::formats::typing::{self, TypingOptions};
use exporter_sources::formats::{ReadOptions, read, sniff};

/// A file of the tests.
fn file(path: &str) -> Vec<u8> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exporter-sources/tests");
    std::fs::read(tests.join(path)).expect("the tests' files are part of the repository")
}

/// The stages of a PDF: 60 rows of 27 columns.
fn stages(criterion: &mut Criterion) {
    let bytes = file("corpus/pdf/dompdf-transaksi-60-grid.pdf");
    let options = PdfOptions::default();
    let pages = pdf::pages(&bytes, &options).expect("a PDF");
    let reading = read(&bytes, &ReadOptions::default()).expect("a table");
    let mut group = criterion.benchmark_group("stages");
    group.sample_size(20);
    group.bench_function("1 sniff", |bencher| bencher.iter(|| sniff(black_box(&bytes))));
    group.bench_function("2 pages", |bencher| bencher.iter(|| pdf::pages(black_box(&bytes), &options)));
    group.bench_function("3 table", |bencher| {
        bencher.iter_batched(|| pages.clone(), pdf::table, BatchSize::LargeInput);
    });
    group.bench_function("4 types", |bencher| {
        let typed = |mut table| typing::apply(&mut table, &TypingOptions::default());
        bencher.iter_batched(|| reading.table.clone(), typed, BatchSize::LargeInput);
    });
    group.finish();
}

/// Whole files.
fn kinds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("kinds");
    group.sample_size(20);
    for path in [
        "corpus/pdf/dompdf-transaksi-40-grid.pdf",
        "corpus/pdf/fpdf-point_transaction-1000-none.pdf",
        "fixtures/sheets/openpyxl-title.xlsx",
        "fixtures/sheets/libreoffice-groups.ods",
        "fixtures/sheets/xlwt.xls",
        "fixtures/sheets/libreoffice-groups-page.html",
        "fixtures/sheets/text-semi-1252.txt",
    ] {
        let bytes = file(path);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(path.rsplit('/').next().unwrap_or(path), |bencher| {
            bencher
                .iter(|| read(black_box(&bytes), &ReadOptions::default()).map(|reading| reading.table.len()));
        });
    }
    group.finish();
}

criterion_group!(benches, stages, kinds);
criterion_main!(benches);
