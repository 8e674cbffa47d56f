//! Planning: comparing what came in with what is stored.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use exporter_benches::{plan_of, table};
use exporter_core::ExportSpec;

fn plan(criterion: &mut Criterion) {
    let spec = ExportSpec { key: vec!["Kolom 0".to_owned()], ..ExportSpec::new("transaksi") };
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    for (stored, incoming) in [(30_usize, 30_usize), (10_000, 1_000), (100_000, 10_000)] {
        // A tenth of what comes in is new, a hundredth has changed.
        let there = table(0, stored, None);
        let came = table(stored - incoming * 9 / 10, incoming, Some(100));
        group.throughput(Throughput::Elements(stored as u64));
        group.bench_function(format!("{stored}x27 stored, {incoming} incoming"), |bencher| {
            bencher.iter_batched(
                || (),
                |()| black_box(plan_of(&came, &there, &spec)),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, plan);
criterion_main!(benches);
