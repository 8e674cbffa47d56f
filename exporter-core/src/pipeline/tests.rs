//! The order of calls in a run, on mocks of the traits.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mockall::mock;
use mockall::predicate::always;

use super::*;
use crate::{
    Changes, Driver, Error, ErrorKind, Event, Export, ExportRequest, ExportSpec, FixedClock, Listener,
    Origin, PLAN_VERSION, Receipt, Result, Table,
};

mock! {
    Source {}
    #[async_trait]
    impl ExportSource for Source {
        fn spec(&self) -> &ExportSpec;
        async fn check(&self) -> Result<()>;
        async fn export(&self, request: &ExportRequest) -> Result<Export>;
    }
}

mock! {
    Login {}
    #[async_trait]
    impl Session for Login {
        async fn open(&self) -> Result<Driver>;
        async fn close(&self) -> Result<()>;
    }
}

mock! {
    Store {}
    #[async_trait]
    impl Sink for Store {
        async fn check(&self) -> Result<()>;
        async fn plan(&self, table: &Arc<Table>, spec: &ExportSpec) -> Result<Plan>;
        async fn apply(&self, plan: &Plan) -> Result<Receipt>;
    }
}

fn export(rows: usize) -> Export {
    let mut table = Table::with_names(["ID"]);
    for row in 0..rows {
        table.push([format!("{row}").as_str().into()], Origin::default());
    }
    Export { artifact: None, table, driver: Driver::Http, notes: Vec::new() }
}

fn source(name: &str, export: impl Fn(u32) -> Result<Export> + Send + 'static) -> Arc<dyn ExportSource> {
    let mut source = MockSource::new();
    source.expect_spec().return_const(ExportSpec { key: vec!["ID".into()], ..ExportSpec::new(name) });
    source.expect_export().returning(move |request| export(request.attempt));
    Arc::new(source)
}

/// A session that expects this many logins.
fn session(logins: usize) -> MockLogin {
    let mut session = MockLogin::new();
    session.expect_open().times(logins).returning(|| Ok(Driver::Http));
    session.expect_close().returning(|| Ok(()));
    session
}

/// A sink that takes everything; `applies` says how often.
fn sink(applies: usize) -> Arc<dyn Sink> {
    let mut sink = MockStore::new();
    sink.expect_check().returning(|| Ok(()));
    sink.expect_plan().returning(|table, spec| {
        Ok(Plan {
            version: PLAN_VERSION,
            export: spec.name.clone(),
            run: String::new(),
            file: None,
            target: spec.tab.clone(),
            table: table.clone(),
            changes: Changes { inserts: vec![0], ..Changes::default() },
            calls: 1,
            expected_calls: 1,
            notes: Vec::new(),
            state: serde_json::Value::Null,
        })
    });
    sink.expect_apply()
        .with(always())
        .times(applies)
        .returning(|_| Ok(Receipt { calls: 1, ..Receipt::default() }));
    Arc::new(sink)
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Listener for Log {
    fn event(&self, event: &Event) {
        let json = serde_json::to_value(&event.fact).unwrap();
        let name = json["event"].as_str().unwrap();
        let export = json["export"].as_str().or(json["report"]["name"].as_str()).unwrap_or_default();
        self.0.lock().unwrap().push(format!("{name} {export}").trim_end().to_owned());
    }
}

async fn run(pipeline: Pipeline) -> (RunReport, Vec<String>) {
    let log = Arc::new(Log::default());
    let clock = Arc::new(FixedClock::at("2026-01-05T01:00:00Z".parse().unwrap()));
    let events = Events::new("r1", clock, vec![log.clone()]);
    let outcome = pipeline.run(&events).await;
    let log = std::mem::take(&mut *log.0.lock().unwrap());
    (outcome.report, log)
}

fn pipeline(session: MockLogin, jobs: Vec<(Arc<dyn ExportSource>, Arc<dyn Sink>)>) -> Pipeline {
    Pipeline {
        jobs: jobs.into_iter().map(|(source, sink)| Job { source, sink }).collect(),
        session: Some(Arc::new(session)),
        window: Window::day("2026-01-05".parse().unwrap()),
        retry: RetryPolicy::default(),
        individual_sessions: false,
        dry_run: false,
    }
}

#[tokio::test(start_paused = true)]
async fn one_login_serves_all_exports() {
    let sink = sink(2);
    let jobs = ["a", "b"].map(|name| (source(name, |_| Ok(export(1))), sink.clone()));
    let (report, log) = run(pipeline(session(1), jobs.into())).await;
    assert_eq!(report.status, RunStatus::Ok);
    assert_eq!(report.sheets_calls, 4);
    assert_eq!(log.first().map(String::as_str), Some("run_started"));
    assert_eq!(log.last().map(String::as_str), Some("run_finished"));
    assert_eq!(log.iter().filter(|line| line.starts_with("logged_in")).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_export_does_not_keep_the_others() {
    let sink = sink(1);
    let broken = source("a", |_| Err(Error::new(ErrorKind::WrongFile, "a login page came")));
    let (report, _) =
        run(pipeline(session(1), vec![(broken, sink.clone()), (source("b", |_| Ok(export(1))), sink)])).await;
    assert_eq!(report.status, RunStatus::Failed);
    assert_eq!(report.exports[0].attempts, 1);
    assert_eq!(report.exports[0].error.as_ref().unwrap().kind, ErrorKind::WrongFile);
    assert_eq!(report.exports[1].status, ExportStatus::Ok);
}

#[tokio::test(start_paused = true)]
async fn an_expired_session_is_renewed_and_the_export_goes_on() {
    let expired = |attempt| match attempt {
        1 => Err(Error::new(ErrorKind::SessionExpired, "logged out")),
        _ => Ok(export(1)),
    };
    let (report, log) = run(pipeline(session(2), vec![(source("a", expired), sink(1))])).await;
    assert_eq!(report.status, RunStatus::Ok);
    assert_eq!(report.exports[0].attempts, 2);
    assert!(log.contains(&"session_renewed a".to_owned()), "{log:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_sent_once_and_nothing_runs() {
    let mut login = MockLogin::new();
    login.expect_open().times(1).returning(|| Err(Error::new(ErrorKind::WrongPassword, "refused")));
    login.expect_close().returning(|| Ok(()));
    let jobs = ["a", "b"].map(|name| (source(name, |_| Ok(export(1))), sink(0)));
    let (report, _) = run(pipeline(login, jobs.into())).await;
    assert_eq!(report.status, RunStatus::NothingRan);
    assert_eq!(report.error.unwrap().stage, Some(crate::Stage::Login));
    assert!(report.exports.iter().all(|export| export.attempts == 0));
}

#[tokio::test(start_paused = true)]
async fn a_panel_that_is_down_is_tried_three_times() {
    let mut login = MockLogin::new();
    login.expect_open().times(3).returning(|| Err(Error::new(ErrorKind::PanelDown, "no answer")));
    login.expect_close().returning(|| Ok(()));
    let (report, _) = run(pipeline(login, vec![(source("a", |_| Ok(export(1))), sink(0))])).await;
    assert_eq!(report.status, RunStatus::NothingRan);
}

#[tokio::test(start_paused = true)]
async fn without_rows_the_sink_is_left_alone() {
    let (report, _) = run(pipeline(session(1), vec![(source("a", |_| Ok(export(0))), sink(0))])).await;
    assert_eq!((report.status, report.exports[0].status), (RunStatus::Ok, ExportStatus::NoData));
}

#[tokio::test(start_paused = true)]
async fn a_header_without_the_key_is_no_proof_that_there_are_no_rows() {
    let busy = |_| Ok(Export { table: Table::with_names(["Service busy"]), ..export(0) });
    let (report, _) = run(pipeline(session(1), vec![(source("a", busy), sink(0))])).await;
    assert_eq!(report.exports[0].error.as_ref().unwrap().kind, ErrorKind::MissingColumn);
    let nothing = |_| Ok(Export { table: Table::default(), ..export(0) });
    let (report, _) = run(pipeline(session(1), vec![(source("a", nothing), sink(0))])).await;
    assert_eq!(report.exports[0].status, ExportStatus::NoData);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_refuses_is_asked_before_the_login() {
    let mut store = MockStore::new();
    store.expect_check().times(1).returning(|| Err(Error::new(ErrorKind::SheetNotShared, "not shared")));
    let store: Arc<dyn Sink> = Arc::new(store);
    let jobs = ["a", "b"].map(|name| (source(name, |_| Ok(export(1))), store.clone()));
    let (report, _) = run(pipeline(session(0), jobs.into())).await;
    assert_eq!(report.status, RunStatus::Failed);
    assert!(
        report.exports.iter().all(|export| export.error.as_ref().unwrap().kind == ErrorKind::SheetNotShared)
    );
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_plans_and_does_not_apply() {
    let mut dry = pipeline(session(1), vec![(source("a", |_| Ok(export(1))), sink(0))]);
    dry.dry_run = true;
    let (report, _) = run(dry).await;
    assert_eq!(report.exports[0].counts.new, 1);
}

#[tokio::test(start_paused = true)]
async fn individual_sessions_log_in_for_each_export() {
    let jobs = ["a", "b"].map(|name| (source(name, |_| Ok(export(1))), sink(1)));
    let mut individual = pipeline(session(2), jobs.into());
    individual.individual_sessions = true;
    assert_eq!(run(individual).await.0.status, RunStatus::Ok);
}

#[tokio::test(start_paused = true)]
async fn writing_is_planned_anew_after_a_failure_that_may_pass() {
    let mut store = MockStore::new();
    store.expect_check().returning(|| Ok(()));
    let mut plans = 0;
    store.expect_plan().times(2).returning(move |table, spec| {
        plans += 1;
        if plans == 1 {
            return Err(Error::new(ErrorKind::GoogleDown, "503"));
        }
        Ok(Plan {
            version: PLAN_VERSION,
            export: spec.name.clone(),
            run: String::new(),
            file: None,
            target: String::new(),
            table: table.clone(),
            changes: Changes { unchanged: 1, ..Changes::default() },
            calls: 1,
            expected_calls: 0,
            notes: Vec::new(),
            state: serde_json::Value::Null,
        })
    });
    store.expect_apply().times(0);
    let (report, _) =
        run(pipeline(session(1), vec![(source("a", |_| Ok(export(1))), Arc::new(store))])).await;
    assert_eq!((report.status, report.exports[0].attempts), (RunStatus::Ok, 2));
}
