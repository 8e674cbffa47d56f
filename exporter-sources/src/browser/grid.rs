//! Files that a Selenium 4 grid saved on its node, fetched through the grid.

use std::io::{Cursor, Read as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use exporter_core::Error;
use reqwest::Method;
use serde_json::{Value, json};
use thirtyfour::WebDriver;
use thirtyfour::common::command::{Command, ExtensionCommand};

use super::driver::failed;

/// The grid's own commands for managed downloads (selenium.dev: grid, "Managing downloads").
#[derive(Debug)]
enum Files {
    /// The names of the files.
    List,
    /// One of them, as a ZIP archive in Base64.
    Get(String),
}

impl ExtensionCommand for Files {
    fn parameters_json(&self) -> Option<Value> {
        match self {
            Self::List => None,
            Self::Get(name) => Some(json!({ "name": name })),
        }
    }

    fn method(&self) -> Method {
        match self {
            Self::List => Method::GET,
            Self::Get(_) => Method::POST,
        }
    }

    fn endpoint(&self) -> Arc<str> {
        "/se/files".into()
    }
}

/// Whether the server hands out what its browsers download.
pub(super) async fn manages_downloads(driver: &WebDriver) -> bool {
    driver.cmd(Command::ExtensionCommand(Box::new(Files::List))).await.is_ok()
}

/// The file of this name, of at most `limit` bytes.
pub(super) async fn file(driver: &WebDriver, name: &str, limit: u64) -> Result<Vec<u8>, Error> {
    let lost = |why: &dyn std::fmt::Display| failed("of the grid does not hand out the file", why);
    let command = Command::ExtensionCommand(Box::new(Files::Get(name.to_owned())));
    let answer = driver.cmd(command).await.map_err(|error| lost(&error))?;
    let value = answer.value_json().map_err(|error| lost(&error))?;
    let packed = value["contents"].as_str().and_then(|text| BASE64.decode(text.replace('\n', "")).ok());
    let packed = packed.ok_or_else(|| lost(&"its answer has no contents"))?;
    unpack(packed, limit).map_err(|error| lost(&error))
}

/// The one file of an archive.
fn unpack(packed: Vec<u8>, limit: u64) -> Result<Vec<u8>, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(packed)).map_err(|error| error.to_string())?;
    let file = archive.by_index(0).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit { Err("it is over the limit".to_owned()) } else { Ok(bytes) }
}
