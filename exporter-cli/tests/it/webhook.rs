//! Commands that Telegram posts: with its secret only, and asked for where posts fail.

use std::process::Stdio;
use std::time::Duration;

use exporter_sandbox::telegram::CHAT_ID;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Child;

use crate::bench::{Bench, command, exporter};

/// A sandbox whose configuration has a webhook at this address.
async fn hooked(url: &str) -> Bench {
    let bench = Bench::start().await;
    bench.sandbox.telegram().limit(false);
    bench.edit("[panel]", "[schedule]\ncron = \"0 8 * * *\"\n\n[panel]");
    let section = format!(
        "[telegram.webhook]\nurl = \"{url}\"\nsecret = \"file:secrets/webhook\"\n\n[exports.point_trx]"
    );
    bench.edit("[exports.point_trx]", &section);
    let secret = bench.config().with_file_name("secrets").join("webhook");
    std::fs::write(&secret, "a-s3cret_of-ours").unwrap();
    bench
}

/// An address that is free now.
async fn free() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

fn serve(bench: &Bench, listen: &str) -> Child {
    let config = bench.config().display().to_string();
    let words = ["serve", "--config", &config, "--listen", listen];
    command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How often a method of the bot was called.
fn called(bench: &Bench, method: &str) -> usize {
    let calls = bench.sandbox.faults().calls();
    calls
        .iter()
        .filter(|call| call.service == "telegram" && call.endpoint.eq_ignore_ascii_case(method))
        .count()
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} has not come about");
}

fn hears(bench: &Bench, needle: &str) -> bool {
    bench.sandbox.telegram().messages().iter().any(|text| text.contains(needle))
}

/// Posts as somebody would who has found the address; the answer's first line.
async fn post(address: &str, secret: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let update = format!(
        r#"{{"update_id": 1, "message": {{"message_id": 1, "date": 0, "chat": {{"id": {CHAT_ID}}}, "text": "/pause"}}}}"#
    );
    let request = format!(
        "POST /telegram HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\
         X-Telegram-Bot-Api-Secret-Token: {secret}\r\n\r\n{update}",
        update.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_telegram_posts_is_done_and_nobody_asks_for_it() {
    let address = free().await;
    let bench = hooked(&format!("http://{address}/telegram")).await;
    let child = serve(&bench, &address);
    until("the webhook", || called(&bench, "setWebhook") == 1).await;
    assert_eq!(post(&address, "somebody-else").await, "HTTP/1.1 401 Unauthorized");
    bench.sandbox.telegram().say(CHAT_ID, "Budi", "/status");
    until("an answer", || hears(&bench, "Berikutnya")).await;
    assert!(!hears(&bench, "Dijeda"), "who has no secret is not heard");
    assert_eq!(called(&bench, "getUpdates"), 0);
    drop(child);

    // Without the section it asks again, and takes its own webhook away for that.
    let text = std::fs::read_to_string(bench.config()).unwrap();
    let (before, rest) = text.split_once("[telegram.webhook]").unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    std::fs::write(bench.config(), format!("{before}{after}")).unwrap();
    let child = serve(&bench, "off");
    bench.sandbox.telegram().say(CHAT_ID, "Budi", "/pause");
    until("an answer", || hears(&bench, "Dijeda")).await;
    assert!(called(&bench, "deleteWebhook") == 1 && called(&bench, "getUpdates") > 0);
    drop(child);
}

#[tokio::test]
async fn where_posts_do_not_arrive_the_service_asks() {
    // Nobody is there: a proxy that forgot us.
    let bench = hooked(&format!("http://{}/telegram", free().await)).await;
    let child = serve(&bench, "127.0.0.1:0");
    until("the webhook", || called(&bench, "setWebhook") == 1).await;
    bench.sandbox.telegram().say(CHAT_ID, "Budi", "/pause");
    until("an answer", || hears(&bench, "Dijeda")).await;
    assert!(called(&bench, "getWebhookInfo") > 0 && called(&bench, "deleteWebhook") == 1);
    drop(child);
}

#[tokio::test]
async fn a_service_that_listens_nowhere_says_that_it_cannot_be_posted_to() {
    let bench = hooked("http://127.0.0.1:9/telegram").await;
    let config = bench.config().display().to_string();
    let ended = exporter(&["serve", "--config", &config, "--listen", "off"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.err.contains("give --listen an address"), "{ended:?}");
}
