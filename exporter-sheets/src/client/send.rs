//! One call over the library's connection and token, as the text that it is: the library's
//! typed requests and answers hold every cell several times over, some kilobytes each, which
//! a machine of 512 MB cannot spare.
//!
//! Answers are asked for packed, which Google does for those whose `User-Agent` says "gzip"
//! as well, and stay packed until they are read. Requests go unpacked: nowhere does Google
//! say that this service takes others.

use std::io::BufReader;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use google_sheets4::api::Scope;
use google_sheets4::common::to_body;
use google_sheets4::common::url::Params;
use google_sheets4::{Error as ApiError, Sheets};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT,
};
use hyper::{HeaderMap, Method, Request, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::{Connector, Failure};

/// Who asks.
const AGENT: &str = concat!("exporter/", env!("CARGO_PKG_VERSION"), " (gzip)");

/// A call.
pub struct Call<'a> {
    /// The address without parameters.
    pub address: &'a str,
    /// Parameters, not yet escaped.
    pub parameters: &'a [(&'a str, &'a str)],
    /// The project that the call is counted for, where it is not the account's own.
    pub project: Option<&'a str>,
    /// The request as JSON, of a call that writes.
    pub body: Option<Bytes>,
}

/// The body of an answer, packed as it came.
#[derive(Debug)]
struct Packet {
    bytes: Bytes,
    packed: bool,
}

impl Packet {
    fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        if self.packed {
            return serde_json::from_reader(BufReader::new(MultiGzDecoder::new(&self.bytes[..])));
        }
        serde_json::from_slice(&self.bytes)
    }
}

/// Makes a call and reads its answer.
///
/// # Errors
/// The failure as it is.
pub async fn send<T: DeserializeOwned>(hub: &Sheets<Connector>, call: Call<'_>) -> Result<T, Failure> {
    let token = hub.auth.get_token(&[Scope::Spreadsheet.as_ref()]).await;
    let token = token.map_err(|error| Failure::read(ApiError::MissingToken(error)))?;
    let mut parameters = Params::with_capacity(call.parameters.len() + 2);
    for (name, value) in call.parameters.iter().chain(&[("prettyPrint", "false"), ("alt", "json")]) {
        parameters.push(name, *value);
    }
    let mut request = Request::builder()
        .method(if call.body.is_some() { Method::POST } else { Method::GET })
        .uri(parameters.parse_with_url(call.address).as_str())
        .header(AUTHORIZATION, format!("Bearer {}", token.unwrap_or_default()))
        .header(USER_AGENT, AGENT)
        .header(ACCEPT_ENCODING, "gzip");
    if let Some(project) = call.project {
        request = request.header("x-goog-user-project", project);
    }
    if call.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    // The library's words could repeat the header, and with it the token.
    let request =
        request.body(to_body(call.body)).map_err(|_| Failure::NotSent("a defect in a request".to_owned()))?;
    let answer = hub.client.request(request).await;
    let (parts, body) = answer.map_err(|error| Failure::read(ApiError::HttpError(error)))?.into_parts();
    let bytes = body.collect().await.map_err(|error| Failure::Lost(error.to_string()))?.to_bytes();
    let packed = parts.headers.get(CONTENT_ENCODING).is_some_and(|value| value == "gzip");
    let answer = Packet { bytes, packed };
    if parts.status.is_success() {
        return answer.read().map_err(|error| Failure::Lost(format!("the answer was cut off: {error}")));
    }
    let refusal = answer.read::<Json>().unwrap_or_default();
    Err(Failure::Refused {
        status: parts.status.as_u16(),
        message: words(parts.status, &refusal["error"]),
        retry_after: retry_after(&parts.headers),
    })
}

/// What Google said. A refusal has several meanings, which only the reason tells apart.
fn words(status: StatusCode, error: &Json) -> String {
    let message = error["message"].as_str().unwrap_or("an answer that is not JSON");
    let mut parts = ["errors", "details"].iter().filter_map(|name| error[*name].as_array()).flatten();
    let reason = parts.find_map(|part| part["reason"].as_str());
    match reason.filter(|_| status == StatusCode::FORBIDDEN) {
        Some(reason) => format!("{message} ({reason})"),
        None => message.to_owned(),
    }
}

/// What an answer's `Retry-After` asks for, in seconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn a_packed_answer_reads_as_the_plain_one_and_a_cut_one_is_an_error() {
        let text = r#"{"a":[1,"x",true]}"#;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        let bytes = Bytes::from(encoder.finish().unwrap());
        let plain = Packet { bytes: Bytes::from(text), packed: false };
        let packed = Packet { bytes: bytes.clone(), packed: true };
        assert_eq!(plain.read::<Json>().unwrap(), packed.read::<Json>().unwrap());
        let cut = Packet { bytes: bytes.slice(..bytes.len() - 12), packed: true };
        assert!(cut.read::<Json>().is_err());
    }

    #[test]
    fn a_refusal_says_its_reason() {
        let old = serde_json::json!({"message": "Slow down", "errors": [{"reason": "rateLimitExceeded"}]});
        let new = serde_json::json!({"message": "Off", "details": [{}, {"reason": "SERVICE_DISABLED"}]});
        assert_eq!(words(StatusCode::FORBIDDEN, &old), "Slow down (rateLimitExceeded)");
        assert_eq!(words(StatusCode::FORBIDDEN, &new), "Off (SERVICE_DISABLED)");
        assert_eq!(words(StatusCode::TOO_MANY_REQUESTS, &old), "Slow down");
        assert_eq!(words(StatusCode::BAD_GATEWAY, &Json::Null), "an answer that is not JSON");
    }

    #[test]
    fn a_pause_is_read_in_seconds() {
        let headers = |text: &str| HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        assert_eq!(retry_after(&headers("7")), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(&headers("Wed, 21 Oct 2015 07:28:00 GMT")), None);
    }
}
