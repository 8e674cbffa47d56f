//! Trying the browser by itself: whether it starts, which it is, how much memory it takes.

use std::fmt;
use std::time::Duration;

use exporter_core::Error;

use super::driver::Browser;
use crate::panel::BrowserOptions;

/// A browser that started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedBrowser {
    /// Name and version, as the driver gives them.
    pub name: String,
    /// Bytes of memory of the browser with an empty page and of its driver, each shared page
    /// counted once; unknown for a browser elsewhere and where there is no `/proc`.
    pub memory: Option<u64>,
}

impl fmt::Display for TriedBrowser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        self.memory.map_or(Ok(()), |bytes| write!(f, ", {} MB with its driver", bytes >> 20))
    }
}

/// Starts the browser of these options with an empty page, and ends it.
///
/// # Errors
/// [`exporter_core::ErrorKind::BrowserMissing`] or [`exporter_core::ErrorKind::BrowserFailed`],
/// with what to install or to mend.
pub async fn try_browser(options: &BrowserOptions, patience: Duration) -> Result<TriedBrowser, Error> {
    let browser = Browser::start(options, "UTC", patience).await?;
    let looked = browser.open("about:blank").await;
    let tried = TriedBrowser { name: browser.name(), memory: browser.memory() };
    browser.stop().await?;
    looked.map(|_| tried)
}
