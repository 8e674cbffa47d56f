//! The error answers of the API: envelope, codes and the texts users quote.

use serde_json::{Value, json};

/// An error as the API answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiError {
    /// HTTP status code.
    pub code: u16,
    /// Canonical status name, for instance `INVALID_ARGUMENT`.
    pub status: &'static str,
    /// The text for people.
    pub message: String,
    /// `google.rpc` detail messages, left out when there are none.
    pub details: Vec<Value>,
}

/// What every operation of the stand-in returns.
pub type Answer<T> = Result<T, ApiError>;

impl ApiError {
    fn new(code: u16, status: &'static str, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into(), details: Vec::new() }
    }

    /// 400 `INVALID_ARGUMENT`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    /// 400 with a `google.rpc.BadRequest` detail: one violation a line of the message.
    /// Each violation is the field's path (left out when empty) and its description.
    pub fn bad_request(message: impl Into<String>, violations: &[(String, String)]) -> Self {
        let violations: Vec<Value> = violations
            .iter()
            .map(|(field, description)| {
                if field.is_empty() {
                    json!({ "description": description })
                } else {
                    json!({ "field": field, "description": description })
                }
            })
            .collect();
        let mut error = Self::invalid(message);
        error.details = vec![json!({
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": violations,
        })];
        error
    }

    /// 401: no token, or one that nobody issued.
    pub fn unauthenticated() -> Self {
        Self::new(
            401,
            "UNAUTHENTICATED",
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login \
             cookie or other valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project.",
        )
    }

    /// No token at all: a read is an unregistered caller's (403), since it could come with an
    /// API key; anything else lacks its credential (401).
    pub fn anonymous(reads: bool) -> Self {
        if reads {
            return Self::new(
                403,
                "PERMISSION_DENIED",
                "Method doesn't allow unregistered callers (callers without established identity). \
                 Please use API Key or other form of API consumer identity to call this API.",
            );
        }
        Self::new(
            401,
            "UNAUTHENTICATED",
            "Request is missing required authentication credential. Expected OAuth 2 access token, \
             login cookie or other valid authentication credential. See \
             https://developers.google.com/identity/sign-in/web/devconsole-project.",
        )
    }

    /// 403: the account has no right to the spreadsheet, or none to write.
    pub fn forbidden() -> Self {
        Self::new(403, "PERMISSION_DENIED", "The caller does not have permission")
    }

    /// 404: no spreadsheet (or place in the API) of that name.
    pub fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "Requested entity was not found.")
    }

    /// 404 with a text of its own.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(404, "NOT_FOUND", message)
    }

    /// 413 is not what the API says: a body above 10 MiB is a 400 with this text.
    pub fn too_large() -> Self {
        Self::invalid("Request payload size exceeds the limit: 10485760 bytes.")
    }

    /// 504: the request took longer than the API allows (180 s).
    pub fn deadline() -> Self {
        Self::new(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete.")
    }

    /// 500, for a failure of the stand-in itself.
    pub fn internal() -> Self {
        Self::new(500, "INTERNAL", "Internal error encountered.")
    }

    /// The error that the API sends with a status, for a call that `writes` or only reads.
    pub fn of(code: u16, writes: bool) -> Self {
        match code {
            401 => Self::unauthenticated(),
            403 => Self::forbidden(),
            404 => Self::not_found(),
            429 => Self::quota(if writes { "Write" } else { "Read" }, true, 60, 0),
            500 => Self::internal(),
            503 => Self::new(503, "UNAVAILABLE", "The service is currently unavailable."),
            504 => Self::deadline(),
            400..500 => Self::new(code, "INVALID_ARGUMENT", "Request contains an invalid argument."),
            _ => Self::new(code, "UNKNOWN", "Unknown error."),
        }
    }

    /// 429: `kind` is `Read` or `Write`, `per_user` tells the user's limit from the project's.
    pub fn quota(kind: &str, per_user: bool, limit: u32, project: u64) -> Self {
        let (words, name) = if per_user {
            (" per user", format!("{kind}RequestsPerMinutePerUser"))
        } else {
            ("", format!("{kind}RequestsPerMinutePerProject"))
        };
        let mut error = Self::new(
            429,
            "RESOURCE_EXHAUSTED",
            format!(
                "Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests per \
                 minute{words}' of service 'sheets.googleapis.com' for consumer \
                 'project_number:{project}'."
            ),
        );
        let consumer = format!("projects/{project}");
        error.details = vec![
            json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "RATE_LIMIT_EXCEEDED",
                "domain": "googleapis.com",
                "metadata": {
                    "consumer": consumer,
                    "quota_limit": name,
                    "quota_limit_value": limit.to_string(),
                    "quota_location": "global",
                    "quota_metric": format!("sheets.googleapis.com/{}_requests", kind.to_lowercase()),
                    "service": "sheets.googleapis.com",
                },
            }),
            json!({
                "@type": "type.googleapis.com/google.rpc.Help",
                "links": [{
                    "description": "Request a higher quota limit.",
                    "url": "https://cloud.google.com/docs/quotas/help/request_increase",
                }],
            }),
        ];
        error
    }

    /// The same error, its text led by `prefix` (for instance `Invalid data[1]: `).
    #[must_use]
    pub fn within(mut self, prefix: &str) -> Self {
        if self.code == 400 {
            self.message.insert_str(0, prefix);
        }
        self
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let mut error = json!({
            "code": self.code,
            "message": self.message,
            "status": self.status,
        });
        if !self.details.is_empty() {
            error["details"] = Value::Array(self.details.clone());
        }
        json!({ "error": error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bad_request_is_given_a_place() {
        assert_eq!(ApiError::invalid("x").within("Invalid data[0]: ").message, "Invalid data[0]: x");
        assert_eq!(ApiError::forbidden().within("Invalid data[0]: "), ApiError::forbidden());
    }

    #[test]
    fn a_plain_error_has_no_details() {
        let body = ApiError::not_found().body();
        assert_eq!(
            body,
            json!({"error": {"code": 404, "message": "Requested entity was not found.", "status": "NOT_FOUND"}})
        );
    }
}
