//! What the chat hears, and that a run does not need it.

use exporter_sandbox::faults::FaultKind;
use exporter_sandbox::panel::WrongFile;
use exporter_sandbox::panel::data::Dataset;
use exporter_sandbox::telegram::{CHAT_ID, Content, Standing};
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
async fn the_chat_hears_of_a_failure_once_with_its_attempts() {
    let bench = Bench::start().await;
    let down = FaultKind::Status { code: 503, body: "busy".to_owned(), retry_after: None };
    bench.always("panel", "/koin_pay/export-pdf", down);
    let (code, _) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(1));
    let chat = bench.sandbox.telegram().messages().join("\n-----\n");
    bench.settings().bind(|| insta::assert_snapshot!(chat));
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_remembered() {
    let bench = Bench::start().await;
    let new = -1_009_999_999_999;
    assert!(bench.sandbox.telegram().set_standing(CHAT_ID, Standing::Migrated(new)));
    let (_, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert!(report["notes"].to_string().contains("has become -1009999999999"), "{report:#}");
    let first = bench.sandbox.telegram().history(new).len();
    assert!(first > 0);
    // The next process writes to the new one at once.
    bench.sandbox.faults().forget_calls();
    let (_, report) = bench.report(&["--driver", "http", "--only", "koin_pay"]).await;
    assert_eq!(report["notes"].as_array().map(Vec::len), Some(0), "{report:#}");
    assert!(bench.sandbox.telegram().history(new).len() > first);
    let refused = bench
        .sandbox
        .faults()
        .calls()
        .into_iter()
        .filter(|call| call.service == "telegram" && call.status.is_some_and(|status| status >= 400));
    assert_eq!(refused.count(), 0, "nobody asks for the old one");
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

#[tokio::test]
async fn a_failure_in_the_browser_comes_with_a_picture_of_the_page() {
    let bench = Bench::start().await;
    bench.sandbox.panel().set_wrong_file(Dataset::KoinPay, Some(WrongFile::NoText));
    let (code, _) = bench.report(&["--driver", "browser", "--only", "koin_pay"]).await;
    assert_eq!(code, Some(1));
    let pictures =
        bench.sandbox.telegram().history(CHAT_ID).into_iter().filter_map(|message| match message.content {
            Content::File(file, caption) => Some((file.name, caption.text)),
            _ => None,
        });
    let pictures: Vec<_> = pictures.collect();
    assert!(!pictures.is_empty(), "{:?}", bench.sandbox.telegram().messages());
    for (name, caption) in pictures {
        assert!(name.to_lowercase().ends_with(".png") && caption.contains("koin_pay"), "{name}: {caption}");
    }
}
