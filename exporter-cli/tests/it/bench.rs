//! A sandbox of its own for each test, and the command run against it.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use exporter_sandbox::faults::{Fault, FaultKind};
use exporter_sandbox::{Options, SPREADSHEET, Sandbox};
use exporter_store::{SqliteStore, Store};
use serde_json::Value;
use tokio::process::Command;

/// The days that the tests fetch: rows depend on nothing but the day and the seed.
pub const DAYS: [&str; 4] = ["--from", "2026-09-10", "--to", "2026-09-12"];
/// The four tabs.
pub const TABS: [&str; 4] = ["transaksi", "point_trx", "user", "koin_pay"];

/// A sandbox and its configuration.
pub struct Bench {
    pub sandbox: Sandbox,
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Bench {
    pub async fn start() -> Self {
        Self { sandbox: Sandbox::start(Options::default()).await.unwrap() }
    }

    /// `exporter run` over [`DAYS`] with more options after it.
    pub async fn run(&self, more: &[&str]) -> Ended {
        let config = self.config().display().to_string();
        let mut words = vec!["run", "--config", &config];
        words.extend(DAYS);
        words.extend(more);
        exporter(&words).await
    }

    /// The same; its report.
    pub async fn report(&self, more: &[&str]) -> (Option<i32>, Value) {
        let ended = self.run(&[more, &["--json"]].concat()).await;
        let report = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("no report: {ended:?}"));
        (ended.code, report)
    }

    pub fn config(&self) -> PathBuf {
        self.sandbox.config_path()
    }

    /// Changes the configuration's text.
    pub fn edit(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.config()).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        std::fs::write(self.config(), text.replacen(from, to, 1)).unwrap();
    }

    /// Keeps the state in this database, from now on.
    #[cfg(feature = "postgres")]
    pub fn keep_in(&self, address: &str) {
        std::fs::write(self.config().with_file_name("database-url"), address).unwrap();
        self.edit("[panel]", "[state]\nurl = \"file:database-url\"\n\n[panel]");
    }

    /// The state as the tests look into it.
    pub async fn state(&self) -> Arc<dyn Store> {
        #[cfg(feature = "postgres")]
        if let Ok(address) = std::fs::read_to_string(self.config().with_file_name("database-url")) {
            let address = exporter_core::Secret::new(address);
            return Arc::new(exporter_store::PostgresStore::open(&address, None).await.unwrap());
        }
        Arc::new(SqliteStore::open(self.config().with_file_name("state.db")).await.unwrap())
    }

    /// Every call of this service to this endpoint goes wrong in this way.
    pub fn always(&self, service: &str, endpoint: &str, what: FaultKind) {
        let fault =
            Fault { service: service.into(), endpoint: endpoint.into(), what, times: u32::MAX, skip: 0 };
        self.sandbox.faults().add(fault);
    }

    /// A tab as a person sees it.
    pub fn tab(&self, name: &str) -> Vec<Vec<String>> {
        self.sandbox.sheets().rows(SPREADSHEET, name).unwrap_or_default()
    }

    /// All four.
    pub fn tabs(&self) -> Vec<Vec<Vec<String>>> {
        TABS.iter().map(|name| self.tab(name)).collect()
    }

    /// How many calls the Sheets API got, without those for a token.
    pub fn sheets_calls(&self) -> usize {
        let calls = self.sandbox.faults().calls();
        calls.iter().filter(|call| call.service == "sheets" && call.path != "/token").count()
    }

    /// For snapshots: what differs from run to run is shown by its name.
    pub fn settings(&self) -> insta::Settings {
        let mut settings = insta::Settings::clone_current();
        let directory = self.config().parent().unwrap().display().to_string();
        for (pattern, name) in [
            (self.sandbox.panel_url().as_str(), "[panel]"),
            (&self.sandbox.sheets_url(), "[sheets]"),
            (&self.sandbox.telegram_url(), "[telegram]"),
            (&directory, "[directory]"),
            (r"\b\d{8}T\d{9}Z", "[run]"),
            (r"failed_(\w+)_\w{6}\.", "failed_${1}_[n]."),
            (r"\b\d{8}_\d{6}(_\d+)?\b", "[time]"),
            (r"\bbytes: \d+", "bytes: [n]"),
            (r"\b\d+ MB\b", "[n] MB"),
            (r"browser: \S+ [\d.]+", "browser: [browser]"),
            // Another key must not change what is shown here.
            (r"expected one of `.*`", "expected one of [keys]"),
            (r"\d+\.\d s\b", "[seconds]"),
            (r"\d+,\d detik\b", "[seconds]"),
            (r" +\d+\.\d ([│┆])", " [s] $1"),
        ] {
            settings.add_filter(pattern, name);
        }
        settings
    }
}

impl Ended {
    /// Exit code, stdout and stderr in one text.
    pub fn whole(&self) -> String {
        let code = self.code.map_or("killed".to_owned(), |code| code.to_string());
        format!("exit: {code}\n----- stdout -----\n{}----- stderr -----\n{}", self.out, self.err)
    }
}

/// Runs the command with these words and nothing of our environment but the path.
pub async fn exporter(words: &[&str]) -> Ended {
    let output = command(words).output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The command, not yet started.
pub fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exporter"));
    command.args(words).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}
