//! Sample runs, letters and a state in a temporary directory.

use chrono::{DateTime, NaiveDate, Utc};
use exporter_core::{
    Error, ErrorKind, ExportReport, ExportStatus, Letter, Message, MessageBody, PlanCounts, REPORT_VERSION,
    RunReport, RunStatus, Window,
};
use exporter_store::{Cause, RunStart, SqliteStore, Store};
use std::sync::Arc;
use tempfile::TempDir;

pub const ACCOUNT: &str = "https://panel.example#1a2b3c4d";

/// A state in a directory of its own.
pub async fn state() -> (TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path().join("state.db")).await.unwrap();
    (directory, store)
}

/// Runs a test on a new state of each kind: what it prints last says which one failed.
pub async fn on_each(test: impl AsyncFn(Arc<dyn Store>)) {
    let (_directory, file) = state().await;
    eprintln!("on a file");
    test(Arc::new(file)).await;
    #[cfg(feature = "postgres")]
    if let Some(store) = crate::postgres::state().await {
        eprintln!("on PostgreSQL");
        test(Arc::new(store)).await;
    }
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn day(d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
}

pub fn window(first: u32, last: u32) -> Window {
    Window::inclusive(day(first), day(last)).unwrap()
}

/// A run that begins at 01:00 UTC on the last day of its window.
pub fn start(id: &str, window: Window) -> RunStart {
    let started = window.last_day().and_hms_opt(1, 0, 0).unwrap().and_utc();
    RunStart {
        id: id.into(),
        account: ACCOUNT.into(),
        cause: Cause::Schedule,
        window,
        dry_run: false,
        tick: Some(started),
        started,
    }
}

pub fn export(name: &str, status: ExportStatus, rows: usize) -> ExportReport {
    let error = (status == ExportStatus::Failed)
        .then(|| Error::new(ErrorKind::PanelDown, "no answer").at(exporter_core::Stage::Download).report());
    ExportReport {
        name: name.into(),
        status,
        rows,
        counts: PlanCounts { new: rows, ..PlanCounts::default() },
        driver: None,
        attempts: 1,
        seconds: 1.5,
        sheets_calls: 2,
        file: None,
        agreement: None,
        notes: Vec::new(),
        error,
    }
}

pub fn report(start: &RunStart, exports: Vec<ExportReport>) -> RunReport {
    let failed = exports.iter().any(|export| export.status == ExportStatus::Failed);
    RunReport {
        version: REPORT_VERSION,
        id: start.id.clone(),
        status: if failed { RunStatus::Failed } else { RunStatus::Ok },
        window: start.window,
        dry_run: start.dry_run,
        started: start.started,
        seconds: 3.0,
        sheets_calls: 4,
        exports,
        error: None,
        notes: Vec::new(),
    }
}

pub fn letter(channel: &str, once: &str, slot: Option<&str>) -> Letter {
    let body = MessageBody::RunStarted { window: window(5, 5), exports: vec![once.into()] };
    let message = Message::new("Toko", "r1", body);
    Letter { channel: channel.into(), once: once.into(), slot: slot.map(Into::into), message }
}
