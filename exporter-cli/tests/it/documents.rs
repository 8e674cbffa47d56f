//! What README.md and docs/ tell people to type is typed, in its order, in a directory of its own
//! beside a sandbox; what they print as configuration is loaded.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use exporter_sandbox::panel::{EMAIL, PASSWORD};
use exporter_sandbox::sheets::Quotas;
use exporter_sandbox::{Options, Sandbox};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::bench::{Bench, Ended, exporter};

/// How a line that cannot be typed as it stands is gone about.
enum Way {
    /// The same with what is there.
    Type(&'static str),
    /// It runs until it is stopped.
    Service,
    /// An example, where the workspace's examples have been built.
    Example(&'static str),
    /// Not at all, because …
    Not(&'static str),
}

/// Every other line is typed as it stands.
const WAYS: [(&str, Way); 16] = [
    ("cargo run --release -p exporter-cli -- demo", Way::Type("exporter demo")),
    ("cargo xtask test", Way::Not("it runs this test")),
    ("cargo run -p exporter-examples --example embedding", Way::Example("embedding")),
    ("cargo run -p exporter-examples --example own_sink", Way::Example("own_sink")),
    ("cargo install --locked --path exporter-cli", Way::Not("it compiles the program for minutes")),
    ("exporter serve --config exporter.toml", Way::Service),
    // Three months take minutes, because Google's limits are kept.
    (
        "exporter backfill --config exporter.toml --from 2026-01-01 --to 2026-03-31 --window 7",
        Way::Type(
            "exporter backfill --config exporter.toml --from $(date -d -14days +%F) --to $(date -d -5days +%F) --window 7",
        ),
    ),
    (
        "exporter restore newest --config exporter.toml",
        Way::Type("rm state.db* && exporter restore newest --config exporter.toml"),
    ),
    (
        "exporter restore backups/state-20260105T010000000Z.backup --config exporter.toml --force",
        Way::Type("exporter restore \"$(ls backups/* | tail -n 1)\" --config exporter.toml --force"),
    ),
    ("export PANEL_USERNAME=… PANEL_PASSWORD=…", Way::Not("the reader of panels.md has them set")),
    ("printf '%s' 'the password' > secrets/panel-password", Way::Not("the sandbox has its own password")),
    (
        "EXPORTER_FILE_PASSWORD=… exporter table locked.pdf",
        Way::Type("EXPORTER_FILE_PASSWORD=rahasia exporter table locked.pdf"),
    ),
    (
        "exporter init https://panel.example --page /orders --page /customers --out exporter.toml",
        Way::Type("exporter init $PANEL --page /transaksi/index-export --page /koin_pay --out new.toml"),
    ),
    (
        "exporter record https://panel.example --out exporter.toml",
        Way::Not("a person is needed: see record.rs"),
    ),
    (
        "exporter undo 20260105T010000000Z --config exporter.toml --dry-run",
        Way::Type("exporter undo $RUN --config exporter.toml --dry-run"),
    ),
    (
        "exporter undo 20260105T010000000Z --config exporter.toml",
        Way::Type("exporter undo $RUN --config exporter.toml"),
    ),
];

/// A fenced block: its language, its lines, and whether something stands between it and the one before.
struct Block {
    language: String,
    text: String,
    follows: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn blocks(document: &str) -> Vec<Block> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let (mut blocks, mut open, mut follows) = (Vec::new(), None::<Block>, false);
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.to_owned(), text: String::new(), follows });
            }
            (None, None) => follows = follows && line.is_empty(),
            (Some(_), Some(_)) => {
                blocks.extend(open.take());
                follows = true;
            }
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
        }
    }
    blocks
}

/// Lines as they are compared: numbers, spaces and rules may differ.
fn loosely(text: &str) -> Vec<String> {
    let line = |line: &str| {
        let mut kept = String::new();
        for letter in line.trim().chars() {
            let letter = match letter {
                _ if letter.is_ascii_digit() => '#',
                _ if letter.is_whitespace() => ' ',
                other => other,
            };
            let runs = matches!(letter, '#' | ' ' | '─' | '═');
            if !(runs && kept.ends_with(letter)) {
                kept.push(letter);
            }
        }
        kept
    };
    text.lines().map(line).collect()
}

/// Somebody who follows a document.
struct Reader {
    bench: Bench,
    directory: PathBuf,
    run: String,
}

impl Reader {
    /// With the files that the documents speak of.
    async fn new() -> Self {
        // Nobody types so fast; quotas are another test's business.
        let options = Options { quotas: Quotas::Off, ..Options::default() };
        let bench = Bench { sandbox: Sandbox::start(options).await.unwrap() };
        let directory = bench.config().parent().unwrap().to_owned();
        std::os::unix::fs::symlink(root().join("exporter-sources"), directory.join("exporter-sources"))
            .unwrap();
        let corpus = root().join("exporter-sources/tests/corpus/pdf");
        for (name, of) in [
            ("laporan.pdf", "dompdf-koin_pay-1-grid.pdf"),
            ("report.pdf", "dompdf-koin_pay-1-grid.pdf"),
            ("locked.pdf", "dompdf-koin_pay-1-grid-enc-userpw.pdf"),
        ] {
            std::fs::copy(corpus.join(of), directory.join(name)).unwrap();
        }
        let page =
            "<table><tr><th>Transaksi ID</th><th>Kode</th></tr><tr><td>T1</td><td>007</td></tr></table>";
        std::fs::write(directory.join("book.xlsx"), page).unwrap();
        std::fs::write(directory.join("holidays.ics"), "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").unwrap();
        std::fs::write(directory.join("secrets/backup-key"), "a key of at least thirty-two characters")
            .unwrap();
        Self { bench, directory, run: String::new() }
    }

    /// With a run from before.
    async fn ran(mut self) -> Self {
        let config = self.bench.config().display().to_string();
        let ended = exporter(&["run", "--config", &config, "--last", "3", "--json"]).await;
        let report: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
        report["id"].as_str().unwrap().clone_into(&mut self.run);
        self
    }

    /// Types a line into a shell.
    fn shell(&self, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_exporter")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let mut shell = Command::new("bash");
        shell.args(["-c", line]).current_dir(&self.directory).stdin(Stdio::null()).kill_on_drop(true);
        shell
            .env_clear()
            .env("PATH", path)
            .env("PANEL", self.bench.sandbox.panel_url())
            .env("RUN", &self.run);
        shell.env("PANEL_USERNAME", EMAIL).env("PANEL_PASSWORD", PASSWORD);
        shell.stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    }

    async fn types(&self, document: &str, line: &str) -> String {
        let output = self.shell(line).output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ended =
            Ended { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
        assert_eq!(ended.code, Some(0), "{document} says: {line}\n{}", ended.whole());
        ended.out + &ended.err
    }

    /// Starts it, sees it answer, and ends it as systemd does.
    async fn serves(&self, document: &str, line: &str) {
        let mut service = self.shell(&format!("exec {line} --listen 127.0.0.1:0")).spawn().unwrap();
        let mut lines = BufReader::new(service.stderr.take().unwrap()).lines();
        let first = lines.next_line().await.unwrap().unwrap_or_default();
        assert!(first.contains("http://"), "{document} says: {line}\n{first}");
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let pid = service.id().unwrap().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
        assert_eq!(service.wait().await.unwrap().code(), Some(0), "{document} says: {line}");
    }

    /// The way of the documents with one line; returns what was printed.
    async fn follows(&self, document: &str, line: &str) -> String {
        let said = line.split(" #").next().unwrap_or(line).trim_end();
        match WAYS.iter().find(|(written, _)| *written == said).map(|(_, way)| way) {
            None => self.types(document, line).await,
            Some(Way::Type(instead)) => self.types(document, instead).await,
            Some(Way::Service) => {
                self.serves(document, said).await;
                String::new()
            }
            Some(Way::Example(name)) => {
                let example = Path::new(env!("CARGO_BIN_EXE_exporter")).with_file_name("examples").join(name);
                assert!(example.exists() || std::env::var_os("EXPORTER_REQUIRE_BROWSER").is_none(), "{said}");
                if example.exists() {
                    self.types(document, &example.display().to_string()).await
                } else {
                    String::new()
                }
            }
            Some(Way::Not(_)) => String::new(),
        }
    }

    /// Takes a piece of configuration over; addresses and secrets stay the sandbox's.
    fn configures(&self, document: &str, piece: &str) {
        let piece = piece.replace("/var/lib/exporter/", "");
        let piece = if piece.contains('[') && piece.lines().any(|line| line.starts_with('[')) {
            piece
        } else {
            format!("[exports.transaksi]\n{piece}")
        };
        let mut whole: toml::Table =
            toml::from_str(&piece).unwrap_or_else(|error| panic!("{document}: {error}\n{piece}"));
        let known = std::fs::read_to_string(self.bench.config()).unwrap();
        overlay(&mut whole, toml::from_str(&known).unwrap());
        std::fs::write(self.bench.config(), toml::to_string(&whole).unwrap()).unwrap();
    }
}

/// Puts `over` over `base`, key by key.
fn overlay(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => overlay(below, above),
            (_, value) => drop(base.insert(key, value)),
        }
    }
}

/// Follows a document from its beginning to its end.
async fn follow(reader: Reader, document: &str) {
    let mut printed = String::new();
    for block in blocks(document) {
        match block.language.as_str() {
            "sh" => {
                printed.clear();
                for line in block.text.replace("\\\n", "").lines().filter(|line| !line.trim().is_empty()) {
                    printed.push_str(&reader.follows(document, line).await);
                }
            }
            "toml" => reader.configures(document, &block.text),
            "text" if block.follows && !printed.is_empty() => {
                let seen = loosely(&printed);
                for line in loosely(&block.text).iter().filter(|line| !line.is_empty()) {
                    assert!(seen.contains(line), "{document} prints: {line}\nin truth it is:\n{printed}");
                }
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn the_readme_is_true() {
    follow(Reader::new().await.ran().await, "README.md").await;
}

#[tokio::test]
async fn the_first_sheet_is_made_as_told() {
    follow(Reader::new().await, "docs/first-sheet.md").await;
}

#[tokio::test]
async fn operations_are_as_told() {
    follow(Reader::new().await.ran().await, "docs/operations.md").await;
}

#[tokio::test]
async fn recovery_is_as_told() {
    follow(Reader::new().await.ran().await, "docs/recovery.md").await;
}

#[tokio::test]
async fn tables_are_read_as_told() {
    follow(Reader::new().await.ran().await, "docs/tables.md").await;
}

#[tokio::test]
async fn trouble_is_looked_into_as_told() {
    follow(Reader::new().await.ran().await, "docs/troubleshooting.md").await;
}

/// These describe a configuration in pieces that exclude one another: each is loaded alone.
#[tokio::test]
async fn pieces_of_configuration_are_understood() {
    for document in ["docs/sheet.md", "docs/panels.md", "docs/messages.md"] {
        for block in blocks(document) {
            let reader = Reader::new().await;
            match block.language.as_str() {
                "toml" => {
                    reader.configures(document, &block.text);
                    reader.types(document, "exporter routes list --config exporter.toml").await;
                }
                "sh" => {
                    let reader = reader.ran().await;
                    for line in block.text.lines() {
                        reader.follows(document, line).await;
                    }
                }
                _ => {}
            }
        }
    }
}

/// Asks a stand-in for something; returns the answer's first line.
async fn ask(address: &str, method: &str, path: &str, body: &str) -> String {
    let host = address.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    let kind = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(format!("{head}{kind}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[tokio::test]
async fn the_sandbox_answers_as_told() {
    let document = "docs/sandbox.md";
    let reader = Reader::new().await;
    let block = blocks(document).into_iter().find(|block| block.language == "console").unwrap();
    let (line, printed) = block.text.strip_prefix("$ ").unwrap().split_once('\n').unwrap();
    let mut sandbox = reader.shell(&format!("exec {line}")).spawn().unwrap();
    let mut lines = BufReader::new(sandbox.stdout.take().unwrap()).lines();
    let said = lines.next_line().await.unwrap().unwrap();
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    for name in printed.split('"').skip(1).step_by(2).filter(|name| !name.starts_with("http")) {
        assert!(!said[name].is_null() || !said["sites"][name].is_null(), "{document}: no {name} in {said}");
    }
    reader.types(document, "exporter run --config ./playground/exporter.toml --last 3").await;

    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>());
    let (mut asked, mut sites) = (0, 0);
    for cells in cells {
        let [what, with] = [quoted(cells[0]), quoted(cells[1])];
        if what[0].starts_with('/') || !what[0].contains(' ') {
            // A panel by its name, or one of the addresses.
            let known = |name: &&str| !said[name].is_null() || !said["sites"][name].is_null();
            assert!(known(&what[0]), "{document}: {} is not in {said}", what[0]);
            sites += 1;
            continue;
        }
        let mut method = "GET";
        for (at, call) in what.iter().enumerate() {
            let path = call.split_once(' ').map_or(*call, |(verb, path)| {
                method = verb;
                path
            });
            let body = with.get(at).or(with.last()).copied().unwrap_or("");
            let answer = ask(said["control"].as_str().unwrap(), method, path, body).await;
            assert!(answer.contains(" 20"), "{document} says: {call} with {body}\n{answer}");
            asked += 1;
        }
    }
    assert!(asked >= 18 && sites >= 18, "{asked} calls and {sites} sites are little");
}

#[test]
fn every_exception_is_still_in_a_document() {
    let names = [
        "README",
        "docs/first-sheet",
        "docs/operations",
        "docs/recovery",
        "docs/panels",
        "docs/sheet",
        "docs/tables",
    ];
    let all: String =
        names.iter().flat_map(|name| blocks(&format!("{name}.md"))).map(|block| block.text).collect();
    for (line, way) in &WAYS {
        assert!(all.contains(line), "no document says `{line}` any more");
        assert!(!matches!(way, Way::Not("")), "`{line}`: why not?");
    }
}
