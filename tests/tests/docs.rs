//! The documents keep up with the code.

use std::fs;
use std::path::PathBuf;

fn read(path: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `WrongPassword` → `wrong_password`, as errors print it.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[test]
fn every_kind_of_error_has_its_section() {
    let source = read("exporter-core/src/error/kind.rs");
    let body = source.split("pub enum ErrorKind {").nth(1).and_then(|rest| rest.split("\n}").next());
    let kinds: Vec<String> = body
        .expect("the enum is there")
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .map(snake)
        .collect();
    assert!(kinds.len() > 30, "{kinds:?}");
    let page = read("docs/troubleshooting.md");
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    for kind in &kinds {
        assert!(sections.contains(&kind.as_str()), "docs/troubleshooting.md says nothing of {kind}");
    }
    for section in sections {
        assert!(kinds.iter().any(|kind| kind == section), "there is no error {section}");
    }
}

/// All of our code as one text: strings that go on over a line's end are joined.
fn code(directory: &std::path::Path, text: &mut String) {
    for entry in fs::read_dir(directory).expect("a directory of ours").flatten() {
        let path = entry.path();
        if path.is_dir() {
            code(&path, text);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let source = fs::read_to_string(&path).expect("a source is text");
            let joined = source.split("\\\n").map(str::trim_start).collect::<String>();
            text.push_str(&joined.replace("\\\"", "\""));
        }
    }
}

#[test]
fn every_phrase_that_is_translated_is_still_said() {
    let mut text = String::new();
    for room in ["core", "sources", "sheets", "notify", "store", "cli"] {
        let sources = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../exporter-{room}/src"));
        code(&sources, &mut text);
    }
    let phrases = read("exporter-notify/src/render/id.phrases.txt");
    let originals =
        phrases.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" => "));
    for (original, _) in originals {
        let words = original.split('{').map(|part| part.split_once('}').map_or(part, |(_, words)| words));
        for words in words.filter(|words| words.len() > 8) {
            // Counted things are put together from two texts.
            let words = words.strip_prefix(" more ").unwrap_or(words);
            let words = words.strip_suffix(" were left out").unwrap_or(words).trim();
            assert!(text.contains(words), "nobody says `{words}` of `{original}` any more");
        }
    }
}

#[test]
fn the_map_is_short() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines < 300, "ARCHITECTURE.md has {lines} lines");
}
