//! A sink of one's own: CSV files instead of a Google Sheet.
//!
//! Run it with `cargo run -p exporter-examples --example own_sink`. The sink itself is
//! in `csv_sink.rs`; `tests/` runs the contract suite of `exporter-core` against it.

use std::sync::Arc;

use exporter_core::{Error, ExportSpec, Origin, Sink as _, Table};
use exporter_examples::CsvSink;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let directory = tempfile::tempdir()?;
    let sink = CsvSink::new(directory.path());
    let spec = ExportSpec { key: vec!["ID".to_owned()], ..ExportSpec::new("orders") };

    for status in ["pending", "paid"] {
        let mut orders = Table::with_names(["ID", "Status"]);
        orders.push(["0001".into(), status.into()], Origin { page: 1, line: 2 });
        orders.push(["0002".into(), "paid".into()], Origin { page: 1, line: 3 });

        let plan = sink.plan(&Arc::new(orders), &spec).await?;
        for change in plan.changes.updates.iter().flat_map(|update| &update.cells) {
            println!("would change `{}` into `{}`", change.before, change.after);
        }
        let receipt = sink.apply(&plan).await?;
        println!(
            "{} added, {} cells changed, verified: {}",
            receipt.inserted, receipt.cells, receipt.verified
        );
    }
    println!("{}", std::fs::read_to_string(sink.path("orders"))?);
    Ok(())
}
