//! No secret reaches what is printed, logged, reported, sent or kept.

use std::path::{Path, PathBuf};

use exporter_sandbox::panel::PASSWORD;
use exporter_sandbox::telegram::TOKEN;

#[cfg(target_os = "linux")]
use crate::bench::command;
use crate::bench::{Bench, exporter};

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Whether the text holds a secret; which one.
fn leaked(bench: &Bench, text: &str) -> Option<&'static str> {
    let account = bench.config().parent().unwrap().join("service-account.json");
    let account: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(account).unwrap()).unwrap();
    let key = account["private_key"].as_str().unwrap().lines().nth(1).unwrap();
    [
        (PASSWORD, "the panel's password"),
        (TOKEN, "the bot's token"),
        (key, "the service account's key"),
        ("ya29.", "an access token"),
    ]
    .into_iter()
    .find_map(|(secret, name)| text.contains(secret).then_some(name))
}

async fn leaks_nothing(bench: &Bench, driver: &str) {
    let ended = bench.run(&["--driver", driver, "--debug", "--json"]).await;
    assert!(!ended.out.is_empty() && !ended.err.is_empty(), "{ended:?}");
    assert_eq!(leaked(bench, &ended.whole()), None, "{ended:?}");
    assert_eq!(leaked(bench, &bench.sandbox.telegram().messages().join("\n")), None);
    let directory = bench.config().parent().unwrap().to_path_buf();
    packs_nothing(bench, &directory.join("downloads")).await;
    let configured = [directory.join("secrets"), directory.join("service-account.json")];
    for file in files(&directory) {
        if configured.iter().any(|own| file.starts_with(own)) {
            continue;
        }
        let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
        assert_eq!(leaked(bench, &text), None, "{}", file.display());
        assert_eq!(leaked(bench, &file.display().to_string()), None);
    }
}

/// The bundle of the run, unpacked: a packed secret would not be found by looking at the file.
async fn packs_nothing(bench: &Bench, downloads: &Path) {
    let config = bench.config().display().to_string();
    let packed = exporter(&["bundle", "--config", &config]).await;
    assert_eq!(packed.code, Some(0), "{packed:?}");
    assert_eq!(leaked(bench, &packed.whole()), None, "{packed:?}");
    let is_bundle = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "zip");
    let bundle = files(downloads).into_iter().find(is_bundle).unwrap();
    let mut archive = zip::ZipArchive::new(std::fs::File::open(&bundle).unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut archive.by_index(index).unwrap(), &mut bytes).unwrap();
        assert_eq!(leaked(bench, &String::from_utf8_lossy(&bytes)), None, "{index} in {}", bundle.display());
    }
    std::fs::remove_file(bundle).unwrap();
}

#[tokio::test]
async fn a_good_run_leaks_nothing() {
    let bench = Bench::start().await;
    leaks_nothing(&bench, "http").await;
    leaks_nothing(&bench, "browser").await;
}

#[tokio::test]
async fn a_failed_login_leaks_nothing() {
    for driver in ["http", "browser"] {
        let bench = Bench::start().await;
        bench.sandbox.panel().set_password("another one");
        leaks_nothing(&bench, driver).await;
    }
}

#[tokio::test]
async fn a_check_leaks_nothing() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    let ended = exporter(&["check", "--config", &config, "--debug"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(leaked(&bench, &ended.whole()), None, "{ended:?}");
}

/// The command lines of all processes on this machine.
#[cfg(target_os = "linux")]
fn command_lines() -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    // A process may end between being listed and being read.
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).collect()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_list_shows_no_secret() {
    let bench = Bench::start().await;
    let config = bench.config().display().to_string();
    let mut run = command(&["run", "--config", &config, "--day", "2026-09-10", "--driver", "browser"]);
    let mut child =
        run.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut seen_browser = false;
    while child.try_wait().unwrap().is_none() {
        for line in command_lines() {
            seen_browser |= line.contains("--headless");
            assert_eq!(leaked(&bench, &line), None, "{line}");
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(seen_browser, "the list was looked at while the browser ran");
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}
