//! A source of one's own: the files of a directory that were changed in the window.
//!
//! Run it with `cargo run -p exporter-examples --example own_source`. It upserts into
//! `files.csv` in a temporary directory through the sink of `own_sink.rs`, twice: the
//! second run finds nothing to do.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use exporter_core::{
    Clock as _, Column, ColumnType, Driver, Error, Events, Export, ExportRequest, ExportSource, ExportSpec,
    Job, Origin, Pipeline, Result, RetryPolicy, SystemClock, Table, Value, Window,
};
use exporter_examples::CsvSink;

/// Lists the files below a directory: name, size and day of the last change.
struct Files {
    directory: PathBuf,
    spec: ExportSpec,
}

#[async_trait]
impl ExportSource for Files {
    fn spec(&self) -> &ExportSpec {
        &self.spec
    }

    async fn check(&self) -> Result<()> {
        std::fs::read_dir(&self.directory)?;
        Ok(())
    }

    async fn export(&self, request: &ExportRequest) -> Result<Export> {
        let column = |name: &str, kind| Column { name: name.into(), kind };
        let mut table = Table::new(vec![
            column("File", ColumnType::Text),
            column("Bytes", ColumnType::Integer),
            column("Changed", ColumnType::Date),
        ]);
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            let facts = entry.metadata()?;
            let changed = DateTime::<Utc>::from(facts.modified()?).date_naive();
            if facts.is_file() && request.window.contains(changed) {
                let size = i64::try_from(facts.len()).unwrap_or(i64::MAX);
                let name = Value::text(entry.file_name().to_string_lossy());
                table.push([name, Value::Integer(size), Value::Date(changed)], Origin::default());
            }
        }
        Ok(Export { artifact: None, table, driver: Driver::Http, notes: Vec::new() })
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let clock = Arc::new(SystemClock);
    let kept = tempfile::tempdir()?;
    let source = Files {
        directory: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
        spec: ExportSpec { key: vec!["File".to_owned()], ..ExportSpec::new("files") },
    };
    let pipeline = Pipeline {
        jobs: vec![Job { source: Arc::new(source), sink: Arc::new(CsvSink::new(kept.path())) }],
        session: None,
        window: Window::last(3650, clock.today(chrono_tz::UTC)),
        retry: RetryPolicy::default(),
        individual_sessions: false,
        dry_run: false,
    };
    for run in ["first", "second"] {
        let report = pipeline.run(&Events::new(run, clock.clone(), Vec::new())).await.report;
        let export = &report.exports[0];
        println!(
            "{run} run: {} rows, {} new, {} unchanged",
            export.rows, export.counts.new, export.counts.unchanged
        );
    }
    Ok(())
}
