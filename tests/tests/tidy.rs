//! The rules of the tree that no compiler checks: headers, sizes, words left behind,
//! and which folder may know which library.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs;
use std::path::{Path, PathBuf};

/// Lines in a source file, unless its head says why it is longer.
const LONGEST: usize = 500;
/// The words that such a head begins its reason with.
const REASON: &str = "Longer than 500 lines because";

/// The workspace's root.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A text file: its path from the root, with `/`, and what is in it.
struct File {
    path: String,
    text: String,
}

impl File {
    /// Its lines without those that are comments, numbered from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// `path:line` of each line of code that contains one of these.
    fn with(&self, needles: &[&str]) -> Vec<String> {
        let hit = |line: &str| needles.iter().any(|needle| line.contains(needle));
        self.code()
            .filter(|(_, line)| hit(line))
            .map(|(number, _)| format!("{}:{number}", self.path))
            .collect()
    }
}

/// All files of the workspace whose names end so, what is built and what is hidden left out.
fn files(endings: &[&str]) -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![root().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with('.') || name == "target" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
                files.push(File { path, text });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!files.is_empty(), "no file found under {}", root().display());
    files
}

fn sources() -> Vec<File> {
    files(&[".rs"])
}

#[track_caller]
fn none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

/// Lines of code that contain one of `needles` in files that `allowed` does not name.
fn strays(needles: &[&str], allowed: impl Fn(&str) -> bool) -> Vec<String> {
    let this = "tests/tests/";
    let files = sources().into_iter().filter(|file| !file.path.starts_with(this) && !allowed(&file.path));
    files.flat_map(|file| file.with(needles)).collect()
}

#[test]
fn every_source_file_opens_with_its_one_idea() {
    let silent = |file: &File| {
        let first = file.text.lines().next().unwrap_or_default();
        first.strip_prefix("//! ").is_none_or(|idea| idea.trim().len() < 10)
    };
    let found: Vec<String> = sources().into_iter().filter(silent).map(|file| file.path).collect();
    none("the first line is not a `//!` that says what the file is for", &found);
}

#[test]
fn no_file_is_too_long_without_a_reason() {
    let too_long = |file: &File| {
        let head = file.text.lines().take_while(|line| line.starts_with("//!"));
        file.text.lines().count() > LONGEST && !head.into_iter().any(|line| line.contains(REASON))
    };
    let found: Vec<String> = sources()
        .into_iter()
        .filter(too_long)
        .map(|file| format!("{}: {} lines", file.path, file.text.lines().count()))
        .collect();
    none("split these by idea, or say in the head `Longer than 500 lines because …`", &found);
}

#[test]
fn lines_end_cleanly() {
    let mut found = Vec::new();
    for file in files(&[".rs", ".toml", ".md", ".yml", ".yaml"]) {
        if !file.text.is_empty() && !file.text.ends_with('\n') {
            found.push(format!("{}: no line break at the end", file.path));
        }
        let unclean = |line: &str| line.ends_with([' ', '\t', '\r']);
        let lines = file.text.split('\n').enumerate().filter(|(_, line)| unclean(line));
        found.extend(lines.map(|(index, _)| format!("{}:{}", file.path, index + 1)));
    }
    none("white space at the end of lines", &found);
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TODO", "FIXME", "XXX:", "HACK:"];
    let mut found = Vec::new();
    for file in sources().into_iter().filter(|file| file.path != "tests/tests/tidy.rs") {
        let lines = file.text.lines().enumerate();
        let hits = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
        found.extend(hits.map(|(index, _)| format!("{}:{}", file.path, index + 1)));
    }
    none("do it now, or write an issue", &found);
    none(
        "left behind from development, or switched off where it should be fixed",
        &strays(
            &[
                "dbg!(",
                "todo!(",
                "unimplemented!(",
                "allow(dead_code",
                "allow(unused",
                "thread::sleep",
                "#[ignore",
            ],
            |_| false,
        ),
    );
}

#[test]
fn there_is_no_unsafe_code() {
    let needles = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "(unsafe_code"];
    none("unsafe code", &strays(&needles, |_| false));
}

#[test]
fn each_outside_library_is_known_in_one_place() {
    let rules: [(&str, &[&str]); 6] = [
        ("rusqlite::", &["exporter-store/src/sqlite/"]),
        ("tokio_postgres::", &["exporter-store/src/postgres/"]),
        ("thirtyfour::", &["exporter-sources/src/browser/", "exporter-sources/src/browser.rs"]),
        ("google_sheets4::", &["exporter-sheets/src/client.rs", "exporter-sheets/src/client/"]),
        ("clap::", &["exporter-cli/"]),
        // Our reading of workbooks is measured beside it alone.
        ("calamine::", &["exporter-sources/src/formats/", "benches/examples/reading.rs"]),
    ];
    for (library, places) in rules {
        let found = strays(&[library], |path| places.iter().any(|place| path.starts_with(place)));
        none(&format!("`{library}` is known only in {}", places.join(", ")), &found);
    }
    let bot_api = strays(&["sendMessage", "sendPhoto"], |path| {
        path.starts_with("exporter-notify/") || path.starts_with("exporter-sandbox/")
    });
    none("only exporter-notify and its stand-in know the Bot API", &bot_api);
}

#[test]
fn the_program_is_thin() {
    let main = fs::read_to_string(root().join("exporter-cli/src/main.rs")).unwrap();
    assert!(main.lines().count() < 100, "exporter-cli/src/main.rs has {} lines", main.lines().count());
}

#[test]
fn the_promised_documents_are_there() {
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "SECURITY.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ] {
        let size = fs::metadata(root().join(name)).map_or(0, |file| file.len());
        assert!(size > 500, "{name} is missing or next to empty");
    }
    let architecture = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(architecture.lines().count() < 300, "ARCHITECTURE.md is meant to be read in one go");
}
