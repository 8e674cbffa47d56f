//! Embedding exporter: the built-in panel, the Google Sheets sink and the pipeline as a
//! library, against a sandbox on this machine.
//!
//! Run it with `cargo run -p exporter-examples --example embedding`. For a real panel and
//! spreadsheet only the addresses and secrets change.

use std::error::Error;
use std::sync::Arc;

use chrono_tz::Asia::Jakarta;
use exporter_core::{
    Clock, Driver, Event, Events, Job, Listener, Pipeline, RetryPolicy, Secret, Sink, SystemClock, Window,
};
use exporter_sandbox::{Sandbox, panel};
use exporter_sheets::{SheetsClient, SheetsConfig, SheetsSink};
use exporter_sources::{Panel, PanelConfig, PanelOptions, preset};

/// Whatever happens is an event; progress bars and messengers listen like this.
struct Print;

impl Listener for Print {
    fn event(&self, event: &Event) {
        println!("{:?}", event.fact);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    rustls::crypto::ring::default_provider().install_default().map_err(|_| "TLS is set up twice")?;
    let sandbox = Sandbox::start(exporter_sandbox::Options::default()).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let downloads = tempfile::tempdir()?;

    // A panel is data: a preset, and what is different about ours.
    let ours: PanelConfig = toml::from_str(
        r#"
        [exports.point_trx]
        key = ["ID"]
        [exports.user]
        key = ["ID"]
        [exports.koin_pay]
        key = ["Kode"]
        "#,
    )?;
    let options = PanelOptions {
        driver: Driver::Http,
        ..PanelOptions::new(
            sandbox.panel_url(),
            Jakarta,
            Secret::new(panel::EMAIL),
            Secret::new(panel::PASSWORD),
            downloads.path().to_path_buf(),
            clock.clone(),
        )
    };
    let panel = Panel::new(&preset("andalan")?.overlay(ours), options)?;

    let key = std::fs::read_to_string(sandbox.config_path().with_file_name("service-account.json"))?;
    let client = SheetsClient::new(SheetsConfig {
        spreadsheet: exporter_sandbox::SPREADSHEET.to_owned(),
        credentials: Secret::new(key).into(),
        base_url: Some(sandbox.sheets_url()),
    })?;
    let sink: Arc<dyn Sink> = Arc::new(SheetsSink::new(client));

    let pipeline = Pipeline {
        jobs: panel.sources().into_iter().map(|source| Job { source, sink: sink.clone() }).collect(),
        session: Some(panel),
        window: Window::last(3, clock.today(Jakarta)),
        retry: RetryPolicy::default(),
        individual_sessions: false,
        dry_run: false,
    };
    let outcome = pipeline.run(&Events::new("example", clock, vec![Arc::new(Print)])).await;
    for export in &outcome.report.exports {
        println!("{}: {:?}, {} rows, {} new", export.name, export.status, export.rows, export.counts.new);
    }
    Ok(())
}
