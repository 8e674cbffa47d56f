//! What people write reaches the bot: by asking, by waiting, by a webhook.

use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use exporter_sandbox::telegram::{CHAT_ID, TOKEN};
use serde_json::{Value, json};

use crate::telegram::Bot;

#[tokio::test]
async fn updates_come_until_their_offset_confirms_them() {
    let bot = Bot::start().await;
    bot.telegram().say(CHAT_ID, "Ayu", "/status hari ini");
    bot.telegram().say(CHAT_ID, "Ayu", "halo");
    let all = bot.call("getUpdates", json!({})).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    let command = &all[0]["message"];
    assert_eq!(command["entities"], json!([{"type": "bot_command", "offset": 0, "length": 7}]));
    assert_eq!((&command["from"]["first_name"], &command["from"]["is_bot"]), (&json!("Ayu"), &json!(false)));
    let first = bot.call("getUpdates", json!({"limit": 1})).await;
    assert_eq!(first.as_array().unwrap().len(), 1);
    let next = all[0]["update_id"].as_i64().unwrap() + 1;
    let rest = bot.call("getUpdates", json!({"offset": next})).await;
    assert_eq!(rest, json!([all[1]]));
    assert_eq!(bot.call("getUpdates", json!({"offset": next + 1})).await, json!([]));
}

#[tokio::test]
async fn a_waiting_call_answers_as_soon_as_somebody_writes() {
    let bot = Bot::start().await;
    let (found, ()) = tokio::join!(bot.call("getUpdates", json!({"timeout": 30})), async {
        tokio::task::yield_now().await;
        bot.telegram().say(CHAT_ID, "Ayu", "halo");
    });
    assert_eq!(found[0]["message"]["text"], "halo");
}

#[tokio::test]
async fn a_second_call_ends_the_first() {
    let bot = Arc::new(Bot::start().await);
    let url = format!("{}/bot{TOKEN}/getUpdates?timeout=30", bot.sandbox.telegram_url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let first = tokio::spawn(async move {
        let response = client.get(url).send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    });
    while !first.is_finished() {
        // The first may not have arrived yet; an answered call disturbs nobody.
        bot.call("getUpdates", json!({})).await;
    }
    let (status, body) = first.await.unwrap();
    assert_eq!(status, 409);
    assert_eq!(
        body["description"],
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    );
}

#[tokio::test]
async fn a_webhook_gets_updates_with_its_secret_and_those_it_missed_again() {
    let bot = Bot::start().await;
    let got: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let seen = Arc::clone(&got);
    let hook = axum::routing::post(async move |headers: HeaderMap, body: axum::Json<Value>| {
        let secret = headers["x-telegram-bot-api-secret-token"].to_str().unwrap().to_owned();
        let mut seen = seen.lock().unwrap();
        seen.push((secret, body.0));
        if seen.len() == 1 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        axum::serve(listener, axum::Router::new().route("/hook", hook)).await.unwrap();
    });

    assert_eq!(bot.call("setWebhook", json!({"url": url, "secret_token": "s3cret_-"})).await, true);
    bot.telegram().say(CHAT_ID, "Ayu", "halo");
    let info = loop {
        let info = bot.call("getWebhookInfo", json!({})).await;
        if got.lock().unwrap().len() == 2 && info["pending_update_count"] == 0 {
            break info;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(info["url"], url);
    assert_eq!(info["last_error_message"], "Wrong response from the webhook: 502 Bad Gateway");
    let got = got.lock().unwrap().clone();
    assert_eq!(got[0], got[1], "the same update again");
    assert_eq!((got[0].0.as_str(), &got[0].1["message"]["text"]), ("s3cret_-", &json!("halo")));
    server.abort();
}

#[tokio::test]
async fn asking_and_a_webhook_exclude_each_other() {
    let bot = Bot::start().await;
    bot.call("setWebhook", json!({"url": "http://127.0.0.1:9/"})).await;
    let url = format!("{}/bot{TOKEN}/getUpdates", bot.sandbox.telegram_url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let refused: Value = client.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&refused["error_code"], refused["description"].as_str().unwrap()),
        (
            &json!(409),
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        )
    );
    bot.call("deleteWebhook", json!({})).await;
    assert_eq!(bot.call("getUpdates", json!({})).await, json!([]));
}
