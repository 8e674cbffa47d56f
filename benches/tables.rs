//! Reading files: from bytes to a table.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use exporter_sources::formats::{ReadOptions, read};

fn tables(criterion: &mut Criterion) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exporter-sources/tests/corpus/pdf");
    let mut group = criterion.benchmark_group("tables");
    group.sample_size(20);
    for name in ["dompdf-transaksi-40-grid.pdf", "dompdf-point_transaction-50-grid.pdf"] {
        let bytes = std::fs::read(corpus.join(name)).expect("the corpus is part of the repository");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                black_box(read(black_box(&bytes), &ReadOptions::default())).map(|reading| reading.table.len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, tables);
criterion_main!(benches);
