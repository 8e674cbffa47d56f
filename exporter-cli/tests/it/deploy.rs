//! The files for schedulers outside, looked at by the tools that read them, where these are
//! on the machine.

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
