//! What the chat hears, and that a run does not need it.

use exporter_sandbox::faults::FaultKind;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn the_chat_hears_of_the_run() {
    let bench = Bench::start().await;
    bench.report(&["--driver", "http"]).await;
    let chat = bench.sandbox.telegram().messages().join("\n-----\n");
    bench.settings().bind(|| insta::assert_snapshot!(chat));
}

#[tokio::test]
async fn the_chat_hears_of_each_failed_attempt() {
    let bench = Bench::start().await;
    let down = FaultKind::Status { code: 503, body: "busy".to_owned(), retry_after: None };
    bench.always("panel", "/koin_pay/export-pdf", down);
    let (code, _) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(1));
    let chat = bench.sandbox.telegram().messages().join("\n-----\n");
    bench.settings().bind(|| insta::assert_snapshot!(chat));
}

#[tokio::test]
async fn a_messenger_that_is_down_fails_nothing_and_is_told() {
    let bench = Bench::start().await;
    bench.always("telegram", "*", FaultKind::CutBefore);
    let (code, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!((code, &report["status"]), (Some(0), &json!("ok")), "{report:#}");
    assert!(report["notes"].to_string().contains("Telegram"), "{report:#}");
    assert!(bench.tab("koin_pay").len() > 1);
}
