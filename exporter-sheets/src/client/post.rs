//! A write, sent as the text that it is: the library's typed request holds every cell
//! several times over, some kilobytes each, which a machine of 512 MB cannot spare.

use std::time::Duration;

use google_sheets4::api::Scope;
use google_sheets4::common::to_body;
use google_sheets4::common::url::Params;
use google_sheets4::{Error as ApiError, Sheets};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use hyper::{HeaderMap, Method, Request};
use serde_json::Value as Json;

use super::{Connector, Failure};

/// Sends a `spreadsheets.batchUpdate` with the library's connection and token.
///
/// # Errors
/// The failure as it is.
pub async fn batch_update(
    hub: &Sheets<Connector>,
    address: &str,
    fields: &str,
    body: Bytes,
) -> Result<Json, Failure> {
    let token = hub.auth.get_token(&[Scope::Spreadsheet.as_ref()]).await;
    let token = token.map_err(|error| Failure::read(ApiError::MissingToken(error), None, None))?;
    let mut parameters = Params::with_capacity(3);
    for (name, value) in [("fields", fields), ("prettyPrint", "false"), ("alt", "json")] {
        parameters.push(name, value);
    }
    let request = Request::builder()
        .method(Method::POST)
        .uri(parameters.parse_with_url(address).as_str())
        .header(AUTHORIZATION, format!("Bearer {}", token.unwrap_or_default()))
        .header(CONTENT_TYPE, "application/json")
        .body(to_body(Some(body)))
        // The library's words could repeat the header, and with it the token.
        .map_err(|_| Failure::NotSent("a defect in a request".to_owned()))?;
    let answer = hub.client.request(request).await;
    let answer = answer.map_err(|error| Failure::read(ApiError::HttpError(error), None, None))?;
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.map_err(|error| Failure::Lost(error.to_string()))?.to_bytes();
    if parts.status.is_success() {
        return serde_json::from_slice(&body)
            .map_err(|error| Failure::Lost(format!("the answer was cut off: {error}")));
    }
    let refusal = serde_json::from_slice::<Json>(&body).unwrap_or_default();
    Err(Failure::Refused {
        status: parts.status.as_u16(),
        message: refusal["error"]["message"].as_str().unwrap_or("an answer that is not JSON").to_owned(),
        retry_after: retry_after(&parts.headers),
    })
}

/// What an answer's `Retry-After` asks for.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
