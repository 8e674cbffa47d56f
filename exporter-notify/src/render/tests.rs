//! What people read, in both languages.

use exporter_core::{Answer, Driver, Error, ErrorKind, PastRun, RunEnd, Window};
use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn both(body: MessageBody) -> String {
    let message = Message::new("Toko <Andalan> & Co", "r1", body);
    [Language::Id, Language::En].map(|language| html(&message, language)).join("\n\n")
}

fn window() -> Window {
    let day = |text: &str| text.parse().unwrap();
    Window::inclusive(day("2026-01-01"), day("2026-01-05")).unwrap()
}

fn export(name: &str, status: ExportStatus) -> ExportReport {
    let counts = PlanCounts { new: 1_200, updated: 3, unchanged: 31, duplicates: 1, conflicts: 0 };
    ExportReport {
        name: name.into(),
        status,
        rows: 1_235,
        counts,
        driver: Some(Driver::Http),
        attempts: 1,
        seconds: 12.34,
        sheets_calls: 4,
        file: None,
        agreement: None,
        notes: Vec::new(),
        error: None,
    }
}

fn error() -> ErrorReport {
    Error::new(ErrorKind::SheetNotShared, "the spreadsheet \"Toko <b>\" is not shared\nwith us")
        .hint("share it with robot@example.test as editor")
        .report()
}

fn failed() -> ExportReport {
    let counts = PlanCounts::default();
    ExportReport { error: Some(error()), rows: 0, counts, ..export("user", ExportStatus::Failed) }
}

#[test]
fn run_started() {
    let exports = ["transaksi", "point_trx", "user"].map(String::from).into();
    assert_snapshot!(both(MessageBody::RunStarted { window: window(), exports }));
}

#[test]
fn export_done() {
    let notes = (1..=12).map(|number| format!("the key `TRX-{number}` is twice in the file")).collect();
    let report = ExportReport { attempts: 2, notes, ..export("transaksi", ExportStatus::Ok) };
    assert_snapshot!(both(MessageBody::ExportDone { report: Box::new(report) }));
}

#[test]
fn export_empty() {
    let report = Box::new(export("koin_pay", ExportStatus::NoData));
    assert_snapshot!(both(MessageBody::ExportDone { report }));
}

#[test]
fn export_failed() {
    let error =
        Box::new(Error::new(ErrorKind::PanelDown, "no answer (url: http://panel.example/?a=1&b=2)").report());
    let body =
        MessageBody::ExportFailed { export: "user".into(), attempt: 1, attempts: 3, error, screenshot: None };
    assert_snapshot!(both(body));
}

fn run_report(exports: Vec<ExportReport>) -> RunReport {
    RunReport {
        version: exporter_core::REPORT_VERSION,
        id: "r1".into(),
        status: RunStatus::Failed,
        window: window(),
        dry_run: true,
        started: "2026-01-05T01:00:00Z".parse().unwrap(),
        seconds: 76.6,
        sheets_calls: 12,
        exports,
        error: None,
        notes: vec!["logging out failed".into()],
    }
}

#[test]
fn summary() {
    let exports =
        vec![export("transaksi", ExportStatus::Ok), export("koin_pay", ExportStatus::NoData), failed()];
    let report = run_report(exports);
    assert_snapshot!(both(MessageBody::Summary { report: Box::new(report) }));
}

#[test]
fn system_error() {
    assert_snapshot!(both(MessageBody::SystemError { error: Box::new(error()), screenshot: None }));
}

#[test]
fn only_what_may_pass_is_announced_as_tried_again() {
    let html = |kind, attempt| {
        let error = Box::new(Error::new(kind, "x").report());
        let body =
            MessageBody::ExportFailed { export: "a".into(), attempt, attempts: 3, error, screenshot: None };
        both(body).contains("It will be tried again")
    };
    assert!(html(ErrorKind::PanelDown, 1));
    assert!(!html(ErrorKind::PanelDown, 3));
    assert!(!html(ErrorKind::MissingColumn, 1));
}

/// The tags of a text, in order; everything else must be escaped.
fn tags(html: &str) -> Vec<&str> {
    html.split('<').skip(1).map(|rest| rest.split_once('>').expect("a tag that ends").0).collect()
}

proptest! {
    #[test]
    fn no_data_breaks_a_message(
        store in any::<String>(),
        name in "[<>&;/a-z\"{}\\n]{0,40}",
        message in any::<String>(),
        hints in proptest::collection::vec(any::<String>(), 0..3),
    ) {
        let mut error = error();
        error.message.clone_from(&message);
        error.hints.clone_from(&hints);
        let report = ExportReport { name, error: Some(error.clone()), notes: hints.clone(), ..failed() };
        let failure = MessageBody::ExportFailed {
            export: report.name.clone(),
            attempt: 1,
            attempts: 3,
            error: Box::new(error),
            screenshot: None,
        };
        for body in [failure, MessageBody::ExportDone { report: Box::new(report) }] {
            for language in [Language::Id, Language::En] {
                let is_failure = matches!(body, MessageBody::ExportFailed { .. });
                let text = html(&Message::new(&store, "r1", body.clone()), language);
                let expected: &[&str] = if is_failure { &["b", "/b", "code", "/code"] } else { &["b", "/b"] };
                prop_assert_eq!(tags(&text), expected, "{}", text);
                let seen = plain(&text);
                prop_assert!(seen.contains(&plain(&markup::escape(&store))), "{}", text);
                prop_assert!(text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "").find('&').is_none());
            }
        }
    }
}

#[test]
fn progress() {
    let again = ProgressState::Again { attempt: 1, attempts: 3, error: "no answer".into() };
    let over = |status| {
        let report = if status == ExportStatus::Failed { failed() } else { export("transaksi", status) };
        ProgressState::Over { report: Box::new(report) }
    };
    let states = [
        over(ExportStatus::Ok),
        over(ExportStatus::NoData),
        over(ExportStatus::Failed),
        again,
        ProgressState::Working,
        ProgressState::Waiting,
    ];
    let exports = states.map(|state| ExportProgress { name: "transaksi".into(), state }).into();
    assert_snapshot!(both(MessageBody::Progress { window: window(), exports }));
}

#[test]
fn incidents() {
    let since = "2026-01-04T08:05:00".parse().unwrap();
    let bodies = [
        MessageBody::StillFailing { export: None, since, runs: 1_003, error: Box::new(error()) },
        MessageBody::Recovered { export: Some("transaksi".into()), since, runs: 2 },
        MessageBody::Interrupted { window: window(), began: since },
    ];
    assert_snapshot!(bodies.map(both).join("\n\n"));
}

#[test]
fn standing() {
    let at = |text: &str| Some(text.parse().unwrap());
    let well = MessageBody::Standing {
        last_good: at("2026-01-05T08:02:00"),
        next_run: at("2026-01-05T18:00:00"),
        failing: Vec::new(),
        paused: false,
        running: None,
    };
    let failing = vec!["*".to_owned(), "user".to_owned()];
    let running = at("2026-01-05T12:30:00");
    let bad = MessageBody::Standing { last_good: None, next_run: None, failing, paused: true, running };
    assert_snapshot!([well, bad].map(both).join("\n\n"));
}

#[test]
fn answers() {
    let run = |end, dry_run| PastRun {
        began: "2026-01-05T08:00:00".parse().unwrap(),
        window: window(),
        end,
        dry_run,
        new: 1_200,
        updated: 3,
    };
    let runs = [(RunEnd::GoesOn, true), (RunEnd::Well, true), (RunEnd::Well, false), (RunEnd::Badly, false)];
    let runs = runs.into_iter().chain([(RunEnd::CutOff, false)]).map(|(end, dry)| run(end, dry)).collect();
    let bodies = [
        MessageBody::History { runs },
        MessageBody::NotDone { error: Box::new(error()) },
        MessageBody::Answer { answer: Answer::Unknown },
        MessageBody::Answer { answer: Answer::Queued },
    ];
    assert_snapshot!(bodies.map(both).join("\n\n"));
}

#[test]
fn commands_are_such_as_telegram_takes() {
    // Bot API, `BotCommand`: 1 to 32 small letters, digits and underscores; 1 to 256 letters.
    for language in [Language::Id, Language::En] {
        for (name, text) in language.commands() {
            assert!(name.chars().all(|letter| letter.is_ascii_lowercase()) && name.len() <= 32, "{name}");
            assert!(!text.starts_with("command_") && (1..=256).contains(&text.chars().count()), "{text}");
        }
    }
}

#[test]
fn a_note_keeps_its_lines() {
    assert_snapshot!(both(MessageBody::Note { text: "one <1>\ntwo & three".into() }));
}

#[test]
fn a_cause_that_stops_several_exports_is_named_once_and_its_rows_are_not_counted() {
    let other = ExportReport { name: "koin_pay".into(), rows: 17, ..failed() };
    let report = run_report(vec![failed(), other, export("transaksi", ExportStatus::Ok)]);
    let exports = report.exports.iter().map(|report| ExportProgress {
        name: report.name.clone(),
        state: ProgressState::Over { report: Box::new(report.clone()) },
    });
    let progress = MessageBody::Progress { window: window(), exports: exports.collect() };
    for body in [MessageBody::Summary { report: Box::new(report) }, progress] {
        let text = html(&Message::new("Toko", "r1", body), Language::Id);
        assert_eq!(text.matches("is not shared").count(), 1, "{text}");
        assert!(text.contains("❌ koin_pay: penyebab yang sama"), "{text}");
        assert!(!text.contains("1.252 baris"), "{text}");
    }
}
