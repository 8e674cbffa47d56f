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

#[test]
fn the_map_is_short() {
    let lines = read("ARCHITECTURE.md").lines().count();
    assert!(lines < 300, "ARCHITECTURE.md has {lines} lines");
}
