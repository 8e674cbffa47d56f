//! What was on the screen when something failed, with secrets masked.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use exporter_core::{Error, Secret};

use super::driver::Browser;

/// Adds a picture and the HTML of the page, and the diary: what we did, what was sent, what
/// the console says. The page is masked before either is taken; when it cannot be, there
/// is the diary alone.
pub(super) async fn add(
    error: Error,
    browser: &Browser,
    directory: &Path,
    name: &str,
    secrets: &[&Secret],
) -> Error {
    let error = match take(browser, directory, name).await {
        Ok(files) => files.into_iter().fold(error, Error::evidence),
        Err(failed) => error.context("no picture", failed.message()),
    };
    match private(directory, name, ".json", &browser.diary().masked(secrets)) {
        Ok(file) => error.evidence(file),
        Err(failed) => error.context("no diary", failed.message()),
    }
}

async fn take(browser: &Browser, directory: &Path, name: &str) -> Result<Vec<PathBuf>, Error> {
    let html = browser.ask("return masked();", Vec::new()).await?;
    let picture = browser
        .driver()
        .screenshot_as_png()
        .await
        .map_err(|error| super::driver::failed("takes no picture", &error))?;
    let html = html.as_str().unwrap_or_default();
    Ok(vec![private(directory, name, ".png", &picture)?, private(directory, name, ".html", html.as_bytes())?])
}

/// A private file (0600) with a name of its own.
fn private(directory: &Path, name: &str, ending: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
    let prefix = format!("failed_{name}_");
    let mut file = tempfile::Builder::new().prefix(&prefix).suffix(ending).tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.into_temp_path().keep().map_err(|error| Error::from(error.error))
}
