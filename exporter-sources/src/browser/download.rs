//! A download in the browser: from the click to a whole file in a directory of its own.

use std::path::Path;

use exporter_core::{Error, ErrorKind};
use futures::StreamExt as _;
use thirtyfour::bidi::events::{DownloadEnd, DownloadWillBegin};
use thirtyfour::bidi::modules::browser::DownloadBehavior;
use thirtyfour::bidi::modules::browsing_context::DownloadEndStatus;
use tokio::time::{Instant, sleep, timeout_at};

use super::GLANCE;
use super::driver::{Browser, failed};
use super::watch::Watch;
use crate::driver::{Download, classify};
use crate::panel::{BROWSER_PREFIX, Deadlines};
use crate::selector::Selector;

/// Where a file goes, and whether what is sent for it is watched.
pub(super) struct Place<'a> {
    pub directory: &'a Path,
    pub watches: bool,
}

/// Clicks the trigger and waits for the file.
pub(super) async fn take(
    browser: &Browser,
    trigger: &[Selector],
    place: Place<'_>,
    deadlines: Deadlines,
    missing: impl Fn() -> Error,
) -> Result<Download, Error> {
    let Place { directory, watches } = place;
    let own = tempfile::Builder::new().prefix(BROWSER_PREFIX).tempdir_in(directory)?;
    let lost = |error: thirtyfour::bidi::BidiError| failed("does not tell of downloads", &error);
    let bidi = browser.driver().bidi().await.map_err(|error| failed("does not speak BiDi", &error))?;
    let folder = std::path::absolute(own.path())?.to_string_lossy().into_owned();
    let allowed = DownloadBehavior::Allowed { destination_folder: folder };
    bidi.browser().set_download_behavior(Some(allowed)).await.map_err(lost)?;
    let mut begins = bidi.subscribe::<DownloadWillBegin>().await.map_err(lost)?;
    let mut ends = bidi.subscribe::<DownloadEnd>().await.map_err(lost)?;
    let watch = if watches { Watch::start(browser, &bidi).await } else { None };

    if !browser.click(trigger).await? {
        return Err(missing());
    }
    let deadline = Instant::now() + deadlines.download;
    let begun = tokio::select! {
        begun = timeout_at(deadline, begins.next()) => begun.map_err(|_| not_started(deadlines))?,
        error = other_page(browser) => return Err(error),
    };
    let begun = begun.ok_or_else(|| failed("ended during the download", &"no more events"))?;
    let end = loop {
        let end = timeout_at(deadline, ends.next()).await.map_err(|_| {
            Error::new(ErrorKind::Timeout, "the download takes longer than allowed")
                .context("seconds", deadlines.download.as_secs().to_string())
        })?;
        let end = end.ok_or_else(|| failed("ended during the download", &"no more events"))?;
        if end.navigation == begun.navigation {
            break end;
        }
    };
    if end.status != DownloadEndStatus::Complete {
        return Err(Error::new(ErrorKind::DownloadIncomplete, "the download broke off in the browser")
            .context("file", begun.suggested_filename));
    }
    let saved = end.filepath.ok_or_else(|| failed("does not say where the file is", &"no path"))?;
    let kept = tempfile::Builder::new().prefix(".part-").tempfile_in(directory)?.into_temp_path();
    tokio::fs::rename(&saved, &kept).await?;
    let path = kept.keep().map_err(|error| Error::from(error.error))?;
    let trace = watch.map(|watch| watch.finish(&begun.url));
    Ok(Download { path, file_name: begun.suggested_filename, media_type: None, notes: Vec::new(), trace })
}

/// Waits until another page has come instead of a download; what it says.
async fn other_page(browser: &Browser) -> Error {
    loop {
        sleep(GLANCE).await;
        // Between two pages there is nothing to ask; a dead browser ends the events as well.
        let Ok(look) = browser.look().await else { continue };
        if look.marked || !look.ready {
            continue;
        }
        return classify::instead_of_file(look.seen());
    }
}

fn not_started(deadlines: Deadlines) -> Error {
    Error::new(ErrorKind::DownloadNotStarted, "the export was started, but no download began")
        .context("seconds", deadlines.download.as_secs().to_string())
        .hint("look at the picture of the page; the panel may have shown a message")
}
