//! Messages that are edited in place, pinned, or arrive without a sound.

use exporter_core::{Message, MessageBody, Notifier};
use serde_json::json;

use crate::bot::{Bot, refusal};

fn note(text: &str) -> Message {
    Message::new("Toko", "r1", MessageBody::Note { text: text.into() })
}

fn in_place_of(id: &str) -> Message {
    Message { replaces: Some(id.into()), silent: true, ..note("new") }
}

#[tokio::test]
async fn an_earlier_message_is_edited() {
    let bot = Bot::start([]).await;
    let delivery = bot.telegram().notify(&in_place_of("77")).await.unwrap();
    assert_eq!((delivery.id.as_deref(), bot.methods()), (Some("77"), vec!["editMessageText".to_owned()]));
    let call = &bot.calls()[0];
    assert_eq!((&call.json["message_id"], &call.json["parse_mode"]), (&json!(77), &json!("HTML")));
    assert!(call.json["text"].as_str().unwrap().contains("new"));
}

#[tokio::test]
async fn an_edit_that_changes_nothing_is_done() {
    let same = "Bad Request: message is not modified: specified new message content is the same";
    let bot = Bot::start([refusal(400, same)]).await;
    let delivery = bot.telegram().notify(&in_place_of("77")).await.unwrap();
    assert_eq!((delivery.id.as_deref(), bot.methods().len()), (Some("77"), 1));
}

#[tokio::test]
async fn a_message_that_is_gone_or_cannot_be_edited_is_sent_anew() {
    for (code, words) in [
        (400, "Bad Request: message to edit not found"),
        (400, "Bad Request: message can't be edited"),
        (404, "Not Found: method not found"),
    ] {
        let bot = Bot::start([refusal(code, words)]).await;
        let delivery = bot.telegram().notify(&in_place_of("77")).await.unwrap();
        assert_eq!(bot.methods(), ["editMessageText", "sendMessage"], "{words}");
        assert_eq!(delivery.id.as_deref(), Some("2"));
        assert_eq!(bot.calls()[1].json["disable_notification"], true);
    }
}

#[tokio::test]
async fn a_message_of_a_group_that_moved_is_sent_anew_in_the_new_one() {
    let moved = json!({"ok": false, "error_code": 400, "description": "group upgraded",
        "parameters": {"migrate_to_chat_id": -1_002}});
    let bot = Bot::start([(400, moved)]).await;
    let delivery = bot.telegram().notify(&in_place_of("77")).await.unwrap();
    assert_eq!(bot.methods(), ["editMessageText", "editMessageText", "sendMessage"]);
    assert_eq!(bot.calls()[2].json["chat_id"], "-1002");
    assert_eq!(delivery.notes.len(), 1);
}

#[tokio::test]
async fn a_pinned_message_is_pinned_once_and_a_refused_pin_is_told() {
    let bot = Bot::start([]).await;
    let telegram = bot.telegram();
    let pinned = Message { pin: true, ..note("stand") };
    let delivery = telegram.notify(&pinned).await.unwrap();
    telegram.notify(&Message { replaces: delivery.id.clone(), ..pinned.clone() }).await.unwrap();
    assert_eq!(bot.methods(), ["sendMessage", "pinChatMessage", "editMessageText"]);
    assert_eq!(bot.calls()[1].json["message_id"], 1);

    let yes = (200, json!({"ok": true, "result": {"message_id": 5}}));
    let bot =
        Bot::start([yes, refusal(400, "Bad Request: not enough rights to manage pinned messages")]).await;
    let delivery = bot.telegram().notify(&pinned).await.unwrap();
    assert_eq!(delivery.id.as_deref(), Some("5"));
    assert!(delivery.notes[0].contains("not pinned"), "{:?}", delivery.notes);
}

#[tokio::test]
async fn what_people_write_is_heard_and_confirmed() {
    let updates = json!({"ok": true, "result": [
        {"update_id": 7, "message": {"message_id": 1, "date": 0, "chat": {"id": -100, "type": "supergroup"},
            "from": {"id": 5, "is_bot": false, "first_name": "Budi"}, "text": "/status"}},
        {"update_id": 8, "message": {"message_id": 2, "date": 0, "chat": {"id": -100, "type": "supergroup"}}},
        {"update_id": 9, "poll": {}}]});
    let bot = Bot::start([(200, updates)]).await;
    let said = bot.telegram().listen(Some(6), exporter_notify::LONG_POLL).await.unwrap();
    assert_eq!(
        (said[0].chat.as_str(), said[0].who.as_str(), said[0].text.as_str()),
        ("-100", "Budi (5)", "/status")
    );
    assert_eq!(said.iter().map(|said| said.update).collect::<Vec<_>>(), [7, 8, 9]);
    assert_eq!(bot.calls()[0].json["offset"], 7);
}
