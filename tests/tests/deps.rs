//! The dependency tree as `cargo metadata` tells it: which way the crates of ours point,
//! what the core must not know, one of each big library, licences.

mod spdx;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::Command;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    dependencies: Vec<Dependency>,
}

/// A dependency as a manifest names it; `kind` is `None`, `dev` or `build`.
#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<String>,
}

static TREE: LazyLock<Metadata> = LazyLock::new(|| {
    let rustc = output("rustc", &["-vV"]);
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let words =
        ["metadata", "--format-version", "1", "--locked", "--all-features", "--filter-platform", host];
    let json = output(&cargo, &words);
    serde_json::from_str(&json).expect("cargo metadata prints JSON")
});

#[expect(clippy::disallowed_methods, reason = "a question to cargo, answered before the test goes on")]
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the answer is text")
}

impl Metadata {
    fn by_id(&self) -> HashMap<&str, &Package> {
        self.packages.iter().map(|package| (package.id.as_str(), package)).collect()
    }

    /// The packages that are really used on this platform.
    fn used(&self) -> impl Iterator<Item = &Package> {
        let by_id = self.by_id();
        self.resolve.nodes.iter().map(move |node| by_id[node.id.as_str()])
    }

    /// The workspace's own packages.
    fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }

    /// The names of all that this member's code is made of, tests left out, with the
    /// package that asks for each.
    fn beneath(&self, member: &str) -> BTreeMap<&str, &str> {
        let by_id = self.by_id();
        let nodes: HashMap<&str, &Node> =
            self.resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let root = self.members().find(|package| package.name == member).expect("a member of the workspace");
        let mut found = BTreeMap::new();
        let mut waiting = vec![root.id.as_str()];
        while let Some(id) = waiting.pop() {
            for edge in &nodes[id].deps {
                let shipped = edge.dep_kinds.iter().any(|edge| edge.kind.as_deref() != Some("dev"));
                let name = by_id[edge.pkg.as_str()].name.as_str();
                if shipped && !found.contains_key(name) {
                    found.insert(name, by_id[id].name.as_str());
                    waiting.push(&edge.pkg);
                }
            }
        }
        found
    }
}

/// Which crates of ours a crate of ours may use, and in its tests as well.
const ARROWS: [(&str, &[&str], &[&str]); 12] = [
    ("exporter-core", &[], &[]),
    ("exporter-sources", &["exporter-core"], &["exporter-sandbox"]),
    // Its tests keep a journal that outlives a killed process.
    ("exporter-sheets", &["exporter-core"], &["exporter-sandbox", "exporter-store"]),
    ("exporter-notify", &["exporter-core"], &["exporter-sandbox"]),
    ("exporter-store", &["exporter-core"], &[]),
    ("exporter-schedule", &["exporter-core"], &[]),
    // It knows no crate of ours, so that it cannot share our mistakes.
    ("exporter-sandbox", &[], &[]),
    (
        "exporter-cli",
        &[
            "exporter-core",
            "exporter-sources",
            "exporter-sheets",
            "exporter-notify",
            "exporter-store",
            "exporter-schedule",
            "exporter-sandbox",
        ],
        &[],
    ),
    (
        "exporter-examples",
        &["exporter-core", "exporter-sources", "exporter-sheets", "exporter-notify"],
        &["exporter-sandbox"],
    ),
    (
        "exporter-tests",
        &[],
        &["exporter-core", "exporter-sources", "exporter-sheets", "exporter-notify", "exporter-sandbox"],
    ),
    ("exporter-benches", &["exporter-core"], &["exporter-sources", "exporter-sheets", "exporter-sandbox"]),
    ("xtask", &[], &[]),
];

#[test]
fn the_crates_point_one_way() {
    for package in TREE.members() {
        let rule = ARROWS.iter().find(|(name, ..)| *name == package.name);
        let (_, shipped, tested) =
            rule.unwrap_or_else(|| panic!("say in ARROWS what the new crate {} may use", package.name));
        for dependency in package.dependencies.iter().filter(|dependency| is_ours(&dependency.name)) {
            let itself = dependency.name == package.name;
            let in_tests = dependency.kind.as_deref() == Some("dev");
            let allowed =
                shipped.contains(&&*dependency.name) || (in_tests && tested.contains(&&*dependency.name));
            assert!(itself || allowed, "{} must not use {}", package.name, dependency.name);
        }
    }
}

fn is_ours(name: &str) -> bool {
    name.starts_with("exporter-") || name == "xtask"
}

#[test]
fn the_core_knows_no_network_no_browser_and_no_database() {
    let foreign = [
        "hyper",
        "hyper-util",
        "reqwest",
        "http",
        "h2",
        "axum",
        "ureq",
        "rustls",
        "ring",
        "url",
        "thirtyfour",
        "fantoccini",
        "google-sheets4",
        "google-apis-common",
        "yup-oauth2",
        "sqlx",
        "sqlx-core",
        "rusqlite",
        "libsqlite3-sys",
        "postgres",
        "tokio-postgres",
        "teloxide",
        "frankenstein",
        "clap",
        "calamine",
        "lopdf",
    ];
    let beneath = TREE.beneath("exporter-core");
    assert!(beneath.contains_key("serde"), "the tree was read");
    for name in foreign {
        assert!(
            !beneath.contains_key(name),
            "exporter-core must not know {name}: it comes by {}",
            beneath[name]
        );
    }
    assert!(TREE.beneath("exporter-cli").contains_key("reqwest"), "the search finds what is there");
}

#[test]
fn there_is_one_of_each_big_library() {
    for name in ["tokio", "hyper", "hyper-util", "reqwest", "rustls", "ring", "chrono", "serde_json", "axum"]
    {
        let versions: Vec<&str> = TREE
            .used()
            .filter(|package| package.name == name)
            .map(|package| package.version.as_str())
            .collect();
        assert_eq!(versions.len(), 1, "{name}: {versions:?}; see `cargo tree --invert {name}`");
    }
}

#[test]
fn there_is_one_tls_and_it_is_rustls_on_ring() {
    let refused =
        ["aws-lc-rs", "aws-lc-sys", "openssl", "openssl-sys", "native-tls", "boring", "rustls-openssl"];
    for package in TREE.used() {
        assert!(
            !refused.contains(&&*package.name),
            "{} is in the tree; see `cargo tree --invert {}`",
            package.name,
            package.name
        );
    }
}

#[test]
fn each_outside_library_belongs_to_one_crate() {
    let owners: [(&str, &[&str]); 9] = [
        ("lettre", &["exporter-notify"]),
        ("croner", &["exporter-schedule"]),
        ("rusqlite", &["exporter-store"]),
        ("thirtyfour", &["exporter-sources"]),
        ("google-sheets4", &["exporter-sheets"]),
        ("clap", &["exporter-cli"]),
        ("lopdf", &["exporter-sources"]),
        ("calamine", &["exporter-sources", "exporter-sandbox", "exporter-benches"]),
        ("axum", &["exporter-sandbox", "exporter-notify", "exporter-sheets"]),
    ];
    for (library, owners) in owners {
        for package in TREE.members() {
            let uses = package.dependencies.iter().any(|dependency| dependency.name == library);
            assert!(!uses || owners.contains(&&*package.name), "{} must not use {library}", package.name);
        }
    }
}

/// Under the MPL-2.0, which asks that changes to their own files be published: they are
/// the CSS selector engine beneath `scraper`, used as it comes.
const UNCHANGED: [&str; 4] = ["cssparser", "cssparser-macros", "dtoa-short", "selectors"];

#[test]
fn every_licence_is_one_that_we_accept() {
    let mut refused = Vec::new();
    for package in TREE.used() {
        let licence = package.license.as_deref().unwrap_or("none");
        let unchanged = licence == "MPL-2.0" && UNCHANGED.contains(&&*package.name);
        if !unchanged && !spdx::is_accepted(licence) {
            refused.push(format!("{} {}: {licence}", package.name, package.version));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}
