//! Watching a person at work in a browser: what is clicked on, until a file comes.

use std::time::Duration;

use exporter_core::{Error, ErrorKind};
use futures::{FutureExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use thirtyfour::bidi::events::{DownloadWillBegin, ScriptMessage};
use thirtyfour::bidi::modules::browser::DownloadBehavior;
use thirtyfour::bidi::modules::script::AddPreloadScript;
use thirtyfour::bidi::{BidiError, EventStream};
use tokio::time::{Instant, sleep, timeout};

use super::GLANCE;
use super::driver::{Browser, failed};
use crate::panel::PanelOptions;

/// The page's side: a function that is given a channel.
const LISTENER: &str = include_str!("record.js");
/// The channel's name.
const CHANNEL: &str = "exporter-record";
/// How long the last click may take to be told once its download has begun.
const LATE: Duration = Duration::from_millis(500);

/// One click, with the fields of the page as they were.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Act {
    /// The address of the page in the window, whatever its frames show.
    pub url: String,
    /// Selectors of the frames that it was in, the outermost first.
    pub frames: Vec<Vec<String>>,
    /// Selectors of what was clicked on, the best first.
    pub at: Vec<String>,
    /// What stands on it.
    pub says: String,
    /// Whether the page asks for a password: then no field tells what is in it.
    pub secret: bool,
    pub fields: Vec<Field>,
}

/// A field as it was at a click.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Field {
    pub at: Vec<String>,
    /// Its `type`, such as `date`, `checkbox` or `select-one`.
    pub kind: String,
    pub value: String,
    pub checked: bool,
    /// Whether it holds something else than the page came with.
    pub changed: bool,
}

/// A browser in which a person makes an export.
pub(crate) struct Recorder {
    browser: Browser,
    acts: EventStream<ScriptMessage>,
    downloads: EventStream<DownloadWillBegin>,
    /// What the person downloads is only looked for; the file is fetched again afterwards.
    _folder: tempfile::TempDir,
}

impl Recorder {
    /// Opens the panel in a browser that tells what is clicked on.
    pub(crate) async fn start(options: &PanelOptions) -> Result<Self, Error> {
        let browser =
            Browser::start(&options.browser, options.timezone.name(), options.deadlines.page).await?;
        let bidi = browser.driver().bidi().await.map_err(|error| failed("does not speak BiDi", &error))?;
        let folder = tempfile::tempdir()?;
        let listening = async {
            let destination_folder = folder.path().to_string_lossy().into_owned();
            let allowed = DownloadBehavior::Allowed { destination_folder };
            bidi.browser().set_download_behavior(Some(allowed)).await?;
            let acts = bidi.subscribe::<ScriptMessage>().await?;
            let downloads = bidi.subscribe::<DownloadWillBegin>().await?;
            bidi.send(AddPreloadScript {
                function_declaration: LISTENER.to_owned(),
                arguments: vec![json!({ "type": "channel", "value": { "channel": CHANNEL } })],
                // In a world of its own, Chromium runs it and tells nothing.
                sandbox: None,
                contexts: Vec::new(),
            })
            .await?;
            Ok::<_, BidiError>((acts, downloads))
        };
        let (acts, downloads) =
            listening.await.map_err(|error| failed("does not tell what is clicked on", &error))?;
        browser.open(&options.url).await?;
        Ok(Self { browser, acts, downloads, _folder: folder })
    }

    /// The address of the browser's WebDriver session.
    pub(crate) fn webdriver(&self) -> String {
        self.browser.session_url()
    }

    /// Waits for a download and closes the browser; what was clicked on until then.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] without a download, [`ErrorKind::BrowserFailed`] when the person
    /// closes the browser before there is one.
    pub(crate) async fn finish(mut self, patience: Duration) -> Result<Vec<Act>, Error> {
        let watched = self.watch(patience).await;
        let stopped = self.browser.stop().await;
        let acts = watched?;
        stopped.map(|()| acts)
    }

    async fn watch(&mut self, patience: Duration) -> Result<Vec<Act>, Error> {
        let deadline = Instant::now() + patience;
        let mut acts = Vec::new();
        loop {
            tokio::select! {
                message = self.acts.next() => {
                    acts.extend(act(&message.ok_or_else(closed)?));
                }
                begun = self.downloads.next() => {
                    begun.ok_or_else(closed)?;
                    while let Ok(Some(message)) = timeout(LATE, self.acts.next()).await {
                        acts.extend(act(&message));
                    }
                    return Ok(acts);
                }
                () = sleep(GLANCE * 10) => {
                    // A closed window ends no stream, but cannot be asked any more.
                    if self.browser.driver().windows().await.map_or(true, |windows| windows.is_empty()) {
                        return Err(closed());
                    }
                    if Instant::now() > deadline {
                        return Err(Error::new(ErrorKind::Timeout, "no file was downloaded")
                            .context("seconds", patience.as_secs().to_string())
                            .hint("record again, and make the export until its file comes"));
                    }
                }
            }
            while let Some(Some(message)) = self.acts.next().now_or_never() {
                acts.extend(act(&message));
            }
        }
    }
}

/// A message of ours; pages have channels of their own.
fn act(message: &ScriptMessage) -> Option<Act> {
    if message.channel.as_str() != CHANNEL {
        return None;
    }
    let text = message.data["value"].as_str()?;
    serde_json::from_str(text).inspect_err(|error| tracing::warn!(%error, "a click was not understood")).ok()
}

fn closed() -> Error {
    Error::new(ErrorKind::BrowserFailed, "the browser was closed before a file was downloaded")
        .hint("record again; the browser closes by itself once the file has come")
}
