//! The Bot API as a bot sees it: messages, limits, refusals word by word.

use std::time::Duration;

use exporter_sandbox::telegram::{CHAT, CHAT_ID, Standing, TOKEN, Telegram};
use exporter_sandbox::{Options, Sandbox};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

/// A bot and the sandbox that it talks to.
pub struct Bot {
    pub sandbox: Sandbox,
    client: Client,
}

impl Bot {
    pub async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        Self { sandbox, client: Client::builder().no_proxy().build().unwrap() }
    }

    pub fn telegram(&self) -> &Telegram {
        self.sandbox.telegram()
    }

    fn post(&self, method: &str) -> RequestBuilder {
        self.client.post(format!("{}/bot{TOKEN}/{method}", self.sandbox.telegram_url()))
    }

    /// The result of a call.
    pub async fn call(&self, method: &str, parameters: Value) -> Value {
        let answer = answer(self.post(method).json(&parameters)).await;
        assert_eq!(answer["ok"], true, "{answer}");
        answer["result"].clone()
    }

    /// Code and description of a refusal.
    async fn refusal(&self, method: &str, parameters: Value) -> (i64, String) {
        told(&answer(self.post(method).json(&parameters)).await)
    }

    pub async fn say(&self, text: &str) -> Value {
        self.call("sendMessage", json!({"chat_id": CHAT, "text": text})).await
    }
}

async fn answer(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    let code = body["error_code"].as_u64().unwrap_or(200);
    assert_eq!(u64::from(status), code, "{body}");
    body
}

fn told(answer: &Value) -> (i64, String) {
    assert_eq!(answer["ok"], false, "{answer}");
    (answer["error_code"].as_i64().unwrap(), answer["description"].as_str().unwrap().to_owned())
}

fn bad(why: &str) -> (i64, String) {
    (400, format!("Bad Request: {why}"))
}

fn png() -> Vec<u8> {
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x05\0\0\0\x03\x20\x08\x06\0\0\0";
    head.to_vec()
}

#[tokio::test]
async fn a_message_comes_back_with_its_number_date_and_entities() {
    let bot = Bot::start().await;
    let first = bot.say("satu").await;
    let text = "<b>Rp 1.000</b> &amp; 😀";
    let second =
        bot.call("sendMessage", json!({"chat_id": CHAT_ID, "text": text, "parse_mode": "HTML"})).await;
    assert_eq!((&first["message_id"], &second["message_id"]), (&json!(1), &json!(2)));
    assert_eq!(second["text"], "Rp 1.000 & 😀");
    assert_eq!(second["entities"], json!([{"type": "bold", "offset": 0, "length": 8}]));
    assert_eq!(second["chat"], json!({"id": CHAT_ID, "type": "supergroup", "title": "Toko Andalan"}));
    assert_eq!(second["from"]["is_bot"], true);
    assert!(second["date"].as_i64().unwrap() > 1_700_000_000);
    let texts: Vec<String> =
        bot.telegram().history(CHAT_ID).iter().map(|message| message.text().to_owned()).collect();
    assert_eq!(texts, ["satu", "Rp 1.000 & 😀"]);
    assert_eq!(bot.telegram().messages(), ["satu", "<b>Rp 1.000</b> &amp; 😀"]);
}

#[tokio::test]
async fn parameters_come_as_json_form_query_or_parts() {
    let bot = Bot::start().await;
    let url = format!("{}/bot{TOKEN}/sendmessage", bot.sandbox.telegram_url());
    let query = bot.client.get(&url).query(&[("chat_id", CHAT), ("text", "a b&c")]);
    assert_eq!(answer(query).await["result"]["text"], "a b&c");
    let form = bot.client.post(&url).form(&[("chat_id", CHAT), ("text", "ü+é")]);
    assert_eq!(answer(form).await["result"]["text"], "ü+é");
    let parts = bot.client.post(&url).multipart(Form::new().text("chat_id", CHAT).text("text", "--x\r\n--"));
    assert_eq!(answer(parts).await["result"]["text"], "--x\r\n--");
}

#[tokio::test]
async fn pictures_and_documents_are_kept_and_shown() {
    let bot = Bot::start().await;
    let photo = Part::bytes(png()).file_name("layar.png").mime_str("image/png").unwrap();
    let form = Form::new().text("chat_id", CHAT).text("caption", "gagal").part("photo", photo);
    let sent = answer(bot.post("sendPhoto").multipart(form)).await["result"].clone();
    assert_eq!((&sent["photo"][0]["width"], &sent["caption"]), (&json!(1280), &json!("gagal")));

    let again = json!({"chat_id": CHAT, "photo": sent["photo"][0]["file_id"]});
    assert_eq!(bot.call("sendPhoto", again).await["photo"], sent["photo"]);

    let document = Part::bytes(&b"a,b"[..]).file_name("a.csv").mime_str("text/csv").unwrap();
    let form = Form::new().text("chat_id", CHAT).text("document", "attach://x").part("x", document);
    let sent = answer(bot.post("sendDocument").multipart(form)).await["result"].clone();
    assert_eq!(
        (&sent["document"]["file_name"], &sent["document"]["file_size"]),
        (&json!("a.csv"), &json!(3))
    );
    let kept = bot.telegram().history(CHAT_ID);
    assert_eq!(kept[0].file().unwrap().bytes, png());
    assert_eq!(kept[2].file().unwrap().bytes, "a,b");

    let page = format!("{}/chat/{CHAT}", bot.sandbox.telegram_url());
    let picture = bot.client.get(format!("{page}/file/1")).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert_eq!(picture.bytes().await.unwrap(), png());
    let shown = bot.client.get(&page).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains(&format!("src=\"/chat/{CHAT}/file/1\"")) && shown.contains("a.csv"), "{shown}");
}

#[tokio::test]
async fn what_is_no_file_or_no_picture_is_refused() {
    let bot = Bot::start().await;
    let send = async |method: &str, part: Option<(&'static str, Vec<u8>)>| {
        let mut form = Form::new().text("chat_id", CHAT);
        if let Some((name, bytes)) = part {
            form = form.part(name, Part::bytes(bytes).file_name("f"));
        }
        told(&answer(bot.post(method).multipart(form)).await)
    };
    assert_eq!(send("sendPhoto", None).await, bad("there is no photo in the request"));
    assert_eq!(send("sendDocument", None).await, bad("there is no document in the request"));
    assert_eq!(send("sendDocument", Some(("document", vec![]))).await, bad("file must be non-empty"));
    assert_eq!(send("sendPhoto", Some(("photo", b"%PDF".to_vec()))).await, bad("IMAGE_PROCESS_FAILED"));
    let unknown = json!({"chat_id": CHAT, "document": "AgACAgQAAx"});
    assert_eq!(bot.refusal("sendDocument", unknown).await, bad("wrong file identifier/HTTP URL specified"));
}

#[tokio::test]
async fn lengths_count_utf16_units_after_the_markup() {
    let bot = Bot::start().await;
    let text = |text: String| json!({"chat_id": CHAT, "text": text, "parse_mode": "HTML"});
    let fits = format!("<b>{}</b>&lt;", "😀".repeat(2047) + "x");
    assert_eq!(bot.call("sendMessage", text(fits.clone())).await["entities"][0]["length"], 4095);
    assert_eq!(bot.refusal("sendMessage", text(fits + "y")).await, bad("message is too long"));
    assert_eq!(bot.refusal("sendMessage", text(" <b>\n</b> ".into())).await, bad("message text is empty"));
    assert_eq!(bot.refusal("sendMessage", json!({"chat_id": CHAT})).await, bad("message text is empty"));
    let file = Part::bytes(&b"x"[..]).file_name("x");
    let form = Form::new().text("chat_id", CHAT).text("caption", "x".repeat(1025)).part("document", file);
    let refused = answer(bot.post("sendDocument").multipart(form)).await;
    assert_eq!(told(&refused), bad("message caption is too long"));
}

#[tokio::test]
async fn markup_that_cannot_be_read_is_refused_with_the_place() {
    let bot = Bot::start().await;
    let refusal = async |mode: &str, text: &str| {
        bot.refusal("sendMessage", json!({"chat_id": CHAT, "text": text, "parse_mode": mode})).await
    };
    let unread = |why: &str| bad(&format!("can't parse entities: {why}"));
    assert_eq!(refusal("HTML", "a<br>").await, unread("Unsupported start tag \"br\" at byte offset 1"));
    assert_eq!(refusal("HTML", "<b>a").await, unread("Can't find end tag corresponding to start tag \"b\""));
    assert_eq!(
        refusal("MarkdownV2", "1.000").await,
        unread("Character '.' is reserved and must be escaped with the preceding '\\'")
    );
    assert_eq!(refusal("MarkdownV2", "*a").await, unread("Can't find end of Bold entity at byte offset 0"));
    assert_eq!(refusal("Wiki", "a").await, bad("unsupported parse_mode"));
}

#[tokio::test]
async fn messages_are_edited_deleted_and_pinned() {
    let bot = Bot::start().await;
    bot.telegram().limit(false);
    let id = bot.say("satu").await["message_id"].clone();
    let message = |id: &Value| json!({"chat_id": CHAT, "message_id": id});
    let with_text = |id: &Value, text: &str| json!({"chat_id": CHAT, "message_id": id, "text": text});

    let edited = bot.call("editMessageText", with_text(&id, "dua")).await;
    assert!(edited["edit_date"].is_i64() && edited["text"] == "dua", "{edited}");
    let (code, why) = bot.refusal("editMessageText", with_text(&id, "dua")).await;
    assert!(code == 400 && why.starts_with("Bad Request: message is not modified: specified new"), "{why}");
    let gone = json!(99);
    assert_eq!(bot.refusal("editMessageText", with_text(&gone, "x")).await, bad("message to edit not found"));
    assert_eq!(
        bot.refusal("editMessageText", json!({"chat_id": CHAT, "text": "x"})).await,
        bad("message identifier is not specified")
    );
    assert_eq!(
        bot.refusal("editMessageCaption", json!({"chat_id": CHAT, "message_id": id, "caption": "x"})).await,
        bad("there is no caption in the message to edit")
    );
    let person = bot.telegram().say(CHAT_ID, "Ayu", "halo").unwrap();
    assert_eq!(
        bot.refusal("editMessageText", with_text(&json!(person), "x")).await,
        bad("message can't be edited")
    );

    assert_eq!(bot.call("pinChatMessage", message(&id)).await, true);
    assert_eq!(bot.telegram().pinned(CHAT_ID), [1]);
    let page = format!("{}/chat/{CHAT}", bot.sandbox.telegram_url());
    let shown = bot.client.get(page).send().await.unwrap().text().await.unwrap();
    assert!(shown.contains("pinned “dua”") && shown.contains("📌 edited "), "{shown}");
    assert_eq!(bot.call("unpinChatMessage", json!({"chat_id": CHAT})).await, true);
    assert_eq!(bot.refusal("unpinChatMessage", message(&id)).await, bad("message to unpin not found"));
    assert_eq!(bot.refusal("pinChatMessage", message(&gone)).await, bad("message to pin not found"));

    assert_eq!(bot.call("deleteMessage", message(&id)).await, true);
    assert_eq!(bot.refusal("deleteMessage", message(&id)).await, bad("message to delete not found"));
    assert_eq!(bot.say("tiga").await["message_id"], 4, "a number does not come back");
}

#[tokio::test]
async fn who_may_not_write_is_told_why() {
    let bot = Bot::start().await;
    let to = |chat: i64| json!({"chat_id": chat, "text": "x"});
    assert_eq!(bot.refusal("sendMessage", to(-5)).await, bad("chat not found"));
    assert_eq!(bot.refusal("sendMessage", json!({"text": "x"})).await, bad("chat_id is empty"));
    bot.telegram().add_chat(-55, "Grup lama");
    bot.telegram().set_standing(-55, Standing::Migrated(-1_009_999));
    let refused = answer(bot.post("sendMessage").json(&to(-55))).await;
    assert_eq!(told(&refused), bad("group chat was upgraded to a supergroup chat"));
    assert_eq!(refused["parameters"], json!({"migrate_to_chat_id": -1_009_999}));
    assert_eq!(bot.call("sendMessage", to(-1_009_999)).await["message_id"], 1);
    bot.telegram().set_standing(CHAT_ID, Standing::Kicked);
    let kicked = (403, "Forbidden: bot was kicked from the supergroup chat".to_owned());
    assert_eq!(bot.refusal("sendMessage", to(CHAT_ID)).await, kicked);
    bot.telegram().add_chat(77, "Ayu");
    bot.telegram().set_standing(77, Standing::Kicked);
    let blocked = (403, "Forbidden: bot was blocked by the user".to_owned());
    assert_eq!(bot.refusal("sendMessage", to(77)).await, blocked);
    bot.telegram().set_standing(CHAT_ID, Standing::Restricted);
    assert_eq!(
        bot.refusal("sendMessage", to(CHAT_ID)).await,
        bad("not enough rights to send text messages to the chat")
    );
}

#[tokio::test]
async fn wrong_tokens_and_methods_are_told_apart() {
    let bot = Bot::start().await;
    let base = bot.sandbox.telegram_url();
    let wrong = bot.client.get(format!("{base}/bot123:abc/getMe"));
    assert_eq!(told(&answer(wrong).await), (401, "Unauthorized".to_owned()));
    let odd = bot.client.get(format!("{base}/botabc/getMe"));
    assert_eq!(told(&answer(odd).await), (404, "Not Found".to_owned()));
    assert_eq!(bot.refusal("sendMesage", json!({})).await, (404, "Not Found: method not found".to_owned()));
    assert_eq!(bot.call("getMe", json!({})).await["username"], "sandbox_bot");
}

#[tokio::test]
async fn too_many_messages_are_refused_until_time_has_passed() {
    let bot = Bot::start().await;
    bot.telegram().stop_clock("2026-01-05T08:00:00Z".parse().unwrap());
    for _ in 0..10 {
        bot.say("x").await;
    }
    let refused = answer(bot.post("sendMessage").json(&json!({"chat_id": CHAT, "text": "x"}))).await;
    assert_eq!(told(&refused), (429, "Too Many Requests: retry after 10".to_owned()));
    assert_eq!(refused["parameters"], json!({"retry_after": 10}));
    let edit = json!({"chat_id": CHAT, "message_id": 1, "text": "y"});
    assert_eq!(bot.refusal("editMessageText", edit.clone()).await.0, 429, "edits count as well");
    bot.telegram().advance(Duration::from_secs(11));
    bot.call("editMessageText", edit).await;
    bot.say("x").await;
    bot.telegram().limit(false);
    for _ in 0..40 {
        bot.say("x").await;
    }
    assert_eq!(bot.telegram().history(CHAT_ID).len(), 51);
}
