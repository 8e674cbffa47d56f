//! What can become of a call, and the same in plain words.

use std::error::Error as StdError;
use std::time::Duration;

use exporter_core::{Error, ErrorKind, Retry};
use google_sheets4::{Error as ApiError, yup_oauth2};

use super::credentials::Account;
use super::token::TokenError;

/// How long an export waits when the quota is used up and Google names no time, as it does not
/// as a rule: with what was waited before, the second time ends after the minute in which the
/// quota fills up (Sheets API, usage limits).
const REFILL: Duration = Duration::from_secs(30);

/// What the token endpoint says when the fault is its own or we are too fast.
const PASSING: [&str; 5] =
    ["internal_failure", "server_error", "temporarily_unavailable", "rate_limit_exceeded", "backend_error"];

/// A call that failed.
#[derive(Debug)]
pub enum Failure {
    /// Google answered with a status that is not a success.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What Google said.
        message: String,
        /// How long it asked us to wait.
        retry_after: Option<Duration>,
    },
    /// No token: the credentials were refused.
    Credentials(String),
    /// The request was never sent.
    NotSent(String),
    /// The request was sent, but no whole answer came.
    Lost(String),
}

/// What a failure means for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It had no effect, and may be made again later.
    Busy,
    /// It had no effect: the token was not accepted.
    Expired,
    /// It had no effect: the sheet is not as the request assumes.
    Refused,
    /// Nobody knows whether it had an effect.
    Unknown,
    /// It had no effect, and making it again cannot help.
    Final,
}

impl Failure {
    /// Reads an error of the library's connection or of its asking for a token.
    pub fn read(error: ApiError) -> Self {
        match error {
            ApiError::MissingToken(error) => token(error.as_ref()),
            ApiError::HttpError(error) if error.is_connect() => Self::NotSent(causes(&error)),
            ApiError::HttpError(error) => Self::Lost(causes(&error)),
            other => Self::NotSent(other.to_string().trim().to_owned()),
        }
    }

    /// What it means for the call.
    pub fn fate(&self) -> Fate {
        match self {
            Self::Refused { status: 429, .. } | Self::NotSent(_) => Fate::Busy,
            Self::Refused { status: 403, message, .. } if is_rate(message) => Fate::Busy,
            Self::Refused { status: 401, .. } => Fate::Expired,
            Self::Refused { status: 400, .. } => Fate::Refused,
            Self::Refused { status: 500.., .. } | Self::Lost(_) => Fate::Unknown,
            Self::Refused { .. } | Self::Credentials(_) => Fate::Final,
        }
    }

    /// Whether the document is no spreadsheet of Google's own: an Excel file opened there.
    pub fn is_other_document(&self) -> bool {
        matches!(self, Self::Refused { message, .. } if message.contains("not supported for this document"))
    }

    /// How long Google asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The same in plain words.
    pub fn explain(self, spreadsheet: &str, account: &Account) -> Error {
        let error = match self {
            Self::Refused { status, message, retry_after } => refused(status, &message, retry_after, account),
            Self::Credentials(why) => {
                Error::new(ErrorKind::SheetCredentials, format!("Google refused {}: {why}", account.name))
                    .hint(account.renew.clone())
            }
            Self::NotSent(why) => {
                Error::new(ErrorKind::GoogleDown, format!("Google cannot be reached: {why}"))
                    .hint("check this machine's network")
            }
            Self::Lost(why) => Error::new(ErrorKind::GoogleDown, format!("Google's answer was lost: {why}"))
                .hint("run again later: what arrived is found by reading, and nothing is written twice"),
        };
        error.context("spreadsheet", spreadsheet)
    }
}

fn refused(status: u16, message: &str, retry_after: Option<Duration>, account: &Account) -> Error {
    let address = &account.address;
    let of = |kind: ErrorKind, text: &str| {
        Error::new(kind, format!("{text}: {message}")).context("status", status.to_string())
    };
    let refill = Retry::After(retry_after.unwrap_or(REFILL));
    match status {
        401 => of(ErrorKind::SheetCredentials, "Google did not accept our token").hint(account.renew.clone()),
        403 if message.contains("authentication scopes") => {
            of(ErrorKind::SheetCredentials, "the login is good for other services only")
                .hint(account.renew.clone())
        }
        403 if message.contains("quota project") => {
            of(ErrorKind::SheetCredentials, "the login names no project that its calls are counted for")
                .hint("name one: gcloud auth application-default set-quota-project PROJECT")
        }
        403 if message.contains("it is disabled") || message.contains("SERVICE_DISABLED") => {
            of(ErrorKind::SheetCredentials, "the project does not use the Google Sheets API yet")
                .hint("enable it at the address that Google names, wait a few minutes, and run again")
        }
        403 if is_rate(message) => of(ErrorKind::Quota, "Google's quota is used up")
            .hint("run again in some minutes; if this comes often, another program uses the same account")
            .retry(refill),
        403 if message.contains("storageQuotaExceeded") => {
            of(ErrorKind::SheetFull, "the storage of the spreadsheet's owner is full").hint(
                "make room in the owner's Google Drive; a service account has none, so let a person own the spreadsheet",
            )
        }
        403 => of(ErrorKind::SheetNotShared, "the spreadsheet is not shared with our account for editing")
            .hint(format!("share the spreadsheet with {address} as editor")),
        404 => of(ErrorKind::SheetNotFound, "there is no such spreadsheet").hint(format!(
            "check the address of the spreadsheet, and that it is shared with {address} as editor"
        )),
        429 => of(ErrorKind::Quota, "Google's quota is used up")
            .hint("it fills up within a minute; if this comes often, another program uses the same service account")
            .retry(refill),
        500.. => of(ErrorKind::GoogleDown, "Google answered with a server error")
            .hint("nothing is lost; run again later, or look at the status page of Google Workspace"),
        _ if message.contains("protected") => of(ErrorKind::SheetLayout, "a protected range is in the way")
            .hint(format!("let {address} edit the protected range")),
        _ if message.contains("not supported for this document") => {
            of(ErrorKind::SheetLayout, "the document is an Excel file, which Google's interface cannot change")
                .hint("open it in Google Sheets and use File > Save as Google Sheets, then set the new address as `spreadsheet`")
        }
        _ if message.contains("maximum of 50000 characters")
            || message.contains("limit of 10000000 cells") =>
        {
            of(ErrorKind::SheetFull, "the sheet cannot hold the rows")
        }
        _ => of(ErrorKind::SheetMoved, "Google refused the request; the sheet may have changed meanwhile"),
    }
}

fn token(error: &(dyn StdError + Send + Sync + 'static)) -> Failure {
    if let Some(error) = error.downcast_ref::<TokenError>() {
        return match error {
            TokenError::Unreachable(why) => Failure::NotSent(format!("no token: {why}")),
            TokenError::Refused(why) => Failure::Credentials(why.clone()),
        };
    }
    match error.downcast_ref::<yup_oauth2::Error>() {
        Some(error) if may_pass(error) => Failure::NotSent(format!("no token: {}", causes(error))),
        Some(yup_oauth2::Error::AuthError(said)) => Failure::Credentials(said.to_string()),
        _ => Failure::Credentials(causes(error)),
    }
}

/// Whether a refusal means that we are too fast: older interfaces of Google say so with a 403.
fn is_rate(message: &str) -> bool {
    ["rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"]
        .iter()
        .any(|reason| message.contains(reason))
}

/// Whether asking for a token again can help: nobody was reached, or not Google (a proxy's page is
/// no JSON), or it says that the fault is on its side. The library does not tell the status.
fn may_pass(error: &yup_oauth2::Error) -> bool {
    use yup_oauth2::Error as TokenError;
    match error {
        TokenError::HttpError(_)
        | TokenError::HttpClientError(_)
        | TokenError::LowLevelError(_)
        | TokenError::JSONError(_) => true,
        TokenError::AuthError(said) => PASSING.contains(&said.error.as_str()),
        _ => false,
    }
}

/// An error with its causes: the library shows only the outermost.
pub fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string().trim().to_owned();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(answer: &str) -> Fate {
        let error = yup_oauth2::Error::AuthError(serde_json::from_str(answer).unwrap());
        Failure::read(ApiError::MissingToken(Box::new(error))).fate()
    }

    #[test]
    fn a_refusal_for_speed_or_storage_is_none_for_rights() {
        let refused = |reason: &str| Failure::Refused {
            status: 403,
            message: format!("No ({reason})"),
            retry_after: None,
        };
        assert_eq!(refused("rateLimitExceeded").fate(), Fate::Busy);
        assert_eq!(refused("storageQuotaExceeded").fate(), Fate::Final);
        let account =
            Account { name: "the account".to_owned(), address: "a@b".to_owned(), renew: String::new() };
        let kind = |reason: &str| refused(reason).explain("s", &account).kind();
        assert_eq!(kind("userRateLimitExceeded"), ErrorKind::Quota);
        assert_eq!(kind("storageQuotaExceeded"), ErrorKind::SheetFull);
        assert_eq!(kind("PERMISSION_DENIED"), ErrorKind::SheetNotShared);
    }

    #[test]
    fn a_quota_that_is_used_up_is_waited_for_until_it_fills_up_unless_google_says_how_long() {
        let account =
            Account { name: "the account".to_owned(), address: "a@b".to_owned(), renew: String::new() };
        let retry = |status: u16, retry_after: Option<Duration>| {
            let message = "Too fast (rateLimitExceeded)".to_owned();
            Failure::Refused { status, message, retry_after }.explain("s", &account).retry_class()
        };
        for status in [403, 429] {
            assert_eq!(retry(status, None), Retry::After(REFILL));
            let asked = Duration::from_secs(90);
            assert_eq!(retry(status, Some(asked)), Retry::After(asked));
        }
    }

    #[test]
    fn a_token_service_that_is_down_refuses_nobody() {
        assert_eq!(
            fate(r#"{"error": "internal_failure", "error_description": "Backend Error"}"#),
            Fate::Busy
        );
        assert_eq!(fate(r#"{"error": "rate_limit_exceeded"}"#), Fate::Busy);
        assert_eq!(fate(r#"{"error": "invalid_grant", "error_description": "Invalid JWT"}"#), Fate::Final);
        assert_eq!(fate(r#"{"error": "deleted_client"}"#), Fate::Final);
        let page = yup_oauth2::Error::JSONError(serde_json::from_str::<u8>("<html>").unwrap_err());
        assert_eq!(Failure::read(ApiError::MissingToken(Box::new(page))).fate(), Fate::Busy);
    }
}
