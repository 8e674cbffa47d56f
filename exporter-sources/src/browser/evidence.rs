//! What was on the screen when something failed, with secrets masked.

use std::path::{Path, PathBuf};

use exporter_core::Error;
use serde_json::json;

use super::driver::Browser;
use crate::evidence::{Mask, keep};

/// Adds a picture and the HTML of the page, what was sent, and what we did and the console says.
/// The page is masked before either is taken; when it cannot be, there is the rest alone.
pub(super) async fn add(
    error: Error,
    browser: &Browser,
    directory: &Path,
    name: &str,
    (mask, private): (&Mask, &[String]),
) -> Error {
    let error = match take(browser, directory, name, mask, private).await {
        Ok(files) => files.into_iter().fold(error, Error::evidence),
        Err(failed) => error.context("no picture", failed.message()),
    };
    let diary = browser.diary();
    let files = [(".har", diary.requests().har(mask)), (".json", diary.masked(mask))];
    files.into_iter().fold(error, |error, (ending, bytes)| match keep(directory, name, ending, &bytes) {
        Ok(file) => error.evidence(file),
        Err(failed) => error.context("no diary", failed.message()),
    })
}

async fn take(
    browser: &Browser,
    directory: &Path,
    name: &str,
    mask: &Mask,
    private: &[String],
) -> Result<Vec<PathBuf>, Error> {
    let html = browser.ask("return masked(arguments[0]);", vec![json!(private)]).await?;
    let picture = browser
        .driver()
        .screenshot_as_png()
        .await
        .map_err(|error| super::driver::failed("takes no picture", &error))?;
    let html = mask.page(html.as_str().unwrap_or_default());
    Ok(vec![keep(directory, name, ".png", &picture)?, keep(directory, name, ".html", html.as_bytes())?])
}
