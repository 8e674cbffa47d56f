//! Messages that arrive: limits, pictures, markup, pauses, a chat that moves.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use exporter_core::{Error, ErrorKind, ExportReport, Message, MessageBody, Notifier, Window};
use exporter_notify::testing::notify_all;
use serde_json::json;

use crate::bot::{Bot, refusal};

fn message(body: MessageBody) -> Message {
    Message::new("Toko <A> & B", "r1", body)
}

/// A message whose text is about as long as this.
fn started(length: usize) -> Message {
    let exports = vec!["export_💡<&>".to_owned(); length / 18];
    message(MessageBody::RunStarted { window: Window::day("2026-01-05".parse().unwrap()), exports })
}

fn failed(screenshot: Option<PathBuf>, words: usize) -> Message {
    let error = Box::new(Error::new(ErrorKind::PanelDown, "no answer ".repeat(words)).report());
    message(MessageBody::ExportFailed { export: "user".into(), attempt: 2, attempts: 3, error, screenshot })
}

fn picture(directory: &tempfile::TempDir) -> PathBuf {
    let path = directory.path().join("page.png");
    std::fs::write(&path, b"\x89PNG\r\n\x1a\n picture").unwrap();
    path
}

#[tokio::test]
async fn a_message_is_sent_as_escaped_html_to_the_chat() {
    let bot = Bot::start([]).await;
    let delivery = bot.telegram().notify(&started(20)).await.unwrap();
    assert_eq!((delivery.id.as_deref(), delivery.plain), (Some("1"), false));
    let call = &bot.calls()[0];
    assert_eq!(call.method, "sendMessage");
    assert_eq!(call.json["chat_id"], "-1001234567890");
    assert_eq!(call.json["parse_mode"], "HTML");
    assert_eq!(call.json["link_preview_options"]["is_disabled"], true);
    let text = call.json["text"].as_str().unwrap();
    assert!(text.starts_with("▶️ <b>Toko &lt;A&gt; &amp; B</b>: export started\n"), "{text}");
}

#[tokio::test]
async fn a_long_message_goes_in_parts_that_fit() {
    let bot = Bot::start([]).await;
    let delivery = notify_all(&bot.telegram(), started(10_000)).await.unwrap();
    assert_eq!(delivery.id.as_deref(), Some("1"), "the first part's");
    let calls = bot.calls();
    assert!(calls.len() >= 3);
    for call in calls {
        assert!(call.json["text"].as_str().unwrap().encode_utf16().count() <= 4096);
    }
}

#[tokio::test]
async fn refused_markup_is_sent_as_plain_text() {
    let bot = Bot::start([refusal(400, "Bad Request: can't parse entities: Can't find end tag")]).await;
    let delivery = bot.telegram().notify(&started(20)).await.unwrap();
    assert!(delivery.plain);
    let call = &bot.calls()[1];
    assert_eq!(call.json.get("parse_mode"), None);
    assert!(call.json["text"].as_str().unwrap().contains("Toko <A> & B: export started"));
}

#[tokio::test]
async fn a_failure_shows_its_picture_with_the_message_under_it() {
    let directory = tempfile::tempdir().unwrap();
    let bot = Bot::start([]).await;
    bot.telegram().notify(&failed(Some(picture(&directory)), 1)).await.unwrap();
    assert_eq!(bot.methods(), ["sendPhoto"]);
    let text = &bot.calls()[0].text;
    assert!(
        text.contains("name=\"photo\"; filename=\"page.png\"") && text.contains("PNG\r\n\u{1a}\n picture")
    );
    assert!(text.contains("user failed, attempt 2 of 3"));
    assert!(text.contains("-1001234567890") && text.contains("name=\"parse_mode\""));
}

#[tokio::test]
async fn a_message_too_long_for_a_caption_follows_its_picture() {
    let directory = tempfile::tempdir().unwrap();
    let bot = Bot::start([]).await;
    notify_all(&bot.telegram(), failed(Some(picture(&directory)), 200)).await.unwrap();
    assert_eq!(bot.methods(), ["sendPhoto", "sendMessage"]);
    assert!(bot.calls()[0].text.contains("attempt 2 of 3"));
    assert!(bot.calls()[1].json["text"].as_str().unwrap().contains("no answer no answer"));
}

#[tokio::test]
async fn a_picture_that_is_refused_goes_as_a_file_and_then_without() {
    let directory = tempfile::tempdir().unwrap();
    let wrong_size = || refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS");
    let bot = Bot::start([wrong_size()]).await;
    bot.telegram().notify(&failed(Some(picture(&directory)), 1)).await.unwrap();
    assert_eq!(bot.methods(), ["sendPhoto", "sendDocument"]);

    let bot = Bot::start([wrong_size(), refusal(413, "Request Entity Too Large")]).await;
    bot.telegram().notify(&failed(Some(picture(&directory)), 1)).await.unwrap();
    assert_eq!(bot.methods(), ["sendPhoto", "sendDocument", "sendMessage"]);
    let text = bot.calls()[2].json["text"].as_str().unwrap().to_owned();
    assert!(text.ends_with("The picture of the screen could not be sent."), "{text}");
}

#[tokio::test]
async fn a_picture_that_is_gone_does_not_cost_the_message() {
    let bot = Bot::start([]).await;
    bot.telegram().notify(&failed(Some("gone.png".into()), 1)).await.unwrap();
    assert_eq!(bot.methods(), ["sendMessage"]);
}

#[tokio::test]
async fn a_pause_that_telegram_asks_for_is_kept() {
    let slow = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1}});
    let bot = Bot::start([(429, slow)]).await;
    let begun = Instant::now();
    bot.telegram().notify(&started(20)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(bot.calls().len(), 2);
}

#[tokio::test]
async fn a_chat_that_moved_is_followed_and_noted_once() {
    let moved = json!({"ok": false, "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": -1_009_999}});
    let bot = Bot::start([(400, moved)]).await;
    let telegram = bot.telegram();
    let delivery = telegram.notify(&started(20)).await.unwrap();
    assert!(delivery.notes[0].contains("-1001234567890 has become -1009999"), "{:?}", delivery.notes);
    assert!(telegram.notify(&started(20)).await.unwrap().notes.is_empty());
    let chats: Vec<_> = bot.calls().iter().map(|call| call.json["chat_id"].clone()).collect();
    assert_eq!(chats, ["-1001234567890", "-1009999", "-1009999"]);
}

#[tokio::test]
async fn done_exports_show_their_numbers() {
    let report: ExportReport = serde_json::from_value(json!({
        "name": "transaksi", "status": "ok", "rows": 1234, "new": 1200, "updated": 3, "unchanged": 31,
        "duplicates": 0, "driver": "http", "attempts": 1, "seconds": 1.5, "sheets_calls": 4, "file": null,
        "notes": [], "error": null
    }))
    .unwrap();
    let bot = Bot::start([]).await;
    bot.telegram().notify(&message(MessageBody::ExportDone { report: Box::new(report) })).await.unwrap();
    let text = bot.calls()[0].json["text"].as_str().unwrap().to_owned();
    assert!(text.contains("1,234 rows: 1,200 new, 3 updated, 31 unchanged, 0 duplicate"), "{text}");
}
