//! Messages that cannot arrive: each error says what to do, and none shows the token.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exporter_core::{Error, ErrorKind, Message, MessageBody, Notifier, Retry, Secret, Stage, Window};
use exporter_notify::{Language, Telegram, TelegramConfig};
use serde_json::{Value, json};

use tokio::io::AsyncReadExt;
use tokio::time::timeout;
use tracing_subscriber::util::SubscriberInitExt;

use crate::bot::{Bot, TOKEN, refusal, telegram};

fn message() -> Message {
    let window = Window::day("2026-01-05".parse().unwrap());
    let body = MessageBody::RunStarted { window, exports: vec!["user".into()] };
    Message::new("Toko", "r1", body)
}

/// An address at which nobody answers.
fn nobody() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn new(token: &str, chat: &str, base_url: Option<&str>) -> Result<Telegram, Error> {
    Telegram::new(TelegramConfig {
        token: Secret::new(token),
        chat: chat.into(),
        base_url: base_url.map(str::to_owned),
        language: Language::Id,
    })
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    let bot = Bot::start([refusal(400, "Bad Request: chat not found")]).await;
    let error = bot.telegram().notify(&message()).await.unwrap_err();
    assert_eq!((error.kind(), error.stage()), (ErrorKind::MessageRefused, Some(Stage::Notify)));
    assert!(error.hints()[0].contains("add the bot to the group"), "{error:?}");
    assert_eq!(bot.calls().len(), 1, "a refusal is not repeated");
}

#[tokio::test]
async fn nobody_there_is_a_messenger_down() {
    let error = telegram(&nobody()).notify(&message()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MessengerDown);
    assert!(error.to_string().contains("address: 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn an_answer_that_may_have_been_sent_is_not_sent_again() {
    for answer in [(502, Value::from("<html>Bad Gateway</html>")), (200, json!({"hello": "world"}))] {
        let bot = Bot::start([answer]).await;
        let error = bot.telegram().notify(&message()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MessengerDown);
        assert_eq!(bot.calls().len(), 1);
    }
}

#[tokio::test]
async fn a_connection_cut_after_the_request_is_not_repeated() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = tokio::spawn(async move {
        let mut requests = 0;
        // Nobody comes for longer than the pause before a repetition: there is no further request.
        while let Ok(accepted) = timeout(Duration::from_millis(1500), listener.accept()).await {
            let (mut stream, _) = accepted.unwrap();
            let read = stream.read(&mut [0; 1024]).await.unwrap();
            requests += usize::from(read > 0);
        }
        requests
    });
    let error = telegram(&url).notify(&message()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MessengerDown);
    assert!(!format!("{error} {error:?}").contains(TOKEN), "{error}");
    assert_eq!(requests.await.unwrap(), 1);
}

#[tokio::test]
async fn a_pause_beyond_patience_is_handed_back() {
    let parameters = json!({"retry_after": 3600});
    let answer =
        json!({"ok": false, "error_code": 429, "description": "Too Many Requests", "parameters": parameters});
    let bot = Bot::start([(429, answer)]).await;
    let error = bot.telegram().notify(&message()).await.unwrap_err();
    assert!(matches!(error.retry_class(), Retry::After(pause) if pause.as_secs() == 3600), "{error:?}");
}

#[tokio::test]
async fn check_asks_for_bot_and_chat_and_tells_nobody() {
    let bot = Bot::start([]).await;
    bot.telegram().check().await.unwrap();
    assert_eq!(bot.methods(), ["getMe", "getChat"]);

    let bot = Bot::start([refusal(401, "Unauthorized")]).await;
    let error = bot.telegram().check().await.unwrap_err();
    assert!(error.hints()[0].contains("@BotFather"), "{error:?}");

    let unknown = || refusal(404, "Not Found: method not found");
    let bot = Bot::start([unknown(), unknown()]).await;
    bot.telegram().check().await.unwrap();
}

#[tokio::test]
async fn a_configuration_that_cannot_be_right_is_refused() {
    for (token, chat, base) in [
        ("", "1", None),
        ("12:ab/../c", "1", None),
        (TOKEN, " ", None),
        (TOKEN, "1", Some("ftp://example.test")),
        (TOKEN, "1", Some("example.test")),
    ] {
        let error = new(token, chat, base).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{token} {chat} {base:?}");
        assert!(!error.hints().is_empty());
        assert!(token.is_empty() || !format!("{error:?}").contains(token));
    }
}

/// A log that a test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_error_and_no_log_line_shows_the_token() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process, so that what libraries log is read as well.
    subscriber.try_init().unwrap();

    let redirect = (302, json!({"ok": false, "description": "elsewhere"}));
    let markup = refusal(400, "Bad Request: can't parse entities");
    let bot =
        Bot::start([redirect, (500, Value::from("broken")), markup, refusal(401, "Unauthorized")]).await;
    let down = telegram(&nobody());
    let mut seen = format!("{down:?} {:?}", bot.telegram());
    for telegram in [bot.telegram(), bot.telegram(), bot.telegram(), down] {
        let error = telegram.notify(&message()).await.unwrap_err();
        let report = serde_json::to_string(&error.report()).unwrap();
        seen = [seen, error.to_string(), format!("{error:?}"), report].join("\n");
    }
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("markup was refused"), "the log was read");
    seen += &log;
    assert!(!seen.contains("AAE-secret_of_the_bot"), "the token is in: {seen}");
}
