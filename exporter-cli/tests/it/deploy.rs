//! The files for schedulers outside, looked at by the tools that read them or that know their
//! rules, where these are on the machine.

use std::path::Path;

use tokio::process::Command;

/// The units, with a program that is there on every machine in the place of ours.
fn units(directory: &Path) -> Vec<String> {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    let mut paths = Vec::new();
    for name in ["exporter-serve.service", "exporter.service", "exporter.timer"] {
        let text = std::fs::read_to_string(deploy.join(name)).unwrap();
        let text = text.replace("ExecStart=/usr/local/bin/exporter", "ExecStart=/bin/true");
        std::fs::write(directory.join(name), text).unwrap();
        paths.push(directory.join(name).display().to_string());
    }
    paths
}

#[tokio::test]
async fn systemd_accepts_its_units() {
    let directory = tempfile::tempdir().unwrap();
    let units = units(directory.path());
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").args(&units).output().await else {
        eprintln!("systemd-analyze is not on this machine: the units were not looked at");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    // It speaks of other units of the machine as well.
    let of_ours = said.lines().filter(|line| line.contains("exporter")).collect::<Vec<_>>();
    assert!(verified.status.success() && of_ours.is_empty(), "{said}");
}

/// Each is run with its words before the file; who has none of them loses nothing.
#[tokio::test]
async fn who_reads_the_other_files_accepts_them() {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
    for (words, file) in [
        (&["hadolint"][..], "Dockerfile"),
        (&["check-jsonschema", "--builtin-schema", "vendor.compose-spec"], "compose.yaml"),
        (&["kubernetes-validate", "--strict"], "cronjob.yaml"),
        (&["yamllint", "-d", "{rules: {key-duplicates: enable}}"], "render.yaml"),
    ] {
        let looked = Command::new(words[0]).args(&words[1..]).arg(deploy.join(file)).output().await;
        let Ok(looked) = looked else {
            eprintln!("{} is not on this machine: {file} was not looked at", words[0]);
            continue;
        };
        let said = String::from_utf8_lossy(&looked.stdout) + String::from_utf8_lossy(&looked.stderr);
        assert!(looked.status.success(), "{file}: {said}");
    }
}

/// Another compiler than ours would be fetched anew for each image.
#[test]
fn the_image_is_built_with_our_compiler() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let toolchain = std::fs::read_to_string(root.join("rust-toolchain.toml")).unwrap();
    let ours =
        toolchain.lines().find_map(|line| line.strip_prefix("channel = \"")).unwrap().trim_end_matches('"');
    let dockerfile = std::fs::read_to_string(root.join("deploy/Dockerfile")).unwrap();
    for line in
        [format!("FROM rust:{ours}-slim-bookworm AS build\n"), format!("ENV RUSTUP_TOOLCHAIN={ours}\n")]
    {
        assert!(dockerfile.contains(&line), "{line} is not in deploy/Dockerfile");
    }
}
