//! What a call says: its parameters from the query and the body, and its files.

use std::collections::HashMap;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Multipart};
use axum::http::{Request, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::errors::Refusal;

/// Largest upload, in bytes (core.telegram.org/bots/api#sending-files).
const LARGEST: usize = 50 * 1024 * 1024;

/// A file that came with a call.
#[derive(Debug, Clone)]
pub(super) struct Upload {
    pub name: String,
    pub media: String,
    pub bytes: Bytes,
}

/// A call's parameters and files, by name.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    fields: HashMap<String, String>,
    files: HashMap<String, Upload>,
}

impl Parameters {
    /// Reads a request: the query, then a body of the three kinds that the service takes.
    pub async fn read(request: Request<Body>) -> Result<Self, Refusal> {
        let (head, body) = request.into_parts();
        let mut parameters = Self::default();
        parameters.fields.extend(form(head.uri.query().unwrap_or_default().as_bytes()));
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if kind.starts_with("multipart/") {
            parameters.read_parts(Request::from_parts(head, body)).await?;
            return Ok(parameters);
        }
        let bytes = axum::body::to_bytes(body, LARGEST).await.map_err(|_| too_large())?;
        if kind.starts_with("application/json") && !bytes.is_empty() {
            parameters.fields.extend(json(&bytes)?);
        } else {
            parameters.fields.extend(form(&bytes));
        }
        Ok(parameters)
    }

    async fn read_parts(&mut self, request: Request<Body>) -> Result<(), Refusal> {
        let broken = |_| Refusal::bad("the body is not a whole multipart form");
        let mut parts = Multipart::from_request(request, &())
            .await
            .map_err(|_| Refusal::bad("the body is not a multipart form"))?;
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let name = part.name().unwrap_or_default().to_owned();
            let Some(file) = part.file_name().map(str::to_owned) else {
                self.fields.insert(name, part.text().await.map_err(broken)?);
                continue;
            };
            let media = part.content_type().unwrap_or("application/octet-stream").to_owned();
            let bytes = part.bytes().await.map_err(broken)?;
            if bytes.len() > LARGEST {
                return Err(too_large());
            }
            self.files.insert(name, Upload { name: file, media, bytes });
        }
        Ok(())
    }

    /// A parameter's text, if it is there and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A parameter's number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.trim().parse().ok()
    }

    /// A parameter's truth; nothing said is false.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| ["true", "1", "yes"].contains(&text.to_ascii_lowercase().as_str()))
    }

    /// A parameter that is itself JSON.
    pub fn object<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = |_| Refusal::bad(format!("can't parse {name} JSON object"));
        serde_json::from_str(text).map(Some).map_err(wrong)
    }

    /// A file: a part of this name, or the part that `attach://` names.
    pub fn file(&self, name: &str) -> Option<&Upload> {
        let attached = self.text(name).and_then(|text| text.strip_prefix("attach://"));
        self.files.get(attached.unwrap_or(name))
    }
}

fn too_large() -> Refusal {
    Refusal::new(413, "Request Entity Too Large")
}

/// Fields of a query or a form body.
fn form(bytes: &[u8]) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(bytes).into_owned()
}

fn json(bytes: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    let wrong = || Refusal::bad("can't parse JSON object");
    let value: Value = serde_json::from_slice(bytes).map_err(|_| wrong())?;
    let Value::Object(fields) = value else { return Err(wrong()) };
    let text = |value: Value| match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    Ok(fields.into_iter().map(|(name, value)| (name, text(value))).collect())
}
