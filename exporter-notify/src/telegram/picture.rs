//! The screenshot that goes with a failure.

use std::path::Path;

use exporter_core::{Error, ErrorKind};

use super::api::Upload;

/// The most bytes that a bot may upload (Bot API, "Sending files").
const UPLOAD_LIMIT: u64 = 50 * 1024 * 1024;

/// Reads a picture for sending.
///
/// # Errors
/// [`ErrorKind::Io`] when it cannot be read, [`ErrorKind::TooLarge`] when it is empty or
/// bigger than a bot may send.
pub async fn read(path: &Path) -> Result<Upload, Error> {
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
    Ok(Upload { field: "photo", name, bytes })
}
