//! chromedriver as a child that cannot outlive us, and its browser with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use exporter_core::{Error, ErrorKind};
use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::leavings;

/// chromedriver answers within milliseconds; a machine under load gets this long.
const START: Duration = Duration::from_secs(20);

/// Where browsers are, the light ones first.
const BROWSERS: [&str; 12] = [
    "/usr/lib/chromium/chromium-headless-shell",
    "/usr/lib/chromium/chromium",
    "/usr/bin/chromium-headless-shell",
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome-stable",
    "/usr/bin/google-chrome",
    "/opt/google/chrome/chrome",
    "/usr/bin/microsoft-edge",
    "/usr/bin/microsoft-edge-stable",
    "/opt/microsoft/msedge/msedge",
    "/snap/bin/chromium",
];

/// Where their drivers are, beside the `PATH`.
const DRIVERS: [&str; 5] = [
    "/usr/bin/chromedriver",
    "/usr/lib/chromium/chromedriver",
    "/usr/local/bin/chromedriver",
    "/snap/bin/chromium.chromedriver",
    "/usr/bin/msedgedriver",
];

/// The browser to drive.
///
/// # Errors
/// [`ErrorKind::BrowserMissing`] that says what to install.
pub(super) fn find_browser(given: Option<&Path>, headless: bool) -> Result<PathBuf, Error> {
    let usable = BROWSERS.iter().filter(|path| headless || !path.ends_with("headless-shell"));
    find(given, usable.map(PathBuf::from), "browser", "apt-get install chromium chromium-driver")
}

/// Its driver.
pub(super) fn find_driver(given: Option<&Path>) -> Result<PathBuf, Error> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<_> =
        std::env::split_paths(&paths).map(|directory| directory.join("chromedriver")).collect();
    find(
        given,
        on_path.into_iter().chain(DRIVERS.iter().map(PathBuf::from)),
        "browser driver",
        "apt-get install chromium-driver",
    )
}

fn find(
    given: Option<&Path>,
    mut usual: impl Iterator<Item = PathBuf>,
    what: &str,
    install: &str,
) -> Result<PathBuf, Error> {
    let found = match given {
        Some(path) => Some(path.to_path_buf()).filter(|path| path.is_file()),
        None => usual.find(|path| path.is_file()),
    };
    found.ok_or_else(|| {
        let error = Error::new(ErrorKind::BrowserMissing, format!("no {what} was found"));
        let error = match given {
            Some(path) => error.context("path", path.display().to_string()),
            None => error,
        };
        error.hint(format!("install one ({install}), or use `--driver http`"))
    })
}

/// A running chromedriver. Dropping it kills its whole process group, browser included.
pub(super) struct DriverProcess {
    child: Child,
    group: Option<Pid>,
    address: String,
    /// Profiles and other leavings of the browser; removed with it.
    _temporary: tempfile::TempDir,
}

impl DriverProcess {
    /// Starts chromedriver on a free port, in the panel's time zone.
    pub(super) async fn start(binary: &Path, zone: &str) -> Result<Self, Error> {
        leavings::sweep(&std::env::temp_dir());
        let temporary = leavings::own_directory()?;
        let mut command = Command::new(binary);
        command
            .arg("--port=0")
            .env("TMPDIR", temporary.path())
            .env("TZ", zone)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        die_with_us(&mut command);
        let failed = |why: &str| {
            Error::new(ErrorKind::BrowserFailed, format!("the browser driver {why}"))
                .context("driver", binary.display().to_string())
        };
        let mut child = command.spawn().map_err(|error| failed("cannot be started").source(error))?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let stdout = child.stdout.take().ok_or_else(|| failed("has no output"))?;
        let mut process = Self { child, group, address: String::new(), _temporary: temporary };
        let mut lines = BufReader::new(stdout).lines();
        let port = tokio::time::timeout(START, port(&mut lines))
            .await
            .map_err(|_| failed("does not start"))??
            .ok_or_else(|| failed("ended at once"))?;
        // Somebody has to read on, else the driver blocks when the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        process.address = format!("http://127.0.0.1:{port}");
        Ok(process)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Ends it and waits until it is gone.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        self.kill();
        self.child.wait().await.map(|_| ()).map_err(Error::from)
    }

    fn kill(&self) {
        if let Some(group) = self.group {
            // Fails only when the group is gone, which is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for DriverProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The port in the line that says the driver is up; the first line says port 0.
async fn port(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<Option<u16>, Error> {
    while let Some(line) = lines.next_line().await? {
        if let Some(port) = port_in(&line) {
            return Ok(Some(port));
        }
    }
    Ok(None)
}

fn port_in(line: &str) -> Option<u16> {
    let rest = line.split_once("started successfully on port ")?.1;
    rest.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()
}

/// The driver gets SIGKILL when we end, however we end; its browser ends with the pipe
/// between the two (`--remote-debugging-pipe`).
#[expect(unsafe_code, reason = "the death signal can only be set between fork and exec")]
fn die_with_us(command: &mut Command) {
    // SAFETY: the hook makes one system call (prctl, async-signal-safe) and allocates nothing.
    unsafe {
        command
            .pre_exec(|| set_parent_process_death_signal(Some(Signal::KILL)).map_err(std::io::Error::from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_in_the_second_line() {
        assert_eq!(port_in("Starting ChromeDriver 140.0 (x) on port 0"), None);
        assert_eq!(port_in("ChromeDriver was started successfully on port 43211."), Some(43211));
    }

    #[test]
    fn a_missing_browser_says_what_to_install() {
        let error = find_browser(Some(Path::new("/nowhere/chrome")), true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrowserMissing);
        assert!(error.hints()[0].contains("apt-get install"));
    }
}
