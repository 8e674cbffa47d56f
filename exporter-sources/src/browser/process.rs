//! chromedriver as a child that cannot outlive us, and its browser with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use exporter_core::{Error, ErrorKind};
use rustix::process::{Pid, Signal, kill_process_group, set_parent_process_death_signal};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::leavings;

/// chromedriver answers within milliseconds; a machine under load gets this long.
const START: Duration = Duration::from_secs(20);

/// So many lines of what a driver complains about are told.
const COMPLAINTS: usize = 5;
/// How long the last words of a driver that has ended may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

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
    /// Starts chromedriver on a free port, in the panel's time zone. When it ends at once, as it
    /// does when somebody else was quicker to take its port, it is started once more.
    pub(super) async fn start(binary: &Path, zone: &str) -> Result<Self, Error> {
        leavings::sweep(&std::env::temp_dir());
        match Self::start_once(binary, zone).await {
            Err(error) if error.kind() == ErrorKind::BrowserFailed => {
                tracing::debug!(%error, "the browser driver is started once more");
                Self::start_once(binary, zone).await
            }
            started => started,
        }
    }

    async fn start_once(binary: &Path, zone: &str) -> Result<Self, Error> {
        let temporary = leavings::own_directory()?;
        let mut command = Command::new(binary);
        command
            .arg("--port=0")
            .env("TMPDIR", temporary.path())
            .env("TZ", zone)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        die_with_us(&mut command);
        let failed = |why: &str| {
            Error::new(ErrorKind::BrowserFailed, format!("the browser driver {why}"))
                .context("driver", binary.display().to_string())
        };
        let mut child = command.spawn().map_err(|error| {
            failed("cannot be started").source(error).hint("check `[browser] driver`: it must be a program")
        })?;
        let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let stdout = child.stdout.take().ok_or_else(|| failed("has no output"))?;
        let complaints = Complaints::hear(child.stderr.take());
        let mut process = Self { child, group, address: String::new(), _temporary: temporary };
        let mut lines = BufReader::new(stdout).lines();
        let port = match tokio::time::timeout(START, port(&mut lines)).await {
            Ok(port) => port?.ok_or("ended at once"),
            Err(_) => Err("does not start"),
        };
        let port = match port {
            Ok(port) => port,
            Err(why) => {
                process.kill();
                return Err(complaints.add_to(failed(why)).await);
            }
        };
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

/// What the driver writes on stderr; read on, so that it never waits for us.
struct Complaints(tokio::task::JoinHandle<Vec<String>>);

impl Complaints {
    fn hear(stderr: Option<ChildStderr>) -> Self {
        Self(tokio::spawn(async move {
            let mut heard = Vec::new();
            let Some(stderr) = stderr else { return heard };
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                // What is wrong with its start, it says first.
                if heard.len() < COMPLAINTS && !line.trim().is_empty() {
                    heard.push(line.trim().to_owned());
                }
            }
            heard
        }))
    }

    /// The error with what was heard; the driver has ended.
    async fn add_to(self, error: Error) -> Error {
        match tokio::time::timeout(LAST_WORDS, self.0).await {
            Ok(Ok(heard)) if !heard.is_empty() => error.context("it says", heard.join("; ")),
            _ => error,
        }
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

    /// A program that does what this script says.
    fn script(directory: &Path, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = directory.join("driver");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    #[tokio::test]
    async fn a_driver_that_ends_at_once_is_started_once_more() {
        let directory = tempfile::tempdir().unwrap();
        let driver = script(
            directory.path(),
            "[ -e $0.tried ] && echo was started successfully on port 4321. && exec sleep 60
             touch $0.tried; echo 'bind() failed: Address already in use' >&2; exit 1",
        );
        let process = DriverProcess::start(&driver, "UTC").await.unwrap();
        assert_eq!(process.address(), "http://127.0.0.1:4321");
        process.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_driver_that_does_not_start_is_quoted() {
        let directory = tempfile::tempdir().unwrap();
        let driver = script(directory.path(), "echo 'error while loading shared libraries' >&2; exit 127");
        let error = DriverProcess::start(&driver, "UTC").await.err().unwrap();
        assert!(error.to_string().contains("it says: error while loading shared libraries"), "{error}");
    }

    #[test]
    fn a_missing_browser_says_what_to_install() {
        let error = find_browser(Some(Path::new("/nowhere/chrome")), true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrowserMissing);
        assert!(error.hints()[0].contains("apt-get install"));
    }
}
