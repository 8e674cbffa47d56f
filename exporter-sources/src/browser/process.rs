//! A browser's driver as a child that cannot outlive us, and its browser with it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use exporter_core::{Error, ErrorKind};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use super::family::Family;
use super::leavings;
use crate::panel::BrowserKind;

/// chromedriver answers within milliseconds; a machine under load gets this long.
const START: Duration = Duration::from_secs(20);

/// So many lines of what a driver complains about are told.
const COMPLAINTS: usize = 5;
/// How long the last words of a driver that has ended may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A running driver. Dropping it kills its whole family, browser included.
pub(super) struct DriverProcess {
    child: Child,
    family: Family,
    address: String,
    /// Profiles and other leavings of the browser; removed with it.
    _temporary: tempfile::TempDir,
}

impl DriverProcess {
    /// Starts the driver on a free port, in the panel's time zone. When it ends at once, as it
    /// does when somebody else was quicker to take its port, it is started once more.
    pub(super) async fn start(kind: BrowserKind, binary: &Path, zone: &str) -> Result<Self, Error> {
        leavings::sweep(&std::env::temp_dir());
        match Self::start_once(kind, binary, zone).await {
            Err(error) if error.kind() == ErrorKind::BrowserFailed => {
                tracing::debug!(%error, "the browser driver is started once more");
                Self::start_once(kind, binary, zone).await
            }
            started => started,
        }
    }

    async fn start_once(kind: BrowserKind, binary: &Path, zone: &str) -> Result<Self, Error> {
        let temporary = leavings::own_directory()?;
        let family = Family::found()?;
        let mut command = Command::new(binary);
        command
            .args(arguments(kind))
            .env("TMPDIR", temporary.path())
            .env("TZ", zone)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        family.adopt(&mut command);
        let failed = |why: &str| {
            Error::new(ErrorKind::BrowserFailed, format!("the browser driver {why}"))
                .context("driver", binary.display().to_string())
        };
        let mut child = command.spawn().map_err(|error| {
            failed("cannot be started").source(error).hint("check `[browser] driver`: it must be a program")
        })?;
        let stdout = child.stdout.take().ok_or_else(|| failed("has no output"))?;
        let complaints = Complaints::hear(child.stderr.take());
        let mut process = Self { child, family, address: String::new(), _temporary: temporary };
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

    /// Bytes of memory that it and its browser take, where the system tells.
    pub(super) fn memory(&self) -> Option<u64> {
        self.family.memory()
    }

    /// Ends it and waits until it is gone.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        self.kill();
        self.child.wait().await?;
        self.family.gone().await
    }

    /// Kills driver and browser at once.
    fn kill(&self) {
        self.family.kill(self.child.id());
    }
}

impl Drop for DriverProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// On a free port; Firefox has a second one for `BiDi`.
fn arguments(kind: BrowserKind) -> &'static [&'static str] {
    match kind {
        BrowserKind::Chromium | BrowserKind::Edge => &["--port=0"],
        BrowserKind::Firefox => &["--port=0", "--websocket-port=0"],
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
    // chromedriver and msedgedriver, then geckodriver.
    let (_, rest) = line
        .split_once("started successfully on port ")
        .or_else(|| line.split_once("Listening on 127.0.0.1:"))?;
    rest.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_port_is_in_the_second_line() {
        assert_eq!(port_in("Starting ChromeDriver 140.0 (x) on port 0"), None);
        assert_eq!(port_in("ChromeDriver was started successfully on port 43211."), Some(43211));
        assert_eq!(port_in("1795269796029\tgeckodriver\tINFO\tListening on 127.0.0.1:41627"), Some(41627));
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
        let process = DriverProcess::start(BrowserKind::Chromium, &driver, "UTC").await.unwrap();
        assert_eq!(process.address(), "http://127.0.0.1:4321");
        process.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_driver_that_does_not_start_is_quoted() {
        let directory = tempfile::tempdir().unwrap();
        let driver = script(directory.path(), "echo 'error while loading shared libraries' >&2; exit 127");
        let error = DriverProcess::start(BrowserKind::Chromium, &driver, "UTC").await.err().unwrap();
        assert!(error.to_string().contains("it says: error while loading shared libraries"), "{error}");
    }
}
