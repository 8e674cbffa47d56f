//! What happens when Google does not do its part.

use std::path::Path;

use exporter_sandbox::SPREADSHEET;
use exporter_sandbox::faults::FaultKind;
use exporter_sandbox::oauth::{self, SERVICE_ACCOUNT};
use serde_json::json;

use crate::bench::{Bench, TABS, command};

fn status(code: u16, status: &str, message: &str) -> FaultKind {
    let body = json!({ "error": { "code": code, "message": message, "status": status } }).to_string();
    FaultKind::Status { code, body, retry_after: None }
}

/// Google's words for what passes.
fn troubles() -> [FaultKind; 3] {
    [
        status(
            429,
            "RESOURCE_EXHAUSTED",
            "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of service 'sheets.googleapis.com' for consumer 'project_number:1'.",
        ),
        status(500, "INTERNAL", "Internal error encountered."),
        status(503, "UNAVAILABLE", "The service is currently unavailable."),
    ]
}

#[tokio::test]
async fn a_sheet_that_is_not_shared_is_told_with_the_address_before_the_login() {
    let bench = Bench::start().await;
    bench.sandbox.sheets().unshare(SPREADSHEET, SERVICE_ACCOUNT).unwrap();
    let ended = bench.run(&["--driver", "http"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains(SERVICE_ACCOUNT), "{ended:?}");
    assert_eq!(bench.sandbox.panel().logins(), 0);
    bench.settings().bind(|| insta::assert_snapshot!(ended.whole()));
}

#[tokio::test]
async fn troubles_that_pass_are_waited_out() {
    for trouble in troubles() {
        let bench = Bench::start().await;
        bench.sandbox.faults().once("sheets", "batchUpdate", trouble);
        let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
        assert_eq!(code, Some(0), "{report:#}");
        assert_eq!(bench.tab("koin_pay").len() as u64, report["exports"][0]["rows"].as_u64().unwrap() + 1);
    }
}

#[tokio::test]
async fn a_lost_answer_doubles_nothing() {
    let bench = Bench::start().await;
    bench.sandbox.faults().once("sheets", "batchUpdate", FaultKind::CutAfter);
    let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(bench.tab("koin_pay").len() as u64, report["exports"][0]["rows"].as_u64().unwrap() + 1);
}

#[tokio::test]
async fn troubles_that_stay_fail_the_exports_and_are_told() {
    for trouble in troubles() {
        let bench = Bench::start().await;
        bench.always("sheets", "batchUpdate", trouble);
        let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
        assert_eq!(code, Some(1), "{report:#}");
        let error = &report["exports"][0]["error"];
        assert_eq!(error["turn"], json!("google"), "{error:#}");
        assert!(!error["hints"].as_array().unwrap().is_empty(), "{error:#}");
        assert!(bench.tab("koin_pay").is_empty());
        assert_eq!(bench.sandbox.panel().logouts(), bench.sandbox.panel().logins());
    }
}

#[tokio::test]
async fn tabs_that_are_missing_are_made_and_those_of_people_stay() {
    let bench = Bench::start().await;
    bench.sandbox.sheets().add_tab(SPREADSHEET, "Catatan tim").unwrap();
    let (code, report) = bench.report(&["--driver", "http"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    let tabs = bench.sandbox.sheets().tabs(SPREADSHEET);
    for name in TABS.iter().chain(&["Catatan tim", "Sheet1"]) {
        assert!(tabs.iter().any(|tab| tab == name), "{tabs:?}");
    }
}

#[tokio::test]
async fn a_spreadsheet_that_is_not_there_is_told() {
    let bench = Bench::start().await;
    bench.edit(SPREADSHEET, "1ThereIsNoSuchSpreadsheet");
    let ended = bench.run(&["--driver", "http"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.out.contains("1ThereIsNoSuchSpreadsheet"), "{ended:?}");
    assert_eq!(bench.sandbox.panel().logins(), 0);
}

/// What `gcloud auth application-default login` leaves behind, for the sandbox's owner.
fn logged_in(bench: &Bench) -> String {
    json!({
        "type": "authorized_user",
        "client_id": oauth::CLIENT_ID,
        "client_secret": oauth::CLIENT_SECRET,
        "refresh_token": oauth::REFRESH_TOKEN,
        "token_uri": bench.sandbox.token_url(),
    })
    .to_string()
}

#[tokio::test]
async fn credentials_that_no_one_names_are_found_where_google_keeps_them() {
    let bench = Bench::start().await;
    bench.edit("credentials = \"file:service-account.json\"\n", "");
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("application_default_credentials.json");
    std::fs::write(&kept, logged_in(&bench)).unwrap();
    let config = bench.config().display().to_string();
    let check = async |variable: &str, value: &Path| {
        let mut command = command(&["check", "--config", &config]);
        command.env_remove("GOOGLE_APPLICATION_CREDENTIALS").env("CLOUDSDK_CONFIG", home.path());
        let output = command.env(variable, value).output().await.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, found) = check("CLOUDSDK_CONFIG", home.path()).await;
    assert_eq!(code, Some(0), "{found}");
    assert!(found.contains("Google Sheets: as the person who logged in (an authorised user), from gcloud"));
    let named = bench.config().with_file_name("service-account.json");
    let (code, found) = check("GOOGLE_APPLICATION_CREDENTIALS", &named).await;
    assert_eq!(code, Some(0), "{found}");
    assert!(found.contains(&format!("as the service account {SERVICE_ACCOUNT}, from GOOGLE_APPLICATION")));
}

#[tokio::test]
async fn a_person_who_logged_in_fills_the_sheet() {
    let bench = Bench::start().await;
    std::fs::write(bench.config().with_file_name("me.json"), logged_in(&bench)).unwrap();
    bench.edit("file:service-account.json", "file:me.json");
    let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(bench.tab("koin_pay").len() as u64, report["exports"][0]["rows"].as_u64().unwrap() + 1);
}
