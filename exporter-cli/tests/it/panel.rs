//! What happens when the panel does not do its part.

use exporter_sandbox::faults::FaultKind;
use exporter_sandbox::panel::data::Dataset;
use exporter_sandbox::panel::{Mode, WrongFile};
use serde_json::{Value, json};

use crate::bench::{Bench, TABS};

/// The report of an export.
fn export<'a>(report: &'a Value, name: &str) -> &'a Value {
    let exports = report["exports"].as_array().unwrap();
    exports.iter().find(|export| export["name"] == name).unwrap()
}

fn page(body: &str) -> FaultKind {
    FaultKind::Status { code: 200, body: body.to_owned(), retry_after: None }
}

/// Nothing runs: exit 3, nothing written, each export named as failed; the error's kind.
async fn nothing_runs(bench: &Bench) -> Value {
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(3), "{report:#}");
    assert_eq!(report["status"], json!("nothing_ran"));
    assert!(report["exports"].as_array().unwrap().iter().all(|export| export["status"] == "failed"));
    assert!(TABS.iter().all(|tab| bench.tab(tab).is_empty()));
    report["error"]["kind"].clone()
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_and_told() {
    let bench = Bench::start().await;
    bench.sandbox.panel().set_password("another one");
    let ended = bench.run(&["--driver", "http"]).await;
    assert_eq!(ended.code, Some(3));
    bench.settings().bind(|| insta::assert_snapshot!(ended.whole()));
    let calls = bench.sandbox.faults().calls();
    let tries = calls.iter().filter(|call| call.endpoint == "/login" && call.method == "POST");
    assert_eq!(tries.count(), 1, "a second try could lock the account");
}

#[tokio::test]
async fn a_wrong_password_is_told_apart_in_the_browser_too() {
    let bench = Bench::start().await;
    bench.sandbox.panel().set_password("another one");
    let (code, report) = bench.report(&["--driver", "browser"]).await;
    assert_eq!((code, &report["error"]["kind"]), (Some(3), &json!("wrong_password")), "{report:#}");
}

#[tokio::test]
async fn why_nobody_can_log_in_is_told() {
    for (mode, kind) in [
        (Mode::SecondFactor, "second_factor"),
        (Mode::Maintenance, "maintenance"),
        (Mode::Blocked, "blocked"),
        (Mode::RenamedForm, "login_form_not_found"),
    ] {
        let bench = Bench::start().await;
        bench.sandbox.panel().set_mode(mode);
        assert_eq!(nothing_runs(&bench).await, json!(kind), "{mode:?}");
    }
}

#[tokio::test]
async fn a_panel_that_nobody_answers_at_is_down() {
    let bench = Bench::start().await;
    bench.edit(&bench.sandbox.panel_url(), "http://127.0.0.1:9");
    assert_eq!(nothing_runs(&bench).await, json!("panel_down"));
}

#[tokio::test]
async fn a_file_that_is_none_fails_its_export_and_no_other() {
    for (wrong, kind) in [
        (WrongFile::LoginPage, "session_expired"),
        (WrongFile::Empty, "empty_file"),
        (WrongFile::Truncated, "corrupt_file"),
        (WrongFile::NoText, "no_table"),
        (WrongFile::RenamedKey, "missing_column"),
    ] {
        let bench = Bench::start().await;
        bench.sandbox.panel().set_wrong_file(Dataset::KoinPay, Some(wrong));
        bench.sandbox.panel().set_wrong_file(Dataset::Transaksi, Some(wrong));
        let (code, report) = bench.report(&["--driver", "http"]).await;
        assert_eq!(code, Some(1), "{report:#}");
        let failed = export(&report, "koin_pay");
        assert_eq!(
            (&failed["status"], &failed["error"]["kind"]),
            (&json!("failed"), &json!(kind)),
            "{failed:#}"
        );
        assert_eq!(export(&report, "transaksi")["status"], json!("failed"), "{report:#}");
        assert!(bench.tab("koin_pay").is_empty() && bench.tab("transaksi").is_empty());
        for name in ["point_trx", "user"] {
            assert_eq!(export(&report, name)["status"], json!("ok"), "{wrong:?}");
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_kept_under_its_name_and_a_page_is_not() {
    let bench = Bench::start().await;
    bench.sandbox.panel().set_wrong_file(Dataset::KoinPay, Some(WrongFile::NoText));
    bench.sandbox.panel().set_wrong_file(Dataset::User, Some(WrongFile::LoginPage));
    let (_, report) = bench.report(&["--driver", "http", "--only", "koin_pay,user"]).await;
    let evidence = export(&report, "koin_pay")["error"]["evidence"][0].as_str().unwrap();
    assert!(evidence.ends_with("_unread.pdf"), "{evidence}");
    let files = std::fs::read_dir(bench.config().with_file_name("downloads")).unwrap().flatten();
    let files: Vec<String> = files.map(|file| file.path().display().to_string()).collect();
    let (shown, kept): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.contains("/failed_"));
    assert_eq!(kept, [evidence], "the page that came instead is evidence, and masked");
    assert!(!shown.is_empty(), "{files:?}");
}

#[tokio::test]
async fn days_without_rows_are_no_failure() {
    let bench = Bench::start().await;
    for dataset in Dataset::ALL {
        bench.sandbox.panel().set_wrong_file(dataset, Some(WrongFile::NoRows));
    }
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!((code, &report["status"]), (Some(0), &json!("ok")), "{report:#}");
    assert!(report["exports"].as_array().unwrap().iter().all(|export| export["status"] == "no_data"));
    assert!(TABS.iter().all(|tab| bench.tab(tab).is_empty()));
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_is_renewed() {
    let bench = Bench::start().await;
    let login = "<!DOCTYPE html><html><title>Masuk</title><form><input type=password></form></html>";
    bench.sandbox.faults().once("panel", "/user-front/export-pdf", page(login));
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(export(&report, "user")["attempts"], json!(2));
    assert_eq!(bench.sandbox.panel().logins(), 2);
}

#[tokio::test]
async fn a_page_that_has_expired_is_a_session_that_has_ended() {
    let bench = Bench::start().await;
    let expired = FaultKind::Status { code: 419, body: "Page Expired".to_owned(), retry_after: None };
    bench.sandbox.faults().once("panel", "/user-front", expired);
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(export(&report, "user")["attempts"], json!(2));
    assert_eq!(bench.sandbox.panel().logins(), 2);
}

#[tokio::test]
async fn a_panel_that_fails_once_is_asked_again() {
    let bench = Bench::start().await;
    let down = FaultKind::Status { code: 503, body: "busy".to_owned(), retry_after: Some(1) };
    bench.sandbox.faults().once("panel", "/point_transaction/export-pdf", down);
    bench.sandbox.faults().once("panel", "/transaksi/export", FaultKind::CutAfter);
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(export(&report, "point_trx")["attempts"], json!(2));
    assert_eq!(export(&report, "transaksi")["attempts"], json!(2));
}

#[tokio::test]
async fn a_key_column_that_is_not_in_the_file_is_named() {
    let bench = Bench::start().await;
    bench.edit("key = [\"Kode\"]", "key = [\"Kode Koin\"]");
    let ended = bench.run(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(bench.tab("koin_pay").is_empty());
    bench.settings().bind(|| insta::assert_snapshot!(ended.whole()));
}
