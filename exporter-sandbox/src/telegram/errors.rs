//! Answers of the Bot API: `{"ok": true, "result": …}`, or why not.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The result of a method.
pub(super) type Answer = Result<Value, Refusal>;

/// Why a call is refused (core.telegram.org/bots/api#making-requests).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    code: u16,
    description: String,
    parameters: Option<Value>,
}

impl Refusal {
    /// `400 Bad Request: …`.
    pub fn bad(why: impl AsRef<str>) -> Self {
        Self::new(400, format!("Bad Request: {}", why.as_ref()))
    }

    /// `403 Forbidden: …`.
    pub fn forbidden(why: &str) -> Self {
        Self::new(403, format!("Forbidden: {why}"))
    }

    /// `409 Conflict: …`.
    pub fn conflict(why: &str) -> Self {
        Self::new(409, format!("Conflict: {why}"))
    }

    /// Any other.
    pub fn new(code: u16, description: impl Into<String>) -> Self {
        Self { code, description: description.into(), parameters: None }
    }

    /// The group has another id now.
    pub fn migrated(to: i64) -> Self {
        let parameters = Some(json!({ "migrate_to_chat_id": to }));
        Self { parameters, ..Self::bad("group chat was upgraded to a supergroup chat") }
    }

    /// Too many calls; seconds to wait.
    pub fn flood(seconds: u64) -> Self {
        let description = format!("Too Many Requests: retry after {seconds}");
        Self { code: 429, description, parameters: Some(json!({ "retry_after": seconds })) }
    }
}

/// The body of an error status.
pub(super) fn words(code: u16, pause: Option<u32>) -> String {
    let (description, parameters) = match (code, pause) {
        (429, pause) => {
            let seconds = pause.unwrap_or(1);
            (format!("Too Many Requests: retry after {seconds}"), Some(json!({ "retry_after": seconds })))
        }
        _ => (StatusCode::from_u16(code).map(|status| status.to_string()).unwrap_or_default(), None),
    };
    let description = description.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start();
    body(code, description, parameters).to_string()
}

fn body(code: u16, description: &str, parameters: Option<Value>) -> Value {
    let mut body = json!({"ok": false, "error_code": code, "description": description});
    if let Some(parameters) = parameters {
        body["parameters"] = parameters;
    }
    body
}

/// The answer as it goes over the wire.
pub(super) fn respond(answer: Answer) -> Response {
    match answer {
        Ok(result) => axum::Json(json!({"ok": true, "result": result})).into_response(),
        Err(Refusal { code, description, parameters }) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST);
            (status, axum::Json(body(code, &description, parameters))).into_response()
        }
    }
}
