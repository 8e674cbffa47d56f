//! What is asked of a driver for a session: flags that keep the browser small, no window, `BiDi`.

use std::ffi::OsString;
use std::path::Path;

use thirtyfour::common::capabilities::desiredcapabilities::CapabilitiesHelper as _;
use thirtyfour::common::capabilities::firefox::FirefoxPreferences;
use thirtyfour::error::WebDriverResult;
use thirtyfour::{Capabilities, ChromiumLikeCapabilities, DesiredCapabilities};

use super::installed::is_shell;
use crate::panel::BrowserKind;

/// Flags of Chromium and its kin: nothing in the background, nothing on the screen, and a pipe
/// instead of a port, so that the browser ends with its driver.
const FLAGS: [&str; 13] = [
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-quic",
    "--disable-breakpad",
    "--mute-audio",
    "--window-size=1280,900",
    "--remote-debugging-pipe",
];

/// Settings of Firefox to the same end: one process for pages, nothing kept of what was seen.
const SWITCHED_OFF: [&str; 4] = [
    "fission.autostart",
    "browser.cache.disk.enable",
    "extensions.systemAddon.update.enabled",
    "browser.sessionstore.resume_from_crash",
];

/// What is asked of the driver; without a binary, of a grid.
pub(super) fn capabilities(
    kind: BrowserKind,
    binary: Option<&Path>,
    headless: bool,
) -> WebDriverResult<Capabilities> {
    let mut capabilities = match kind {
        BrowserKind::Chromium => chromium(DesiredCapabilities::chrome(), binary, headless)?,
        BrowserKind::Edge => chromium(DesiredCapabilities::edge(), binary, headless)?,
        BrowserKind::Firefox => firefox(binary, headless)?,
    };
    if binary.is_none() {
        // A Selenium grid hands files out only when it was asked to before.
        capabilities.set("se:downloadsEnabled", true)?;
    }
    capabilities.enable_bidi()?;
    // "Really export?" is meant.
    capabilities.set("unhandledPromptBehavior", "accept")?;
    Ok(capabilities)
}

fn chromium<C>(mut capabilities: C, binary: Option<&Path>, headless: bool) -> WebDriverResult<Capabilities>
where
    C: ChromiumLikeCapabilities + Into<Capabilities>,
{
    for flag in FLAGS {
        // The pipe ties the browser to our own driver.
        if binary.is_some() || flag != "--remote-debugging-pipe" {
            capabilities.add_arg(flag)?;
        }
    }
    if let Some(binary) = binary {
        capabilities.set_binary(&binary.to_string_lossy())?;
        if is_root() || without_sandbox(std::env::var_os(NO_SANDBOX)) {
            capabilities.add_arg("--no-sandbox")?;
        }
    }
    if headless {
        capabilities.add_arg(if binary.is_some_and(is_shell) { "--headless" } else { "--headless=new" })?;
    }
    Ok(capabilities.into())
}

fn firefox(binary: Option<&Path>, headless: bool) -> WebDriverResult<Capabilities> {
    let mut capabilities = DesiredCapabilities::firefox();
    let mut preferences = FirefoxPreferences::new();
    for name in SWITCHED_OFF {
        preferences.set(name, false)?;
    }
    preferences.set("dom.ipc.processCount", 1)?;
    // A PDF is a file, not something to look at.
    preferences.set("pdfjs.disabled", true)?;
    capabilities.set_preferences(preferences)?;
    if let Some(binary) = binary {
        capabilities.set_firefox_binary(&binary.to_string_lossy())?;
    }
    for flag in ["--width=1280", "--height=900"] {
        capabilities.add_arg(flag)?;
    }
    if headless {
        capabilities.set_headless()?;
    }
    Ok(capabilities.into())
}

/// Says, in a container that forbids what Chromium's sandbox is made of, that the container is
/// sandbox enough.
pub(super) const NO_SANDBOX: &str = "EXPORTER_NO_SANDBOX";

/// Set to anything but nothing.
fn without_sandbox(variable: Option<OsString>) -> bool {
    variable.is_some_and(|value| !value.is_empty())
}

/// Chromium's sandbox does not work for root; there it is switched off without being asked.
fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(kind: BrowserKind, binary: Option<&str>) -> String {
        serde_json::to_string(&capabilities(kind, binary.map(Path::new), true).unwrap()).unwrap()
    }

    #[test]
    fn each_kind_is_asked_for_in_its_own_words() {
        for (kind, words) in [
            (BrowserKind::Chromium, ["\"browserName\":\"chrome\"", "goog:chromeOptions", "--headless=new"]),
            (BrowserKind::Edge, ["\"browserName\":\"MicrosoftEdge\"", "ms:edgeOptions", "--headless=new"]),
            (BrowserKind::Firefox, ["\"browserName\":\"firefox\"", "moz:firefoxOptions", "-headless"]),
        ] {
            let asked = asked(kind, Some("/opt/browser"));
            for word in words.into_iter().chain(["\"webSocketUrl\":true", "/opt/browser"]) {
                assert!(asked.contains(word), "{word}: {asked}");
            }
            assert!(!asked.contains("se:downloadsEnabled"), "{asked}");
        }
    }

    #[test]
    fn the_sandbox_stays_on_unless_somebody_says_so() {
        assert!(!without_sandbox(None) && !without_sandbox(Some(OsString::new())));
        assert!(without_sandbox(Some("1".into())));
        let flag = asked(BrowserKind::Chromium, Some("/opt/browser")).contains("--no-sandbox");
        assert_eq!(flag, is_root() || std::env::var_os(NO_SANDBOX).is_some());
    }

    #[test]
    fn a_grid_is_asked_for_its_downloads_and_not_for_a_pipe() {
        let asked = asked(BrowserKind::Chromium, None);
        assert!(
            asked.contains("\"se:downloadsEnabled\":true") && !asked.contains("debugging-pipe"),
            "{asked}"
        );
        let shell = capabilities(BrowserKind::Chromium, Some(Path::new("/x/chromium-headless-shell")), true);
        assert!(serde_json::to_string(&shell.unwrap()).unwrap().contains("\"--headless\""));
    }
}
