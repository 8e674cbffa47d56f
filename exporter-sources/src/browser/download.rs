//! A download in the browser: from the click to a whole file in a directory of its own.

use std::path::{Path, PathBuf};

use exporter_core::{Error, ErrorKind, FileKind};
use futures::StreamExt as _;
use thirtyfour::bidi::events::{DownloadEnd, DownloadWillBegin};
use thirtyfour::bidi::modules::browser::DownloadBehavior;
use thirtyfour::bidi::modules::browsing_context::DownloadEndStatus;
use thirtyfour::bidi::{BiDi, EventStream};
use tokio::time::{Instant, sleep, timeout_at};

use super::GLANCE;
use super::driver::{Browser, Look, failed};
use super::grid;
use super::watch::Watch;
use crate::driver::{Answer, Download, Recipe, classify, not_found, too_large};
use crate::panel::{BROWSER_PREFIX, Deadlines};
use crate::selector::{Selector, written};

/// After so many glances without a download, other windows are looked at.
const PATIENCE: u32 = 10;

/// Where a file goes, and whether what is sent for it is watched.
pub(super) struct Place<'a> {
    pub directory: &'a Path,
    /// The most bytes that a file may have.
    pub limit: u64,
    pub watches: bool,
}

/// What comes after the click.
enum Came {
    /// A download began.
    Begun(DownloadWillBegin),
    /// A page that says that there is nothing.
    Nothing(String),
    /// The file itself is what the browser shows.
    Shown(Look),
}

/// Clicks the trigger and waits for the file.
pub(super) async fn take(
    browser: &Browser,
    recipe: &Recipe,
    trigger: &[Selector],
    place: Place<'_>,
    deadlines: Deadlines,
) -> Result<Answer, Error> {
    let Place { directory, limit, watches } = place;
    let own = tempfile::Builder::new().prefix(BROWSER_PREFIX).tempdir_in(directory)?;
    let bidi = browser.driver().bidi().await.map_err(|error| failed("does not speak BiDi", &error))?;
    // A grid saves where it likes, and hands the file out afterwards.
    let by_grid = browser.is_remote() && grid::manages_downloads(browser.driver()).await;
    let (mut begins, ends) = listen(&bidi, (!by_grid).then_some(own.path())).await?;
    let watch = if watches { Watch::start(browser, &bidi).await } else { None };

    let before = browser.shows(&recipe.empty).await?;
    if !browser.click(trigger).await? {
        let page = browser.look().await.map(|look| look.url).unwrap_or_default();
        return Err(not_found("the button that starts the export", &written(trigger), &page));
    }
    let deadline = Instant::now() + deadlines.download;
    let came = tokio::select! {
        begun = timeout_at(deadline, begins.next()) => {
            let begun = begun.map_err(|_| not_started(deadlines))?;
            Came::Begun(begun.ok_or_else(|| failed("ended during the download", &"no more events"))?)
        }
        page = other_page(browser, recipe, before) => page?,
    };
    let (path, file_name, address) = match came {
        Came::Nothing(said) => return Ok(Answer::Nothing { said }),
        Came::Begun(begun) => {
            let saved = tokio::select! {
                saved = finish(&begun, ends, deadline, deadlines) => saved?,
                error = outgrown(own.path(), limit) => return Err(error),
            };
            let bytes = if by_grid {
                let name = saved.file_name().map(|name| name.to_string_lossy().into_owned());
                let name = name.unwrap_or_else(|| begun.suggested_filename.clone());
                Bytes::Here(grid::file(browser.driver(), &name, limit).await?)
            } else {
                Bytes::At(saved)
            };
            (keep(directory, bytes).await?, begun.suggested_filename, begun.url)
        }
        Came::Shown(look) => {
            let bytes = if is_page(&look.kind) { look.html.into_bytes() } else { browser.document().await? };
            let name = look.url.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
            (keep(directory, Bytes::Here(bytes)).await?, name.unwrap_or_default().to_owned(), look.url)
        }
    };
    let trace = match watch {
        Some(watch) => Some(watch.finish(&address).await),
        None => None,
    };
    Ok(Answer::File(Download { path, file_name, media_type: None, notes: Vec::new(), trace }))
}

/// Has downloads saved in `folder`, if one is given, and listens for their beginnings and ends.
async fn listen(
    bidi: &BiDi,
    folder: Option<&Path>,
) -> Result<(EventStream<DownloadWillBegin>, EventStream<DownloadEnd>), Error> {
    let lost = |error: thirtyfour::bidi::BidiError| failed("does not tell of downloads", &error);
    if let Some(folder) = folder {
        let destination_folder = std::path::absolute(folder)?.to_string_lossy().into_owned();
        let allowed = DownloadBehavior::Allowed { destination_folder };
        bidi.browser().set_download_behavior(Some(allowed)).await.map_err(lost)?;
    }
    Ok((bidi.subscribe().await.map_err(lost)?, bidi.subscribe().await.map_err(lost)?))
}

/// Waits until the download is whole; where the browser saved it.
async fn finish(
    begun: &DownloadWillBegin,
    mut ends: EventStream<DownloadEnd>,
    deadline: Instant,
    deadlines: Deadlines,
) -> Result<PathBuf, Error> {
    loop {
        let end = timeout_at(deadline, ends.next()).await.map_err(|_| {
            Error::new(ErrorKind::Timeout, "the download takes longer than allowed")
                .context("seconds", deadlines.download.as_secs().to_string())
        })?;
        let end = end.ok_or_else(|| failed("ended during the download", &"no more events"))?;
        if end.navigation != begun.navigation {
            continue;
        }
        if end.status != DownloadEndStatus::Complete {
            return Err(Error::new(ErrorKind::DownloadIncomplete, "the download broke off in the browser")
                .context("file", begun.suggested_filename.clone()));
        }
        let saved = end.filepath.map(PathBuf::from);
        return saved.ok_or_else(|| failed("does not say where the file is", &"no path"));
    }
}

/// Waits until what the browser saves is over the limit; forever, where it stays below.
async fn outgrown(directory: &Path, limit: u64) -> Error {
    loop {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let sizes = entries.filter_map(|entry| entry.metadata().ok()).map(|about| about.len());
        if sizes.sum::<u64>() > limit {
            return too_large(limit);
        }
        sleep(GLANCE).await;
    }
}

/// A file that is still the browser's, or not yet one.
enum Bytes {
    At(PathBuf),
    Here(Vec<u8>),
}

/// Moves or writes it to a name of its own in `directory`.
async fn keep(directory: &Path, bytes: Bytes) -> Result<PathBuf, Error> {
    let kept = tempfile::Builder::new().prefix(".part-").tempfile_in(directory)?.into_temp_path();
    match bytes {
        Bytes::At(path) => tokio::fs::rename(&path, &kept).await?,
        Bytes::Here(bytes) => tokio::fs::write(&kept, bytes).await?,
    }
    kept.keep().map_err(|error| Error::from(error.error))
}

/// Waits until another page has come instead of a download; what it is.
async fn other_page(browser: &Browser, recipe: &Recipe, before: Option<String>) -> Result<Came, Error> {
    let mut glances = 0;
    loop {
        sleep(GLANCE).await;
        glances += 1;
        if glances >= PATIENCE && glances % PATIENCE == 0 && browser.newest_window().await.unwrap_or_default()
        {
            // What a new window shows is looked at by the next glance.
            glances = 0;
        }
        // Between two pages there is nothing to ask; a dead browser ends the events as well.
        let Ok(look) = browser.look().await else { continue };
        if look.url == "about:blank" {
            continue;
        }
        // What the page showed before the click was not about the days asked for.
        if let Ok(Some(said)) = browser.shows(&recipe.empty).await
            && !(look.marked && before.as_ref() == Some(&said))
        {
            return Ok(Came::Nothing(said));
        }
        if look.marked || !look.ready {
            continue;
        }
        let wanted = recipe.file == Some(FileKind::Html) && !classify::is_login_page(&look.html);
        if !is_page(&look.kind) || (wanted && classify::refusal(look.seen()).is_none()) {
            return Ok(Came::Shown(look));
        }
        return Err(classify::instead_of_file(look.seen()));
    }
}

/// Whether a document of this media type is a page for people.
fn is_page(kind: &str) -> bool {
    matches!(kind, "text/html" | "application/xhtml+xml")
}

fn not_started(deadlines: Deadlines) -> Error {
    Error::new(ErrorKind::DownloadNotStarted, "the export was started, but no download began")
        .context("seconds", deadlines.download.as_secs().to_string())
        .hint("look at the picture of the page; the panel may have shown a message")
}
