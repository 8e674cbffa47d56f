//! What a refusal of the Bot API means for a person, and what to do about it.

use std::time::Duration;

use exporter_core::{Error, ErrorKind, Retry};

use super::api::Refusal;

/// The refusal as an error with a hint.
pub fn explain(refusal: &Refusal, chat: &str) -> Error {
    if let (429, Some(seconds)) = (refusal.code, refusal.parameters.retry_after) {
        return Error::new(ErrorKind::MessengerDown, "Telegram takes no more messages for now")
            .context("seconds to wait", seconds.to_string())
            .retry(Retry::After(Duration::from_secs(seconds)));
    }
    let error = Error::new(
        ErrorKind::MessageRefused,
        format!("Telegram refused the message: {}", refusal.description),
    )
    .context("code", refusal.code.to_string());
    // What is wrong with the bot or the chat can be mended, and the message waits for that.
    let error = if is_about_chat(refusal) { error.retry(Retry::After(MENDED)) } else { error };
    match hint(refusal, chat) {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

/// How long a person may take at least to mend the bot's token or its place in the chat.
const MENDED: Duration = Duration::from_mins(5);

/// Whether no message at all would be taken, as opposed to this one.
fn is_about_chat(refusal: &Refusal) -> bool {
    matches!(refusal.code, 401 | 403)
        || (refusal.code == 404 && !is_unknown_method(refusal))
        || refusal.description.to_lowercase().contains("chat not found")
}

/// Whether only the markup was refused.
pub fn is_markup(refusal: &Refusal) -> bool {
    let description = refusal.description.to_lowercase();
    refusal.code == 400 && (description.contains("parse entities") || description.contains("parse_mode"))
}

/// Whether an edit would have changed nothing.
pub fn is_unchanged(refusal: &Refusal) -> bool {
    refusal.code == 400 && refusal.description.to_lowercase().contains("message is not modified")
}

/// Whether a message is not there any more, is not ours to edit, or nobody can edit here.
pub fn cannot_be_edited(refusal: &Refusal) -> bool {
    let description = refusal.description.to_lowercase();
    let gone = [
        "message to edit not found",
        "message can't be edited",
        "message_id_invalid",
        "no text in the message",
    ];
    is_unknown_method(refusal)
        || (refusal.code == 400 && gone.iter().any(|words| description.contains(words)))
}

/// Whether the server does not know the method, as a small server of one's own may not.
pub fn is_unknown_method(refusal: &Refusal) -> bool {
    refusal.code == 404 && refusal.description.to_lowercase().contains("method")
}

fn hint(refusal: &Refusal, chat: &str) -> Option<String> {
    let description = refusal.description.to_lowercase();
    let says = |words: &str| description.contains(words);
    let hint = match refusal.code {
        401 | 404 => {
            "the token is not valid (any more): take the one that @BotFather shows under /mybots".into()
        }
        409 => "another program listens to the same bot, or has set a webhook for it: stop that one, or \
                write `commands = false` under [telegram] here"
            .into(),
        413 => "the file is too big for Telegram".into(),
        _ if says("chat not found") => format!(
            "add the bot to the group, or write /start to it in a private chat, and check that `chat` is \
             the group's id (it begins with -100): now it is `{chat}`"
        ),
        _ if says("kicked") || says("not a member") => {
            format!("the bot is not in the chat `{chat}` (any more): add it again")
        }
        _ if says("blocked by the user") || says("can't initiate conversation") => {
            "open the bot in Telegram and write /start to it".into()
        }
        _ if says("not enough rights") || says("have no rights") || says("need administrator") => {
            format!(
                "let the bot send messages and pictures in the chat `{chat}`: group settings, permissions"
            )
        }
        _ if says("user is deactivated") => {
            format!("the account of the chat `{chat}` is gone: set another one")
        }
        _ => return None,
    };
    Some(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telegram::api::Parameters;

    fn refusal(code: u16, description: &str) -> Refusal {
        Refusal { code, description: description.into(), parameters: Parameters::default() }
    }

    #[test]
    fn each_known_refusal_says_what_to_do() {
        let cases = [
            (401, "Unauthorized", "@BotFather"),
            (404, "Not Found", "@BotFather"),
            (400, "Bad Request: chat not found", "add the bot to the group"),
            (409, "Conflict: terminated by other getUpdates request", "another program"),
            (403, "Forbidden: bot was kicked from the supergroup chat", "add it again"),
            (403, "Forbidden: bot was blocked by the user", "/start"),
            (400, "Bad Request: not enough rights to send photos to the chat", "permissions"),
        ];
        for (code, description, advice) in cases {
            let error = explain(&refusal(code, description), "-1001");
            assert_eq!(error.kind(), ErrorKind::MessageRefused);
            assert!(error.hints()[0].contains(advice), "{description}: {:?}", error.hints());
            assert!(error.to_string().contains(description));
        }
        let unknown = explain(&refusal(400, "Bad Request: something new"), "1");
        assert_eq!(unknown.hints(), [ErrorKind::MessageRefused.advice()]);
    }

    #[test]
    fn a_long_pause_is_kept_for_the_caller() {
        let parameters = Parameters { retry_after: Some(3600), ..Parameters::default() };
        let error = explain(&Refusal { parameters, ..refusal(429, "Too Many Requests") }, "1");
        assert_eq!(error.kind(), ErrorKind::MessengerDown);
        assert_eq!(error.retry_class(), Retry::After(Duration::from_hours(1)));
    }

    #[test]
    fn markup_and_methods_are_told_apart() {
        assert!(is_markup(&refusal(400, "Bad Request: can't parse entities: Unsupported start tag \"x\"")));
        assert!(!is_markup(&refusal(400, "Bad Request: message is too long")));
        assert!(is_unknown_method(&refusal(404, "Not Found: method not found")));
        assert!(!is_unknown_method(&refusal(404, "Not Found")));
    }
}
