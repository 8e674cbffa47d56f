//! A killed exporter leaves no browser and no driver behind.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use exporter_core::{Driver, Session as _};
use exporter_sources::{BrowserKind, Panel, preset};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::session_drivers::{browser_here, options};
use crate::session_firefox::firefox_here;
use crate::stand_in::{Fault, StandIn};

/// Set in the child: the address of the panel to log in to.
const CHILD: &str = "EXPORTER_TEST_ORPHANS_URL";
/// Set in the child when its browser is to be Firefox.
const FIREFOX: &str = "EXPORTER_TEST_ORPHANS_FIREFOX";
/// What the child prints once its browser is open.
const READY: &str = "browser is open";

/// Not a test of its own: the child that the test below starts and kills.
#[tokio::test]
async fn child_with_a_browser() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(&url, Driver::Browser, directory.path(), "rahasia");
    if std::env::var_os(FIREFOX).is_some() {
        options.browser.kind = Some(BrowserKind::Firefox);
    }
    let panel = Panel::new(&preset("andalan").unwrap(), options).unwrap();
    panel.open().await.unwrap();
    println!("{READY}");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_exporter_leaves_no_browser_behind() {
    if browser_here() {
        all_end_with_a_killed_exporter(&[]).await;
    }
}

#[tokio::test]
async fn a_killed_exporter_leaves_no_firefox_behind() {
    if firefox_here() {
        all_end_with_a_killed_exporter(&[(FIREFOX, "1")]).await;
    }
}

async fn all_end_with_a_killed_exporter(variables: &[(&str, &str)]) {
    let server = StandIn::start(Fault::None).await;
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "session_orphans::child_with_a_browser", "--nocapture"])
        .env(CHILD, &server.url)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let open = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(READY) {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(Duration::from_mins(1), open).await.unwrap(), "the child opened no browser");
    let family = descendants(child.id().unwrap());
    assert!(family.len() >= 3, "guard, driver and browser: {family:?}");
    child.kill().await.unwrap();

    let killed = Instant::now();
    while family.iter().any(|pid| alive(*pid)) {
        assert!(killed.elapsed() < Duration::from_secs(10), "left behind: {family:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// All processes below this one.
fn descendants(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, status(pid)?.1)))
        .collect();
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    family.split_off(1)
}

/// Whether the process is there and no zombie.
fn alive(pid: u32) -> bool {
    status(pid).is_some_and(|(state, _)| state != 'Z')
}

/// State and parent of a process (proc(5), `/proc/pid/stat`).
fn status(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
