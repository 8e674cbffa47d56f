//! The screenshot that goes with a failure.

use std::path::Path;

use exporter_core::{Error, ErrorKind, Message, MessageBody};

/// The most bytes that a bot may upload (Bot API, "Sending files"); mail takes half of it.
const UPLOAD_LIMIT: u64 = 50 * 1024 * 1024;

/// A picture in memory.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Its name for people.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The screenshot that belongs to a message, if there is one.
pub fn of(message: &Message) -> Option<&Path> {
    match &message.body {
        MessageBody::ExportFailed { screenshot, .. } | MessageBody::SystemError { screenshot, .. } => {
            screenshot.as_deref()
        }
        _ => None,
    }
}

/// Reads a picture for sending.
///
/// # Errors
/// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::TooLarge`] when it is empty or
/// bigger than a bot may send.
pub async fn read(path: &Path) -> Result<Picture, Error> {
    let place = |error: Error| error.context("file", path.display().to_string());
    let size = tokio::fs::metadata(path).await.map_err(|error| place(error.into()))?.len();
    if size == 0 || size > UPLOAD_LIMIT {
        return Err(place(Error::new(
            ErrorKind::TooLarge,
            "the picture has no bytes or too many to be sent",
        )));
    }
    let bytes = tokio::fs::read(path).await.map_err(|error| place(error.into()))?;
    let name = path.file_name().map_or_else(|| "screenshot.png".into(), |name| name.to_string_lossy().into());
    Ok(Picture { name, bytes })
}
